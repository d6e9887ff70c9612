"""The mailbox of one machine: takes every message, keeps it as a file, and sends nothing anywhere.

`python -m console.mailbox` listens where GOODTERMS_SMTP_URL says and keeps the mail in GOODTERMS_MAILBOX, one .eml file
per recipient, oldest first by name. It also plays recipients that refuse, by the first word of their domain: `bounce`
is refused at once, `late` is taken and comes back, `full` is taken and fails for the time being, `slow` is reported
as delayed, `busy` is never taken.

Reports go to the return path, as those of any server do. Mail for the bounce domain is laid down as a file first, then
handed to the inbox of the client that its address names, and removed only when that is committed: whatever is killed
when, no report is lost and none counts twice.
"""

import os
import signal
import threading
from dataclasses import dataclass
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formatdate
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import structlog
import uuid_utils
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from tenants import assembly, settings
from tenants.delivery import inbound
from tenants.directory import clients
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.work import unit_of_work

log = structlog.get_logger(__name__)

LARGEST = 35_000_000
RETURNED = "returned"
SWEEP_S = 0.5
REFUSED_AT_ONCE = {"bounce": "550 5.1.1 No such user here", "busy": "451 4.7.1 Try again later"}
REPORTED_LATER = {
    "late": ("failed", "5.1.1", "550 5.1.1 User unknown"),
    "full": ("failed", "4.2.2", "452 4.2.2 Mailbox full"),
    "slow": ("delayed", "4.4.1", "The server does not answer; we keep trying"),
}


@dataclass(frozen=True)
class Keep:
    """Keeps what arrives, with the envelope in the two headers that a mail server adds at delivery."""

    folder: Path
    bounce_domain: str = ""

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := REFUSED_AT_ONCE.get(behaviour(address)):
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 known"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        sender = (envelope.mail_from or "").strip("<>")  # the empty sender of a bounce arrives in brackets
        for recipient in envelope.rcpt_tos:
            if self.bounce_domain and recipient.rpartition("@")[2].lower() == self.bounce_domain:
                self.come_back(content, to=recipient)
                continue
            self.keep(f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode() + content)
            told = REPORTED_LATER.get(behaviour(recipient))
            if told and sender and self.bounce_domain:
                self.come_back(report(content, recipient=recipient, told=told), to=sender)
        return "250 kept"

    def keep(self, message: bytes) -> Path:
        """Write one message whole before it can be seen; a name sorts by the time of arrival."""
        return self._write(self.folder, message, ending=".eml")

    def come_back(self, message: bytes, *, to: str) -> Path:
        """Lay down what came back, its address first, for the sweep."""
        spool = self.folder / RETURNED
        spool.mkdir(exist_ok=True)
        return self._write(spool, to.encode() + b"\n" + message, ending=".returned")

    def _write(self, folder: Path, message: bytes, *, ending: str) -> Path:
        name = str(uuid_utils.uuid7())
        aside, final = folder / f".{name}", folder / f"{name}{ending}"
        aside.write_bytes(message)
        aside.rename(final)
        return final


def behaviour(address: str) -> str:
    """The first word of the domain."""
    return address.rpartition("@")[2].lower().partition(".")[0]


def report(original: bytes, *, recipient: str, told: tuple[str, str, str]) -> bytes:
    """A delivery report as servers write it (RFC 3464)."""
    action, status, said = told
    whole = MIMEMultipart("report")
    whole.set_param("report-type", "delivery-status")
    whole["From"] = "Mail Delivery System <mailer-daemon@mailbox.test>"
    whole["Subject"] = "Delivery status notification"
    whole["Date"] = formatdate()
    whole["Auto-Submitted"] = "auto-replied"
    whole.attach(MIMEText(f"Your message to {recipient}: {said}\n"))
    machine = Message()
    machine["Content-Type"] = "message/delivery-status"
    fields = {"Final-Recipient": f"rfc822; {recipient}", "Action": action, "Status": status}
    machine.set_payload(
        [_block({"Reporting-MTA": "dns; mailbox.test"}), _block({**fields, "Diagnostic-Code": f"smtp; {said}"})]
    )
    whole.attach(machine)
    headers = original.split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace")
    whole.attach(MIMEText(headers, "rfc822-headers"))
    return whole.as_bytes()


def _block(fields: dict[str, str]) -> Message:
    block = Message()
    for name, value in fields.items():
        block[name] = value
    return block


class Sweep:
    """Hands what came back to the clients' inboxes; a file goes away only after the commit."""

    def __init__(self, told: Settings, shell: Flask) -> None:
        self._spool, self._settings, self._shell = Path(told.mailbox) / RETURNED, told, shell
        self._tools = assembly.make_tools(told)

    def once(self) -> int:
        """Hand over all that lies there; what the database cannot take now stays for the next time."""
        done = 0
        for path in sorted(self._spool.glob("*.returned")):
            try:
                self._hand_over(path.read_bytes())
            except (inbound.NotForUs, inbound.TooLarge, clients.UnknownClient) as refusal:
                log.info("mailbox.dropped", reason=refusal.detail)
            except (SQLAlchemyError, OSError) as fault:
                log.warning("mailbox.waiting", reason=type(fault).__name__)
                return done
            path.unlink(missing_ok=True)
            done += 1
        return done

    def _hand_over(self, kept: bytes) -> None:
        to, _, raw = kept.partition(b"\n")
        tenant_id, attempt_id = inbound.addressee(to.decode("ascii", "replace"), secret=self._settings.secret_key)
        real = self._tools.clock.now()
        with self._shell.app_context(), unit_of_work(scope.tenant(tenant_id, actor="mail:returned")):
            now = clients.clock().now(real)
            inbound.receive(raw, attempt_id=attempt_id, documents_in=self._tools.documents, now=now, real=real)


def open_mailbox(folder: Path, *, host: str, port: int, bounce_domain: str = "") -> Controller:
    """Listen until the returned controller's `stop()`. Without a bounce domain nothing comes back."""
    folder.mkdir(parents=True, exist_ok=True)
    keep = Keep(folder, bounce_domain.lower())
    mailbox = Controller(keep, hostname=host, port=port, data_size_limit=LARGEST, ident="Goodterms mailbox")
    mailbox.start()
    return mailbox


def open_sweep() -> Sweep | None:
    """Who hands reports over, if this process was told where the clients' books are."""
    if not os.environ.get("GOODTERMS_DATABASE_URL"):
        return None
    told = settings.read()
    return Sweep(told, assembly.make_shell(told))


def main() -> None:
    address = urlsplit(os.environ["GOODTERMS_SMTP_URL"])
    mailbox = open_mailbox(
        Path(os.environ["GOODTERMS_MAILBOX"]),
        host=address.hostname or "127.0.0.1",
        port=address.port or 25,
        bounce_domain=os.environ.get("GOODTERMS_BOUNCE_DOMAIN") or settings.TABLE["bounce_domain"].default,
    )
    end = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        end.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    sweep = open_sweep()
    while not end.wait(SWEEP_S):
        if sweep is not None:
            sweep.once()
    mailbox.stop()


if __name__ == "__main__":
    main()
