"""What the directory needs from the outside: a client's identity provider, the name service, a list of what was
stolen."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Unreachable(Exception):
    """The other side gave no answer that can be used."""


class IdentityProviders(Protocol):
    """Asks clients' identity providers; refuses to call what is not on the open internet."""

    def document(self, address: str, *, newest: bool = False) -> dict[str, Any]:
        """A JSON document, kept for an hour; `newest` fetches it again, at most once a minute. Raises Unreachable."""
        ...

    def redeem(
        self, address: str, *, form: Mapping[str, str], client_id: str, secret: str, in_form: bool
    ) -> dict[str, Any]:
        """Exchange a code for tokens, with the secret in the form or in the header. Raises Unreachable."""
        ...

    def person(self, address: str, *, token: str) -> dict[str, Any]:
        """What the provider says of the person for whom it gave this access token. Raises Unreachable."""
        ...


class Names(Protocol):
    """Asks the name service."""

    def texts(self, domain: str) -> Sequence[str]:
        """The TXT records of a domain; none when there are none, or no answer."""
        ...


class StolenPasswords(Protocol):
    """Knows which passwords were stolen somewhere."""

    def holds(self, password: str) -> bool:
        """Whether this one was."""
        ...
