"""The people and clients of every test: Alder and Birch, a specialist for both, finance teams, admins, a debtor.

Each test gets fresh clients of its own, so nothing has to be cleaned up and nothing leaks from one test to the next.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from tenants import assembly, store
from tenants.directory import clients, memberships, passwords, people
from tenants.isolation import scope
from tenants.isolation.scope import Scope
from tenants.settings import Settings
from tenants.values import ids
from tenants.work import unit_of_work
from tests.factories import a_contact, a_debtor

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
"""A Friday morning in Berlin and in London."""
TODAY = date(2026, 11, 20)
SECRET = "for tests only, and longer than it needs to be"
PASSWORD = "a fair word for a test"


@dataclass
class Door:
    """Opens a unit of work in one scope, as often as wanted: `with in_alder:` or `with in_alder():`."""

    opening: Callable[[], Scope]
    stack: list[AbstractContextManager[Scope]] = field(default_factory=list)

    def __call__(self) -> "Door":
        return self

    def __enter__(self) -> Scope:
        self.stack.append(unit_of_work(self.opening()))
        return self.stack[-1].__enter__()

    def __exit__(self, *fault: object) -> bool | None:
        return self.stack.pop().__exit__(*fault)


@dataclass(frozen=True)
class Player:
    """Somebody of the cast who can sign in with PASSWORD."""

    id: UUID
    name: str
    email: str
    password: str = PASSWORD


@dataclass(frozen=True)
class DebtorContact:
    """Somebody at a customer of Alder, known by an address and nothing else."""

    tenant_id: UUID
    debtor_id: UUID
    contact_id: UUID
    email: str


@pytest.fixture(scope="session")
def settings(database_urls: dict[str, str], redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the web face on this worker's own database."""
    return settings_for(database_urls, redis_url, tmp_path_factory.mktemp("documents"))


def settings_for(urls: dict[str, str], redis_url: str, documents: Path, *, role: str = "gt_app") -> Settings:
    """Settings for a database, as one role."""
    return Settings(
        database_url=urls[role],
        auth_database_url=urls["gt_auth"],
        dispatch_database_url=urls["gt_dispatch"],
        redis_url=redis_url,
        secret_key=SECRET,
        public_url="http://goodterms.test",
        documents=str(documents),
        mailer="memory",
        smtp_url="smtp://127.0.0.1:1",
        bounce_domain="bounces.goodterms.test",
        sender="receivables@goodterms.test",
        mailbox="",
        provider_name="Fairwater Receivables",
        pool_size=5,
        secure_cookies=False,
        log_json=False,
    )


@pytest.fixture(scope="session")
def bare_shell(settings: Settings) -> Iterator[Flask]:
    """The Flask shell without routes; `shell` is the one to ask for."""
    bare = assembly.make_shell(settings)
    yield bare
    with bare.app_context():
        for engine in store.db.engines.values():
            engine.dispose()


@pytest.fixture
def shell(bare_shell: Flask) -> Iterator[Flask]:
    """The shell with its context open, as a job or a command has it."""
    with bare_shell.app_context():
        yield bare_shell


@pytest.fixture
def cast_domain(database_urls: dict[str, str]) -> Iterator[str]:
    """The domain of the cast's own addresses; a test that claims it gives it back."""
    yield "people.test"
    with psycopg.connect(database_urls["admin"]) as line:
        line.execute("DELETE FROM app.email_domain WHERE domain = 'people.test'")


@pytest.fixture
def open_door(shell: Flask) -> None:
    """Who failed to sign in during earlier tests counts no more: all of them knock at the same hour from 127.0.0.1."""
    with unit_of_work(scope.platform(actor="cast", reason="forget who failed to sign in")):
        store.run_identity("DELETE FROM identity.sign_in_try")


@pytest.fixture
def now() -> datetime:
    """The time at which the test plays."""
    return NOW


@pytest.fixture
def today() -> date:
    """The day of `now` at both clients."""
    return TODAY


def open_client(name: str, *, currency: str, zone: str, country: str) -> UUID:
    """Open one more client with an id and a short name that no other test has."""
    tenant = ids.new()
    with unit_of_work(scope.tenant(tenant, actor="cast")):
        return clients.open(
            f"{name.split()[0].lower()}-{secrets.token_hex(5)}",
            legal_name=name,
            base_currency=currency,
            time_zone=zone,
            country=country,
            now=NOW,
        )


@pytest.fixture
def alder(shell: Flask) -> UUID:
    """Alder Tools, a client in Berlin whose books are in euros."""
    return open_client("Alder Tools GmbH", currency="EUR", zone="Europe/Berlin", country="DE")


@pytest.fixture
def birch(shell: Flask) -> UUID:
    """Birch Foods, a client in London whose books are in pounds."""
    return open_client("Birch Foods Ltd", currency="GBP", zone="Europe/London", country="GB")


@pytest.fixture
def in_alder(alder: UUID) -> Door:
    """Opens a unit of work in Alder's books."""
    return Door(lambda: scope.tenant(alder, actor="test"))


@pytest.fixture
def in_birch(birch: UUID) -> Door:
    """Opens a unit of work in Birch's books."""
    return Door(lambda: scope.tenant(birch, actor="test"))


@pytest.fixture
def in_both(alder: UUID, birch: UUID) -> Door:
    """Opens a unit of work that reads both clients and writes neither."""
    return Door(lambda: scope.portfolio((alder, birch), actor="test"))


@pytest.fixture
def on_platform(shell: Flask) -> Door:
    """Opens a unit of work in no client: sign-in and people."""
    return Door(lambda: scope.platform(actor="test", reason="a test looks at people"))


@cache
def _kept_password() -> str:
    return passwords.make_hash(PASSWORD)


def engage(name: str, *roles: tuple[UUID, str], side: str = "client", provider_role: str = "") -> Player:
    """Add a person with an address that no other test has, and give roles in clients."""
    email = f"{name.split()[0].lower()}.{secrets.token_hex(5)}@people.test"
    with unit_of_work(scope.platform(actor="cast", reason="add a person of the cast")):
        person = people.add(email, name=name, side=side, now=NOW)
        store.run_identity(people.SET_PASSWORD, person_id=person, kept=_kept_password(), now=NOW)
        if provider_role:
            people.give_provider_role(person, role=provider_role)
    for tenant, role in roles:
        with unit_of_work(scope.tenant(tenant, actor="cast")):
            memberships.give(person, name=name, email=email, role=role, now=NOW)
    return Player(person, name, email)


@pytest.fixture
def specialist(alder: UUID, birch: UUID) -> Player:
    """Sofia, the specialist who works both clients."""
    return engage("Sofia Lindqvist", (alder, "specialist"), (birch, "specialist"), side="provider")


@pytest.fixture
def manager(alder: UUID, birch: UUID) -> Player:
    """Marek, who leads the specialists."""
    return engage("Marek Novak", (alder, "specialist_manager"), (birch, "specialist_manager"), side="provider")


@pytest.fixture
def provider_admin(shell: Flask) -> Player:
    """Paula, who runs the platform and may see no client's books."""
    return engage("Paula Adeyemi", side="provider", provider_role="provider_admin")


@pytest.fixture
def alder_viewer(alder: UUID) -> Player:
    """Vera of Alder's finance team, who looks."""
    return engage("Vera Brandt", (alder, "client_viewer"))


@pytest.fixture
def alder_approver(alder: UUID) -> Player:
    """Anton of Alder's finance team, who decides."""
    return engage("Anton Weiss", (alder, "client_approver"))


@pytest.fixture
def alder_admin(alder: UUID) -> Player:
    """Toni, who sets Alder's rules."""
    return engage("Toni Keller", (alder, "tenant_admin"))


@pytest.fixture
def birch_viewer(birch: UUID) -> Player:
    """Victor of Birch's finance team, who looks."""
    return engage("Victor Hale", (birch, "client_viewer"))


@pytest.fixture
def debtor_contact(alder: UUID) -> DebtorContact:
    """Dana, who pays the bills at one of Alder's customers."""
    debtor = a_debtor(alder, name="Dune Garden Centres")
    email = "dana@dune.test"
    return DebtorContact(alder, debtor, a_contact(alder, debtor, email=email, name="Dana Reyes"), email)
