"""Decides what Amazon SES says about a mail: ten kinds of event in two dialects, inside whatever envelopes they come.

Configuration sets write `eventType`, identity feedback writes `notificationType`; both mean the same. Only a permanent
bounce condemns an address. What is not understood is left out, so that a new kind of event never fails anything.
Which message an event is about is said by the sealed word that we sent along, never by an address in the event.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TAG, HEADER = "gt_attempt", "X-Goodterms-Attempt"
DEEPEST = 5
HARMLESS = frozenset({"not-spam", "auth-failure"})
NAMES = {
    "Send": "accepted",
    "Delivery": "delivered",
    "DeliveryDelay": "delayed",
    "Reject": "refused",
    "Rendering Failure": "refused",
    "Open": "opened",
    "Click": "clicked",
    "Subscription": "subscription",
}
PARTS = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
RECIPIENTS = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients", "DeliveryDelay": "delayedRecipients"}


@dataclass(frozen=True, slots=True)
class Told:
    """One event about one recipient."""

    kind: str
    """accepted, delivered, delayed, bounced, failed, refused, complained, unclear, opened, clicked or subscription."""
    at: datetime
    reference: str
    attempt: str
    """The sealed word of our attempt, or nothing."""
    recipient: str = ""
    status: str = ""
    reason: str = ""
    detail: str = ""
    agent: str = ""
    address: str = ""

    @property
    def key(self) -> str:
        """The same event told again, in the same or the other dialect, has the same key."""
        instant_of = self.at.astimezone(UTC).isoformat(timespec="milliseconds")
        return "|".join((self.reference, self.kind, self.recipient.lower(), instant_of))


def unwrapped(document: Any, *, depth: int = DEEPEST) -> Iterator[dict[str, Any]]:
    """The event documents inside SNS, SQS and Lambda envelopes."""
    if isinstance(document, str):
        document = _parsed(document)
    if not isinstance(document, dict) or depth == 0:
        return
    if isinstance(document.get("mail"), dict):
        yield document
        return
    inside = [document.get(name) for name in ("Message", "body", "Sns", "ses")]
    records = document.get("Records")
    inside += records if isinstance(records, list) else []
    for each in inside:
        yield from unwrapped(each, depth=depth - 1)


def read(event: dict[str, Any]) -> tuple[Told, ...]:
    """What one event document says, a piece for each recipient; nothing for what is not understood."""
    name = _text(event.get("eventType") or event.get("notificationType"))
    mail = _dict(event.get("mail"))
    if name not in NAMES and name not in ("Bounce", "Complaint"):
        return ()
    part = _dict(event.get(PARTS.get(name, name.lower())))
    at = _instant(part.get("timestamp")) or _instant(mail.get("timestamp"))
    if at is None:
        return ()
    return tuple(
        Told(
            kind=_kind(name, part),
            at=at,
            reference=_text(mail.get("messageId")),
            attempt=_attempt(mail),
            recipient=_text(one.get("emailAddress")),
            status=_text(one.get("status")),
            reason=_reason(name, part),
            detail=(_text(one.get("diagnosticCode")) or _detail(part))[:500],
            agent=_text(part.get("userAgent")),
            address=_text(part.get("ipAddress")),
        )
        for one in _recipients(name, part, mail)
    )


def mail_in(event: dict[str, Any]) -> bytes:
    """The mail that a receiving notice carries, or as much of it as the notice tells; nothing in any other event."""
    if "receipt" not in event:
        return b""
    content = _text(event.get("content"))
    headers = _dict(event.get("mail")).get("headers")
    told = [_dict(each) for each in headers] if isinstance(headers, list) else []
    head = "".join(f"{_text(each.get('name'))}: {_text(each.get('value'))}\n" for each in told)
    return (content or head).encode("utf-8", "replace")


def _kind(name: str, part: dict[str, Any]) -> str:
    if name == "Bounce":
        return "bounced" if part.get("bounceType") == "Permanent" else "failed"
    if name == "Complaint":
        return "unclear" if part.get("complaintFeedbackType") in HARMLESS else "complained"
    return NAMES[name]


def _recipients(name: str, part: dict[str, Any], mail: dict[str, Any]) -> list[dict[str, Any]]:
    named = part.get(RECIPIENTS.get(name, "recipients")) or mail.get("destination")
    listed = named if isinstance(named, list) else []
    found = [each if isinstance(each, dict) else {"emailAddress": each} for each in listed]
    return found or [{}]


def _reason(name: str, part: dict[str, Any]) -> str:
    words = (
        part.get("bounceType"),
        part.get("bounceSubType"),
        part.get("complaintFeedbackType") or part.get("complaintSubType"),
        part.get("delayType"),
        part.get("reason"),
    )
    return " ".join(_text(word) for word in words if word) or name


def _detail(part: dict[str, Any]) -> str:
    """The words of whoever speaks; of a server that took the mail also which one it was."""
    said = _text(part.get("smtpResponse") or part.get("errorMessage") or part.get("reason") or part.get("link"))
    server = _text(part.get("remoteMtaIp"))
    return f"{said} (server {server})" if server else said


def _attempt(mail: dict[str, Any]) -> str:
    """The tag first; identity feedback carries no tags, but the header if headers are included."""
    tagged = _dict(mail.get("tags")).get(TAG)
    if isinstance(tagged, list) and tagged:
        return _text(tagged[0])
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else ():
        if _text(_dict(header).get("name")).lower() == HEADER.lower():
            return _text(header.get("value"))
    return ""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _instant(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
