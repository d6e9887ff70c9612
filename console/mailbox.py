"""The mailbox of one machine: takes every message, keeps it as a file, and sends nothing anywhere.

`python -m console.mailbox` listens where GOODTERMS_SMTP_URL says and keeps the mail in GOODTERMS_MAILBOX, one .eml file
per recipient, oldest first by name.
"""

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import uuid_utils
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST = 35_000_000


@dataclass(frozen=True)
class Keep:
    """Keeps what arrives, with the envelope in the two headers that a mail server adds at delivery."""

    folder: Path

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        for recipient in envelope.rcpt_tos:
            sender = (envelope.mail_from or "").strip("<>")  # the empty sender of a bounce arrives in brackets
            head = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
            self.keep(head.encode() + content)
        return "250 kept"

    def keep(self, message: bytes) -> Path:
        """Write one message whole before it can be seen; a name sorts by the time of arrival."""
        name = str(uuid_utils.uuid7())
        aside, final = self.folder / f".{name}", self.folder / f"{name}.eml"
        aside.write_bytes(message)
        aside.rename(final)
        return final


def open_mailbox(folder: Path, *, host: str, port: int) -> Controller:
    """Listen until the returned controller's `stop()`."""
    folder.mkdir(parents=True, exist_ok=True)
    mailbox = Controller(Keep(folder), hostname=host, port=port, data_size_limit=LARGEST, ident="Goodterms mailbox")
    mailbox.start()
    return mailbox


def main() -> None:
    address = urlsplit(os.environ["GOODTERMS_SMTP_URL"])
    mailbox = open_mailbox(
        Path(os.environ["GOODTERMS_MAILBOX"]), host=address.hostname or "127.0.0.1", port=address.port or 25
    )
    end = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        end.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    end.wait()
    mailbox.stop()


if __name__ == "__main__":
    main()
