"""Invoices, alerts, imports, rules and sent mail: what people do on them."""

import re
from io import BytesIO

import pytest

from tenants import store
from tenants.delivery import letters
from tenants.events import recording
from tenants.values import ids
from tests.cast import TODAY
from tests.factories import a_debtor, an_invoice
from tests.unit.service import world_of_rules as ruling
from tests.unit.service.world import FAULTY, LEDGER


@pytest.fixture
def sofia(alder_world, as_, specialist):
    return as_(specialist)


@pytest.fixture
def invoice(alder_world):
    return f"/c/{alder_world.slug}/invoices/{ids.show('inv', alder_world.at['inv'])}"


def test_an_invoice_tells_its_way_what_is_unknown_its_money_and_its_rules(sofia, invoice, words):
    page = words(sofia.get(invoice))
    assert "In the ledger proved" in page and "Queued for sending" in page
    assert "Who read the invoice is not known" in page
    assert "EUR 10.00" in page and "EUR 90.00 open of EUR 100.00" in page
    assert "Unopened key account" in page and "Not acted on" in page


def test_the_document_may_stand_in_our_own_page_only(sofia, invoice):
    answer = sofia.get(f"{invoice}/document.pdf")
    assert answer.data[:5] == b"%PDF-"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'self'"


def test_a_dispute_is_opened_and_ended_with_its_outcome(sofia, invoice, words, links):
    opened = sofia.send("POST", f"{invoice}/holds", data={"kind": "dispute", "reason": "Two boxes were missing"})
    assert opened.status_code == 303
    html = sofia.get(invoice).get_data(as_text=True)
    assert "Two boxes were missing" in html
    end = re.findall(r'action="([^"]+/end)"', html)[0]
    sofia.send("POST", end, data={"outcome": "Boxes arrived"})
    assert "Two boxes were missing" not in words(sofia.get(invoice)).split("History")[0]


def test_a_hold_is_ended_on_the_page_of_an_invoice_that_it_holds(alder_world, sofia):
    other = alder_world.at["deb"]
    alder_world.at["deb"] = a_debtor(alder_world.tenant)
    elsewhere, hold = an_invoice(alder_world.tenant, other), alder_world.hold()
    held = an_invoice(alder_world.tenant, alder_world.at["deb"])
    ends = f"/holds/{ids.show('hld', hold)}/end"
    for invoice_id, status in ((elsewhere, 404), (ids.new(), 404), (held, 303), (held, 404)):
        at = f"/c/{alder_world.slug}/invoices/{ids.show('inv', invoice_id)}{ends}"
        assert sofia.send("POST", at, data={"outcome": "Moved"}).status_code == status


def test_a_promise_holds_an_amount_until_its_day(sofia, invoice, words):
    sofia.send("POST", f"{invoice}/holds", data={"kind": "promise", "ends_on": "2026-11-27", "amount": "40.50"})
    assert "Promise to pay of EUR 40.50 by 27 Nov 2026" in words(sofia.get(invoice))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "promise"}, "A promise needs its day"),
        ({"kind": "pause", "ends_on": "2027-11-27"}, "within 90 days"),
        ({"kind": "promise", "ends_on": "soon"}, "This is not a day"),
        ({"kind": "promise", "ends_on": "2026-11-27", "amount": "4,5"}, "is not an amount"),
        ({"kind": "party"}, "kind"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused_with_what_to_do(sofia, invoice, words, form, said):
    answer = sofia.send("POST", f"{invoice}/holds", data=form)
    assert answer.status_code == 422
    assert said in words(answer)


def test_a_whole_customer_can_be_paused(alder_world, sofia, words):
    customer = f"/c/{alder_world.slug}/customers/{ids.show('deb', alder_world.at['deb'])}"
    form = {"kind": "pause", "ends_on": str(TODAY.replace(day=28)), "reason": "Moving house"}
    assert sofia.send("POST", f"{customer}/holds", data=form).status_code == 303
    assert "Moving house" in words(sofia.get(customer))


def test_alerts_are_acknowledged_and_resolved_by_cause(alder_world, birch_world, sofia, words):
    assert "Not opened Alder Tools GmbH" in words(sofia.get("/alerts"))
    sofia.send("POST", f"/c/{alder_world.slug}/alerts/acknowledge", data={"cause": "rule:x"})
    assert words(sofia.get("/alerts")).count("Acknowledged") == 1
    done = {"cause": "rule:x", "resolution": "They have a new address"}
    sofia.send("POST", f"/c/{alder_world.slug}/alerts/resolve", data=done)
    assert "Alder Tools GmbH Normal" not in words(sofia.get("/alerts"))
    assert "They have a new address" in words(sofia.get(f"/c/{alder_world.slug}/alerts?cause=rule:x&resolved=1"))


def test_one_alert_of_a_cause_can_be_resolved_alone(alder_world, sofia, words):
    alder_world.alert()
    form = {"cause": "rule:x", "alert": str(alder_world.at["alt"])}
    assert sofia.send("POST", f"/c/{alder_world.slug}/alerts/resolve", data=form).status_code == 303
    assert words(sofia.get(f"/c/{alder_world.slug}/alerts?cause=rule:x")).count("Nobody opened it") == 1


def test_no_alerts_is_said_kindly(alder, birch, as_, specialist, words):
    assert "No alerts" in words(as_(specialist).get("/alerts"))


def send(browser, world, body, name="ledger.csv"):
    form = {"source": "upload", "file": (BytesIO(body), name)}
    return browser.send("POST", f"/c/{world.slug}/imports", data=form, content_type="multipart/form-data")


def test_a_file_is_taken_checked_and_its_faults_stand_first(alder_world, sofia, words):
    taken = send(sofia, alder_world, alder_world.ledger_file(LEDGER))
    assert taken.status_code == 303
    assert "Checking the file" in words(sofia.get(taken.location))
    checked = f"/c/{alder_world.slug}/imports/{ids.show('imp', alder_world.checked_import(FAULTY))}"
    page = words(sofia.get(checked))
    assert "1 row cannot be read" in page and "Invoice date" in page and "2026-13-45" in page
    assert "leave out 1" in page and page.index("cannot be read") < page.index("Load it")


def test_a_form_without_a_file_is_told_so(alder_world, sofia, words):
    answer = sofia.send("POST", f"/c/{alder_world.slug}/imports", data={"source": "upload"})
    assert answer.status_code == 422
    assert "Choose a file" in words(answer)


def test_the_same_file_again_is_recognised(alder_world, sofia, words):
    body = alder_world.ledger_file(LEDGER)
    send(sofia, alder_world, body)
    again = send(sofia, alder_world, body, name="copy.csv")
    assert "This very file came before" in words(sofia.get(again.location))


def test_a_mapping_is_corrected_and_the_load_is_asked_for(alder_world, sofia, words):
    address = f"/c/{alder_world.slug}/imports/{ids.show('imp', alder_world.checked_import(LEDGER))}"
    html = sofia.get(address).get_data(as_text=True)
    selects = [part.split("</select>")[0] for part in html.split("<select")[1:]]
    pattern = re.compile(r'name="(column_[a-z_]+)".*<option value="([^"]*)" selected', re.DOTALL)
    found = [pattern.search(part) for part in selects]
    form = dict(each.groups() for each in found if each)
    assert form["column_number"] == "Invoice number"
    assert sofia.send("POST", f"{address}/check", data=form | {"dates": "ymd", "terms_days": "30"}).status_code == 303
    assert "30 days after the invoice date" in words(sofia.get(address))
    asked = sofia.send("POST", f"{address}/load")
    piece = sofia.client.get(asked.location, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "Loading the file" in piece and "every 2s" in piece and "<html" not in piece


def test_a_mapping_without_a_needed_column_refuses_the_file_in_words(alder_world, sofia, words):
    address = f"/c/{alder_world.slug}/imports/{ids.show('imp', alder_world.checked_import(LEDGER))}"
    sofia.send("POST", f"{address}/check", data={"column_number": "Invoice number"})
    assert "Refused" in words(sofia.get(address))


def test_a_file_is_said_to_tell_of_customers_alone_and_in_which_columns(alder_world, sofia, words):
    address = f"/c/{alder_world.slug}/imports/{ids.show('imp', alder_world.checked_import(LEDGER))}"
    assert "does it tell of customers alone?" in words(sofia.get(address))
    sofia.send("POST", f"{address}/customers", data={})
    assert "names their numbers and something else" in words(sofia.get(address))
    chosen = {"column_debtor_number": "Customer number", "column_debtor_name": "Customer name"}
    assert sofia.send("POST", f"{address}/customers", data=chosen).status_code == 303
    page = sofia.get(address)
    assert "All 2 rows are good" in words(page) and "Check as customers" in words(page)
    assert '<option value="Customer name" selected>' in page.get_data(as_text=True)
    assert "Days to due date" not in words(page)


def test_a_rule_is_read_tried_and_explained_for_one_invoice(alder_world, sofia, words):
    rules = f"/c/{alder_world.slug}/rules"
    assert "for each invoice that is open" in words(sofia.get(rules))
    assert "would act on" in words(sofia.get(f"{rules}/unopened-key-account/trial"))
    number = re.search(r"A-\d{5}", words(sofia.get(f"/c/{alder_world.slug}/invoices")))[0]
    page = words(sofia.get(f"{rules}/unopened-key-account?invoice={number}"))
    assert "Not acted on" in page and "Does not hold" in page
    assert "none-such" in words(sofia.get(f"{rules}/unopened-key-account?invoice=none-such"))
    assert sofia.get(f"{rules}/no-such-rule").status_code == 404


def test_toni_takes_a_recipe_publishes_it_and_pauses_it(alder_world, as_, alder_admin, words):
    toni, rules = as_(alder_admin), f"/c/{alder_world.slug}/rules"
    taken = toni.send("POST", rules, data={"recipe": "overdue-reminder"})
    assert taken.location == f"{rules}/overdue-reminder"
    assert "Draft" in words(toni.get(taken.location))
    toni.send("POST", f"{taken.location}/try", data={"version": "1"})
    toni.send("POST", f"{taken.location}/publish", data={"version": "1", "shadow_days": "0"})
    assert "Overdue reminder Live" in words(toni.get(taken.location))
    toni.send("POST", f"{taken.location}/pause", data={"reason": "Holidays"})
    assert "Overdue reminder Paused" in words(toni.get(taken.location))


def test_a_specialist_sees_no_button_that_would_refuse(alder_world, sofia):
    page = sofia.get(f"/c/{alder_world.slug}/rules/unopened-key-account").get_data(as_text=True)
    assert "/pause" not in page and "/publish" not in page


def test_sent_mail_shows_each_client_its_own(
    alder_world, birch_world, sofia, web, tmp_path, words, monkeypatch, settings
):
    tools = web.extensions["goodterms"]
    object.__setattr__(settings, "mailbox", str(tmp_path))
    try:
        for world, subject in ((alder_world, "For Alder"), (birch_world, "For Birch")):
            sender = letters.return_path(world.tenant, attempt_id=ids.new(), settings=tools.settings)
            mail = f"Return-Path: <{sender}>\r\nDelivered-To: dana@dune.test\r\nSubject: {subject}\r\n\r\nHello http://x.test/p/1\r\n"
            (tmp_path / f"{ids.new()}.eml").write_text(mail)
        (tmp_path / f"{ids.new()}.eml").write_text("Subject: Stray\r\n\r\nNobody knows whose\r\n")
        page = sofia.get(f"/c/{alder_world.slug}/sent-mail")
        assert "For Alder" in words(page) and "For Birch" not in words(page) and "Stray" not in words(page)
        own = re.search(r'href="([^"]+/sent-mail/[^"]+)"', page.get_data(as_text=True))[1]
        assert "Hello" in words(sofia.get(own))
        other = own.replace(alder_world.slug, birch_world.slug)
        assert sofia.get(other).status_code == 404
    finally:
        object.__setattr__(settings, "mailbox", "")


def test_without_a_mailbox_the_page_says_where_mail_goes(alder_world, sofia, words):
    assert "No local mailbox here" in words(sofia.get(f"/c/{alder_world.slug}/sent-mail"))


def test_an_import_whose_work_was_given_up_says_so_and_waits_no_longer(alder_world, sofia, words):
    import_id = alder_world.checked_import(LEDGER)
    address = f"/c/{alder_world.slug}/imports/{ids.show('imp', import_id)}?asked=1"
    assert "Loading the file" in words(sofia.get(address))
    with alder_world.books():
        recording.record("import.confirmed", key=str(import_id), now=alder_world.now, import_id=str(import_id))
        store.run(
            "UPDATE work_item SET state = 'dead', finished_at = :now "
            "WHERE tenant_id = :tenant AND kind = 'load_import' AND dedupe_key = :key",
            now=alder_world.now,
            key=str(import_id),
        )
    page = words(sofia.get(address))
    assert "was given up" in page and "Loading the file" not in page


def test_a_tag_and_a_stage_of_a_rule_are_seen_and_taken_away_by_a_person(sofia, alder_world, words):
    for kind, noun in (("inv", "invoices"), ("deb", "customers")):
        ruling.tag(alder_world, kind)
        page = f"/c/{alder_world.slug}/{noun}/{ids.show(kind, alder_world.at[kind])}"
        assert "Stage: Firm Start over slow Take off slow" in words(sofia.get(page))
        for body in ({"tag": "slow"}, {}):
            assert sofia.post(f"{page}/marks/remove", data=body).status_code == 303
        assert "Firm" not in words(sofia.get(page)) and "Take off" not in words(sofia.get(page))
        for body in ({"tag": "slow"}, {}):
            assert sofia.post(f"{page}/marks/remove", data=body).status_code == 409
