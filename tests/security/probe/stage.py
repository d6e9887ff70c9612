"""Where the probes play: three clients with one of each thing, and everybody who could ask for one of them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
from flask import Flask

from service.app import create_app
from service.identity import COOKIE
from tenants import logs
from tenants.adapters.documents import MemoryStore
from tenants.adapters.mail import MemoryMailer
from tenants.assembly import Toolbox, make_shell
from tenants.delivery import links
from tenants.directory import sessions
from tenants.isolation import scope
from tenants.store import db
from tenants.values.clock import FixedClock
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY, Player, engage, open_client, settings_for
from tests.factories import a_contact, a_debtor, an_invoice
from tests.security.probe import canaries, company, programs
from tests.security.probe.callers import Caller
from tests.unit.service.world import World

PLACES = (
    ("Alder Tools GmbH", "EUR", "Europe/Berlin", "DE"),
    ("Birch Foods Ltd", "EUR", "Europe/London", "GB"),
    ("Cedar Freight SE", "EUR", "Europe/Berlin", "DE"),
)
"""All in one currency: sums of several clients must not be told apart by it."""


@dataclass
class Stage:
    """All of it; `admin_url` is the database past every wall."""

    app: Flask
    tools: Toolbox
    admin_url: str
    worlds: list[World]
    callers: list[Caller] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    """Portal links by what they are."""
    drafts: dict[UUID, str] = field(default_factory=dict)
    """A rule of each client's own making."""
    without: str = ""
    """The wall that is away."""

    @property
    def alder(self) -> World:
        return self.worlds[0]

    def caller(self, name: str) -> Caller:
        return next(each for each in self.callers if each.name == name)

    def others(self, tenant: UUID) -> list[World]:
        return [world for world in self.worlds if world.tenant != tenant]

    @contextmanager
    def eye(self) -> Iterator[psycopg.Connection[Any]]:
        """The database as its superuser sees it."""
        with psycopg.connect(self.admin_url, options="-c search_path=app,public") as line:
            yield line


@contextmanager
def build(urls: dict[str, str], redis_url: str) -> Iterator[Stage]:
    """Make the stage in a migrated database."""
    with tempfile.TemporaryDirectory(prefix="goodterms-probe-") as folder:
        settings = settings_for(urls, redis_url, Path(folder))
        kept = MemoryStore()
        tools = Toolbox(settings, FixedClock(NOW), documents=kept, files=kept, mailer=MemoryMailer())
        # A request must not find the context of the one before it, so what is no request happens in a shell of its own.
        with patch.object(logs, "configure"):  # whoever probes decides what is heard
            app, shell = create_app(settings, tools), make_shell(settings)
        with shell.app_context():
            try:
                yield _furnished(Stage(app, tools, urls["admin"], []))
            finally:
                _close()
                with app.app_context():
                    _close()


def _close() -> None:
    for engine in db.engines.values():
        engine.dispose()


def _furnished(stage: Stage) -> Stage:
    for name, currency, zone, country in PLACES:
        tenant = open_client(name, currency=currency, zone=zone, country=country)
        world = World(tenant, NOW, TODAY, stage.tools.documents, currency).make()
        company.furnish(world, stage.tools.settings.keyring)
        stage.drafts[tenant] = world.draft_rule()
        stage.worlds.append(world)
        with stage.eye() as line:
            canaries.stamp(line, tenant)
    _people(stage)
    _links(stage)
    return stage


def _people(stage: Stage) -> None:
    alder, birch, cedar = stage.worlds
    both = (alder.tenant, birch.tenant)
    cast: list[tuple[str, World, list[tuple[UUID, str]], str]] = [
        ("specialist of two", alder, [(each, "specialist") for each in both], "provider"),
        ("manager of two", birch, [(each, "specialist_manager") for each in both], "provider"),
        ("specialist of another", cedar, [(cedar.tenant, "specialist")], "provider"),
        ("manager of one", alder, [(alder.tenant, "specialist_manager")], "provider"),
        ("viewer", alder, [(alder.tenant, "client_viewer")], "client"),
        ("approver", alder, [(alder.tenant, "client_approver")], "client"),
        ("tenant admin", alder, [(alder.tenant, "tenant_admin")], "client"),
        ("tenant admin of another", birch, [(birch.tenant, "tenant_admin")], "client"),
    ]
    for name, home, held, side in cast:
        person = engage(name.title(), *held, side=side)
        if len(held) == 1:
            home.at["per"] = person.id  # whoever works for one client alone is nobody in the others
        roles = {tenant: frozenset(role for at, role in held if at == tenant) for tenant, _ in held}
        stage.callers.append(_signed_in(stage, name, home, person, roles))
    admin = engage("Provider Admin", side="provider", provider_role="provider_admin")
    stage.callers.append(_signed_in(stage, "provider admin", alder, admin, {}, frozenset({"provider_admin"})))
    stage.callers.append(Caller("stranger", alder, stage.app.test_client(), signed_in=False))
    gone = engage("Leaver", (alder.tenant, "specialist_manager"))
    stage.callers.append(_signed_in(stage, "leaver", alder, gone, {}))
    _programs(stage)
    with stage.eye() as line:
        line.execute("UPDATE membership SET ends_at = %s WHERE person_id = %s", (NOW - timedelta(days=1), gone.id))


def _programs(stage: Stage) -> None:
    """Machines of two clients, and apps of one in the names of people who work for another too or here no more."""
    alder, birch, _cedar = stage.worlds
    stage.callers += [
        programs.machine(stage.app, "machine", alder),
        programs.machine(stage.app, "machine of another", birch, waiver=programs.WAIVER),
        programs.app_of(stage.app, "app of the manager of two", alder, stage.caller("manager of two")),
        programs.app_of(stage.app, "app of a leaver", alder, stage.caller("leaver")),
    ]


def _signed_in(
    stage: Stage,
    name: str,
    home: World,
    person: Player,
    roles: dict[UUID, frozenset[str]],
    provider_roles: frozenset[str] = frozenset(),
) -> Caller:
    with unit_of_work(scope.platform(actor="probe", reason="a probe signs somebody in")):
        fresh = sessions.start(person.id, now=NOW - timedelta(seconds=1), agent="probe")
    client = stage.app.test_client()
    client.set_cookie(COOKIE, fresh.token, domain="localhost")
    return Caller(name, home, client, roles, provider_roles, csrf=fresh.csrf_token)


def _links(stage: Stage) -> None:
    """A link of a mail in each client, one that was taken back, one that is over and one that nobody made."""
    for number, world in enumerate(stage.worlds):
        own = a_debtor(world.tenant, name="Link holder")
        contact = a_contact(world.tenant, own)
        world.at["linked"] = an_invoice(world.tenant, own, currency=world.currency)
        stage.tokens[f"own {number}"] = _link(stage, world, own, contact, NOW)
        with stage.eye() as line:
            canaries.stamp(line, world.tenant)
    alder = stage.alder
    other, contact = alder.at["deb"], alder.at["con"]
    stage.tokens["taken back"] = _link(stage, alder, other, contact, NOW)
    with alder.books():
        links.revoke(now=NOW, contact_id=contact)
    stage.tokens["over"] = _link(stage, alder, other, contact, NOW - timedelta(days=200))
    stage.tokens["forged"] = stage.tokens["own 0"][:-4] + "AAAA"


def _link(stage: Stage, world: World, debtor: UUID, contact: UUID, now: Any) -> str:
    with world.books():
        invoice = world.at["linked"]
        link, ends = links.make(debtor, contact_id=contact, invoice_id=invoice, message_id=None, now=now)
    secret = stage.tools.settings.secret_key
    return links.token(world.tenant, link_id=link, expires_at=ends, secret=secret)
