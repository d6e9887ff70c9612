"""The sample provider of the demo: its clients, its people, and two weeks of work that have just been done.

Everything happens through the program itself: files come in, days pass, mails are sent to the local mailbox, customers
open them or do not. A second start finds it done; a start that was interrupted goes on where it stopped.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from uuid import UUID

from flask import Flask

from console.sample import bank, books, desk, owners, play, recipients
from console.sample.clients import CLIENTS, INES, JONAS, PEOPLE, TOMASZ, SampleClient, SamplePerson
from console.sample.play import AFTERNOON, MORNING, Stage, Wait
from console.talk import say
from tenants import assembly, settings, store
from tenants.assembly import Toolbox
from tenants.directory import clients, memberships, people
from tenants.isolation import scope
from tenants.rules import recipes
from tenants.values import ids
from tenants.values.calendars import BusinessCalendar
from tenants.work import unit_of_work

DAYS = 7
"""Business days that are played before the demo opens."""
FILE_DAYS = 3
"""A ledger file comes on the first day and on every third after it."""
RULES = dict.fromkeys(recipes.DEMO, "800") | {
    "escalate-with-approval": "1500",
    "big-invoice-personal-call": "9000",
    "broken-promise": "0",
}
"""The recipes that are live in the demo, and the amount from which each looks."""
KNOWN = "SELECT id FROM tenant WHERE slug = ANY(:slugs)"


@dataclass(frozen=True)
class SignIn:
    """Who may come in, and how."""

    email: str
    password: str
    name: str
    role: str


@dataclass(frozen=True)
class Sample:
    """What was loaded."""

    tenants: dict[str, UUID]
    sign_ins: tuple[SignIn, ...]


def load(*, look: Callable[[], None] = lambda: None) -> list[dict[str, str]]:
    """Load the sample with the settings of the environment, while the worker processes run; return the sign-ins."""
    chosen = settings.read()
    tools = assembly.make_tools(chosen)
    shell = assembly.make_shell(chosen)
    sample = build(shell, tools=tools, wait=play.waiting_for_processes(tools, look=look))
    return [{"email": one.email, "password": one.password, "role": one.role} for one in sample.sign_ins]


def build(shell: Flask, *, tools: Toolbox, wait: Wait, days: int = DAYS) -> Sample:
    """Make what is missing of the sample and bring it to the present."""
    stage = Stage(tools, wait)
    with shell.app_context():
        tenants = {client.slug: open_client(client, now=stage.real) for client in CLIENTS}
        known = {person.email: add_person(person, tenants, stage=stage) for person in PEOPLE}
        unfinished = [client for client in CLIENTS if not is_live(tenants[client.slug])]
        if unfinished:
            Past(stage, {tenants[client.slug]: client for client in unfinished}, known, past_days(stage, days)).play()
    return Sample(tenants, tuple(sign_in(person, secret=tools.settings.secret_key) for person in PEOPLE))


@dataclass(frozen=True)
class Past:
    """The days before the demo opens, for the clients that have not seen them yet."""

    stage: Stage
    whose: dict[UUID, SampleClient]
    people: dict[str, UUID]
    days: Sequence[date]

    def play(self) -> None:
        """Let the days pass, then hand the clients over to the present."""
        today = self.stage.real.date()
        tenants = list(self.whose)
        for tenant in tenants:
            play.place_clock(self.stage, tenant, to=play.at(tenant, self.days[0], MORNING))
            jonas = f"person:{self.people[JONAS.email]}"
            play.install_rules(self.stage, tenant, least=RULES, groups=("key", "trade"), actor=jonas)
        for number, day in enumerate(self.days):
            say(f"  playing {day:%A %-d %B} ...")
            self._pass(day, number, file_day=today)
        for tenant in tenants:
            desk.leave_replies(self.stage, tenant, actor=self._ines)
            play.place_clock(self.stage, tenant, to=self.stage.real)
            owners.share_out(self.stage, tenant, first=self.people[INES.email], second=self.people[TOMASZ.email])
            play.go_live(tenant)

    def _pass(self, day: date, number: int, *, file_day: date) -> None:
        tenants = list(self.whose)
        mornings = {tenant: play.at(tenant, day, MORNING) for tenant in tenants}
        for tenant in tenants:
            play.place_clock(self.stage, tenant, to=mornings[tenant])
        if number % FILE_DAYS == 0:
            ledgers = {one: self._file(one, day, file_day) for one in tenants}
            told = {one: self._statement(one, number, file_day) for one in tenants if self.whose[one].tells_by_bank}
            play.take_ledgers(self.stage, ledgers, statements=told)
        for tenant in tenants:
            if number == 0:
                desk.begin(self.stage, tenant, actor=self._ines, name=INES.name)
            play.open_day(self.stage, tenant, day=day)
        self.stage.wait(tenants)
        for tenant in tenants:
            play.place_clock(self.stage, tenant, to=play.at(tenant, day, AFTERNOON))
            recipients.act(self.stage, tenant, since=mornings[tenant])
            desk.work(self.stage, tenant, actor=self._ines, day_no=number)
            if number == FILE_DAYS:
                desk.decide_cash(self.stage, tenant, actor=self._ines)
        self.stage.wait(tenants)

    def _file(self, tenant: UUID, day: date, file_day: date) -> tuple[str, bytes]:
        client = self.whose[tenant]
        silent_from = bank.since(self.days[0]) if client.tells_by_bank else date.max
        return f"{client.slug}-{day}.csv", books.ledger(client, today=file_day, paid_before=silent_from)

    def _statement(self, tenant: UUID, number: int, file_day: date) -> tuple[str, bytes]:
        """What the bank tells of the days since its last statement; with the last one a direct debit comes back."""
        client = self.whose[tenant]
        edges = [bank.since(self.days[0]), *self.days[::FILE_DAYS]]
        spans = list(pairwise(edges))
        nth = number // FILE_DAYS
        is_last = nth == len(spans) - 1 > 0
        returned = bank.booked_first(client, today=file_day, span=spans[0]) if is_last else ""
        return bank.statement(client, today=file_day, span=spans[nth], number=nth, returned=returned)

    @property
    def _ines(self) -> str:
        return f"person:{self.people[INES.email]}"


def past_days(stage: Stage, count: int) -> list[date]:
    """The last business days before today."""
    today, calendar = stage.real.date(), BusinessCalendar.for_country("DE")
    return [calendar.subtract(today, back) for back in range(count, 0, -1)]


def open_client(client: SampleClient, *, now: datetime) -> UUID:
    """Find the client or open it; it is set up and not live until its past has been played."""
    with unit_of_work(scope.platform(actor="demo", reason="find the sample's clients")):
        for row in store.run_identity(KNOWN, slugs=[client.slug]):
            return UUID(str(row.id))
    tenant = ids.new()
    with unit_of_work(scope.tenant(tenant, actor="demo")):
        return clients.open(
            client.slug,
            legal_name=client.legal_name,
            base_currency=client.currency,
            time_zone=client.zone,
            country=client.country,
            language=client.language,
            now=now,
            state="setup",
            **client.profile,
        )


def is_live(tenant: UUID) -> bool:
    """Whether the client's past has been played to the end."""
    with unit_of_work(scope.viewing(tenant, actor="demo")):
        return clients.profile().state == "live"


def add_person(person: SamplePerson, tenants: dict[str, UUID], *, stage: Stage) -> UUID:
    """Find the person or add it, with its roles."""
    with unit_of_work(scope.platform(actor="demo", reason="add the sample's people")):
        if known := people.find(person.email):
            return known.id
        word = sign_in(person, secret=stage.tools.settings.secret_key).password
        added = people.add(person.email, name=person.name, side=person.side, now=stage.real, password=word)
        if person.provider_role:
            people.give_provider_role(added, role=person.provider_role)
    for slug, role in person.works:
        with unit_of_work(scope.tenant(tenants[slug], actor="demo")):
            memberships.give(added, name=person.name, email=person.email, role=role, now=stage.real)
    return added


def sign_in(person: SamplePerson, *, secret: str) -> SignIn:
    """A password for this demo alone: nobody can guess it, and every start prints the same."""
    digest = hmac.new(secret.encode(), f"sign-in {person.email}".encode(), hashlib.sha256).digest()
    word = base64.b32encode(digest).decode().lower()
    return SignIn(person.email, f"{word[:4]}-{word[4:8]}-{word[8:12]}", person.name, person.title)
