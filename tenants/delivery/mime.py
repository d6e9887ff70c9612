"""Decides how a letter looks on the wire: one MIME message with text, HTML and attachments, the same bytes for every
carrier.

It is put together by hand, because the standard library parses every header that it writes, which costs a worker more
than printing the bill. Nothing that comes from outside can break out of its place: header values are one line each and
encoded unless they are plain ASCII, an address is written only if it has the common form or the library can read it,
and bodies are encoded so that no line of theirs can be a boundary.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from email.header import Header
from email.headerregistry import Address
from urllib.parse import quote

from tenants.delivery.ports import Letter

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_COMMON = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*", re.ASCII)
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
LINE = 76
LONGEST_LINE = 900
"""Mail servers take lines of 998 bytes; a word that is longer than this is folded by encoding it."""


def one_line(text: str) -> str:
    """Text fit for a header: no line breaks or controls, so that nobody's name can add a header of its own."""
    return _CONTROLS.sub(" ", text).strip()


class Unreachable(ValueError):
    """An address to which plain mail cannot be sent at all."""


def on_the_wire(address: str) -> str:
    """An address as mail servers take it: its domain in ASCII. Raises Unreachable for letters no server must accept."""
    box, _, domain = address.rpartition("@")
    if not box or not box.isascii() or one_line(address) != address:
        raise Unreachable(f"mail cannot be sent to {one_line(address)[:100]}")
    try:
        return f"{box}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise Unreachable(f"mail cannot be sent to {one_line(address)[:100]}") from None


def compose(letter: Letter) -> bytes:
    """The MIME message. Raises ValueError or MessageError for an address that no header can carry."""
    outer, inner = f"=_{letter.attempt_id.hex}_o", f"=_{letter.attempt_id.hex}_i"
    head = b"\r\n".join(each.encode("ascii") for each in _head(letter))
    said = _multipart("alternative", inner, [_text(letter.text, "plain"), _text(letter.html, "html")])
    body = _multipart("mixed", outer, [said, *map(_attachment, letter.attachments)]) if letter.attachments else said
    return head + b"\r\nMIME-Version: 1.0\r\n" + body


def _head(letter: Letter) -> Iterator[str]:
    yield f"From: {_address(letter.sender, letter.sender_name)}"
    yield f"To: {_address(on_the_wire(letter.recipient))}"
    yield _field("Subject", letter.subject)
    if letter.reply_to:
        yield f"Reply-To: {_address(letter.reply_to)}"
    for name, value in letter.headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"no header is called {one_line(name)[:40]}")
        yield _field(name, value)


def _field(name: str, value: str) -> str:
    line = one_line(value)
    if line.isascii() and len(line) + len(name) + 2 <= LINE:
        return f"{name}: {line}"
    if line.isascii() and max(map(len, line.split()), default=0) > LINE - len(name):
        return f"{name}: {line}" if len(line) < LONGEST_LINE else f"{name}: {_encoded(line, name)}"
    return f"{name}: {_encoded(line, name)}"


def _encoded(line: str, name: str) -> str:
    charset = "us-ascii" if line.isascii() and len(line) < LONGEST_LINE else "utf-8"
    return Header(line, charset, maxlinelen=LINE, header_name=name).encode(linesep="\r\n")


def _address(address: str, name: str = "") -> str:
    """One address in angle brackets behind its owner's name; the library reads what has no common form, or raises."""
    spec = address if _COMMON.fullmatch(address) else Address(addr_spec=address).addr_spec
    if not spec.isascii() or one_line(spec) != spec:
        raise ValueError("an address must stand on one line of ASCII")
    shown = one_line(name)
    if not shown:
        return spec
    if not shown.isascii():
        return f"{Header(shown, 'utf-8', maxlinelen=LINE).encode(linesep=chr(13) + chr(10))} <{spec}>"
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f"{shown if _PLAIN_NAME.fullmatch(shown) else f'{chr(34)}{escaped}{chr(34)}'} <{spec}>"


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    """Parts between lines that no encoded body can hold: `=_` stands in none."""
    line = f"--{boundary}".encode()
    opened = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return opened + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def _text(words: str, kind: str) -> bytes:
    lines = words.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    body = binascii.b2a_qp(lines, istext=True).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode() + body


def _attachment(part: tuple[str, str, bytes]) -> bytes:
    name, media_type, body = part
    shown = one_line(name)
    plain = shown.isascii() and '"' not in shown and "\\" not in shown
    given = f'filename="{shown}"' if plain else f"filename*=utf-8''{quote(shown, safe='')}"
    head = (
        f"Content-Type: {one_line(media_type)}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; {given}\r\n\r\n"
    )
    return head.encode("ascii") + base64.encodebytes(body).replace(b"\n", b"\r\n")
