"""Decides which messages of Amazon SNS are believed: those of our topics, signed by SNS, and fresh.

Every check comes before what it would cost to be wrong: the topic before the signature, the place of the certificate
before it is fetched. A refusal says nothing about which check failed. An address inside a message is never called.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from tenants.values.faults import Kind, Refusal

LARGEST = 256 * 1024
OLDEST, NEWEST = timedelta(hours=1), timedelta(minutes=5)
NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:([a-z0-9-]{3,}):\d{12}:[A-Za-z0-9_.-]{1,256}", re.ASCII)
HOST = re.compile(r"sns\.([a-z0-9-]{3,})\.amazonaws\.com(?:\.cn)?", re.ASCII)
PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{32}\.pem", re.ASCII)
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)
LEAST_KEY = 2048


class NotBelieved(Refusal):
    """Not from one of our topics, not signed by SNS, or not fresh."""

    kind = Kind.FORBIDDEN
    code = "not_believed"
    remedy = "Nothing: only messages that Amazon SNS signs for our topics are taken."


@dataclass(frozen=True, slots=True)
class Believed:
    """One message of SNS that passed every check."""

    kind: str
    topic: str
    message_id: str
    message: str
    token: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trust:
    """What is believed here: these topics, and whether the older signature will do."""

    topics: frozenset[str]
    version_1: bool = False

    @classmethod
    def read(cls, topics: str, *, version_1: bool) -> "Trust":
        """From the settings: names of topics, divided by commas."""
        return cls(frozenset(each.strip() for each in topics.split(",") if each.strip()), version_1)


def believe(raw: bytes, *, trust: Trust, certificate: Callable[[str], bytes], now: datetime) -> Believed:
    """Check a message from outside and open it. `certificate` fetches from an address that was found good; it may
    raise OSError. Raises NotBelieved."""
    fields = _fields(raw)
    kind, topic = fields.get("Type", ""), fields.get("TopicArn", "")
    of_topic = TOPIC.fullmatch(topic)
    if kind not in SIGNED or topic not in trust.topics or of_topic is None:
        raise _no()
    algorithm = _algorithm(fields, trust)
    address = _certificate_address(fields.get("SigningCertURL", ""), region=of_topic[1])
    at = _fresh(fields.get("Timestamp", ""), now)
    key = _key(certificate(address), region=of_topic[1], now=now)
    _verify(key, fields, algorithm)
    return Believed(kind, topic, fields.get("MessageId", ""), fields.get("Message", ""), fields.get("Token", ""), at)


def signed_text(fields: dict[str, str]) -> bytes:
    """What SNS signs: names and values of a fixed list, in its order, each on a line."""
    names = SIGNED[fields["Type"]]
    return "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()


def _fields(raw: bytes) -> dict[str, str]:
    if len(raw) > LARGEST:
        raise _no()
    try:
        read = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _no() from None
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise _no()
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice could be checked by one value and used by the other."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands twice")
    return read


def _algorithm(fields: dict[str, str], trust: Trust) -> HashAlgorithm:
    version = fields.get("SignatureVersion")
    if version == "2":
        return SHA256()
    if version == "1" and trust.version_1:
        return SHA1()
    raise _no()


def _certificate_address(text: str, *, region: str) -> str:
    """The address of a certificate of SNS in the topic's own region, and of nothing else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _no() from None
    host = HOST.fullmatch(parts.netloc)
    rebuilt = f"https://{parts.netloc}{parts.path}"
    if host is None or host[1] != region or not PATH.fullmatch(parts.path) or rebuilt != text:
        raise _no()
    return text


def _fresh(text: str, now: datetime) -> datetime:
    if not STAMP.fullmatch(text):
        raise _no()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _no() from None
    if not now - OLDEST <= at <= now + NEWEST:
        raise _no()
    return at.astimezone(UTC)


def _key(pem: bytes, *, region: str, now: datetime) -> rsa.RSAPublicKey:
    """The key of a certificate that is in date and speaks for SNS."""
    try:
        found = x509.load_pem_x509_certificate(pem)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = set(names.get_values_for_type(x509.DNSName))
        key = found.public_key()
    except (ValueError, x509.ExtensionNotFound):
        raise _no() from None
    own = {"sns.amazonaws.com", f"sns.{region}.amazonaws.com", f"sns.{region}.amazonaws.com.cn"}
    in_date = found.not_valid_before_utc <= now <= found.not_valid_after_utc
    if not in_date or not own & hosts or not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_KEY:
        raise _no()
    return key


def _verify(key: rsa.RSAPublicKey, fields: dict[str, str], algorithm: HashAlgorithm) -> None:
    try:
        signature = base64.b64decode(fields.get("Signature", ""), validate=True)
        key.verify(signature, signed_text(fields), padding.PKCS1v15(), algorithm)
    except (binascii.Error, ValueError, InvalidSignature):
        raise _no() from None


def _no() -> NotBelieved:
    return NotBelieved("This message is not believed.")
