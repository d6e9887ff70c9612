"""How a command enters the program that runs elsewhere: by the settings of its environment, or by the demo's own.

A command acts as a named person with that person's rights and no others, so what it keeps carries a name.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from console.commands.demo import wearing
from console.faults import REFUSED, USAGE, CannotRun
from console.home import Home, default_home
from console.surroundings import DATABASE, ROLE_OF, own_settings
from tenants import assembly, settings, store
from tenants.delivery.networks import Networks
from tenants.delivery.ports import DocumentStore
from tenants.directory import access, clients, people, permissions
from tenants.isolation import scope
from tenants.store import db
from tenants.values import ids
from tenants.values.faults import Refusal
from tenants.values.sealing import Keyring
from tenants.work import unit_of_work

NO_BELL = "redis://127.0.0.1:6379/0"
"""A command that records no work never rings, so nothing needs to answer there."""
WEB = ("GOODTERMS_DATABASE_URL", "GOODTERMS_AUTH_DATABASE_URL")
EVERY_CLIENT = "SELECT id, slug FROM app.tenant ORDER BY slug"
PORT_LINE = 3
"""Of the file that a running PostgreSQL keeps beside its data."""


@dataclass(frozen=True)
class Entered:
    """One client's books, open for one unit of work."""

    tenant_id: UUID
    now: datetime
    """The client's own instant."""
    today: date
    real: datetime


@dataclass(frozen=True)
class Opened:
    """One client's books, open, with the documents that belong to them."""

    slug: str
    documents: DocumentStore
    now: datetime
    """The client's own instant."""
    networks: Networks


@dataclass(frozen=True)
class Door:
    """The door where people and tokens are let in, with the keys under which its secrets lie."""

    ring: Keyring
    now: datetime


def each_client(slug: str = "", *, writes: bool = False) -> Iterator[Opened]:
    """The books of every client in turn, or of one, for whoever runs the program itself; to look at, unless it
    `writes`."""
    with wearing(addresses()), _shell():
        tools = assembly.make_tools(settings.read())
        with unit_of_work(scope.platform(actor="command line", reason="find the clients by their short names")):
            known = [row for row in store.run_identity(EVERY_CLIENT) if slug in ("", row.slug)]
        if not known:
            raise CannotRun(f"No client is called “{slug}” here." if slug else "There is no client yet.", code=USAGE)
        for tenant_id, name in known:
            opening = scope.tenant if writes else scope.viewing
            with unit_of_work(opening(tenant_id, actor="command line")):
                yield Opened(name, tools.documents, clients.clock().now(datetime.now(UTC)), tools.networks)


@contextmanager
def client(slug: str, *, person: str, needs: str) -> Iterator[Entered]:
    """Open a client's books as a person who may do it there; what the block changes is kept when it ends well."""
    with wearing(addresses()), _shell():
        real = datetime.now(UTC)
        tenant_id, actor = _let_in(slug, person=person, needs=needs, now=real)
        opening = scope.tenant if needs != "rules.read" else scope.viewing
        try:
            with unit_of_work(opening(tenant_id, actor=actor)):
                clock = clients.clock()
                yield Entered(tenant_id, clock.now(real), clock.today(real), real)
        except Refusal as refused:
            raise CannotRun(f"{refused.detail} {refused.remedy}".strip()) from None


@dataclass(frozen=True)
class Steered:
    """A client that an administrator of the provider opens or closes, without entering it."""

    tenant_id: UUID
    slug: str
    person_id: UUID
    person_name: str
    real: datetime


@contextmanager
def new_client(*, person: str) -> Iterator[Entered]:
    """Open the books of a client that is not there yet, as an administrator of the provider."""
    with wearing(addresses()), _shell():
        real, tenant_id = datetime.now(UTC), ids.new()
        known = _administrator(person)
        with _refusals(), unit_of_work(scope.tenant(tenant_id, actor=f"person:{known.id}")):
            yield Entered(tenant_id, real, real.date(), real)


@contextmanager
def steered(slug: str, *, person: str) -> Iterator[Steered]:
    """Decide about a client as an administrator of the provider."""
    with wearing(addresses()), _shell():
        known = _administrator(person)
        with unit_of_work(scope.platform(actor="command line", reason="find a client by its short name")):
            tenant_id = next((row.id for row in store.run_identity(EVERY_CLIENT) if row.slug == slug), None)
        if tenant_id is None:
            raise CannotRun(f"No client is called “{slug}” here.", code=USAGE)
        with _refusals(), unit_of_work(scope.tenant(tenant_id, actor=f"person:{known.id}")):
            yield Steered(tenant_id, slug, known.id, known.name, datetime.now(UTC))


def _administrator(person: str) -> people.Known:
    with unit_of_work(scope.platform(actor="command line", reason="find an administrator of the provider")):
        known = people.find(person)
        roles = people.provider_roles(known.id) if known and known.disabled_at is None else frozenset()
    if known is None or not permissions.allowed(roles, "platform.write"):
        raise CannotRun(f"{person} is no administrator of the provider, or not known here.", code=REFUSED)
    return known


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Refusal as refused:
        raise CannotRun(f"{refused.detail} {refused.remedy}".strip(), code=REFUSED) from None


def _let_in(slug: str, *, person: str, needs: str, now: datetime) -> tuple[UUID, str]:
    with unit_of_work(scope.platform(actor="command line", reason="find a person and the clients of theirs")):
        known = people.find(person)
        visible = access.visible_clients(known.id, now=now) if known and known.disabled_at is None else ()
    found = next((each for each in visible if each.slug == slug), None)
    if known is None or found is None or not permissions.allowed(found.roles, needs):
        raise CannotRun(f"{person} may not do this at “{slug}”, or one of the two is not known here.", code=REFUSED)
    return found.tenant_id, f"person:{known.id}"


@contextmanager
def at_the_door() -> Iterator[Door]:
    """Where people and tokens are let in, in no client's books, for whoever runs the program itself."""
    with wearing(addresses()), _shell():
        found = settings.read()
        with unit_of_work(scope.platform(actor="command line", reason="turn the keys at the door")):
            yield Door(found.keyring, datetime.now(UTC))


@contextmanager
def _shell() -> Iterator[None]:
    with assembly.make_shell(settings.read()).app_context():
        try:
            yield
        finally:
            for engine in db.engines.values():
                engine.dispose()


def addresses() -> dict[str, str]:
    """The settings of the environment, or of the demo that runs on this machine."""
    given = [name for name in WEB if os.environ.get(name)]
    if given:
        if len(given) < len(WEB):
            raise CannotRun(f"Set both of {' and '.join(WEB)}.", code=USAGE)
        return {}
    home = Home(default_home())
    try:
        port = (home.folder / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[PORT_LINE]
    except (OSError, IndexError):
        raise CannotRun(f"No demo runs here: start one, or set {' and '.join(WEB)}.", code=USAGE) from None
    passwords = home.secrets(tuple(ROLE_OF[name] for name in WEB))
    urls = {
        name: f"postgresql://{ROLE_OF[name]}:{passwords[ROLE_OF[name]]}@127.0.0.1:{port}/{DATABASE}" for name in WEB
    }
    return own_settings(home, port=0) | urls | {"GOODTERMS_REDIS_URL": os.environ.get("GOODTERMS_REDIS_URL", NO_BELL)}
