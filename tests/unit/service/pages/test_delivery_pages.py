"""How mail fares, on pages: health, messages, stopped addresses, consent, letters, mailings, domains and e-invoices."""

import re
from datetime import timedelta

import pytest

from tenants import store
from tenants.collections import alerts, correspondence, refusals
from tenants.collections.alerts import NewAlert
from tenants.collections.refusals import Refused
from tenants.delivery import domains, evidence
from tenants.events import history
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW
from tests.unit.service import world_of_sending as sending

COHORT = """
INSERT INTO delivery_cohort (tenant_id, day_on, template, mailbox, tracked, ruleset, delivered, judgeable, seen,
  machine, answer, baseline, chance, matured_at)
VALUES (:tenant, :day, 'Invoice', 'google', false, 2, 220, 200, 40, 55, 'fallen', 0.45, 0.0001, :now)
ON CONFLICT DO NOTHING
"""


@pytest.fixture
def at(alder_world):
    return f"/c/{alder_world.slug}/delivery"


@pytest.fixture
def desk(as_, specialist):
    return as_(specialist)


@pytest.fixture
def admin(as_, alder_admin):
    return as_(alder_admin)


ACTS = ("mail.file_taken", "mail.sorted")


def first_id(page, prefix):
    return re.search(rf"{prefix}_[0-9a-v]{{26}}", page.get_data(as_text=True))[0]


@pytest.fixture
def delivered(alder_world):
    """The world's message arrived, and a person looked."""
    message = alder_world.at["msg"]
    with alder_world.books():
        sql = "UPDATE message SET state = 'delivered', sent_at = :now, delivered_at = :now, evidence_level = 4 "
        store.run(sql + "WHERE tenant_id = :tenant AND id = :id", id=message, now=NOW)
        about = {"debtor_id": alder_world.at["deb"], "message_id": message}
        evidence.add(
            "link_get",
            level=4,
            source="portal",
            source_key="seen",
            verdict="human",
            occurred_at=NOW,
            recorded_at=NOW,
            **about,
        )
    return message


def test_health_says_shares_with_what_they_are_of(alder_world, at, desk, delivered, words):
    said = words(desk.get(at))
    assert "1 of 1 that can be judged" in said and "By receiving domain" in said
    assert "Nobody knows whether they left" in said and "By sending domain" not in said
    told = desk.get(f"~/tenants/{alder_world.slug}/delivery-health").json
    assert (told["total"]["delivered"], told["funnel"]["seen"], told["ways"][0]["channel"]) == (1, 1, "email")
    assert desk.get(f"{at}?days=8").status_code == 422


ATTEMPT = """
INSERT INTO delivery_attempt (tenant_id, id, message_id, attempt_no, state, provider, intent_at, sender)
VALUES (:tenant, :id, :message, 9, 'accepted', 'ses', :now, :sender)
"""


def test_health_tells_by_sending_domain_whether_mailbox_providers_know_it(alder_world, at, desk, delivered, words):
    domain = sending.domain(alder_world)
    with alder_world.books():
        name = next(row["domain"] for row in domains.listed() if row["id"] == domain)
        store.run(ATTEMPT, id=ids.new(), message=delivered, now=NOW, sender=name)
    said = words(desk.get(at))
    assert "By sending domain" in said and f"{name} Proved Warming up 1 day with mail since" in said
    assert "at most 1 on one" in said and "Grew fast" not in said
    (told,) = desk.get(f"~/tenants/{alder_world.slug}/delivery-health").json["senders"]
    assert (told["domain"], told["accepted"], told["days"], told["is_warm"]) == (name, 1, 1, False)


def test_a_customers_mail_is_read_from_its_task_and_a_file_of_it_is_saved_by_name(alder_world, desk, words):
    mail, file = (ids.show(prefix, alder_world.at[prefix]) for prefix in ("mai", "mfl"))
    with alder_world.books():
        correspondence.came(alder_world.at["mai"], now=alder_world.now, today=alder_world.today)
        task = store.run("SELECT id FROM task WHERE tenant_id = :tenant AND dedupe_key LIKE 'mail:%'").scalar_one()
    shown = desk.get(f"/c/{alder_world.slug}/tasks/{ids.show('tsk', task)}")
    assert "Their mail" in words(shown) and f"/mail/{mail}" in shown.get_data(as_text=True)
    said = words(desk.get(f"/c/{alder_world.slug}/mail/{mail}"))
    assert "Größe der Dachziegel" in said and "Two pallets were missing." in said and "delivery-note.pdf" in said
    known = desk.post(f"/c/{alder_world.slug}/mail/{mail}/about", data={"number": sending.number(alder_world)})
    assert known.status_code == 303 and "Customer" in words(desk.get(known.headers["Location"]))
    taken = desk.post(f"/c/{alder_world.slug}/mail/{mail}/files/{file}", data={})
    assert (taken.data, taken.content_type) == (b"%PDF-1.7", "application/pdf")
    assert taken.headers["Content-Disposition"] == "attachment; filename=delivery-note.pdf"
    with alder_world.books():
        lines = history.page(of=("mail", alder_world.at["mai"]), limit=5)
    assert {(line["act"], line["actor"][:7]) for line in lines} == {(act, "person:") for act in ACTS}


def test_a_message_shows_its_ladder_its_tries_and_what_is_not_known(at, desk, delivered, words):
    listed = desk.get(f"{at}/messages")
    assert "Delivered" in words(listed) and "No message here" in words(desk.get(f"{at}/messages?state=bounced"))
    page = words(desk.get(f"{at}/messages/{first_id(listed, 'msg')}"))
    assert "Link was fetched likely" in page and "Who read the invoice is not known" in page
    assert "It has not been handed to anybody yet" in page
    assert desk.get(f"{at}/messages/{ids.show('msg', ids.new())}").status_code == 404


def test_a_stopped_address_is_let_go_with_a_reason_that_stays(alder_world, at, desk, words):
    body = {"address": "quiet@dune.test", "detail": "Dana called"}
    for _ in range(2):
        assert desk.post(f"{at}/stopped", data=body).status_code == 303
    page = desk.get(f"{at}/stopped?address=quiet")
    assert "quiet@dune.test" in words(page)
    entry = first_id(page, "sup")
    assert desk.post(f"{at}/stopped/{entry}/release", data={"reason": ""}).status_code == 422
    assert desk.post(f"{at}/stopped/{entry}/release", data={"reason": "She called again"}).status_code == 303
    assert desk.post(f"{at}/stopped/{entry}/release", data={"reason": "Twice"}).status_code == 409
    assert "quiet@dune.test" in words(desk.get(f"{at}/stopped?lifted=1"))
    again = f"~/tenants/{alder_world.slug}/suppressions"
    first, second = (desk.post(again, {"address": "A@dune.test", "detail": "Asked"}).json["id"] for _ in range(2))
    assert first == second


def test_consent_is_decided_by_country_with_a_basis(at, admin, desk, words):
    assert desk.post(f"{at}/consent", data={"pixel": "on", "basis": "x"}).status_code == 403
    assert admin.post(f"{at}/consent", data={"country": "FR", "pixel": "on", "basis": ""}).status_code == 422
    for country, pixel in (("FR", "consented"), ("GB", "on"), ("", "aggregate")):
        given = {"country": country, "pixel": pixel, "basis": "Contract, section 9"}
        assert admin.post(f"{at}/consent", data=given).status_code == 303
    said = words(desk.get(f"{at}/consent"))
    assert "Every other country Counted, nobody known" in said and "FR For who agreed Contract, section 9" in said
    assert admin.post(f"{at}/consent", data={"country": "GB", "pixel": "as_client"}).status_code == 303
    assert "GB On" not in words(desk.get(f"{at}/consent"))


def test_letters_are_printed_downloaded_and_posted(alder_world, at, desk, words):
    sending.letter(alder_world)
    assert "1 letter waits" in words(desk.get(f"{at}/letters"))
    assert desk.post(f"{at}/letters", data={}).status_code == 303
    page = desk.get(f"{at}/letters")
    batch = first_id(page, "prb")
    assert "No letter waits to be printed" in words(page) and "Not posted yet" in words(page)
    assert desk.get(f"{at}/letters/{batch}.pdf").data.startswith(b"%PDF")
    assert desk.post(f"{at}/letters/{batch}/posted", data={}).status_code == 303
    assert desk.post(f"{at}/letters/{batch}/posted", data={}).status_code == 409
    assert desk.post(f"{at}/letters", data={}).status_code == 409


def test_who_wants_no_reminders_by_mail_is_kept_with_how_it_was_said(alder_world, desk, words):
    reach = f"/c/{alder_world.slug}/customers/{ids.show('deb', alder_world.at['deb'])}/reach"
    given = {"contact": ids.show("con", alder_world.at["con"]), "wanted": "no", "basis": "By telephone"}
    assert desk.post(f"{reach}/reminders", data=given | {"basis": ""}).status_code == 422
    assert desk.post(f"{reach}/reminders", data=given).status_code == 303
    assert "Stopped since" in words(desk.get(reach))
    assert desk.post(f"{reach}/reminders", data=given | {"wanted": "yes"}).status_code == 303
    assert "Stopped since" not in words(desk.get(reach))
    stranger = given | {"contact": ids.show("con", ids.new())}
    assert desk.post(f"{reach}/reminders", data=stranger).status_code == 404


def test_a_customers_ways_and_its_wish_for_e_invoices_are_kept(alder_world, desk, words):
    reach = f"/c/{alder_world.slug}/customers/{ids.show('deb', alder_world.at['deb'])}/reach"
    given = {"first": "email", "second": "sms", "wait_days": "5", "phone": "+49 30 901820"}
    assert desk.post(reach, data=given).status_code == 303
    assert desk.post(reach, data=given | {"third": "print"}).status_code == 422
    wish = {"format": "ubl", "endpoint": "0088:4012345678901"}
    assert desk.post(f"{reach}/e-invoice", data=wish).status_code == 303
    page = desk.get(reach).get_data(as_text=True)
    assert "+4930901820" in page and "0088:4012345678901" in page
    assert desk.post(f"{reach}/e-invoice", data={"format": "pdf"}).status_code == 303
    assert "0088:4012345678901" not in desk.get(reach).get_data(as_text=True)


def test_what_a_reader_said_about_images_is_kept_for_that_reader_only(alder_world, birch_world, desk, words):
    reach = f"/c/{alder_world.slug}/customers/{ids.show('deb', alder_world.at['deb'])}/reach"
    given = {"contact": ids.show("con", alder_world.at["con"]), "consent": "withdrawn", "basis": "By telephone"}
    assert desk.post(f"{reach}/consent", data=given).status_code == 303
    assert "refused" in words(desk.get(reach))
    other = given | {"contact": ids.show("con", birch_world.at["con"])}
    assert desk.post(f"{reach}/consent", data=other).status_code == 404
    assert desk.post(f"{reach}/consent", data=given | {"basis": ""}).status_code == 422


def test_mailings_show_the_figures_that_an_alert_rests_on(alder_world, at, desk, words):
    assert "No mailing has matured" in words(desk.get(f"{at}/mailings"))
    with alder_world.books():
        store.run(COHORT, day=alder_world.today - timedelta(days=5), now=NOW)
    said = words(desk.get(f"{at}/mailings"))
    assert "“Invoice” to Google mailboxes" in said and "Fallen ruleset 2" in said and "45.0 %" in said


def test_a_goal_of_e_invoices_names_whom_to_ask(alder_world, at, admin, desk, words):
    sending.plain(alder_world)
    assert "No goal is set" in words(desk.get(f"{at}/e-invoices"))
    wanted = {"metric": "invoices", "target": "80", "due_on": "2027-06-30"}
    assert desk.post(f"{at}/e-invoices", data=wanted).status_code == 403
    assert admin.post(f"{at}/e-invoices", data=wanted).status_code == 303
    said = words(desk.get(f"{at}/e-invoices"))
    assert "Who would close the gap" in said and "Too slow" in said
    assert desk.post(f"{at}/e-invoices/tasks", data={}).status_code == 303
    with alder_world.books():
        found = store.run("SELECT count(*) FROM task WHERE tenant_id = :tenant AND dedupe_key LIKE 'einvoice-%'")
        assert found.scalar_one() >= 1


def test_a_sending_domain_says_which_records_are_missing_in_words(at, admin, desk, words):
    kept = first_id(admin.get(f"{at}/domains"), "sdm")
    assert admin.post(f"{at}/domains/{kept}/drop", data={}).status_code == 303
    assert "No domain of its own" in words(desk.get(f"{at}/domains"))
    assert admin.post(f"{at}/domains", data={"domain": "no domain", "box": "invoices"}).status_code == 422
    assert admin.post(f"{at}/domains", data={"domain": "billing.example.com", "box": "invoices"}).status_code == 303
    page = desk.get(f"{at}/domains")
    assert "Nothing leaves from here yet" in words(page) and "Missing, needed" in words(page)
    entry = first_id(admin.get(f"{at}/domains"), "sdm")
    assert admin.post(f"{at}/domains/{entry}/check", data={}).status_code == 303
    assert admin.post(f"{at}/domains/{entry}/drop", data={}).status_code == 303
    assert "No domain of its own" in words(desk.get(f"{at}/domains"))


def test_one_kind_of_mailbox_that_falls_at_several_clients_is_told_as_one_thing(alder, birch, desk, words):
    for number, tenant in enumerate((alder, birch)):
        with unit_of_work(scope.tenant(tenant, actor="test")):
            key = f"seen-rate:Invoice {number}/google/plain"
            alerts.raise_many([NewAlert(key, "It is seen less", "45 %", cause="sending:seen-rate")], now=NOW)
    assert "clients at once" not in words(desk.get("/alerts"))
    with unit_of_work(scope.portfolio((alder, birch), actor="test")):
        (found,) = alerts.parents(least=2)
    assert (found["mailbox"], found["clients"]) == ("google", 2)


def test_a_held_message_is_sent_again_from_its_page_and_what_was_kept_back_is_counted(alder_world, desk, at, words):
    page = f"{at}/messages/{ids.show('msg', sending.held(alder_world))}"
    assert "Nobody knows whether it left" in words(desk.get(page))
    assert desk.post(f"{page}/send-again", data={"reason": "They say nothing came"}).status_code == 303
    assert "Send it again" not in words(desk.get(page))
    assert desk.post(f"{page}/send-again", data={"reason": "Once more"}).status_code == 409
    with alder_world.books():
        refused = Refused("a-step", alder_world.at["deb"], alder_world.at["inv"], "a-rule", "quiet_hours", "")
        for _ in range(2):
            refusals.keep([refused], now=alder_world.now)
    assert "What did not leave, and why" in words(desk.get(at))
    assert "Outside office hours 1 2" in words(desk.get(at))
