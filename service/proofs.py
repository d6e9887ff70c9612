"""A fresh proof: who wants to touch bank data, exports or connections has shown within ten minutes who they are."""

from datetime import datetime

from service.identity import Caller
from tenants.directory import sessions
from tenants.values.clock import Clock
from tenants.values.faults import Kind, Refusal


class ProofNeeded(Refusal):
    """The session is good, but too long ago opened for this."""

    kind = Kind.FORBIDDEN
    code = "proof_needed"
    remedy = "Prove once more who you are at /step-up, and repeat the step within ten minutes."


class SecondFactorNeeded(Refusal):
    """The session is good, and its person has to hold a second factor first."""

    kind = Kind.FORBIDDEN
    code = "second_factor_needed"
    remedy = "Set up a code app or a passkey at /account; everything else opens then."


def require_factor(caller: Caller) -> None:
    """Raises SecondFactorNeeded for a session that opens nothing but the way to a second factor."""
    if caller.misses_factor:
        raise SecondFactorNeeded("A password alone is not enough for you here.")


def require(caller: Caller, *, clock: Clock) -> None:
    """Raises ProofNeeded for a session whose last proof is too old; a token was proved with each request."""
    if caller.token is None and clock.now() - caller.proved_at > sessions.PROVED_FOR:
        raise ProofNeeded("This needs a fresh proof of who you are.")


def require_since(caller: Caller, instant: datetime) -> None:
    """Raises ProofNeeded for a session that was proved before it came to open more: proving gives it another token."""
    if caller.proved_at < instant:
        raise ProofNeeded("You may come in here since then. Prove once more who you are first.")
