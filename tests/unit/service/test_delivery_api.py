"""How an invoice reached its reader, by API: document, messages, ladder."""

import pytest

from service.api.delivery import _file_name
from tenants import store
from tenants.ledger import credit_notes, invoices
from tenants.values import ids
from tests.cast import engage
from tests.unit.service import world_of_sending
from tests.unit.service.test_lists import leaf


@pytest.fixture
def browser(as_, alder):
    return as_(engage("Sofia Lindqvist", (alder, "specialist")))


@pytest.fixture
def base(alder_world):
    return f"~/tenants/{alder_world.slug}"


@pytest.fixture
def invoice(browser, base, alder_world):
    return browser.get(f"{base}/invoices/{ids.show('inv', alder_world.at['inv'])}").json


def test_a_document_is_there_once_it_was_printed_and_stays_the_same(browser, base, invoice):
    address = f"{base}/invoices/{invoice['id']}/document"
    missing = browser.get(address)
    assert (missing.status_code, missing.json["code"]) == (404, "not_found")
    printed = browser.post(address)
    assert (printed.status_code, printed.json["media_type"]) == (201, "application/pdf")
    found = browser.get(address)
    assert found.data.startswith(b"%PDF") and len(found.data) == printed.json["bytes"]
    assert found.headers["Content-Disposition"] == f"attachment; filename=invoice-{invoice['number']}.pdf"
    assert found.headers["ETag"] == f'"{printed.json["sha256"]}"'
    assert browser.post(address).json == printed.json


def test_a_number_with_strange_signs_makes_a_plain_file_name():
    assert _file_name('7/2026"\r\nX-Evil: ä') == "invoice-7-2026---X-Evil---.pdf"


def test_the_ladder_tells_what_is_known_and_what_is_not(browser, base, invoice):
    ladder = browser.get(f"{base}/invoices/{invoice['id']}/ladder").json
    assert [(rung["what"], rung["strength"]) for rung in ladder["rungs"]] == [("known", "proved"), ("queued", "proved")]
    assert (ladder["invoice_id"], ladder["level"]) == (invoice["id"], 0)
    assert ladder["unknown"]


def test_messages_are_listed_for_the_client_and_for_an_invoice(browser, base, invoice):
    (message,) = browser.get(f"{base}/invoices/{invoice['id']}/messages").json["items"]
    assert message["invoice_ids"] == [invoice["id"]]
    assert (message["state"], message["kind"], message["sent_at"]) == ("queued", "invoice", None)
    assert browser.get(f"{base}/messages").json["items"] == [message]
    assert browser.get(f"{base}/messages/{message['id']}").json == message
    assert browser.get(f"{base}/messages?state=bounced").json["items"] == []
    assert browser.get(f"{base}/messages?state=queued").json["items"] == [message]


def test_a_held_message_is_sent_again_by_a_person_with_a_reason(browser, base, alder_world):
    address = f"{base}/messages/{ids.show('msg', world_of_sending.held(alder_world))}/send-again"
    assert browser.post(address, {"reason": ""}).status_code == 422
    again = browser.post(address, {"reason": "Dana says nothing came"}).json
    assert (again["state"], again["held_reason"]) == ("queued", "")
    assert browser.post(address, {"reason": "Once more"}).json["code"] == "message_not_held"
    stranger = address.replace(ids.show("msg", alder_world.at["msg"]), ids.show("msg", ids.new()))
    assert browser.post(stranger, {"reason": "x"}).status_code == 404


def test_a_credit_note_is_an_e_invoice_that_names_what_it_corrects(browser, base, alder_world):
    credited = world_of_sending.credit(alder_world)
    address = f"{base}/credit-notes/{ids.show('crn', credited)}/e-invoice"
    for syntax, root in (("ubl", "CreditNote"), ("cii", "CrossIndustryInvoice")):
        answer = browser.get(f"{address}?syntax={syntax}")
        assert answer.status_code == 200 and root in answer.text and ">381<" in answer.text
    with alder_world.books():
        (corrected,) = credit_notes.credited(credited)
        number = invoices.card(corrected).number
    assert number in answer.text
    alone = browser.get(f"{base}/credit-notes/{ids.show('crn', alder_world.credit_note())}/e-invoice")
    assert alone.status_code == 422 and "is applied to 0 invoices" in alone.json["detail"]


def test_messages_are_leafed_through_newest_first(browser, base, alder_world):
    with alder_world.books():
        store.run(COPIES)
    rows = leaf(browser, f"{base}/messages", limit=2)
    assert [row["subject"] for row in rows[1:]] == ["copy 1", "copy 2", "copy 3", "copy 4"]


def test_mail_that_came_is_listed_read_tied_to_an_invoice_and_its_file_handed_out(browser, base, alder_world, invoice):
    mail, file = (ids.show(prefix, alder_world.at[prefix]) for prefix in ("mai", "mfl"))
    listed = browser.get(f"{base}/mails?unsorted=true").json["items"]
    (row,) = [each for each in listed if each["id"] == mail]
    assert (row["message_id"], row["how"], row["files"]) == (None, "nothing", 1)
    assert mail not in browser.get(f"{base}/mails?kind=bounced").text
    assert browser.get(f"{base}/mails?kind=poem").status_code == 422
    opened = browser.get(f"{base}/mails/{mail}").json
    assert opened["subject"] == "Größe der Dachziegel" and opened["text"].startswith("Two pallets")
    assert [each["id"] for each in opened["attachments"]] == [file] and opened["done"]["proved"] == []
    sorted_ = browser.post(f"{base}/mails/{mail}/about", {"number": invoice["number"]}).json
    assert (sorted_["invoice_id"], sorted_["how"]) == (invoice["id"], "person")
    assert [(each["kind"], each["level"]) for each in sorted_["done"]["proved"]] == [("reply", 7)]
    assert mail not in browser.get(f"{base}/mails?unsorted=true").text
    taken = browser.post(f"{base}/mails/{mail}/files/{file}")
    assert taken.data == b"%PDF-1.7" and "delivery-note.pdf" in taken.headers["Content-Disposition"]
    assert browser.get(f"{base}/mails/{ids.show('mai', ids.new())}").status_code == 404


def test_mails_are_leafed_through_newest_first(browser, base, alder_world):
    for _ in range(3):
        world_of_sending.mail(alder_world)
    rows = leaf(browser, f"{base}/mails", limit=2)
    assert len({row["id"] for row in rows}) == len(rows) >= 3
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)


COPIES = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, template, subject, queued_at)
SELECT m.tenant_id, CAST(md5(CAST(n AS text)) AS uuid), m.debtor_id, m.contact_id, 'copy:' || n, 'invoice', m.recipient,
  m.template, 'copy ' || n, m.queued_at - make_interval(days => n)
FROM message m, generate_series(1, 4) n WHERE m.tenant_id = :tenant
ON CONFLICT DO NOTHING
"""
