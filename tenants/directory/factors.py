"""Decides how a person proves to be one beyond a password: a code of the moment (TOTP), a recovery code, or a passkey.

A code counts once: its time step is kept, under a row lock, so that one seen over a shoulder is worth nothing. Secrets
lie sealed and bound to their person; recovery codes are kept as hashes and used up.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model
from tenants.values.faults import Kind, Refusal
from tenants.values.sealing import Keyring

STEP_S = 30
DRIFT = 1
"""Telephones go wrong by some seconds: the step before and the one after count too."""
RECOVERY_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class WrongCode(Refusal):
    """The code is not the one of the moment, or was used."""

    code = "wrong_code"
    remedy = "Wait for the next code of your app and type that."


class AlreadyThere(Refusal):
    """A code app is set up already."""

    kind = Kind.CONFLICT
    code = "factor_there"
    remedy = "Remove the one that is set up first."


class Totp(IdentityOwned, Model):
    """The shared secret of a person's code app."""

    __tablename__ = "totp"
    __table_args__ = IDENTITY

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.person.id"), primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")


class RecoveryCode(IdentityOwned, Model):
    """One way in for the day on which the telephone is lost."""

    __tablename__ = "recovery_code"
    __table_args__ = IDENTITY

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.person.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Held:
    """With what a person can prove to be one."""

    totp: bool
    passkeys: int
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether a password alone is no longer enough."""
        return self.totp or self.passkeys > 0


HELD = """
SELECT EXISTS (SELECT FROM identity.totp WHERE person_id = :person_id AND confirmed_at IS NOT NULL),
  (SELECT count(*) FROM identity.passkey WHERE person_id = :person_id),
  (SELECT count(*) FROM identity.recovery_code WHERE person_id = :person_id AND used_at IS NULL)
"""
BEGIN = """
INSERT INTO identity.totp (person_id, sealed_secret, made_at) VALUES (:person_id, :sealed, :now)
ON CONFLICT (person_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, made_at = excluded.made_at,
  last_step = 0 WHERE totp.confirmed_at IS NULL
RETURNING person_id
"""
SECRET = """
SELECT sealed_secret, last_step, confirmed_at FROM identity.totp WHERE person_id = :person_id FOR UPDATE
"""
USED = """
UPDATE identity.totp SET last_step = :step, confirmed_at = coalesce(confirmed_at, :now) WHERE person_id = :person_id
"""
REMOVE = "DELETE FROM identity.totp WHERE person_id = :person_id"
FORGET_PASSKEYS = "DELETE FROM identity.passkey WHERE person_id = :person_id"
FORGET_CODES = "DELETE FROM identity.recovery_code WHERE person_id = :person_id"
ADD_CODES = """
INSERT INTO identity.recovery_code (person_id, code_hash) SELECT :person_id, unnest(CAST(:hashes AS bytea[]))
ON CONFLICT DO NOTHING
"""
USE_CODE = """
UPDATE identity.recovery_code SET used_at = :now
WHERE person_id = :person_id AND code_hash = :code_hash AND used_at IS NULL RETURNING person_id
"""


def held(person_id: UUID) -> Held:
    """With what this person can prove to be one."""
    return Held(*store.run_identity(HELD, person_id=person_id).one())


def begin_totp(person_id: UUID, *, now: datetime, keys: Keyring) -> str:
    """A fresh secret for a code app, in Base32; it counts once a code of it was typed.

    Raises AlreadyThere when one was confirmed before.
    """
    secret = pyotp.random_base32()
    sealed = keys.seal(secret.encode(), about=_about(person_id))
    if store.run_identity(BEGIN, person_id=person_id, sealed=sealed, now=now).one_or_none() is None:
        raise AlreadyThere("A code app is set up for you already.")
    return secret


def address(secret: str, *, email: str, issuer: str) -> str:
    """What the code app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def confirm_totp(person_id: UUID, *, code: str, now: datetime, keys: Keyring) -> list[str]:
    """Let the code app count from now on; answers the recovery codes, which are shown once. Raises WrongCode."""
    if not is_right(person_id, code=code, now=now, keys=keys, confirmed=False):
        raise WrongCode("This is not the code of the moment.", pointer="/code")
    return renew_recovery_codes(person_id)


def is_right(person_id: UUID, *, code: str, now: datetime, keys: Keyring, confirmed: bool = True) -> bool:
    """Whether this is the code of the moment, not used before; it is used up."""
    row = store.run_identity(SECRET, person_id=person_id).one_or_none()
    if row is None or (confirmed and row.confirmed_at is None):
        return False
    secret = keys.open(row.sealed_secret, about=_about(person_id)).decode()
    step = _matching(pyotp.TOTP(secret), "".join(code.split()), now=now)
    if step is None or step <= row.last_step:
        return False
    store.run_identity(USED, person_id=person_id, step=step, now=now)
    return True


def recovers(person_id: UUID, *, code: str, now: datetime) -> bool:
    """Whether this is one of the person's recovery codes; it is used up."""
    found = store.run_identity(USE_CODE, person_id=person_id, code_hash=_hash(person_id, code), now=now)
    return found.one_or_none() is not None


def renew_recovery_codes(person_id: UUID) -> list[str]:
    """New recovery codes in the place of all old ones."""
    codes = [
        "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(2)) for _ in range(RECOVERY_CODES)
    ]
    store.run_identity(FORGET_CODES, person_id=person_id)
    store.run_identity(ADD_CODES, person_id=person_id, hashes=[_hash(person_id, each) for each in codes])
    return codes


def remove_totp(person_id: UUID) -> None:
    """Take the code app away, with the recovery codes when nothing else is left that they stand in for."""
    store.run_identity(REMOVE, person_id=person_id)
    if not held(person_id).any:
        store.run_identity(FORGET_CODES, person_id=person_id)


def forget(person_id: UUID) -> None:
    """Take the code app, every passkey and the recovery codes away."""
    for sql in (REMOVE, FORGET_PASSKEYS, FORGET_CODES):
        store.run_identity(sql, person_id=person_id)


def _matching(totp: pyotp.TOTP, code: str, *, now: datetime) -> int | None:
    """The time step that this code belongs to; every step is compared, so that the time tells nothing."""
    at, found = int(now.timestamp()) // STEP_S, None
    for step in range(at - DRIFT, at + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def _hash(person_id: UUID, code: str) -> bytes:
    return hashlib.sha256(person_id.bytes + code.strip().lower().replace(" ", "-").encode()).digest()


def _about(person_id: UUID) -> str:
    return f"totp:{person_id}"
