"""Mistakes as people make them, sown one at a time: a probe that finds nothing must be one that could have found it.

Each takes down what the mistake would take down in life. Where the other wall would hide it, that wall is off.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg

from jobs.handlers import HANDLERS
from jobs.turns import Turn
from service import identity, problems, token_callers
from service.api import paging
from service.portal import invoice as portal_pages
from tenants.delivery import facts
from tenants.directory import access, oauth_grants, sessions
from tenants.directory.oauth_grants import Grant
from tenants.isolation.opening import First
from tenants.ledger import debtors
from tenants.values.faults import Refusal
from tests.security.probe.stage import Stage
from tests.security.probe.walls import GUARD, RLS, widen

Sow = Callable[[Stage], AbstractContextManager[Any]]
BOTH = ("specialist of two",)


@dataclass(frozen=True)
class Defect:
    """One mistake: what it is, which wall is off, how it is sown, and the part of the walk that passes by."""

    what: str
    off: str
    sow: Sow
    routes: tuple[str, ...] = ()
    callers: tuple[str, ...] = BOTH
    parts: tuple[str, ...] = ("foreign",)


def forgotten(place: str) -> Sow:
    """A statement that was written without its client."""

    @contextmanager
    def sow(_stage: Stage) -> Iterator[None]:
        room, name = place.rsplit(".", 1)
        module = __import__(room, fromlist=[name])
        with patch.object(module, name, widen(getattr(module, name))):
            yield

    return sow


def in_database(make: str, mend: str) -> Sow:
    """Something wrong in the schema itself."""

    @contextmanager
    def sow(stage: Stage) -> Iterator[None]:
        with psycopg.connect(stage.admin_url, autocommit=True) as line:
            line.execute(make)
            try:
                yield
            finally:
                line.execute(mend)

    return sow


def patched(owner: Any, name: str, other: Any) -> Sow:
    """A piece of code that is not what it should be."""
    return lambda _stage: patch.object(owner, name, other)


@contextmanager
def open_gate(stage: Stage) -> Iterator[None]:
    """The client of the path is entered by whoever names it."""
    clients = {world.slug: world.tenant for world in stage.worlds}
    roles = frozenset(("specialist_manager", "tenant_admin"))

    def any_client(_caller: identity.Caller, name: str) -> access.VisibleClient | None:
        found = clients.get(name)
        return access.VisibleClient(found, name, name, roles, "EUR", "UTC", "en") if found else None

    with patch.object(identity.Caller, "client", any_client):
        yield


@contextmanager
def telling(stage: Stage) -> Iterator[None]:
    """A refusal that says more about what is there than about what is not."""
    plain = debtors.card

    def card(debtor_id: UUID) -> debtors.Card:
        try:
            return plain(debtor_id)
        except Refusal:
            with stage.eye() as line:
                if line.execute("SELECT 1 FROM debtor WHERE id = %s", (debtor_id,)).fetchone():
                    raise debtors.UnknownDebtor("This customer belongs to another client.") from None
            raise

    with patch.object(debtors, "card", card):
        yield


@contextmanager
def whispering(stage: Stage) -> Iterator[None]:
    """An answer whose header names whoever was served before."""
    after = stage.app.after_request_funcs.setdefault(None, [])
    names = [world.slug for world in stage.worlds]
    with stage.eye() as line:
        rows = line.execute("SELECT t.slug, d.id FROM debtor d JOIN tenant t ON t.id = d.tenant_id").fetchall()
    other = next(str(found) for slug, found in rows if slug == names[1])

    def name(response: Any) -> Any:
        response.headers["X-Served-Before"] = other
        return response

    after.append(name)
    try:
        yield
    finally:
        after.remove(name)


@contextmanager
def wandering_work(stage: Stage) -> Iterator[None]:
    """Work that goes to the client of the object instead of staying in its own."""

    def settle(turn: Turn) -> None:
        about = list(turn.ids("invoice_ids"))
        with stage.eye() as line:
            line.execute("UPDATE task SET outcome = outcome || 'settled' WHERE invoice_id = ANY(%s)", (about,))

    with patch.dict(HANDLERS, {"settle_open_work": settle}):
        yield


def any_of(_grant: Any, invoice_id: UUID) -> Any:
    """The invoice that the address names, whosever link it is."""
    found = facts.invoice(invoice_id)
    if not found:
        raise problems.NotFound("There is no such page.")
    return found[0]


@contextmanager
def roomy_tokens(_stage: Stage) -> Iterator[None]:
    """A token opens every client in which its person works, not the one whose app it was given to."""

    def every(grant: Grant, now: datetime) -> tuple[access.VisibleClient, ...]:
        return access.visible_clients(grant.person_id, now=now) if grant.person_id else ()

    with patch.object(token_callers, "_clients", every):
        yield


ENDS = "AND (m.ends_at IS NULL OR m.ends_at > $2::timestamptz)"
assert ENDS in sessions.ASK.sql
SHOW = ("api_invoices.show_invoice",)
TASKS = ("api_tasks.finish_task", "api_tasks.drop_task")
DEFECTS: list[Defect] = [
    Defect("an invoice's card is read without its client", RLS, forgotten("tenants.ledger.invoices.CARD"), SHOW),
    Defect(
        "a payment's card is read without its client",
        RLS,
        forgotten("tenants.ledger.payments.CARD"),
        ("api_payments.show_payment",),
    ),
    Defect(
        "a list of invoices forgets its client",
        RLS,
        forgotten("tenants.ledger.registers.INVOICES"),
        ("api_invoices.list_invoices",),
        ("viewer", *BOTH),
        ("lists", "growth"),
    ),
    Defect(
        "a list of customers forgets its client",
        RLS,
        forgotten("tenants.ledger.registers.DEBTORS"),
        ("api_debtors.list_debtors",),
        ("viewer", *BOTH),
        ("lists",),
    ),
    Defect(
        "work that was given up is sent round without its client",
        RLS,
        forgotten("tenants.events.dead_letters.AGAIN"),
        ("api_work.redrive_dead_letter",),
        ("manager of two",),
    ),
    Defect(
        "a hold is ended without its client",
        RLS,
        forgotten("tenants.collections.holds.END"),
        ("api_holds.end_hold",),
    ),
    Defect(
        "an id in a body is looked up without its client",
        RLS,
        forgotten("tenants.ledger.debtors.CARD"),
        ("api_payments.receive_payment",),
    ),
    Defect(
        "a rule is found by its key alone",
        RLS,
        forgotten("tenants.rules.rule_book.FIND"),
        ("api_rules.show_rule",),
    ),
    Defect(
        "a sum counts every client",
        RLS,
        forgotten("tenants.insight.aging.NOW"),
        ("api_insight.show_aging",),
        ("viewer",),
        ("growth",),
    ),
    Defect("the client of the path is anybody's", RLS, open_gate, SHOW, ("viewer", "stranger"), ("clients",)),
    Defect(
        "every role may do everything",
        "",
        patched(identity.Caller, "may", lambda self, permission, client: True),
        TASKS,
        ("viewer",),
        ("controls",),
    ),
    Defect(
        "a role that ended still opens its client",
        "",
        patched(sessions, "ASK", First("find_leavers", sessions.ASK.sql.replace(ENDS, ""))),
        SHOW,
        ("leaver",),
        ("controls",),
    ),
    Defect(
        "a cursor fits every client's list",
        "",
        patched(paging, "_purpose", lambda name, query: name),
        ("api_invoices.list_invoices",),
    ),
    Defect("a refusal tells that the object is somebody's", "", telling, ("api_debtors.show_debtor",)),
    Defect("a header names another client's customer", "", whispering, SHOW, BOTH, ("controls",)),
    Defect(
        "a link opens every customer's document",
        RLS,
        patched(portal_pages, "_one_of", any_of),
        ("portal.portal_document",),
        parts=("portal",),
    ),
    Defect("work follows an object into its client", "", wandering_work, parts=("work",)),
    Defect(
        "a token opens every client of its person",
        "",
        roomy_tokens,
        SHOW,
        ("app of the manager of two",),
        ("clients",),
    ),
    Defect(
        "a machine may do what its scopes do not name",
        "",
        patched(identity.Caller, "may", lambda self, permission, client: True),
        TASKS,
        ("machine",),
        ("controls",),
    ),
    Defect(
        "a token that was taken back is believed",
        "",
        patched(oauth_grants, "ALIVE", oauth_grants.ALIVE.replace("AND g.revoked_at IS NULL", "")),
        SHOW,
        parts=("tokens",),
    ),
    Defect(
        "a token that is bound to a key is believed without it",
        "",
        patched(token_callers, "_check_key", lambda *_args, **_known: None),
        SHOW,
        parts=("tokens",),
    ),
    Defect(
        "row security is off for credit notes",
        GUARD,
        in_database(
            "ALTER TABLE app.credit_note DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE app.credit_note ENABLE ROW LEVEL SECURITY",
        ),
        ("api_credit_notes.show_credit_note", "api_credit_notes.list_credit_notes"),
        parts=("foreign", "lists"),
    ),
    Defect(
        "a policy shows every payment",
        GUARD,
        in_database(
            "CREATE POLICY all_of_them ON app.payment FOR SELECT USING (true)",
            "DROP POLICY all_of_them ON app.payment",
        ),
        ("api_payments.show_payment", "api_payments.list_payments"),
        parts=("foreign", "lists"),
    ),
    Defect(
        "row security is not forced for debtors",
        "",
        in_database(
            "ALTER TABLE app.debtor NO FORCE ROW LEVEL SECURITY", "ALTER TABLE app.debtor FORCE ROW LEVEL SECURITY"
        ),
        parts=("catalogue",),
    ),
    Defect(
        "a view runs as its owner",
        "",
        in_database("CREATE VIEW app.owing AS SELECT * FROM app.invoice", "DROP VIEW app.owing"),
        parts=("catalogue",),
    ),
    Defect(
        "a function runs as its owner",
        "",
        in_database(
            "CREATE FUNCTION gt.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
            " AS 'SELECT count(*) FROM app.debtor'",
            "DROP FUNCTION gt.peek()",
        ),
        parts=("catalogue",),
    ),
    Defect(
        "a number is unique over all clients",
        "",
        in_database("CREATE UNIQUE INDEX one_number ON app.invoice (number, id)", "DROP INDEX app.one_number"),
        parts=("catalogue",),
    ),
    Defect(
        "a key leads to another client's row",
        "",
        in_database(
            "ALTER TABLE app.invoice ADD CONSTRAINT loose_key UNIQUE (id);"
            " ALTER TABLE app.task ADD CONSTRAINT loose FOREIGN KEY (invoice_id) REFERENCES app.invoice (id)",
            "ALTER TABLE app.task DROP CONSTRAINT loose; ALTER TABLE app.invoice DROP CONSTRAINT loose_key",
        ),
        parts=("catalogue",),
    ),
    Defect(
        "the list of clients is shown to everybody",
        "",
        in_database("CREATE POLICY open ON app.tenant FOR SELECT USING (true)", "DROP POLICY open ON app.tenant"),
        parts=("catalogue",),
    ),
]
