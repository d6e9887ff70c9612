"""What sending domains need from the outside: a provider that signs for them, and the name service as mailbox providers
ask it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """What a provider says of a domain from which it is to send."""

    verified: bool
    dkim: str = ""
    tokens: tuple[str, ...] = ()
    mail_from: str = ""
    """How the domain of the return path stands there; empty where the provider has none of its own."""
    region: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """What the name service says of a domain: its TXT records, the SPF of its return path, its DMARC policy."""

    texts: tuple[str, ...] = ()
    spf: str = ""
    dmarc: str = ""
    faults: tuple[str, ...] = ()


class Identities(Protocol):
    """Keeps sending domains at a provider of mail."""

    def tend(self, domain: str, *, bounce_domain: str, account: str) -> Identity:
        """Make what is missing there for a domain, and say how it stands; without an account it is nobody's yet. Raises
        OSError."""
        ...


class DomainRecords(Protocol):
    """Asks the name service what mailbox providers will ask it."""

    def look(self, domain: str, *, bounce_domain: str) -> DomainFacts:
        """What is published; a record that cannot be had is one that is not there."""
        ...
