"""Decides what a file of mail or of provider events is, for people who want to see how well we read them.

It says class, recipient, status and reason, and changes nothing. The classes are the world's, not ours: a bounce is
any report that a mail did not arrive, also one after which we would write to the address again. Beside it stands the
kind that our own reading gives, which is stricter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tenants.delivery import bounces, ses_events
from tenants.delivery.bounces import Notice
from tenants.delivery.ses_events import Told

CLASSES = {
    "bounced": "bounce",
    "failed": "bounce",
    "delayed": "bounce",
    "complained": "complaint",
    "auto_reply": "auto-reply",
    "reply": "reply",
}
OF_A_PROVIDER = {"bounced": "bounce", "failed": "bounce", "complained": "complaint", "unclear": "complaint"}
REASONS = (
    (
        "mailbox_full",
        r"\b[45]\.2\.2\b|mailbox (?:is )?full|quota|out of storage|insufficient .{0,8}storage",
    ),
    ("too_large", r"\b[45]\.(?:2\.3|3\.4)\b|too large|too big|size limit"),
    ("domain_unknown", r"\b5\.(?:1\.2|4\.4)\b|domain not found|invalid domain|unrouteable|host or domain name"),
    ("blocked", r"\b5\.7\.\d+\b|blocked|black ?list|block ?list|banned|policy|reputation|access denied|dnsbl"),
    ("spam", r"\bspam\b|\bUBE\b|message content rejected|bad content|virus"),
    ("address_unknown", bounces.DEAD_WORDS.pattern + r"|\b5\.1\.(?:[01]|10|6|351)\b|noemail|user.{0,3}unknown"),
    ("suspended", r"\b5\.2\.1\b|disabled|inactive|suspended"),
    (
        "no_connection",
        r"\b[45]\.4\.[17]\b|timed? ?out|could not connect|did not accept.{0,20} connect|no smtp conn",
    ),
)
RETRIED = re.compile(r"^\s*(?:re|aw|sv|antw|rif|res|ynt|odp|vs|回复|答复)\s*(?:\[\d+\])?\s*[::]", re.IGNORECASE)
QUOTED = re.compile(
    r"^\s*>|^\s*(?:on|am|le|el|il|op)\b(?:.|\n){5,200}?\b(?:wrote|schrieb|écrit|escribió|ha scritto|schreef)\b.{0,9}:|"
    r"^\s*-{2,}\s*(?:original message|urspr\w+ nachricht|original-nachricht|message d'origine)|"
    r"^\s*_{10,}\s*$|^\s*(?:sent from my |gesendet von )|<blockquote|class=\"?(?:gmail_quote|yahoo_quoted|moz-cite)|"
    r"id=\"?(?:divRplyFwdMsg|OLK_SRC_BODY|stopSpelling)|>\s*from:\s*<|^\s*from:\s.+\n(?:.*\n){0,2}\s*(?:sent|date):\s",
    re.IGNORECASE | re.MULTILINE,
)
MAIL_HEAD = re.compile(rb"\A(?:From [^\n]+\n)?[A-Za-z][A-Za-z0-9-]*:(?!//)")
ENVELOPE = re.compile(rb"^From \S+.*\d{4}\r?$", re.MULTILINE)
LARGEST = 40 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """What one mail or one event is."""

    file: str
    is_a: str
    """bounce, complaint, auto-reply, reply or none."""
    kind: str
    recipient: str
    status: str
    reason: str
    said: str


def of_folder(folder: Path) -> Iterator[Finding]:
    """Every file under a folder, in the order of their names; never raises, whatever the files hold."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = str(path.relative_to(folder))
        if path.stat().st_size > LARGEST:
            yield Finding(name, "none", "unclear", "", "", "too_large_to_read", "")
        else:
            yield from of_bytes(path.read_bytes(), name=name)


def of_bytes(raw: bytes, *, name: str) -> Iterator[Finding]:
    """What one file holds: an event document, a box of mails, or a mail."""
    if raw.lstrip()[:1] in (b"{", b"["):
        yield from _of_events(raw, name)
    elif len(mails := _box(raw)) > 1:
        for at, mail in enumerate(mails, 1):
            yield _of_mail(mail, f"{name}#{at}")
    else:
        yield _of_mail(raw, name)


def _of_events(raw: bytes, name: str) -> Iterator[Finding]:
    found: list[Finding] = []
    for event in ses_events.unwrapped(raw.decode("utf-8", "replace")):
        found += [_of_told(told, name) for told in ses_events.read(event)]
        if mail := ses_events.mail_in(event):
            found.append(_of_mail(mail, name))
    yield from found or [Finding(name, "none", "unclear", "", "", "no_event", "")]


def _of_told(told: Told, name: str) -> Finding:
    words = f"{told.status} {told.reason} {told.detail}"
    is_a = OF_A_PROVIDER.get(told.kind, "none")
    reason = told.reason if is_a == "complaint" else _reason(words) if is_a == "bounce" else ""
    return Finding(name, is_a, told.kind, told.recipient, told.status, reason or told.reason, told.detail)


def _of_mail(raw: bytes, name: str) -> Finding:
    if not MAIL_HEAD.match(raw):
        quoted = bool(QUOTED.search(raw.decode("utf-8", "replace")))
        return Finding(name, "reply" if quoted else "none", "unclear", "", "", "quotes_a_mail" if quoted else "", "")
    notice = bounces.read(raw)
    report = bounces.is_complaint(raw)
    is_a = "complaint" if report else CLASSES.get(notice.kind, "none")
    reason = _reason_of(notice, is_a)
    if is_a == "none" and notice.kind == "unclear" and _answers(raw):
        is_a, reason = "reply", "quotes_a_mail"
    return Finding(name, is_a, notice.kind, notice.recipient, notice.status, reason, notice.detail)


def _reason_of(notice: Notice, is_a: str) -> str:
    if is_a == "bounce":
        return _reason(f"{notice.status} {notice.detail}") or ("delayed" if notice.kind == "delayed" else "unknown")
    if is_a == "auto-reply":
        return "away"
    return notice.detail if is_a == "complaint" else ""


def _reason(words: str) -> str:
    return next((name for name, signs in REASONS if re.search(signs, words, re.IGNORECASE)), "")


def _answers(raw: bytes) -> bool:
    subject, text = bounces.subject_and_text(raw)
    return bool(RETRIED.match(subject) or QUOTED.search(text))


def _box(raw: bytes) -> list[bytes]:
    """The mails of a Unix mailbox; one mail is no box."""
    if not raw.startswith(b"From ") or len(ENVELOPE.findall(raw)) < 2:
        return [raw]
    starts = [found.start() for found in ENVELOPE.finditer(raw)]
    pieces = [raw[start:end] for start, end in zip(starts, [*starts[1:], len(raw)], strict=True)]
    return [piece.partition(b"\n")[2] for piece in pieces]
