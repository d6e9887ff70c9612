"""The certificate of delivery: one page that claims what the ladder claims, and no more."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from service.pages import labels
from tenants.delivery import certificate, documents, facts, ladder
from tenants.delivery.certificate import Subject
from tenants.delivery.ladder import Ladder, Rung
from tenants.directory import clients
from tests.cast import NOW


@pytest.fixture
def case(post):
    """An invoice that was mailed and delivered."""
    message = post.a_message()
    post.send(message)
    invoice = post.invoice_of(message)
    with post.unit():
        shown = documents.shown(invoice.id)
        about = Subject(*facts.invoice(invoice.id), creditor=clients.profile(), document_sha256=shown)
        return about, ladder.of_invoice(invoice.id), post


def words(about, way, *, now=NOW):
    made = certificate.pdf(way, about=about, rungs=labels.RUNGS, unknown=labels.UNKNOWN, now=now)
    pages = PdfReader(BytesIO(made)).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


def test_the_document_that_it_names_is_the_one_that_was_sent_and_not_a_later_print(case):
    about, way, post = case
    post.change("UPDATE invoice SET purchase_order = 'PO-77' WHERE tenant_id = :tenant AND id = :id", id=way.invoice_id)
    with post.unit():
        printed = documents.make_invoice(
            way.invoice_id, documents_in=post.documents, settings=post.settings, now=post.later(hours=1)
        )
        assert documents.newest(way.invoice_id)["sha256"] == printed.sha256 != about.document_sha256
        assert documents.shown(way.invoice_id) == about.document_sha256
    unsent = post.an_invoice(email="")
    with post.unit():
        assert documents.shown(unsent) == ""


def test_it_names_every_sign_what_is_unknown_and_the_very_document(case):
    about, way, post = case
    said = words(about, way)
    for rung in way.rungs:
        assert labels.RUNGS[rung.what].split("’")[0].split("'")[0] in said
    assert way.unknown and all(labels.UNKNOWN[key].split()[0] in said for key in way.unknown)
    assert about.item.number in said and "Dune Garden Centres" in said and "Alder Tools GmbH" in said
    (letter,) = post.mailer.sent
    assert hashlib.sha256(letter.attachments[0][2]).hexdigest() in said.replace(" ", "")


def test_a_long_way_stays_on_one_page_and_keeps_bad_news_and_strong_signs(case):
    about, way, _ = case
    noise = tuple(
        Rung("pixel", NOW + timedelta(minutes=at), "portal", "weak", 3, "Dana " * 40, "x" * 400) for at in range(60)
    )
    bounce = Rung("bounced", NOW + timedelta(hours=2), "report", "proved", 0)
    reply = Rung("reply", NOW + timedelta(hours=3), "mail", "proved", 7)
    long = Ladder(way.invoice_id, (*way.rungs, *noise, bounce, reply), (), 7)
    shown = certificate.sheet(long, about=about, rungs=labels.RUNGS, unknown=labels.UNKNOWN, now=NOW)
    assert len(shown["rungs"]) == certificate.MOST
    assert {labels.RUNGS["bounced"], labels.RUNGS["reply"]} <= {row[1] for row in shown["rungs"]}
    assert f"{len(long.rungs) - certificate.MOST} further signs" in words(about, long)


def test_without_a_document_it_says_so(case):
    about, way, _ = case
    assert "no document was kept" in words(replace(about, document_sha256=""), way)


def test_names_cannot_become_markup(case):
    about, way, _ = case
    reader = replace(about.reader, debtor_name="#emph[Dune] *bold* $x$")
    assert "#emph[Dune] *bold* $x$" in words(replace(about, reader=reader), way)


def test_the_same_way_at_the_same_time_gives_the_same_bytes(case):
    about, way, _ = case
    ask = {"about": about, "rungs": labels.RUNGS, "unknown": labels.UNKNOWN, "now": NOW}
    assert certificate.pdf(way, **ask) == certificate.pdf(way, **ask)
