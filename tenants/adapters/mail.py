"""Mail that leaves by SMTP, and a memory twin. The adapter never repeats a hand-over by itself.

How a hand-over ended is decided by how far the dialogue came. Until the last dot of the message has left, nothing can
have been accepted, so a broken line is a plain not-now. From that moment on silence is ambiguous.
"""

import re
import select
import smtplib
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.errors import HeaderDefect, MessageError
from functools import cache
from urllib.parse import unquote, urlsplit

from tenants.adapters.ses import SesMailer
from tenants.delivery import mime
from tenants.delivery.ports import Answer, Handover, Letter, Mailer
from tenants.settings import Settings

PATIENCE_S = 30.0
MOST_LETTERS, IDLE_S = 100, 5.0
"""For so many letters, and for so long after the last, a line is kept."""
ADDRESS_UNKNOWN = re.compile(r"^5\.1\.(?:[0-36]|10)\b|^5\.2\.1\b")
"""Enhanced codes (RFC 3463, IANA) that condemn the address, not the message."""
CONDEMNED = frozenset({550, 551, 553})


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, as the setting `smtp_url` names it."""

    host: str
    port: int
    tls: bool
    user: str
    password: str

    @classmethod
    def read(cls, url: str) -> "Server":
        """smtp://host:port, smtps://user:password@host:port. A password is never sent over an open line."""
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        port = parts.port or (465 if tls else 25)
        return cls(parts.hostname or "", port, tls, unquote(parts.username or ""), unquote(parts.password or ""))


@cache
def _trusted() -> ssl.SSLContext:
    """Reading the machine's certificates takes longer than sending a letter, so once is enough."""
    return ssl.create_default_context()


@dataclass
class Line:
    """One line to the server, kept for a while after a letter: a mailing needs not be introduced a thousand times."""

    talk: smtplib.SMTP
    letters: int = 0
    used_at: float = 0.0

    def good(self, now: float) -> bool:
        """Whether it may take one more letter: servers count letters and hang up on who is silent. One that hung up,
        or said something unasked, is seen without asking it."""
        ear = select.poll()
        ear.register(self.talk.sock, select.POLLIN)  # type: ignore[arg-type]
        return self.letters < MOST_LETTERS and now - self.used_at < IDLE_S and not ear.poll(0)


class SmtpMailer:
    """Hands each letter to one SMTP server; letters that follow each other share a line."""

    name = "smtp"

    def __init__(self, url: str, *, hello: str = "localhost", patience_s: float = PATIENCE_S) -> None:
        """`hello` is the name we give; left to itself, smtplib asks the resolver for one on every letter."""
        self._server, self._hello, self._patience = Server.read(url), hello, patience_s
        self._kept: deque[Line] = deque()

    def send(self, letter: Letter) -> Answer:
        try:
            recipient, body = mime.on_the_wire(letter.recipient), mime.compose(letter)
        except mime.Unreachable as fault:
            return Answer(Handover.REFUSED, detail=str(fault), bounce=True)
        except (ValueError, MessageError, HeaderDefect) as fault:
            return Answer(Handover.REFUSED, detail=f"the letter cannot be written: {fault}")
        try:
            line = self._kept_line() or Line(self._open())
        except (OSError, smtplib.SMTPException) as fault:
            return Answer(Handover.RETRY, detail=f"no line to the mail server: {fault}")
        answer = None
        try:
            answer = _dialogue(line.talk, letter, recipient, body)
        finally:
            self._leave(line, well=answer is not None and answer.end is Handover.ACCEPTED)
        return answer

    def _kept_line(self) -> Line | None:
        """The line that an earlier letter left open, if it will still do; taken, so that no two threads share it."""
        while self._kept:
            line = self._kept.pop()
            if line.good(time.monotonic()):
                return line
            _hang_up(line.talk)
        return None

    def _leave(self, line: Line, *, well: bool) -> None:
        """Keep the line for the next letter; after anything but a plain yes nobody knows what it would hear next."""
        line.letters, line.used_at = line.letters + 1, time.monotonic()
        if well and line.letters < MOST_LETTERS and not self._kept:
            self._kept.append(line)
        else:
            _hang_up(line.talk)

    def _open(self) -> smtplib.SMTP:
        server = self._server
        if server.tls:
            line: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, local_hostname=self._hello, timeout=self._patience, context=_trusted()
            )
        else:
            line = smtplib.SMTP(server.host, server.port, local_hostname=self._hello, timeout=self._patience)
        try:
            self._introduce(line)
        except (OSError, smtplib.SMTPException):
            line.close()
            raise
        return line

    def _introduce(self, line: smtplib.SMTP) -> None:
        server = self._server
        line.ehlo_or_helo_if_needed()
        if server.user:
            if not server.tls:
                line.starttls(context=_trusted())
                line.ehlo()
            line.login(server.user, server.password)


def _dialogue(line: smtplib.SMTP, letter: Letter, recipient: str, body: bytes) -> Answer:
    """Envelope first: each step before the body is safe to repeat."""
    try:
        code, said = line.mail(letter.return_path, _notify_options(line, letter))
        if code != 250:
            return _no(code, said, to_recipient=False)
        code, said = line.rcpt(recipient, ["NOTIFY=SUCCESS,FAILURE,DELAY"] if line.has_extn("dsn") else [])
        if code not in (250, 251):
            return _no(code, said, to_recipient=True)
        code, said = line.docmd("DATA")
        if code != 354:
            return _no(code, said, to_recipient=False)
    except (OSError, smtplib.SMTPException) as fault:
        return Answer(Handover.RETRY, detail=f"the line broke before the message was sent: {fault}")
    return _body(line, letter, body)


def _body(line: smtplib.SMTP, letter: Letter, body: bytes) -> Answer:
    try:
        dots = body.replace(b"\r\n.", b"\r\n..")
        line.send(dots + (b"" if dots.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, said = line.getreply()
    except (OSError, smtplib.SMTPException) as fault:
        return Answer(Handover.AMBIGUOUS, detail=f"the message was sent and no answer came: {fault}")
    if code == 250:
        return Answer(Handover.ACCEPTED, reference=str(letter.attempt_id), detail=_words(code, said))
    return _no(code, said, to_recipient=True)


def _no(code: int, said: bytes, *, to_recipient: bool) -> Answer:
    """A definite no: 4xx may be tried later, 5xx never; -1 is a line that closed instead of answering."""
    words = _words(code, said)
    if code < 500:
        return Answer(Handover.RETRY, detail=words)
    enhanced = re.match(rb"\s*\d\.\d+\.\d+", said)
    condemned = bool(ADDRESS_UNKNOWN.match(enhanced[0].decode().strip())) if enhanced else code in CONDEMNED
    return Answer(Handover.REFUSED, detail=words, bounce=to_recipient and condemned)


def _notify_options(line: smtplib.SMTP, letter: Letter) -> list[str]:
    return [f"ENVID={letter.attempt_id}", "RET=HDRS"] if line.has_extn("dsn") else []


def _words(code: int, said: bytes) -> str:
    return f"{code} {said.decode('utf-8', 'replace')}"[:500]


def _hang_up(line: smtplib.SMTP) -> None:
    """The answer stands already; a rude end of the line changes nothing."""
    try:
        line.quit()
    except (OSError, smtplib.SMTPException):
        line.close()


class MemoryMailer:
    """Keeps letters instead of sending them; answers as it is told, so that tests can play every ending."""

    name = "memory"

    def __init__(self, answer: Callable[[Letter], Answer] | None = None) -> None:
        self.sent: list[Letter] = []
        self._answer = answer

    def send(self, letter: Letter) -> Answer:
        answer = self._answer(letter) if self._answer else Answer(Handover.ACCEPTED, reference=str(letter.attempt_id))
        if answer.end in (Handover.ACCEPTED, Handover.AMBIGUOUS):
            self.sent.append(letter)
        return answer


MAILERS: dict[str, Callable[[Settings], Mailer]] = {
    "memory": lambda _settings: MemoryMailer(),
    "ses": lambda settings: SesMailer(
        region=settings.aws_region,
        configuration_set=settings.ses_configuration_set,
        tenants=settings.ses_tenants,
        endpoint=settings.aws_endpoint,
    ),
    "smtp": lambda settings: SmtpMailer(settings.smtp_url, hello=settings.bounce_domain),
}
