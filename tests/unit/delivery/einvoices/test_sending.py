"""Structured invoices on their way: inside the PDF, beside it, refused before they leave; and answers."""

import io

import pytest
from pypdf import PdfReader

from tenants import store
from tenants.adapters.schematron import Schematron
from tenants.collections import einvoice_answers
from tenants.delivery import sending
from tenants.delivery.einvoices import wishes
from tenants.delivery.einvoices.responses import NotAResponse
from tenants.delivery.einvoices.wishes import BadWish, Wish
from tenants.delivery.ports import Handover
from tenants.directory import clients
from tests.cast import TODAY
from tests.unit.delivery.einvoices.test_responses import MESSAGE_LEVEL, answer

HYBRID = Wish("hybrid", "9930:DE99", "PO-1")


@pytest.fixture(scope="session")
def rules():
    return Schematron()


@pytest.fixture
def asked(post):
    """A queued invoice mail of a client that the tax office knows, and how its customer's wish is kept."""
    with post.unit():
        clients.change(tax_number="DE123456789")
    message = post.a_message()
    (debtor,) = post.ask("SELECT debtor_id FROM message WHERE tenant_id = :tenant AND id = :id", id=message)

    def wish(wanted):
        with post.unit():
            wishes.change(debtor, wish=wanted, now=post.now)
        return message

    return wish


def sent(post, message, rules):
    """Claim and act, as the job does, with the official rules at hand."""
    with post.unit():
        at = {"now": post.now, "real": post.now, "today": TODAY}
        mail = sending.claim(message, gate=lambda *_, **__: post.verdict, provider="memory", **at)
    return sending.act(mail, documents_in=post.documents, mailer=post.mailer, settings=post.settings, rules=rules)


def test_the_data_travel_inside_the_pdf(post, asked, rules):
    result = sent(post, asked(HYBRID), rules)
    assert result.answer.end is Handover.ACCEPTED
    ((name, media_type, body),) = post.mailer.sent[-1].attachments
    assert (name[-4:], media_type) == (".pdf", "application/pdf")
    assert list(PdfReader(io.BytesIO(body)).attachments) == ["factur-x.xml"]


def test_the_data_travel_beside_the_pdf(post, asked, rules):
    sent(post, asked(Wish("ubl", "9930:DE99")), rules)
    first, second = post.mailer.sent[-1].attachments
    assert (first[1], second[1], second[0][-4:]) == ("application/pdf", "application/xml", ".xml")
    assert b"urn:fdc:peppol.eu:2017:poacc:billing:3.0" in second[2]


def test_without_a_wish_the_pdf_travels_alone(post, asked, rules):
    sent(post, asked(None), rules)
    ((_, _, body),) = post.mailer.sent[-1].attachments
    assert list(PdfReader(io.BytesIO(body)).attachments) == []


def test_a_wrong_total_never_leaves(post, asked, rules):
    message = asked(HYBRID)
    post.change("UPDATE invoice SET tax_minor = 20000 WHERE tenant_id = :tenant")
    result = sent(post, message, rules)
    assert result.answer.end is Handover.REFUSED
    assert "more tax than amount" in result.answer.detail
    assert post.mailer.sent == []


def test_what_the_official_rules_refuse_never_leaves(post, asked):
    class Strict:
        def faults(self, document, *, syntax):
            return ["[BR-X]-Not today."]

    result = sent(post, asked(HYBRID), Strict())
    assert "no valid e-invoice: [BR-X]-Not today." in result.answer.detail
    assert post.mailer.sent == []


def test_a_wish_names_a_real_address(post, asked):
    with pytest.raises(BadWish):
        asked(Wish("hybrid", "somewhere"))


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def invoice(post):
    found = post.an_invoice()
    return found, post.ask("SELECT number FROM invoice WHERE tenant_id = :tenant AND id = :id", id=found)[0]


def take(post, body, invoice):
    with post.unit():
        return einvoice_answers.take(
            body, invoice_id=invoice[0], number=invoice[1], now=post.now, today=TODAY, real=post.now
        )


def test_an_answer_of_the_customer_is_evidence_once(post, invoice):
    body = answer(about=invoice[1])
    assert take(post, body, invoice).level == take(post, body, invoice).level == 7
    assert post.ask("SELECT kind, level FROM evidence WHERE tenant_id = :tenant") == [("einvoice_ap", 7)]
    assert post.ask("SELECT evidence_level FROM invoice WHERE tenant_id = :tenant AND id = :id", id=invoice[0]) == [7]
    assert post.ask("SELECT kind FROM task WHERE tenant_id = :tenant") == []


@pytest.mark.parametrize(("code", "kind"), [("UQ", None), ("CA", None), ("RE", None), ("RE", MESSAGE_LEVEL)])
def test_a_question_or_a_refusal_is_work_for_a_person(post, invoice, code, kind):
    body = answer(code=code, about=invoice[1], **({"kind": kind} if kind else {}))
    take(post, body, invoice)
    ((title, reason),) = post.ask("SELECT title, reason FROM task WHERE tenant_id = :tenant")
    assert "by e-invoice: settle it" in title and "gave no reason" in reason


def test_an_answer_about_another_invoice_is_refused(post, invoice):
    with pytest.raises(NotAResponse, match="not about"):
        take(post, answer(about="somebody else's"), invoice)
    with post.unit():
        assert store.run("SELECT count(*) FROM evidence WHERE tenant_id = :tenant").scalar_one() == 0
