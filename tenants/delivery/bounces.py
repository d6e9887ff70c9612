"""Decides what a mail that came back means: dead address, temporary failure, delay, delivery, complaint, automatic
answer, or a person.

Reports that machines can read come first (RFC 3464, 5965, 8098); about a quarter of all bounces have none and are
known by their words. Everything here is hostile input: no header is trusted to parse, and what cannot be understood
is left to a person as `unclear`.

"bounced" condemns the address and stops all mail to it, so it is only said when the report speaks of the address
itself; a full mailbox or a spam filter is "failed": this mail did not arrive, another one may.
"""

import email
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32

from flufl.bounce import all_failures

from tenants.delivery import reading

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
"""Its detectors fall over hostile mail one by one and say so with a trace; that is expected, and the others go on."""
LONGEST_TEXT = 60_000
RANK = ("bounced", "failed", "delayed", "delivered", "relayed")
DEAD_CODE = re.compile(r"^5\.(?:1\.(?:[0-46]|10)|2\.1|4\.4)$")
ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
REPLY_CODE = re.compile(r"\b([45]\d\d)[ -]")
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
FINAL_RECIPIENT = re.compile(r"(?im)^\W*(?:final|original)-recipient:\s*(.+)$")
REPORTED_FOR = re.compile(r"(?im)^(?:original-rcpt-to|removal-recipient):(.+)$")
DEAD_WORDS = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|person|mailbox|local user)|"
    r"(?:does not|doesn't|doesn.t) exist|"
    r"mailbox (?:unavailable|not found|does not exist)|address (?:rejected|unknown|not found)|"
    r"address you sent your message to wasn|"
    r"recipient (?:address )?(?:rejected|unknown|not found)|recipientnotfound|invalid (?:recipient|address|mailbox)|"
    r"account (?:that you tried to reach )?(?:is disabled|does not exist|"
    r"has been disabled)|not a valid (?:user|mailbox|recipient)|"
    r"unrouteable address|host or domain name not found|domain not found|no mailbox here|not listed in|unknown address|"
    r"isn't a valid|couldn't be found|wasn't found|is not a known user|no longer (?:valid|available|in use)|delisted",
    re.IGNORECASE,
)
NOT_DEAD_WORDS = re.compile(
    r"quota|mailbox (?:is )?full|over ?quota|insufficient (?:system )?storage|spam|blocked|"
    r"block ?list|blacklist|policy|"
    r"reputation|greylist|too large|size limit|virus|dmarc|spf|dkim|rate limit|throttl|not accepting messages from",
    re.IGNORECASE,
)
DELAY_WORDS = re.compile(
    r"will (?:be )?(?:retr|keep trying|continue)|delayed|not yet been delivered|still trying|warning:", re.IGNORECASE
)
BOUNCE_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|has failed|failure|failed|problem|notification)|"
    r"returned mail|mail delivery|failure notice|"
    r"non.?delivery|could not be delivered|rejected",
    re.IGNORECASE,
)
AUTO_SUBJECT = re.compile(
    r"^\s*(?:auto(?:matic)?[ -]?(?:reply|response|antwort)|autoreply|out of (?:the )?office|abwesen|absence|away from|"
    r"automatische antwort|r[ée]ponse automatique|respuesta autom[áa]tica|risposta automatica|resposta autom[áa]tica|"
    r"automatisch antwoord|odpowied[źz] automatyczna|autosvar|fuera de la oficina|fuori (?:sede|ufficio))",
    re.IGNORECASE,
)
COMPLAINT_SUBJECT = re.compile(r"^\s*complaint about message", re.IGNORECASE)
DISPOSITION = re.compile(r"(?im)^disposition:(?:[^;\n]*;)?\s*([a-z]+)")
"""Some programs tell that a mail was deleted unread, which is no reading."""
ROBOTS = re.compile(r"mailer-daemon|postmaster|mail delivery (?:sub)?system|no-?reply@|<>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail says: bounced, failed, delayed, delivered, relayed, complained, displayed, auto_reply, reply or
    unclear."""

    kind: str
    status: str = ""
    detail: str = ""
    recipient: str = ""


def read(raw: bytes) -> Notice:
    """Classify one mail; never raises, whatever the bytes are. Some gateways end a line twice."""
    mail = email.message_from_bytes(raw.replace(b"\r\r\n", b"\r\n"), policy=compat32)
    return _from_report(mail) or _from_words(mail) or _from_person(mail)


def is_complaint(raw: bytes) -> bool:
    """Whether a mail is a feedback report, also one that accuses nobody."""
    mail = email.message_from_bytes(raw, policy=compat32)
    return any(part.get_content_type() == "message/feedback-report" for part in _parts(mail))


def is_robots(raw: bytes) -> bool:
    """Whether a mail comes from a sender that nobody sits behind, or from none at all."""
    mail = email.message_from_bytes(raw, policy=compat32)
    return bool(ROBOTS.search(_header(mail, "from") + " " + _header(mail, "return-path")))


def subject_and_text(raw: bytes) -> tuple[str, str]:
    """The two things that people look at."""
    mail = email.message_from_bytes(raw, policy=compat32)
    return reading.header(mail, "subject"), _text(mail)


def _from_report(mail: Message) -> Notice | None:
    if any(part.get_content_type() == "message/feedback-report" for part in _parts(mail)):
        return _complaint(mail)
    receipts = [part for part in _parts(mail) if part.get_content_type() == "message/disposition-notification"]
    if receipts:
        said = [DISPOSITION.search(_inner(part)) for part in receipts]
        shown = any(each is not None and each[1].lower() == "displayed" for each in said)
        return Notice("displayed" if shown else "unclear", detail=_text(mail)[:200])
    found = [_recipient_status(fields) for part in _parts(mail) for fields in _status_blocks(part)]
    told = [notice for notice in found if notice is not None]
    if told:
        return min(told, key=lambda notice: RANK.index(notice.kind))
    return Notice("unclear", detail=_text(mail)[:200]) if found else None


def _status_blocks(part: Message) -> Iterator[Message]:
    """The field groups of a delivery report; some senders fold the per-recipient fields into the first group."""
    if part.get_content_type() != "message/delivery-status":
        return
    blocks = part.get_payload()
    if isinstance(blocks, str):
        blocks = [email.message_from_string(text, policy=compat32) for text in re.split(r"\r?\n\s*\r?\n", blocks)]
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, Message) and ("action" in block or "status" in block):
            yield block


def _recipient_status(fields: Message) -> Notice | None:
    action = _header(fields, "action").lower().split(" ")[0].strip(";")
    said = _header(fields, "diagnostic-code")
    status = (ENHANCED.search(_header(fields, "status")) or ENHANCED.search(said) or [""])[0]
    recipient = (
        _header(fields, "final-recipient").rpartition(";")[2].strip()
        or _header(fields, "original-recipient").rpartition(";")[2].strip()
    )
    if action in ("delayed", "delivered", "relayed"):
        return Notice(action, status, said[:500], recipient)
    if action == "expanded":
        return Notice("relayed", status, said[:500], recipient)
    if action == "failed" or status.startswith(("4", "5")):
        return Notice(_failure(status, said), status, said[:500], recipient)
    return None


def _failure(status: str, said: str) -> str:
    """The words decide where the code is vague: many servers answer 5.0.0 or 5.7.1 to everything."""
    detailed = (ENHANCED.findall(said) or [""])[0]
    code = detailed if status in ("", "5.0.0", "4.0.0", "5.1.0", "5.4.0") and detailed else status
    if NOT_DEAD_WORDS.search(said) and not DEAD_CODE.match(code):
        return "failed"
    if DEAD_CODE.match(code) or (code[:1] != "4" and DEAD_WORDS.search(said)):
        return "bounced"
    vague = code in ("", "5.0.0", "5.1.0") and re.search(r"\b55[013]\b", said)
    return "bounced" if vague else "failed"


def _complaint(mail: Message) -> Notice:
    for part in _parts(mail):
        if part.get_content_type() == "message/feedback-report":
            text = _inner(part)
            kind = re.search(r"(?im)^feedback-type:\s*(\S+)", text)
            harmless = kind is not None and kind[1].lower() in ("auth-failure", "not-spam", "dmarc")
            said = kind[1] if kind else ""
            return Notice("unclear" if harmless else "complained", detail=said, recipient=_accused(mail, text))
    return Notice("complained", recipient=_accused(mail, ""))


def _inner(part: Message) -> str:
    """The fields inside a part that is a message of its own."""
    inner = part.get_payload()
    return str(inner[0]) if isinstance(inner, list) and inner else str(inner)


def _accused(mail: Message, report: str) -> str:
    """Whose mail a complaint is about: as the report says, else as the mail says that it carries."""
    texts = REPORTED_FOR.findall(report)
    for part in _parts(mail):
        inner = part.get_payload()
        carried = (
            inner[0] if part.get_content_type() == "message/rfc822" and isinstance(inner, list) and inner else None
        )
        if isinstance(carried, Message):
            texts += [_header(carried, name) for name in ("x-hmxmroriginalrecipient", "x-original-to", "to")]
        elif part.get_content_type() == "text/rfc822-headers":
            texts += re.findall(r"(?im)^to:(.+)$", str(inner))
    return next((str(found[0]) for text in texts if (found := ADDRESS.findall(text))), "")


def _from_words(mail: Message) -> Notice | None:
    """Bounces without a report: by their sender and subject, then by what they say."""
    text = _text(mail)
    sender = _header(mail, "from") + _header(mail, "return-path")
    subject = reading.header(mail, "subject")
    if not (ROBOTS.search(sender) or BOUNCE_SUBJECT.search(subject) or "x-failed-recipients" in mail):
        return None
    if AUTO_SUBJECT.search(subject):
        return None
    temporary, permanent = _failures(mail)
    said = text[:LONGEST_TEXT]
    recipient = _named(mail, said, tuple(sorted(permanent or temporary)))
    status = (ENHANCED.search(said) or [""])[0]
    if not (
        temporary
        or permanent
        or status
        or REPLY_CODE.search(said)
        or DEAD_WORDS.search(said)
        or BOUNCE_SUBJECT.search(subject)
    ):
        return None
    if (temporary and not permanent) or (DELAY_WORDS.search(subject) and not permanent):
        return Notice("delayed", status, _hint(said), recipient)
    kind = _failure(status, said) if status or REPLY_CODE.search(said) or DEAD_WORDS.search(said) else "failed"
    return Notice(kind, status, _hint(said), recipient)


def _named(mail: Message, said: str, known: tuple[bytes, ...]) -> str:
    """Whom a report in words speaks of: what flufl.bounce found if that is an address, then what stands at the usual
    places."""
    texts = [each.decode("ascii", "replace") for each in known]
    texts += [_header(mail, "x-failed-recipients"), *FINAL_RECIPIENT.findall(said), _hint(said), said]
    about = _header(mail, "from") + _header(mail, "to")
    for text in texts:
        for address in ADDRESS.findall(text):
            if address not in about and not ROBOTS.search(address):
                return str(address)
    return ""


def _from_person(mail: Message) -> Notice:
    auto = _header(mail, "auto-submitted").lower()
    subject = reading.header(mail, "subject")
    signs = (
        auto not in ("", "no"),
        bool(_header(mail, "x-auto-response-suppress")),
        _header(mail, "precedence").lower() in ("auto_reply", "bulk", "junk", "list"),
        bool(_header(mail, "x-autoreply") or _header(mail, "x-autorespond")),
        bool(AUTO_SUBJECT.search(subject)),
    )
    if any(signs):
        away = ADDRESS.search(_header(mail, "from"))
        return Notice("auto_reply", detail=subject[:200], recipient=away[0] if away else "")
    if COMPLAINT_SUBJECT.search(subject):
        return Notice("complained", detail=subject[:200], recipient=_accused(mail, ""))
    answers = _header(mail, "in-reply-to") or _header(mail, "references")
    if not answers or ROBOTS.search(_header(mail, "from")):
        return Notice("unclear", detail=subject[:200])
    return Notice("reply", detail=subject[:200])


def _failures(mail: Message) -> tuple[set[bytes], set[bytes]]:
    """What flufl.bounce knows; its detectors were written for well-formed mail and fall over other mail in many
    ways."""
    try:
        temporary, permanent = all_failures(mail)
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError):
        return set(), set()
    return set(temporary), set(permanent)


def _parts(mail: Message) -> Iterator[Message]:
    """The mail's own parts; the original message that a report carries is not searched for further reports."""
    yield mail
    if mail.is_multipart() and mail.get_content_maintype() == "multipart":
        for part in mail.get_payload():
            if isinstance(part, Message):
                yield from _parts(part)


def _text(mail: Message) -> str:
    pieces = []
    for part in _parts(mail):
        if part.get_content_maintype() != "text":
            continue
        body = part.get_payload(decode=True)
        if isinstance(body, bytes):
            pieces.append(body[:LONGEST_TEXT].decode("utf-8", "replace"))
    return "\n".join(pieces)


def _hint(text: str) -> str:
    """The line that says why, as well as it can be found."""
    for line in text.splitlines():
        if ENHANCED.search(line) or REPLY_CODE.search(line) or DEAD_WORDS.search(line):
            return line.strip()[:500]
    return " ".join(text.split())[:200]


def _header(mail: Message, name: str) -> str:
    return " ".join(str(mail.get(name, "")).split())
