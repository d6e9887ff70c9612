"""The other failures of the field, each by its name: reminders, receipts, fees and letterheads that peers get wrong.

R1 to R5 stand in `test_nobody_is_chased_wrongly`, those of the gate alone in the tests of conduct and of policies,
V1 beside the portal.
"""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from tenants import store
from tenants.adapters.documents import MemoryStore
from tenants.delivery import documents, facts
from tenants.delivery.facts import WrongRecipient
from tenants.delivery.scoring import Hit, score
from tenants.rules import ladders, publishing, rule_book
from tenants.values import ids
from tests.cast import NOW
from tests.factories import a_contact, a_debtor, an_invoice
from tests.journeys.test_nobody_is_chased_wrongly import KESSLER, WEEK, Town, reminders

LATE = [f"{KESSLER},I-{n},2026-04-20,2026-05-{20 + n},1200.00," for n in range(3)]


@pytest.fixture
def town(stage):
    return Town(stage)


def test_r6_no_reminder_goes_out_the_morning_after_the_invoice(town, post):
    town.morning(WEEK[0], LATE[0])
    town.morning(WEEK[1], LATE[0])
    assert len(post.letters) == 1


def test_r8_a_run_that_is_over_and_is_run_again_sends_nothing(town, post):
    for day in WEEK:
        town.morning(day, LATE[0])
    before = len(post.letters)
    with town.inside():
        again = "UPDATE work_item SET state = 'ready', run_at = :at WHERE tenant_id = :tenant AND state = 'done'"
        store.run(again, at=town.stage.real)
    town.work()
    assert len(post.letters) == before == 2


def test_r13_a_ladder_has_as_many_steps_as_are_wanted_before_and_after_the_due_date(town):
    days = (-14, -3, 3, 10, 20, 40)
    steps = [{"day": day, "template": "First reminder"} for day in days]
    with town.inside():
        ladders.keep(ladders.STANDARD | {"key": "long", "steps": steps}, now=NOW)
        assert [each["key"] for each in rule_book.all_kept() if each["key"].startswith("long-")] == [
            f"long-{n}" for n in range(1, len(days) + 1)
        ]
        assert publishing.check("long-6", now=NOW).circle == ""


def test_r14_many_invoices_make_one_message(town, post):
    for day in WEEK:
        town.morning(day, *LATE)
    chasing = [letter for letter in post.letters if "past due" in letter.subject]
    assert len(chasing) == 1
    assert all(f"I-{n}" in chasing[0].text for n in range(3))
    assert reminders(town) == {"delivered": 1}


def test_v2_no_scanner_of_the_published_list_counts_as_a_reader():
    root = Path(os.environ.get("GOODTERMS_SHARED") or Path(__file__).parents[3] / "shared")
    listed = root / "data" / "user-agents" / "crawler-user-agents.json"
    if not listed.is_file():
        pytest.skip("the published list of crawlers is not here: set GOODTERMS_SHARED to the folder that holds data/")
    agents = [agent for each in json.loads(listed.read_text()) for agent in each.get("instances", [])]
    sent = NOW - timedelta(hours=3)
    read = [
        agent
        for agent in agents
        if score(Hit("link_get", NOW, agent, target="/p/x"), sent_at=sent, delivered_at=sent).verdict == "human"
    ]
    assert len(agents) > 500
    assert len(read) <= len(agents) // 50, read[:10]


def test_l1_no_fee_and_no_interest_is_ever_posted_by_itself(town, post):
    for day in WEEK:
        town.morning(day, LATE[0])
    with town.inside():
        assert store.run("SELECT number, amount_minor FROM invoice WHERE tenant_id = :tenant").all() == [
            ("I-0", 1200_00)
        ]
        kinds = store.run("SELECT DISTINCT kind FROM allocation WHERE tenant_id = :tenant").scalars().all()
    assert kinds == []
    assert all("fee" not in letter.text.lower() for letter in post.letters)


def test_x7_each_client_writes_under_its_own_name(stage, post):
    towns = [Town(stage), Town(stage)]
    with towns[1].inside():
        store.run("UPDATE tenant SET legal_name = 'Birch Foods Ltd' WHERE id = :tenant")
    for town in towns:
        town.morning(WEEK[0], LATE[0])
    assert {letter.sender_name for letter in post.letters} == {"Cedar Parts GmbH", "Birch Foods Ltd"}
    for letter in post.letters:
        other = ({"Cedar Parts GmbH", "Birch Foods Ltd"} - {letter.sender_name}).pop()
        assert letter.sender_name in letter.text and other not in letter.text


def test_x8_no_document_of_one_customer_travels_with_anothers_mail(town, settings):
    first, second = a_debtor(town.tenant), a_debtor(town.tenant)
    mine, theirs = an_invoice(town.tenant, first), an_invoice(town.tenant, second)
    with town.inside():
        made = documents.make_invoice(mine, documents_in=MemoryStore(), settings=settings, now=NOW)
        assert made.invoice_id == mine
        assert facts.items([mine, theirs], debtor_id=first)[0].invoice_id == mine
        assert len(facts.items([mine, theirs], debtor_id=first)) == 1
        with pytest.raises(WrongRecipient):
            _mixed(town, first, [mine, theirs])


def _mixed(town, debtor, invoices):
    """A message into which a fault has put another customer's invoice."""
    contact = a_contact(town.tenant, debtor)
    message = ids.new()
    store.run(
        "INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, template, queued_at)"
        " VALUES (:tenant, :id, :debtor, :contact, 'x8', 'reminder', 'a@b.test', 'First reminder', :now)",
        id=message,
        debtor=debtor,
        contact=contact,
        now=NOW,
    )
    sql = """INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id)
      VALUES (:tenant, :message, :invoice, :debtor)"""
    for invoice in invoices:
        store.run(sql, message=message, invoice=invoice, debtor=debtor)
    facts.items_of(message, debtor_id=debtor, with_lines=False)
