"""The customer's side: a link opens one invoice without a password, looking changes nothing, a button does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tenants import store
from tenants.collections import holds
from tenants.delivery import links as portal_links
from tenants.delivery import unsubscribing
from tenants.directory import clients
from tenants.directory.rates import LocalCounter
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.factories import a_debtor, an_invoice
from tests.unit.service import world_of_sending

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


class Visitor:
    """Dana at her browser, with the link of a mail."""

    def __init__(self, client, path, invoice):
        self.client, self.path, self.invoice = client, path, ids.show("inv", invoice)

    def look(self, tail="", **options):
        return self.client.get(self.path + tail, headers=BROWSER, **options)

    def press(self, button, **form):
        return self.client.post(f"{self.path}/{self.invoice}/{button}", data=form, headers=BROWSER)


@pytest.fixture
def link(web, alder, in_alder, debtor_contact):
    """A link to one invoice, and the invoice."""
    invoice = an_invoice(alder, debtor_contact.debtor_id, amount=120_50, late=3, number="D-1", purchase_order="PO-7")
    with in_alder:
        clients.change(iban="DE02120300000000202051", contact_name="Sofia Lindqvist", contact_phone="+49 30 1")
        link_id, ends = portal_links.make(
            debtor_contact.debtor_id, contact_id=debtor_contact.contact_id, invoice_id=invoice, message_id=None, now=NOW
        )
    secret = web.extensions["goodterms"].settings.secret_key
    return portal_links.token(alder, link_id=link_id, expires_at=ends, secret=secret), invoice


@pytest.fixture
def dana(web, link):
    return Visitor(web.test_client(), f"/p/{link[0]}", link[1])


def test_dana_sees_what_is_due_and_how_to_pay_without_a_script(dana, words):
    answer = dana.look()
    page = words(answer)
    assert "Invoice D-1" in page and "120,50 €" in page and "was due" in page
    assert "DE02 1203 0000 0000 2020 51" in page and "PO-7" in page and "Sofia Lindqvist" in page
    assert "<script" not in answer.get_data(as_text=True) and len(answer.data) < 50_000


def test_a_german_reader_reads_german(alder, in_alder, dana, debtor_contact, words):
    with in_alder:
        store.run(
            "UPDATE debtor SET language = 'de' WHERE tenant_id = :tenant AND id = :id", id=debtor_contact.debtor_id
        )
    page = words(dana.look())
    assert "Rechnung D-1" in page and "120,50 €" in page


def test_looking_changes_nothing_but_leaves_a_trace(dana, in_alder, statements):
    def books():
        return [
            statements(f"SELECT sum(hashtext(t::text)::bigint) FROM app.{table} t")
            for table in ("invoice", "hold", "task")
        ]

    before = books()
    dana.look()
    dana.look(f"/{dana.invoice}.pdf")
    dana.client.head(dana.path, headers=BROWSER)
    assert books() == before
    with in_alder:
        kinds = store.run(
            "SELECT kind, payload ->> 'method' FROM inbox_event WHERE tenant_id = :tenant ORDER BY id"
        ).all()
    assert sorted(map(tuple, kinds)) == [("download", "GET"), ("link_get", "GET"), ("link_get", "HEAD")]


def test_v1_our_own_people_leave_no_trace(dana, in_alder, as_, specialist, alder, words):
    sofia = as_(specialist)
    assert sofia.get(dana.path).status_code == 200
    with in_alder:
        slug = clients.profile().slug
        invoice = ids.read("inv", dana.invoice)
    page = sofia.get(f"/c/{slug}/invoices/{ids.show('inv', invoice)}/as-customer")
    assert "Preview" in words(page) and "disabled" in page.get_data(as_text=True)
    with in_alder:
        assert store.run("SELECT count(*) FROM inbox_event WHERE tenant_id = :tenant").scalar_one() == 0


def test_the_document_is_the_invoice_and_no_other(dana, alder, debtor_contact):
    answer = dana.look(f"/{dana.invoice}.pdf")
    assert answer.data[:5] == b"%PDF-" and answer.headers["Content-Disposition"] == "attachment; filename=D-1.pdf"
    own_other = an_invoice(alder, debtor_contact.debtor_id)
    foreign = an_invoice(alder, a_debtor(alder))
    for each in (own_other, foreign):
        assert dana.look(f"/{ids.show('inv', each)}.pdf").status_code == 404


def test_the_statement_is_the_readers_own_account(dana, alder, links):
    an_invoice(alder, a_debtor(alder, name="Lark Paints"), number="L-1")
    assert f"{dana.path}/statement.pdf" in links(dana.look())
    answer = dana.look("/statement.pdf")
    assert (answer.status_code, answer.content_type, answer.data[:5]) == (200, "application/pdf", b"%PDF-")


def test_a_promise_stops_what_is_automatic_until_its_day(dana, in_alder, words):
    answer = dana.press("promise", by=str(TODAY + timedelta(days=7)))
    assert answer.status_code == 303
    assert "Thank you" in words(dana.client.get(answer.location, headers=BROWSER, follow_redirects=True))
    with in_alder:
        (held,) = holds.live(today=TODAY)
    assert (held["kind"], held["ends_on"], held["invoice_number"]) == ("promise", TODAY + timedelta(days=7), "D-1")


@pytest.mark.parametrize("by", ["", "soon", "2026-11-19", "2031-01-01"])
def test_a_day_that_cannot_be_promised_is_asked_for_again(dana, in_alder, words, by):
    answer = dana.press("promise", by=by)
    assert answer.status_code == 422 and "choose a day" in words(answer)
    with in_alder:
        assert holds.live(today=TODAY) == []


def test_an_objection_opens_a_dispute_and_work_for_a_person(dana, in_alder):
    assert dana.press("objection", message="Two boxes\nwere missing").status_code == 303
    with in_alder:
        (held,) = holds.live(today=TODAY)
        reasons = store.run("SELECT reason FROM task WHERE tenant_id = :tenant AND kind = 'dispute'").scalars().all()
    assert held["kind"] == "dispute" and held["reason"] == "Two boxes were missing"
    assert "Two boxes were missing" in reasons[0]


def test_a_button_that_is_pressed_twice_counts_once_and_a_newer_promise_replaces_the_older(dana, in_alder):
    for message in ("Two boxes were missing", "Two boxes were missing", "And one was wet"):
        dana.press("objection", message=message)
    for days in (5, 9):
        dana.press("promise", by=str(TODAY + timedelta(days=days)))
    with in_alder:
        held = [(each["kind"], each["reason"], each["ends_on"]) for each in holds.live(today=TODAY)]
    assert sorted(held, key=str) == [
        ("dispute", "And one was wet", None),
        ("dispute", "Two boxes were missing", None),
        ("promise", "Promised by the customer in the portal", TODAY + timedelta(days=9)),
    ]


def test_an_objection_without_words_is_asked_again(dana):
    assert dana.press("objection", message="  ").status_code == 422


def test_saying_that_the_invoice_is_there_is_an_interaction(dana, in_alder):
    assert dana.press("received").status_code == 303
    with in_alder:
        assert store.run("SELECT kind FROM inbox_event WHERE tenant_id = :tenant").scalars().all() == [
            "portal_interaction"
        ]


def test_a_button_for_another_invoice_is_not_there(dana, alder, in_alder):
    dana.invoice = ids.show("inv", an_invoice(alder, a_debtor(alder)))
    assert dana.press("objection", message="x").status_code == 404
    with in_alder:
        assert holds.live(today=TODAY) == []


def test_forged_revoked_and_expired_links_are_answered_alike(dana, web, in_alder, web_clock, debtor_contact, words):
    forged = Visitor(web.test_client(), dana.path[:-3] + "AAA", ids.read("inv", dana.invoice)).look()
    web_clock.stand_at(NOW + timedelta(days=120))
    expired = dana.look()
    web_clock.stand_at(NOW)
    with in_alder:
        portal_links.revoke(now=NOW, contact_id=debtor_contact.contact_id)
    pages = [words(each).split("request")[0] for each in (forged, expired, dana.look())]
    assert {each.status_code for each in (forged, expired)} == {404}
    assert pages[0] == pages[1] == pages[2] and "ask for a new one" in pages[0]


def test_the_image_answers_always_alike_and_keeps_nothing_without_consent(web, alder, in_alder):
    secret = web.extensions["goodterms"].settings.secret_key
    token = portal_links.pixel_token(alder, message_id=ids.new(), secret=secret)
    answer = web.test_client().get(f"/o/{token}.gif", headers=BROWSER)
    assert answer.content_type == "image/gif" and answer.data[:6] == b"GIF89a"
    assert web.test_client().get("/o/forged.gif").status_code == 404
    with in_alder:
        assert store.run("SELECT count(*) FROM inbox_event WHERE tenant_id = :tenant").scalar_one() == 0


def test_an_invoice_that_was_laid_into_the_portal_is_new_until_it_is_taken(
    alder, dana, debtor_contact, words, in_alder
):
    invoice = an_invoice(alder, debtor_contact.debtor_id, amount=70_00, late=-9, number="N-1")
    message = ids.new()
    with in_alder:
        named = {"debtor": debtor_contact.debtor_id, "contact": debtor_contact.contact_id, "now": NOW}
        store.run(world_of_sending.POSTED, id=message, step="portal:n1", **named)
        store.run(world_of_sending.POSTED_ITEM, message=message, invoice=invoice, debtor=debtor_contact.debtor_id)
    page = words(dana.look())
    assert "New for you" in page and "Take invoice N-1 (PDF)" in page
    taken = [dana.client.post(f"{dana.path}/{ids.show('inv', invoice)}/take", headers=BROWSER) for _ in range(2)]
    assert taken[0].data.startswith(b"%PDF") and taken[1].status_code == 404
    assert "New for you" not in words(dana.look())
    with in_alder:
        sql = "SELECT evidence_level, delivery FROM invoice WHERE tenant_id = :tenant AND id = :id"
        assert tuple(store.run(sql, id=invoice).one()) == (6, "delivered")
    assert dana.press("take").status_code == 404


def test_dana_stops_images_for_herself_and_only_by_a_press(dana, in_alder, debtor_contact, words):
    consent = "SELECT pixel_consent FROM contact WHERE tenant_id = :tenant AND id = :id"
    assert dana.look("/no-images").status_code == 405
    answer = dana.client.post(f"{dana.path}/no-images", headers=BROWSER)
    assert answer.status_code == 303 and answer.location.endswith("said=stopped")
    with in_alder:
        assert store.run(consent, id=debtor_contact.contact_id).scalar_one() == "withdrawn"
    assert "no image tells us" in words(dana.look("/view?said=stopped"))


@pytest.fixture
def unsubscribe(web, alder, in_alder, debtor_contact):
    """The address in the head of a reminder to Dana."""
    message = ids.new()
    named = {"debtor": debtor_contact.debtor_id, "contact": debtor_contact.contact_id, "now": NOW}
    with in_alder:
        store.run(world_of_sending.POSTED, id=message, step="rule:x:1", **named)
    address = unsubscribing.url(alder, message_id=message, settings=web.extensions["goodterms"].settings)
    return address[address.index(unsubscribing.PATH) :]


def stopped_and_tasks(in_alder, contact):
    since = "SELECT reminders_stopped_at FROM contact WHERE tenant_id = :tenant AND id = :id"
    with in_alder:
        tasks = store.run("SELECT title FROM task WHERE tenant_id = :tenant").scalars().all()
        return store.run(since, id=contact).scalar_one() is not None, tasks


def test_reminders_stop_by_one_click_of_the_mail_program_and_somebody_is_asked(
    web, in_alder, debtor_contact, unsubscribe, words
):
    dana = web.test_client()
    page = words(dana.get(unsubscribe, headers=BROWSER))
    assert "No more reminders by e-mail" in page
    assert stopped_and_tasks(in_alder, debtor_contact.contact_id) == (False, [])
    click = {"data": {"List-Unsubscribe": "One-Click"}, "content_type": "multipart/form-data"}
    answers = [dana.post(unsubscribe, **click) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200] and "have stopped" in words(answers[0])
    asked = ["Reminders by mail are not wanted: ask how else"]
    assert stopped_and_tasks(in_alder, debtor_contact.contact_id) == (True, asked)
    assert "No more reminders" in words(dana.post(f"{unsubscribe}/again"))
    assert not stopped_and_tasks(in_alder, debtor_contact.contact_id)[0]


def test_a_forged_address_stops_nobody_and_our_own_people_only_look(
    web, as_, specialist, in_alder, debtor_contact, unsubscribe, words
):
    desk = as_(specialist)
    forged = unsubscribe[:-3] + "AAA"
    for answer in (web.test_client().get(forged), web.test_client().post(forged), web.test_client().post("/u/x/again")):
        assert answer.status_code == 404
    assert "No more reminders" in words(desk.post(unsubscribe))
    assert "No more reminders" in words(desk.post(f"{unsubscribe}/again"))
    assert stopped_and_tasks(in_alder, debtor_contact.contact_id) == (False, [])


def test_a_link_that_is_opened_too_often_waits_a_minute_and_other_links_do_not(web, dana, monkeypatch, web_clock):
    tools = web.extensions["goodterms"]
    chosen = replace(tools, settings=replace(tools.settings, portal_per_link=2), rates=LocalCounter())
    monkeypatch.setitem(web.extensions, "goodterms", chosen)
    first, second, third = dana.look(), dana.look(f"/{dana.invoice}.pdf"), dana.look()
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert first.headers["RateLimit"] == '"link";r=1;t=30' and third.headers["Retry-After"] == "30"
    assert "opened too often" in third.text and "Wait a minute, then open it again." in third.text
    web_clock.stand_at(NOW + timedelta(minutes=1))
    assert dana.look().status_code == 200
