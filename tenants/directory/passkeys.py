"""Decides which passkeys are a person's: made in a browser for our address, proved by a signature over our challenge.

A key whose counter goes back was copied, and is refused. The browser must have checked the person (user verification),
so that a passkey is two factors in one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tenants import store
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model
from tenants.values.faults import Kind, Refusal

MOST = 20
UNREADABLE = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What reading bytes of a stranger can raise, however odd or deep they are."""


class BadPasskey(Refusal):
    """What the browser sent is no proof for us."""

    code = "bad_passkey"
    remedy = "Start again; if it stays, use another way to sign in."


class UnknownPasskey(Refusal):
    """No such passkey of yours."""

    kind = Kind.UNKNOWN
    code = "unknown_passkey"
    remedy = "Look at the list again."


class Passkey(IdentityOwned, Model):
    """The public half of a key that lives in somebody's device."""

    __tablename__ = "passkey"
    __table_args__ = (Index("ix_passkey_person", "person_id"), IDENTITY)

    credential_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.person.id"))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """One passkey as its person sees it."""

    handle: str
    name: str
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What the browser is asked, and the challenge that its answer must carry."""

    options: str
    challenge: str


@dataclass(frozen=True, slots=True)
class Place:
    """For which address passkeys are made: the name of the host, and the origin that a browser states."""

    host: str
    origin: str

    @classmethod
    def of(cls, public_url: str) -> "Place | None":
        """The place of an address; None for a bare IP address, for which browsers make no passkeys."""
        parts = urlsplit(public_url)
        host = parts.hostname or ""
        try:
            ip_address(host)
        except ValueError:
            return cls(host, f"{parts.scheme}://{parts.netloc}")
        return None


ADD = """
INSERT INTO identity.passkey (credential_id, person_id, public_key, sign_count, name, made_at)
VALUES (:credential_id, :person_id, :public_key, :sign_count, :name, :now) ON CONFLICT DO NOTHING RETURNING person_id
"""
OF = """
SELECT credential_id, name, made_at, used_at FROM identity.passkey WHERE person_id = :person_id ORDER BY made_at
"""
FIND = """
SELECT k.person_id, k.public_key, k.sign_count FROM identity.passkey k JOIN identity.person p ON p.id = k.person_id
WHERE k.credential_id = :credential_id AND p.disabled_at IS NULL FOR UPDATE OF k
"""
USED = "UPDATE identity.passkey SET sign_count = :count, used_at = :now WHERE credential_id = :credential_id"
REMOVE = """
DELETE FROM identity.passkey WHERE person_id = :person_id AND credential_id = :credential_id RETURNING person_id
"""


def begin_making(person_id: UUID, *, email: str, name: str, place: Place, issuer: str) -> Ceremony:
    """Ask a browser to make a passkey. Raises BadPasskey when there are enough."""
    known = store.run_identity(OF, person_id=person_id).all()
    if len(known) >= MOST:
        raise BadPasskey(f"You have {MOST} passkeys already.", remedy="Remove one that you no longer use.")
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=issuer,
        user_id=person_id.bytes,
        user_name=email,
        user_display_name=name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(row.credential_id) for row in known],
    )
    return Ceremony(webauthn.options_to_json(options), bytes_to_base64url(options.challenge))


def keep(person_id: UUID, *, answer: str, challenge: str, name: str, place: Place, now: datetime) -> None:
    """Keep the passkey that a browser made. Raises BadPasskey."""
    try:
        proved = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except UNREADABLE:
        raise BadPasskey("This browser did not make a passkey for us.") from None
    added = store.run_identity(
        ADD,
        credential_id=proved.credential_id,
        person_id=person_id,
        public_key=proved.credential_public_key,
        sign_count=proved.sign_count,
        name=name.strip()[:80] or "Passkey",
        now=now,
    )
    if added.one_or_none() is None:
        raise BadPasskey("This passkey is known already.")


def begin_proving(place: Place) -> Ceremony:
    """Ask a browser for any passkey that it has for us; whose it is, the answer says."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host, user_verification=UserVerificationRequirement.REQUIRED
    )
    return Ceremony(webauthn.options_to_json(options), bytes_to_base64url(options.challenge))


def prove(answer: str, *, challenge: str, place: Place, now: datetime) -> UUID:
    """The person whose passkey answered. Raises BadPasskey, with the same words whatever was wrong."""
    refusal = BadPasskey("This passkey does not open anything here.")
    try:
        credential = parse_authentication_credential_json(json.loads(answer))
        row = store.run_identity(FIND, credential_id=credential.raw_id).one_or_none()
        if row is None:
            raise refusal
        proved = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except UNREADABLE:
        raise refusal from None
    store.run_identity(USED, credential_id=credential.raw_id, count=proved.new_sign_count, now=now)
    person: UUID = row.person_id
    return person


def of(person_id: UUID) -> Sequence[Kept]:
    """The passkeys of a person."""
    rows = store.run_identity(OF, person_id=person_id)
    return [Kept(bytes_to_base64url(row.credential_id), row.name, row.made_at, row.used_at) for row in rows]


def remove(person_id: UUID, *, handle: str) -> None:
    """Take one passkey away. Raises UnknownPasskey."""
    try:
        credential_id = base64url_to_bytes(handle)
    except ValueError:
        credential_id = b""
    if store.run_identity(REMOVE, person_id=person_id, credential_id=credential_id).one_or_none() is None:
        raise UnknownPasskey("There is no such passkey of yours.")
