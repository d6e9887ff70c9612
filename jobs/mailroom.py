"""Main: fetch what providers of mail leave for us in queues, and keep it in the books of the client that it is about.

Any number of these may run. A message is taken away from its queue only after it was kept; kept twice, it is one event.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jobs import heartbeat
from jobs.pulse import Shell
from tenants import assembly, logs, settings
from tenants.adapters.buckets import BucketStore
from tenants.adapters.sqs import NewsQueue
from tenants.assembly import Toolbox
from tenants.delivery import arriving, inbound, provider_news
from tenants.delivery.arriving import Arrived
from tenants.delivery.ports import News, Note
from tenants.directory import clients
from tenants.directory.clients import UnknownClient
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.work import unit_of_work

log = structlog.get_logger(__name__)
TROUBLE_S = 1.0
FULL, TOGETHER = 10, 300
"""So many messages a question brings at most, and so many are kept at once."""


class Mailroom:
    """One process's rounds through the queues; the caller has pushed the shell's app context."""

    def __init__(self, tools: Toolbox, *, news: News, fetch: Callable[[Arrived], bytes]) -> None:
        self._tools, self._news, self._fetch = tools, news, fetch

    def round(self) -> int:
        """Fetch and keep what came; return how many messages there were. Raises OSError, SQLAlchemyError.

        After a mailing they come by the thousand: as long as the queue is full they are gathered, because what is kept
        together is read together.
        """
        notes = gathered = self._news.receive()
        while len(gathered) == FULL and len(notes) < TOGETHER:
            gathered = self._news.receive()
            notes += gathered
        if notes:
            self._keep(notes)
            for mail in (each for note in notes for each in arriving.read(note.body)):
                self._take_in(mail)
        for start in range(0, len(notes), FULL):
            self._news.forget(notes[start : start + FULL])
        return len(notes)

    def _keep(self, notes: list[Note]) -> None:
        secret, real = self._tools.settings.secret_key, self._tools.clock.now()
        by_client, strange = provider_news.sorted_out([note.body for note in notes], secret=secret)
        for tenant_id, told in by_client.items():
            try:
                with unit_of_work(scope.tenant(tenant_id, actor="mail provider")):
                    _, unknown = provider_news.receive(told, real=real)
            except UnknownClient:
                unknown = told
            strange += [each.told for each in unknown]
        for each in strange:
            log.warning("ses.not_for_us", kind=each.kind, reference=each.reference)

    def _take_in(self, mail: Arrived) -> None:
        """Keep a mail that came in the books of each client whose sealed address it names. Raises OSError."""
        secret, real = self._tools.settings.secret_key, self._tools.clock.now()
        for recipient in mail.recipients:
            try:
                tenant_id, attempt_id = inbound.addressee(recipient, secret=secret)
                raw = mail.content or self._fetch(mail)
                with unit_of_work(scope.tenant(tenant_id, actor="mail provider")):
                    now = clients.clock().now(real)
                    documents = self._tools.documents
                    inbound.receive(raw, attempt_id=attempt_id, documents_in=documents, now=now, real=real)
            except (inbound.NotForUs, inbound.TooLarge, UnknownClient, KeyError) as fault:
                log.warning("mail.not_taken_in", reason=type(fault).__name__)


def fetcher(chosen: Settings) -> Callable[[Arrived], bytes]:
    """How the bytes of a mail are had that SES laid into a bucket."""

    def fetch(mail: Arrived) -> bytes:
        region, endpoint = chosen.aws_region, chosen.aws_endpoint
        return BucketStore(f"s3://{mail.bucket}", region=region, endpoint=endpoint).get(mail.key)

    return fetch


def serve(chosen: Settings, *, stopping: threading.Event) -> None:
    """Go round until told to stop; a queue or a database that is away only delays."""
    shell: Shell = assembly.make_shell(chosen)
    news = NewsQueue(chosen.sqs_queue, region=chosen.aws_region, endpoint=chosen.aws_endpoint)
    with shell.app_context():
        room = Mailroom(assembly.make_tools(chosen), news=news, fetch=fetcher(chosen))
        while not stopping.is_set():
            heartbeat.beat()
            try:
                room.round()
            except (OSError, SQLAlchemyError) as fault:
                log.warning("mailroom.trouble", reason=str(fault)[:200])
                time.sleep(TROUBLE_S)


def main() -> int:
    """Read the settings and fetch until SIGTERM."""
    chosen = settings.read()
    logs.configure(chosen)
    if not chosen.sqs_queue:
        sys.stderr.write("GOODTERMS_SQS_QUEUE names no queue: there is nothing to fetch.\n")
        return 2
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    log.info("mailroom.started")
    serve(chosen, stopping=stopping)
    return 0


if __name__ == "__main__":
    sys.exit(main())
