"""Decides what a password is worth: argon2id with stated costs, refused when short or soon guessed, as slow for nobody
as for anybody.

A sign-in for an address that we do not know must cost what any other costs, or the time would tell who is with us.
"""

import threading
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tenants.directory import known_passwords
from tenants.directory.ports import StolenPasswords
from tenants.values.faults import Refusal

SHORTEST = 12
LONGEST = 200
"""Beyond this a password is only a way to make us hash for long."""

SENTENCE = "Choose another: a sentence of your own is good."

_hasher = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)
_room = threading.BoundedSemaphore(4)
"""Each hash takes 19 MiB: a crowd at the door must wait, not use up the memory."""


class WeakPassword(Refusal):
    """The password would be guessed."""

    code = "weak_password"
    remedy = f"Choose at least {SHORTEST} characters; a sentence is good."


GUESSED = {
    known_passwords.COMMON: "This is among the passwords that are tried first.",
    known_passwords.OWN: "This is made of what is known of you: your name, your address or your company.",
}
STOLEN = "This password was stolen somewhere and stands on the lists of those who try them."


def refuse_guessable(password: str, *, about: Iterable[str] = (), stolen: StolenPasswords | None = None) -> None:
    """Raises WeakPassword for one that somebody else would try; `about` is what everybody knows of the person."""
    weak = known_passwords.weakness(password[:LONGEST], about=about)
    if weak:
        raise WeakPassword(GUESSED[weak], remedy=SENTENCE)
    if stolen is not None and stolen.holds(password):
        raise WeakPassword(STOLEN, remedy=SENTENCE)


def make_hash(password: str) -> str:
    """The form that is kept. Raises WeakPassword for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(f"A password has {SHORTEST} to {LONGEST} characters.")
    with _room:
        return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether the password belongs to the kept form; for nobody (None) the answer is no, after the same work."""
    with _room:
        try:
            right = _hasher.verify(kept or _nobody(), password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return right and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the kept form was made with other costs than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobody() -> str:
    return _hasher.hash("nobody at all")
