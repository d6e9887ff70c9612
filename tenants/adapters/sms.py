"""Text messages by a provider's HTTP interface (the one that Twilio made and others copied), and a memory twin.

The adapter never repeats a hand-over by itself. A line that broke before the request had left is a plain not-now;
afterwards silence, and a fault of the provider's own, is ambiguous.
"""

import base64
import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from tenants.delivery.ports import Answer, Handover, Text, TextSender
from tenants.settings import Settings

PATIENCE_S = 15.0
MOST_HEARD = 64 * 1024
BAD_NUMBER = frozenset({21211, 21214, 21217, 21610, 21614})
"""Codes of refusals that condemn the number, not the text."""


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


class HttpSender:
    """Hands each text to one account; `url` is https://account:token@host, `sender` the number or name it is from."""

    name = "sms"

    def __init__(self, url: str, *, sender: str, patience_s: float = PATIENCE_S) -> None:
        parts = urlsplit(url)
        self._account, self._token = unquote(parts.username or ""), unquote(parts.password or "")
        self._host, self._port, self._tls = parts.hostname or "", parts.port, parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/2010-04-01/Accounts/{self._account}/Messages.json"
        self._sender, self._patience = sender, patience_s

    def send(self, text: Text) -> Answer:
        form = {"To": text.recipient, "From": self._sender, "Body": text.body, "StatusCallback": text.receipts_to}
        line = self._line()
        try:
            line.connect()
        except OSError as fault:
            return Answer(Handover.RETRY, detail=f"the provider cannot be reached: {fault}"[:300])
        try:
            line.request("POST", self._path, body=urlencode(form), headers=self._headers())
            heard = line.getresponse()
            status, body = heard.status, heard.read(MOST_HEARD)
        except (OSError, http.client.HTTPException) as fault:
            return Answer(Handover.AMBIGUOUS, detail=f"the text was sent and no answer came: {fault}"[:300])
        finally:
            line.close()
        return _answer(status, _read(body))

    def believes(self, address: str, *, form: dict[str, str], signature: str) -> bool:
        """The provider signs the address and the sorted form with the account's token."""
        told = address + "".join(name + form[name] for name in sorted(form))
        made = hmac.new(self._token.encode(), told.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(base64.b64encode(made), signature.encode("utf-8", "replace"))

    def _line(self) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._patience, context=_trusted())
        return http.client.HTTPConnection(self._host, self._port, timeout=self._patience)

    def _headers(self) -> dict[str, str]:
        who = base64.b64encode(f"{self._account}:{self._token}".encode()).decode()
        return {"Authorization": f"Basic {who}", "Content-Type": "application/x-www-form-urlencoded"}


class MemorySender:
    """Keeps the texts that were handed over; answers as it is told to."""

    name = "sms"

    def __init__(self, answer: Callable[[Text], Answer] | None = None) -> None:
        self.sent: list[Text] = []
        self._answer = answer or (lambda text: Answer(Handover.ACCEPTED, reference=f"SM{text.attempt_id.hex}"))

    def send(self, text: Text) -> Answer:
        self.sent.append(text)
        return self._answer(text)

    def believes(self, address: str, *, form: dict[str, str], signature: str) -> bool:
        return signature == "memory"


class NoSender:
    """Where no provider of texts is set: nothing leaves, and nobody is believed."""

    name = "sms"

    def send(self, text: Text) -> Answer:
        return Answer(Handover.REFUSED, detail="no provider of texts is set; choose another way for this customer")

    def believes(self, address: str, *, form: dict[str, str], signature: str) -> bool:
        return False


def sender_of(settings: Settings) -> TextSender:
    """The sender that the settings name."""
    return HttpSender(settings.sms_url, sender=settings.sms_sender) if settings.sms_url else NoSender()


def _answer(status: int, told: dict[str, Any]) -> Answer:
    said = f"{status} {told.get('code', '')} {told.get('message', '')}".strip()[:300]
    if status in (200, 201, 202) and told.get("sid"):
        return Answer(Handover.ACCEPTED, reference=str(told["sid"]), detail=said)
    if status == 429:
        return Answer(Handover.RETRY, detail=said)
    if 400 <= status < 500:
        return Answer(Handover.REFUSED, detail=said, bounce=told.get("code") in BAD_NUMBER)
    return Answer(Handover.AMBIGUOUS, detail=said)


def _read(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
