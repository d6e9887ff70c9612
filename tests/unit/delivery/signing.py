"""Somebody who signs as Amazon SNS does, with a certificate of their own making."""

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tenants.delivery.sns import signed_text
from tests.cast import NOW

TOPIC = "arn:aws:sns:eu-central-1:123456789012:ses-events"
CERTIFICATE = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-" + "a1" * 16 + ".pem"
HASHES = {"1": SHA1, "2": SHA256}


@cache
def key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for all; making them is slow."""
    return rsa.generate_private_key(65537, bits)


@cache
def certificate(*, host: str = "sns.amazonaws.com", start: int = -1, end: int = 1, bits: int = 2048) -> bytes:
    """A certificate that is valid from so many days before now to so many after."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder(name, name, key(bits).public_key(), x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=start))
        .not_valid_after(NOW + timedelta(days=end))
    )
    if host:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return made.sign(key(bits), SHA256()).public_bytes(Encoding.PEM)


def a_message(message: Any = "hello", **over: Any) -> dict[str, Any]:
    """A signed notification; `over` is signed too."""
    fields: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": f"{NOW:%Y-%m-%dT%H:%M:%S}.012Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
        "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
    }
    fields = {name: value for name, value in (fields | over).items() if value is not None}
    return fields | {"Signature": sign(fields)}


def sign(fields: dict[str, Any], *, bits: int = 2048) -> str:
    """The signature, over what SNS signs; over nothing where the type has no form."""
    try:
        text = signed_text(fields)
    except (KeyError, TypeError):
        text = b""
    kind = HASHES.get(fields.get("SignatureVersion", ""), SHA256)
    return base64.b64encode(key(bits).sign(text, padding.PKCS1v15(), kind())).decode()


@dataclass
class Topics:
    """The outside of SNS, on paper."""

    pem: bytes = b""
    away: bool = False

    def __post_init__(self) -> None:
        self.pem = self.pem or certificate()
        self.fetched: list[str] = []
        self.confirmed: list[tuple[str, str]] = []

    def certificate(self, address: str) -> bytes:
        self.fetched.append(address)
        if self.away:
            raise OSError("away")
        return self.pem

    def confirm(self, topic: str, *, token: str) -> None:
        if self.away:
            raise OSError("away")
        self.confirmed.append((topic, token))
