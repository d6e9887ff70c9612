"""Decides how a letter looks on the wire: one MIME message with text, HTML and attachments, the same bytes for every
carrier."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from tenants.delivery.ports import Letter

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


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


def compose(letter: Letter) -> EmailMessage:
    """Build the MIME message. Raises ValueError for an address that no header can carry."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(letter.sender, letter.sender_name)
    mail["To"] = _address(on_the_wire(letter.recipient))
    mail["Subject"] = one_line(letter.subject)
    if letter.reply_to:
        mail["Reply-To"] = _address(letter.reply_to)
    for name, value in letter.headers.items():
        mail[name] = one_line(value)
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    for name, media_type, body in letter.attachments:
        kind, _, subtype = media_type.partition("/")
        mail.add_attachment(body, maintype=kind, subtype=subtype, filename=one_line(name))
    return mail


def _address(address: str, name: str = "") -> Address:
    return Address(display_name=one_line(name), addr_spec=address)
