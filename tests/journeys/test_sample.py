"""The sample provider: three clients with a past, five people with different rights, and a list to work."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest

from console import sample
from console.sample import bank, books, desk, names, play, recipients
from console.sample.clients import CLIENTS, HAVELKANT, INES, KATRIN, PEOPLE, RUTH
from tenants import store
from tenants.cash import deductions
from tenants.collections import alerts, worklist
from tenants.collections.worklist import Section
from tenants.delivery import scoring
from tenants.delivery.scoring import Hit
from tenants.directory import access, clients, people
from tenants.intake import papers
from tenants.isolation import scope
from tenants.ledger import selfcheck
from tenants.work import unit_of_work

TODAY = date(2026, 11, 20)


@pytest.fixture
def built(shell, stage):
    return sample.build(shell, tools=stage.tools, wait=stage.wait, days=5)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_sample_comes_up_with_a_list_to_work_and_books_that_hold(built, shell, stage):
    assert set(built.tenants) == {client.slug for client in CLIENTS}
    assert len({one.password for one in built.sign_ins}) == len(PEOPLE) == 5
    for tenant in built.tenants.values():
        with unit_of_work(scope.viewing(tenant, actor="test")):
            profile = clients.profile()
            assert (profile.state, profile.clock.now(stage.real) - stage.real < timedelta(seconds=5)) == ("live", True)
            assert selfcheck.run(profile.clock.today(stage.real)) == []
            states = dict(
                store.run("SELECT state, count(*) FROM message WHERE tenant_id = :tenant GROUP BY state").all()
            )
            assert states["delivered"] > 20
            levels = set(store.run("SELECT evidence_level FROM message WHERE tenant_id = :tenant").scalars())
            assert {2, 3, 4, 6} <= levels
    with unit_of_work(scope.portfolio(tuple(built.tenants.values()), actor="test")):
        rows = [
            row for section in (Section.ANSWER, Section.TODAY) for row in worklist.page(section, now=stage.real).rows
        ]
        assert {row.slug for row in rows} == set(built.tenants)
        assert all(row.reason and row.next_step for row in rows)
        assert alerts.inbox()
    who_sees_what(built, now=stage.real)
    what_the_bank_told(built.tenants["havelkant"])
    again = sample.build(shell, tools=stage.tools, wait=stage.wait)
    assert again == built


def who_sees_what(built, *, now):
    with unit_of_work(scope.platform(actor="test", reason="a test looks at people")):
        seen = {
            person.email: {found.slug for found in access.visible_clients(people.find(person.email).id, now=now)}
            for person in (INES, KATRIN, RUTH)
        }
    assert seen == {INES.email: set(built.tenants), KATRIN.email: {"havelkant"}, RUTH.email: set()}


def what_the_bank_told(havelkant):
    """Some is booked by itself, some waits with a proposal, some is nobody's; one was kept short, one came back."""
    with unit_of_work(scope.viewing(havelkant, actor="test")):
        states = set(store.run("SELECT DISTINCT state, band FROM cash_match WHERE tenant_id = :tenant").all())
        free = "SELECT min(unapplied_minor) FROM payment WHERE tenant_id = :tenant AND unapplied_minor > 0"
        formats = "SELECT DISTINCT detection ->> 'format' FROM import_run WHERE tenant_id = :tenant"
        assert {("applied", "automatic"), ("returned", "automatic")} <= states
        assert {("waiting", "suggested"), ("waiting", "manual")} <= states
        assert {"csv", "camt.053", "mt940"} == set(store.run(formats).scalars())
        assert store.run(free).scalar_one() is not None
        assert {each.reason for each in deductions.still_open()} & {"QTY", "TRM"}


def rows_of(client):
    return list(csv.DictReader(io.StringIO(books.ledger(client, today=TODAY).decode())))


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.slug)
def test_a_ledger_is_believable_and_always_the_same(client):
    assert books.ledger(client, today=TODAY) == books.ledger(client, today=TODAY)
    rows = rows_of(client)
    assert 150 <= len(rows) <= 400
    assert len({row["Invoice number"] for row in rows}) == len(rows)
    invoices = [row for row in rows if Decimal(row["Amount"]) > 0]
    assert all(row["Invoice date"] <= row["Due date"] for row in invoices)
    assert all(not row["Paid on"] or row["Paid on"] >= row["Invoice date"] for row in invoices)
    still_open = [row for row in invoices if not row["Paid on"] or row["Paid on"] > TODAY.isoformat()]
    assert any(row["Due date"] < TODAY.isoformat() for row in still_open)
    assert any(row["Disputed"] == "yes" for row in still_open)
    assert any(0 < Decimal(row["Paid amount"] or 0) < Decimal(row["Amount"]) for row in invoices)
    assert any(Decimal(row["Amount"]) < 0 for row in rows)
    assert any("@bounce." in row["Email"] or "@late." in row["Email"] for row in rows)
    assert {row["Currency"] for row in rows} == {client.currency}


def test_a_customer_keeps_its_name_and_address_in_every_row():
    seen = {}
    for row in rows_of(HAVELKANT):
        assert seen.setdefault(row["Customer number"], (row["Customer name"], row["Email"])) == (
            row["Customer name"],
            row["Email"],
        )


def test_no_two_companies_share_a_name_and_every_domain_leads_nowhere():
    made = names.companies(names.GERMAN, 40, seed="x")
    assert len(set(made)) == 40
    assert made == names.companies(names.GERMAN, 40, seed="x")
    assert names.domain("Mühlzahn Holzbau GmbH") == "muhlzahn-holzbau.test"


def test_recipients_are_judged_as_what_they_play(now):
    for number in range(200):
        steps = list(recipients.steps(f"C{number}"))
        hits = [Hit(step.kind, now + step.after, step.agent, target=step.kind) for step in steps]
        for hit in hits:
            others = tuple(other for other in hits if other is not hit)
            verdict = scoring.score(hit, sent_at=now, delivered_at=now, others=others).verdict
            assert (verdict == "machine") == (hit.agent == recipients.SCANNER)


def test_every_habit_occurs_by_its_share():
    found = [recipients.habit_of(number) for number in range(65_536)]
    assert {habit: round(found.count(habit) / 655.36) for habit, _ in recipients.SHARES} == dict(recipients.SHARES)


def test_a_recipe_is_fitted_to_the_clients_currency_and_groups():
    document = {
        "if": {"all": [{"field": "customer.groups", "op": "any_of", "value": ["key"]}]},
        "amounts": [{"amount": "1000", "currency": "EUR"}],
        "key": "kept",
    }
    assert play.fitted(document, groups=["391"], least="50.00", currency="USD") == {
        "if": {"all": [{"field": "customer.groups", "op": "any_of", "value": ["391"]}]},
        "amounts": [{"amount": "50.00", "currency": "USD"}],
        "key": "kept",
    }


def test_a_password_is_the_same_at_every_start_and_another_elsewhere():
    here, there = (sample.sign_in(INES, secret=secret).password for secret in ("a" * 32, "b" * 32))
    assert here == sample.sign_in(INES, secret="a" * 32).password != there
    assert len(here) == 14


def test_what_the_desk_does_has_words_for_everything():
    assert all(words.endswith(".") for words in desk.DONE)


def test_what_the_bank_tells_is_missing_in_the_ledger_and_nothing_is_told_twice():
    first = date(2026, 11, 11)
    silent = books.ledger(HAVELKANT, today=TODAY, paid_before=bank.since(first)).decode()
    told = {row["Invoice number"] for row in csv.DictReader(io.StringIO(silent)) if row["Paid on"]}
    paid = books.payments(HAVELKANT, today=TODAY, span=(bank.since(first), TODAY))
    assert paid and not told & {each.number for each in paid}
    assert told | {each.number for each in paid} <= {row["Invoice number"] for row in rows_of(HAVELKANT)}
    edges = [(bank.since(first), first), (first, TODAY)]
    files = [bank.statement(HAVELKANT, today=TODAY, span=span, number=at) for at, span in enumerate(edges)]
    read = [papers.read(io.BytesIO(body)) for _, body in files]
    assert [said.format for said in read] == ["camt.053", "mt940"]
    assert all(said.accounts == [HAVELKANT.profile["iban"]] for said in read)
    assert files == [bank.statement(HAVELKANT, today=TODAY, span=span, number=at) for at, span in enumerate(edges)]
