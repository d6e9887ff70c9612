"""Calls to clients' identity providers: public https addresses only, no redirects, answers of a bounded size, and the
name service. The memory twins answer what they are told."""

import base64
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import dns.exception
import dns.resolver

from tenants.adapters import hooks
from tenants.directory.ports import Unreachable

PATIENCE_S = 5.0
LARGEST = 512 * 1024
KEPT_S, AGAIN_S = 3600.0, 60.0
HERE = ("127.0.0.1", "localhost")


class _Judged(http.client.HTTPSConnection):
    """A line to the address that was judged, under the name that was asked for."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._trust = ssl.create_default_context()
        super().__init__(host, port, timeout=PATIENCE_S, context=self._trust)
        self._address = address

    def connect(self) -> None:
        line = socket.create_connection((self._address, self.port), timeout=PATIENCE_S)
        self.sock = self._trust.wrap_socket(line, server_hostname=self.host)


class Providers:
    """The real way out; `loopback` lets it call providers on this machine, for demos and tests."""

    def __init__(self, *, loopback: bool = False, lookup: hooks.Lookup = hooks.look_up) -> None:
        self._loopback, self._lookup = loopback, lookup
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._turn = threading.Lock()

    def document(self, address: str, *, newest: bool = False) -> dict[str, Any]:
        with self._turn:
            at, found = self._kept.get(address, (-KEPT_S, {}))
            if found and time.monotonic() - at < (AGAIN_S if newest else KEPT_S):
                return found
        fresh = self._ask("GET", address, headers={"Accept": "application/json"})
        with self._turn:
            self._kept[address] = (time.monotonic(), fresh)
        return fresh

    def redeem(
        self, address: str, *, form: Mapping[str, str], client_id: str, secret: str, in_form: bool
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if in_form:
            form = {**form, "client_id": client_id, "client_secret": secret}
        else:
            pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return self._ask("POST", address, body=urlencode(form), headers=headers)

    def person(self, address: str, *, token: str) -> dict[str, Any]:
        return self._ask("GET", address, headers={"Accept": "application/json", "Authorization": f"Bearer {token}"})

    def _ask(self, method: str, address: str, *, headers: dict[str, str], body: str | None = None) -> dict[str, Any]:
        parts = urlsplit(address)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            line = self._line(address)
            try:
                with hooks.patient(line, PATIENCE_S):
                    line.request(method, path, body=body, headers=headers)
                    answer = line.getresponse()
                    told = answer.read(LARGEST + 1)
            finally:
                line.close()
            document = json.loads(told) if answer.status == 200 and len(told) <= LARGEST else None
        except (OSError, ValueError, RecursionError, http.client.HTTPException) as fault:
            raise Unreachable(f"no answer: {type(fault).__name__}") from None
        if not isinstance(document, dict):
            raise Unreachable(f"no document: status {answer.status}")
        return document

    def _line(self, address: str) -> http.client.HTTPConnection:
        parts = urlsplit(address)
        if self._loopback and parts.scheme == "http" and parts.hostname in HERE:
            return http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=PATIENCE_S)
        return _Judged(*hooks.judged(address, lookup=self._lookup))


class MemoryProviders:
    """Answers what it was told, by address."""

    def __init__(self, documents: dict[str, dict[str, Any]] | None = None) -> None:
        self.documents = documents or {}
        self.answer: dict[str, Any] = {}
        self.person_told: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.redeemed: list[dict[str, str]] = []
        self.fetched: list[tuple[str, bool]] = []

    def document(self, address: str, *, newest: bool = False) -> dict[str, Any]:
        self.fetched.append((address, newest))
        if address not in self.documents:
            raise Unreachable("no document: status 404")
        return self.documents[address]

    def redeem(
        self, address: str, *, form: Mapping[str, str], client_id: str, secret: str, in_form: bool
    ) -> dict[str, Any]:
        self.redeemed.append({**form, "client_id": client_id, "secret": secret, "in_form": str(in_form)})
        if not self.answer:
            raise Unreachable("no document: status 400")
        return self.answer

    def person(self, address: str, *, token: str) -> dict[str, Any]:
        self.asked.append((address, token))
        return self.person_told


class NameService:
    """The name service of this machine."""

    def texts(self, domain: str) -> Sequence[str]:
        try:
            found = dns.resolver.resolve(domain, "TXT", lifetime=PATIENCE_S)
        except (dns.exception.DNSException, OSError):
            return []
        return [b"".join(record.strings).decode(errors="replace") for record in found]


class MemoryNames:
    """Knows the records that it was told."""

    def __init__(self, records: dict[str, list[str]] | None = None) -> None:
        self.records = records or {}

    def texts(self, domain: str) -> Sequence[str]:
        return self.records.get(domain, [])
