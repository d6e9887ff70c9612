"""A mailbox on any IMAP server. Nothing is deleted there: a mail that was kept is marked as read, and the server's
owner decides how long it stays.

A mail larger than we take is not fetched, only marked, so that it does not come again for ever.
"""

import contextlib
import imaplib
import re
import ssl
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from tenants.delivery.inbound import LARGEST
from tenants.delivery.mailbox_port import Waiting

PATIENCE_S = 20.0
MOST = 25
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
FOLDER = re.compile(r"[A-Za-z0-9 ._/-]{1,100}", re.ASCII)


class ImapBox:
    """One folder: imaps://user:password@host:port/folder; imap:// is refused but on this machine."""

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S) -> None:
        """Raises ValueError for an address that would send the password over an open line."""
        parts = urlsplit(url)
        self._host, self._tls = parts.hostname or "", parts.scheme == "imaps"
        if parts.scheme not in ("imap", "imaps") or (not self._tls and self._host not in ("127.0.0.1", "localhost")):
            raise ValueError("a mailbox is named imaps://user:password@host/folder")
        self._port = parts.port or (993 if self._tls else 143)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._folder, self._patience = unquote(parts.path.strip("/")) or "INBOX", patience_s
        if not FOLDER.fullmatch(self._folder):
            raise ValueError("a folder is named by letters, digits, spaces and . _ / -")
        self._line: imaplib.IMAP4 | None = None

    def fetch(self) -> Sequence[Waiting]:
        """What is unread, the oldest first. Raises OSError."""
        try:
            line = self._line or self._open()
            self._line = line
            line.noop()
            found = _said(line.uid("SEARCH", "UNSEEN"))
            return [mail for uid in b" ".join(found).split()[:MOST] if (mail := self._one(line, uid)) is not None]
        except (imaplib.IMAP4.error, OSError) as fault:
            self._forget()
            raise OSError(5, f"the mailbox did not answer: {str(fault)[:200]}") from None

    def done(self, mail: Waiting) -> None:
        """Mark one mail as read. Raises OSError."""
        try:
            line = self._line or self._open()
            self._line = line
            _said(line.uid("STORE", mail.handle, "+FLAGS.SILENT", r"(\Seen)"))
        except (imaplib.IMAP4.error, OSError) as fault:
            self._forget()
            raise OSError(5, f"the mailbox did not answer: {str(fault)[:200]}") from None

    def _one(self, line: imaplib.IMAP4, uid: bytes) -> Waiting | None:
        handle = uid.decode()
        size = SIZE.search(b"".join(each for each in _said(line.uid("FETCH", handle, "(RFC822.SIZE)")) if each))
        if size is None or int(size[1]) > LARGEST:
            _said(line.uid("STORE", handle, "+FLAGS.SILENT", r"(\Seen)"))
            return None
        for part in line.uid("FETCH", handle, "(BODY.PEEK[])")[1]:
            if isinstance(part, tuple):
                return Waiting(handle, part[1])
        return None

    def _open(self) -> imaplib.IMAP4:
        if self._tls:
            line: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                self._host, self._port, ssl_context=ssl.create_default_context(), timeout=self._patience
            )
        else:
            line = imaplib.IMAP4(self._host, self._port, timeout=self._patience)
        try:
            line.login(self._user, self._password)
            _said(line.select(f'"{self._folder}"'))
        except (imaplib.IMAP4.error, OSError):
            line.shutdown()
            raise
        return line

    def _forget(self) -> None:
        """The next question opens a new line; this one may be out of step."""
        line, self._line = self._line, None
        if line is not None:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                line.shutdown()


def _said(answer: tuple[str, list[bytes | None]]) -> list[bytes]:
    status, said = answer
    if status != "OK":
        raise imaplib.IMAP4.error(repr(said)[:200])
    return [each for each in said if isinstance(each, bytes)]
