"""Calls to clients' own programs: to public addresses only, looked up once and held to, with no redirects and little
patience.

An address that a client types must not become a way into the network that this program stands in, so every address that
a name resolves to has to be public, and the one that was judged is the one that is called.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from urllib.parse import urlsplit

from tenants.rules.ports import Heard, Hook

PATIENCE_S = 10.0
MOST_HEARD = 4096
PORTS = (443, 8443)
UNICAST = ipaddress.ip_network("2000::/3")
SPECIAL = tuple(
    ipaddress.ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "2001::/32", "2002::/16", "3fff::/20")
)
"""Beyond what the language calls private: ways into IPv4 that stand in an address of IPv6, relays, examples."""
Lookup = Callable[[str, int], list[str]]


class Forbidden(ValueError):
    """The address must not be called."""


def look_up(host: str, port: int) -> list[str]:
    """Every address of a name. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def judged(url: str, *, lookup: Lookup = look_up) -> tuple[str, int, str]:
    """The host, the port and the one address to call. Raises Forbidden, OSError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or 443
    if parts.scheme != "https" or not host or parts.username or port not in PORTS:
        raise Forbidden("only https addresses on port 443 or 8443, without a user, are called")
    found = lookup(host, port)
    for each in found:
        if not is_outside(each):
            raise Forbidden(f"{host} is not on the open internet")
    if not found:
        raise Forbidden(f"{host} has no address")
    return host, port, found[0]


def is_outside(text: str) -> bool:
    """Whether an address is one of the open internet, and carries none of another network inside it."""
    address = ipaddress.ip_address(text.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_outside(str(address.ipv4_mapped))
        if address not in UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in each for each in SPECIAL)


@contextmanager
def patient(line: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """Let a whole call last so long: patience with each word alone would let a slow answer hold its caller for ever."""
    line.connect()
    guard = threading.Timer(seconds, _cut, (line.sock,))
    guard.daemon = True
    guard.start()
    try:
        yield
    finally:
        guard.cancel()


def _cut(wire: socket.socket) -> None:
    with suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Pinned(http.client.HTTPSConnection):
    """A line to an address that was judged, under the name that was asked for."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=PATIENCE_S, context=context)
        self._address, self._trust = address, context

    def connect(self) -> None:
        line = socket.create_connection((self._address, self.port), timeout=PATIENCE_S)
        self.sock = self._trust.wrap_socket(line, server_hostname=self.host)


class Caller:
    """The real way out."""

    def __init__(self, *, lookup: Lookup = look_up, context: ssl.SSLContext | None = None) -> None:
        self._lookup, self._context = lookup, context

    def call(self, hook: Hook) -> Heard:
        try:
            host, port, address = judged(hook.url, lookup=self._lookup)
        except (Forbidden, OSError, ValueError) as fault:
            return Heard(0, f"not called: {fault}"[:300])
        line = _Pinned(host, port, address, self._context or _trusted())
        try:
            parts = urlsplit(hook.url)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            with patient(line, PATIENCE_S):
                line.request("POST", path, body=hook.body, headers=hook.headers)
                answer = line.getresponse()
                answer.read(MOST_HEARD)
            return Heard(answer.status, answer.reason[:300])
        except (OSError, http.client.HTTPException) as fault:
            return Heard(0, f"no answer: {fault}"[:300])
        finally:
            line.close()


class MemoryCaller:
    """Remembers calls and answers as told."""

    def __init__(self, *answers: Heard) -> None:
        self.calls: list[Hook] = []
        self._answers = list(answers)

    def call(self, hook: Hook) -> Heard:
        self.calls.append(hook)
        return self._answers.pop(0) if self._answers else Heard(200)
