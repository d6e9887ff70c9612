"""What delivery needs from the outside: a place for documents, a way for mail to leave, and a last word on conduct."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class DocumentStore(Protocol):
    """Keeps bytes under a key that starts with the tenant's id."""

    def put(self, key: str, body: bytes, *, media_type: str) -> None:
        """Keep `body`; putting the same bytes again is harmless. Raises OSError when nothing was kept."""
        ...

    def get(self, key: str) -> bytes:
        """Return the bytes. Raises KeyError when nothing is kept under the key."""
        ...


class BillRules(Protocol):
    """The official rules of structured invoices."""

    def faults(self, document: bytes, *, syntax: str) -> list[str]:
        """What the rules say against the document; empty when it is valid."""
        ...


class Handover(StrEnum):
    """How one hand-over to a mail provider ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """A definite no: never repeat it."""
    RETRY = "retry"
    """A definite not-now, with nothing accepted: a later attempt is safe."""
    AMBIGUOUS = "ambiguous"
    """Bytes were sent and no answer came: it may or may not have been accepted. Never blindly repeated."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one recipient, complete; rendering happens before, sending adds nothing."""

    attempt_id: UUID
    sender: str
    sender_name: str
    recipient: str
    return_path: str
    reply_to: str
    subject: str
    text: str
    html: str
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    account: str = ""
    """What the client is called at a provider that keeps its clients apart."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said."""

    end: Handover
    reference: str = ""
    detail: str = ""
    bounce: bool = False
    """The refusal names the recipient's address itself: nothing sent there can arrive."""
    throttled: bool = False
    """We were too fast for the account: it says nothing about the letter."""


class Mailer(Protocol):
    """Hands one letter to a provider, once; it never repeats by itself."""

    name: str

    def send(self, letter: Letter) -> Answer:
        """Hand the letter over and say how that ended; outside faults become an Answer, not an exception."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """One text message to one number."""

    attempt_id: UUID
    recipient: str
    body: str
    receipts_to: str
    """Where the provider says what became of it."""


class TextSender(Protocol):
    """Hands one text to a provider, once; it never repeats by itself."""

    name: str

    def send(self, text: Text) -> Answer:
        """Hand the text over and say how that ended; outside faults become an Answer, not an exception."""
        ...

    def believes(self, address: str, *, form: dict[str, str], signature: str) -> bool:
        """Whether the provider itself sent this form to this address of ours."""
        ...


class TopicService(Protocol):
    """What it takes to believe a provider's topics."""

    def certificate(self, address: str) -> bytes:
        """The certificate at an address that was found good before. Raises OSError."""
        ...

    def confirm(self, topic: str, *, token: str) -> None:
        """Confirm that a topic may write to us. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Note:
    """One message of a queue: its text, and by what it is taken away."""

    handle: str
    body: str


class News(Protocol):
    """Where a provider leaves what it tells, until it was kept."""

    def receive(self) -> list[Note]:
        """What waits there; waits a while when there is nothing. Raises OSError."""
        ...

    def forget(self, notes: Sequence[Note]) -> None:
        """Take away what was kept; what is not taken away comes again. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's word on one message at the moment of sending: may leave, must wait, or must not."""

    allowed: bool
    reason: str = ""
    detail: str = ""
    again_at: datetime | None = None
    """When it is worth asking again; None with `allowed` False means never: the message is cancelled."""
    way: str = ""
    recipient: str = ""
    """With `allowed` False: it is to go by this way instead, to this reader."""


class Gate(Protocol):
    """The one conduct gate, asked inside the unit of work that claims the message."""

    def __call__(self, message_id: UUID, *, now: datetime) -> Verdict:
        """Re-read the world and decide; every refusal is stored by the gate itself, in the caller's unit of work."""
        ...
