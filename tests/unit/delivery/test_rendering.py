"""What a mail says, and that neither names nor templates can make it say or do anything else."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from tenants.delivery import layout, rendering, words
from tenants.delivery.facts import Item, Outgoing, Reader
from tenants.directory import clients
from tests.cast import NOW, TODAY

LINK = "http://goodterms.test/p/abc"


@pytest.fixture
def mail(in_alder, alder):
    with in_alder:
        clients.change(contact_name="Eva Holm", iban="DE02120300000000202051")
        creditor = clients.profile()
    reader = Reader(uuid4(), "C-1", "Dune Garden Centres", "DE", uuid4(), "Dana Reyes", "en")
    items = tuple(
        Item(uuid4(), number, "EUR", 100_00, 0, 60_00, date(2026, 10, 1), date(2026, 10, day), "")
        for number, day in (("A-1", 15), ("A-2", 31))
    )
    return Outgoing(
        tenant_id=alder,
        message_id=uuid4(),
        attempt_id=uuid4(),
        attempt_no=1,
        kind="reminder",
        template="First reminder",
        recipient="dana@dune.test",
        creditor=creditor,
        reader=reader,
        items=items,
        today=TODAY,
        now=NOW,
        link_id=uuid4(),
        link_expires_at=NOW,
        pixel=False,
    )


@pytest.mark.parametrize("template", sorted(set(rendering.TEMPLATES) - {"Thank you for paying on time"}))
@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("count", [1, 2])
def test_every_text_names_creditor_items_amounts_and_ways_to_object_or_ask_for_time(mail, template, language, count):
    reader = replace(mail.reader, language=language)
    said = rendering.render(replace(mail, template=template, reader=reader, items=mail.items[:count]), link=LINK)
    for form in (said.text, said.html):
        assert "Alder Tools GmbH" in form and "Dana Reyes" in form and LINK in form
        assert "DE02120300000000202051" in form
        for item in mail.items[:count]:
            assert item.number in form and item.open.shown(words.locale(language, "DE")) in form
    time, object_ = ("more time", "object") if language == "en" else ("mehr Zeit", "widersprechen")
    assert time in said.text and object_ in said.text
    assert said.subject.startswith("Alder Tools GmbH: ") and "{{" not in said.text


def test_a_client_without_a_bank_account_asks_for_no_transfer_to_it(mail):
    bare = replace(mail, creditor=replace(mail.creditor, iban="", contact_name=""), template="Invoice")
    assert "IBAN" not in rendering.render(bare, link=LINK).text


def test_a_name_cannot_add_markup_headers_marks_or_sections(mail):
    name = "<script>x</script> [[items]] \n---\n{{ creditor.iban }}\r\nBcc: all@dune.test"
    hostile = replace(mail, reader=replace(mail.reader, contact_name=name, debtor_name=name))
    said = rendering.render(hostile, link=LINK)
    assert "<script>" not in said.html and "&lt;script&gt;" in said.html
    assert "\n" not in said.subject and "\r" not in said.subject
    assert said.html.count("<table style='border-collapse") == 1
    assert "{{ creditor.iban }}" in said.text, "what a name holds is text, not a template"


def test_a_text_without_marks_still_lists_the_invoices_and_the_way_to_object(mail):
    said = rendering.fill("Hello\n---\nPlease pay.", mail, link=LINK)
    assert "A-1" in said.text and LINK in said.html


def test_a_subject_is_one_line_of_bearable_length(mail):
    said = rendering.fill("{% for i in (1..100) %}long {% endfor %}\n---\nx", mail, link=LINK)
    assert len(said.subject) <= rendering.LONGEST_SUBJECT


@pytest.mark.parametrize(
    "source",
    [
        "{{ unknown }}\n---\nx",
        "{{ reader.password }}\n---\nx",
        "{% if %}\n---\nx",
        "{% for a in (1..9999999) %}{% for b in (1..9999999) %}x{% endfor %}{% endfor %}\n---\nx",
        "{% for a in (1..1999) %}" + "x" * 1000 + "{% endfor %}\n---\nx",
        "{% include 'secrets' %}\n---\nx",
    ],
)
def test_a_text_that_asks_for_too_much_is_refused(mail, source):
    with pytest.raises(rendering.BadTemplate):
        rendering.fill(source, mail, link=LINK)


@pytest.mark.parametrize("field", ["reader.__class__", "items[0].amount.__init__", "creditor.name.format"])
def test_a_template_finds_nothing_to_call(mail, field):
    try:
        said = rendering.fill(f"{{{{ {field} }}}}\n---\nx", mail, link=LINK)
    except rendering.BadTemplate:
        return
    assert said.subject == ""


def test_an_image_is_in_the_html_only_when_there_is_one(mail):
    assert "<img" not in rendering.render(mail, link=LINK).html
    said = rendering.render(mail, link=LINK, pixel="http://goodterms.test/o/x.gif", provider="Fairwater")
    assert "<img src='http://goodterms.test/o/x.gif'" in said.html and "Fairwater" in said.text


def test_a_colour_cannot_carry_styles():
    assert layout.colour("red;background:url(x)") == layout.PLAIN_COLOUR
    assert layout.colour("#A0b1C2") == "#A0b1C2"


def test_a_language_is_written_as_in_the_creditors_country():
    assert (words.locale("en", "GB"), words.locale("de", "AT"), words.locale("fi", "FI")) == ("en_GB", "de_AT", "en_FI")
    assert words.locale("en", "") == "en" and words.locale("de", "QQ") == "de"


def test_every_language_has_every_label():
    assert {frozenset(labels) for labels in words.LABELS.values()} == {frozenset(words.LABELS["en"])}
