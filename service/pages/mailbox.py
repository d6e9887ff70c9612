"""Sent mail on one machine: what the local mailbox took for this client, read by the provider's people only.

A mail belongs to the client whose return address it carries, which only we can have written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import UUID

from flask import Blueprint, current_app

from service import problems
from service.endpoint import endpoint, tools
from service.pages import frame
from tenants.delivery import inbound
from tenants.delivery.inbound import NotForUs
from tenants.directory.access import VisibleClient

face = Blueprint("mailbox", __name__)
NAME = re.compile(r"[0-9a-f-]{36}", re.ASCII)
LISTED = 100
LOOKED_AT = 5000


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail in the list."""

    name: str
    to: str
    subject: str
    at: datetime | None
    enclosed: bool


@endpoint(face, "/c/<client:client>/sent-mail", needs="delivery.write")
def list_page(client: VisibleClient) -> str:
    """The newest mails of this client."""
    _refuse_outsiders()
    return frame.show(
        "mailbox.html",
        section="mailbox",
        stamp=frame.stamp(),
        mails=_listed(client.tenant_id),
        folder=_folder() is not None,
    )


@endpoint(face, "/c/<client:client>/sent-mail/<name>", needs="delivery.write")
def mail_page(client: VisibleClient, name: str) -> str:
    """One mail as its reader gets it."""
    _refuse_outsiders()
    folder = _folder()
    path = folder / f"{name}.eml" if folder and NAME.fullmatch(name) else None
    if path is None or not path.is_file():
        raise problems.NotFound("There is no such mail.")
    mail = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    if not isinstance(mail, EmailMessage) or not _of_client(mail, client.tenant_id):
        raise problems.NotFound("There is no such mail.")
    text = mail.get_body(("plain",))
    return frame.show(
        "mail.html",
        section="mailbox",
        stamp=frame.stamp(),
        mail=_sent(name, mail),
        sender=str(mail.get("From", "")),
        text=text.get_content() if text is not None else "",
        enclosures=[(each.get_filename(), len(each.get_content())) for each in mail.iter_attachments()],
    )


def _listed(tenant_id: UUID) -> list[Sent]:
    found = []
    for name, mail in _newest():
        if _of_client(mail, tenant_id):
            found.append(_sent(name, mail))
        if len(found) == LISTED:
            break
    return found


def _newest() -> Iterator[tuple[str, EmailMessage]]:
    """The heads of the newest mails; names sort by the time of arrival."""
    folder = _folder()
    if folder is None or not folder.is_dir():
        return
    parser = BytesHeaderParser(policy=policy.default)
    for path in sorted(folder.glob("*.eml"), reverse=True)[:LOOKED_AT]:
        with path.open("rb") as file:
            yield path.stem, parser.parse(file)  # type: ignore[misc]


def _of_client(mail: EmailMessage, tenant_id: UUID) -> bool:
    sender = str(mail.get("Return-Path", "")).strip("<> ")
    try:
        return inbound.addressee(sender, secret=current_app.config["SECRET_KEY"])[0] == tenant_id
    except NotForUs:
        return False


def _sent(name: str, mail: EmailMessage) -> Sent:
    try:
        at = parsedate_to_datetime(str(mail["Date"])) if mail["Date"] else None
    except ValueError:
        at = None
    to = str(mail.get("Delivered-To") or mail.get("To", ""))
    return Sent(name, to, str(mail.get("Subject", "")), at, mail.get_content_maintype() == "multipart")


def _folder() -> Path | None:
    name = tools().settings.mailbox
    return Path(name) if name else None


def _refuse_outsiders() -> None:
    if frame.signed_in().side != "provider":
        raise problems.NotAllowed("Sent mail is shown to the provider's people.")
