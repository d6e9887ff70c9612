"""Main: fetch what providers of mail leave for us in queues and mailboxes, and keep it in the books of the client that
it is about.

Any number of these may run. A message is taken away from its queue only after it was kept; kept twice, it is one event.
"""

import signal
import sys
import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jobs import heartbeat
from jobs.pulse import Shell
from tenants import assembly, logs, settings
from tenants.adapters.buckets import BucketStore
from tenants.adapters.imap import ImapBox
from tenants.adapters.sqs import WAIT_S, NewsQueue
from tenants.assembly import Toolbox
from tenants.delivery import arriving, inbound, provider_news
from tenants.delivery.arriving import Arrived
from tenants.delivery.mailbox_port import Mailbox
from tenants.delivery.ports import News, Note
from tenants.directory import clients
from tenants.directory.clients import UnknownClient
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.work import unit_of_work

log = structlog.get_logger(__name__)
TROUBLE_S = 1.0
SHORT_WAIT_S = 2
"""How long the queue is asked at most while a mailbox waits to be opened too."""
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
        for recipient in dict.fromkeys(mail.recipients):
            try:
                self._take_in_for(recipient, mail)
            except (inbound.NotForUs, inbound.TooLarge, UnknownClient, KeyError) as fault:
                log.warning("mail.not_taken_in", reason=type(fault).__name__)

    def _take_in_for(self, recipient: str, mail: Arrived) -> None:
        secret, real = self._tools.settings.secret_key, self._tools.clock.now()
        documents, owner = self._tools.documents, inbound.owner(recipient, secret=secret)
        tenant_id, attempt_id = (owner, None) if owner else inbound.addressee(recipient, secret=secret)
        raw = mail.content or self._fetch(mail)
        with unit_of_work(scope.tenant(tenant_id, actor="mail provider")):
            now = clients.clock().now(real)
            if attempt_id is None:
                inbound.receive_at_mailbox(raw, secret=secret, documents_in=documents, now=now, real=real)
                return
            inbound.receive(
                raw,
                attempt_id=attempt_id,
                documents_in=documents,
                now=now,
                real=real,
                answered=inbound.answers(recipient),
            )

    def open_box(self, box: Mailbox) -> int:
        """Take in what waits in a mailbox; returns how many mails. A mail for nobody of ours is left as read. Raises
        OSError, SQLAlchemyError."""
        letters = box.fetch()
        for letter in letters:
            self._take_in(Arrived(tuple(inbound.recipients(letter.raw)), letter.raw))
            box.done(letter)
        return len(letters)


def fetcher(chosen: Settings) -> Callable[[Arrived], bytes]:
    """How the bytes of a mail are had that SES laid into a bucket."""

    def fetch(mail: Arrived) -> bytes:
        region, endpoint = chosen.aws_region, chosen.aws_endpoint
        return BucketStore(f"s3://{mail.bucket}", region=region, endpoint=endpoint).get(mail.key)

    return fetch


def serve(chosen: Settings, *, stopping: threading.Event) -> None:
    """Go round until told to stop; a queue, a mailbox or a database that is away only delays."""
    shell: Shell = assembly.make_shell(chosen)
    wait = SHORT_WAIT_S if chosen.imap_url else WAIT_S
    news = NewsQueue(chosen.sqs_queue, region=chosen.aws_region, endpoint=chosen.aws_endpoint, wait_s=wait)
    box = ImapBox(chosen.imap_url) if chosen.imap_url else None
    with shell.app_context():
        room = Mailroom(assembly.make_tools(chosen), news=news, fetch=fetcher(chosen))
        while not stopping.is_set():
            heartbeat.beat()
            try:
                seen = (room.round() if chosen.sqs_queue else 0) + (room.open_box(box) if box else 0)
            except (OSError, SQLAlchemyError) as fault:
                log.warning("mailroom.trouble", reason=str(fault)[:200])
                seen = 0
            if not seen:
                stopping.wait(TROUBLE_S)


def main() -> int:
    """Read the settings and fetch until SIGTERM."""
    chosen = settings.read()
    logs.configure(chosen)
    if not (chosen.sqs_queue or chosen.imap_url):
        sys.stderr.write("Neither GOODTERMS_SQS_QUEUE nor GOODTERMS_IMAP_URL is set: there is nothing to fetch.\n")
        return 2
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    log.info("mailroom.started")
    serve(chosen, stopping=stopping)
    return 0


if __name__ == "__main__":
    sys.exit(main())
