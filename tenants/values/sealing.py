"""Decides how a secret is kept in a row: sealed by AES-256-GCM under a named key, and bound to the place where it lies.

`about` says whose secret it is ("signing_key:<id>", "totp:<person>"): a sealed value that is moved to another row does
not open there. Several keys may be held: the first seals, all open, so that keys can change without a pause.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORM = b"\x01"
KEY_SIZE = 32
NAME_SIZE = 4
NONCE_SIZE = 12
HEAD = len(FORM) + NAME_SIZE + NONCE_SIZE


class CannotOpen(RuntimeError):
    """The value was changed, belongs elsewhere, or was sealed under a key that is not held: never told to callers."""


def derive(secret: str, *, purpose: str) -> bytes:
    """A key of 256 bits for one purpose; from one secret, keys of different purposes tell nothing of each other."""
    return HKDF(SHA256(), KEY_SIZE, salt=None, info=f"goodterms/{purpose}".encode()).derive(secret.encode())


def fresh_key() -> bytes:
    """A new random key of 256 bits, such as a client's own data key."""
    return secrets.token_bytes(KEY_SIZE)


def seal(plain: bytes, *, key: bytes, about: str) -> bytes:
    """The form that is kept: form, name of the key, nonce, and the ciphertext with its tag."""
    nonce = secrets.token_bytes(NONCE_SIZE)
    return FORM + _name(key) + nonce + AESGCM(key).encrypt(nonce, plain, about.encode())


def open_sealed(sealed: bytes, *, keys: Sequence[bytes], about: str) -> bytes:
    """The plain value. Raises CannotOpen for whatever does not fit, without saying why."""
    name, nonce = sealed[len(FORM) : len(FORM) + NAME_SIZE], sealed[len(FORM) + NAME_SIZE : HEAD]
    key = next((each for each in keys if _name(each) == name), None)
    if key is None or sealed[: len(FORM)] != FORM:
        raise CannotOpen("no key that is held fits this value")
    try:
        return AESGCM(key).decrypt(nonce, sealed[HEAD:], about.encode())
    except (InvalidTag, ValueError):
        raise CannotOpen("this value does not open here") from None


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys of one process, newest first."""

    keys: tuple[bytes, ...]

    @classmethod
    def of(cls, secret: str, *older: str, purpose: str = "sealing") -> "Keyring":
        """The ring of a secret and of those that it replaced."""
        return cls(tuple(derive(each, purpose=purpose) for each in (secret, *older)))

    def seal(self, plain: bytes, *, about: str) -> bytes:
        """Seal under the newest key."""
        return seal(plain, key=self.keys[0], about=about)

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Open under whichever key sealed it. Raises CannotOpen."""
        return open_sealed(sealed, keys=self.keys, about=about)

    def is_old(self, sealed: bytes) -> bool:
        """Whether the value should be sealed again, because an older key holds it."""
        return sealed[len(FORM) : len(FORM) + NAME_SIZE] != _name(self.keys[0])


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"goodterms/key-name" + key).digest()[:NAME_SIZE]
