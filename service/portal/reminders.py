"""Where a reader stops reminders by mail, or asks for them again: in one click of a mail program, or on a page.

The address stands in the head of each reminder and names only that mail. Fetching it shows a page and changes nothing;
the press of a button, which is a POST, stops or resumes. A mail program presses without the page, and needs no more
than a yes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flask import Blueprint, render_template

from service import links as traces
from service import moment, problems
from service.endpoint import PUBLIC, endpoint, tools
from service.portal import words
from tenants.collections import correspondence
from tenants.delivery import unsubscribing
from tenants.delivery.tokens import BadToken
from tenants.delivery.unsubscribing import Reader
from tenants.directory import clients
from tenants.isolation import scope
from tenants.isolation.scope import Scope
from tenants.work import unit_of_work

face = Blueprint("portal_reminders", __name__)
BASIS = "By the reader, from a mail"


@endpoint(face, "/u/<token>", needs=PUBLIC)
def reminders_page(token: str) -> str:
    """What stopping means, and the button that does it."""
    tenant_id, message_id = _named(token)
    with _opened(scope.viewing(tenant_id, actor="reader"), message_id) as reader:
        return _page(reader, token, stopped=reader.stopped_at is not None)


@endpoint(face, "/u/<token>", needs=PUBLIC, method="POST")
def stop_reminders(token: str) -> str:
    """No more reminders by mail to this reader; a person is asked how else. Pressed twice, it counts once."""
    tenant_id, message_id = _named(token)
    with _opened(scope.tenant(tenant_id, actor="reader"), message_id) as reader:
        here = moment.here()
        own = not traces.by_staff(tools())
        if own and unsubscribing.stop(reader.contact_id, basis=BASIS, now=here.now):
            correspondence.unwanted(reader, now=here.now, today=here.today)
        return _page(reader, token, stopped=own or reader.stopped_at is not None)


@endpoint(face, "/u/<token>/again", needs=PUBLIC, method="POST")
def resume_reminders(token: str) -> str:
    """Reminders by mail again."""
    tenant_id, message_id = _named(token)
    with _opened(scope.tenant(tenant_id, actor="reader"), message_id) as reader:
        own = not traces.by_staff(tools())
        if own:
            unsubscribing.resume(reader.contact_id, basis=BASIS, now=moment.here().now)
        return _page(reader, token, stopped=not own and reader.stopped_at is not None)


def _named(token: str) -> tuple[UUID, UUID]:
    try:
        return unsubscribing.named(token, secret=tools().settings.secret_key)
    except BadToken:
        raise problems.NotFound("There is no such page.") from None


@contextmanager
def _opened(opening: Scope, message_id: UUID) -> Iterator[Reader]:
    with unit_of_work(opening):
        yield unsubscribing.reader(message_id)


def _page(reader: Reader, token: str, *, stopped: bool) -> str:
    profile = clients.profile()
    language, text = words.of(reader.language)
    return render_template(
        "portal_reminders.html",
        profile=profile,
        provider=tools().settings.provider_name,
        language=language,
        text=text,
        reader=reader,
        token=token,
        stopped=stopped,
    )
