"""A client's own words: kept, refused, tried on real customers, published by a second person, spoken to the right
group; and the eighty ways in which a text may try to be more than a text."""

import io
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from pypdf import PdfReader

from tenants import store
from tenants.delivery import letters, printing, rendering, tone, trying, wordings
from tenants.delivery.facts import Item, Outgoing, Reader
from tenants.delivery.rendering import BadTemplate, UnknownTemplate
from tenants.delivery.wordings import NeedsSecondReader, Place, WordingRefused, WordingUnknown
from tenants.directory import clients
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY
from tests.factories import ledger

LONGEST_S = 0.5
"""Ten times the 50 ms that a text may take on a quiet machine whose lines nobody counts, and far less than any of the
greedy would take without the limits."""
HERE = Place("First reminder", "en")
GOOD = "{{ creditor.name }}: a reminder\n---\nDear {{ reader.name }},\n\nplease look at the list.\n\n[[items]]\n"


def letter_to(name: str) -> Outgoing:
    """A reminder of two invoices to this customer, as the sender would have it."""
    reader = Reader(ids.new(), "C-1", name, "DE", ids.new(), "", "en")
    days = {"issued_on": TODAY - timedelta(days=40), "due_on": TODAY - timedelta(days=10), "purchase_order": ""}
    items = tuple(Item(ids.new(), number, "EUR", 100_00, 0, 60_00, **days) for number in ("A-1", "A-2"))
    made = {name: ids.new() for name in ("message_id", "attempt_id", "link_id")}
    return Outgoing(
        tenant_id=scope.current().one,
        attempt_no=1,
        kind="reminder",
        template="First reminder",
        recipient="ap@kessler.test",
        creditor=clients.profile(),
        reader=reader,
        items=items,
        today=TODAY,
        now=NOW,
        link_expires_at=NOW,
        pixel=False,
        **made,
    )


@pytest.fixture
def clara(alder):
    """A second person who may publish."""
    return lambda: unit_of_work(scope.tenant(alder, actor="person:clara"))


def test_words_are_kept_as_versions_and_a_second_person_lets_them_speak(alder, in_alder, clara):
    with in_alder:
        assert wordings.versions(HERE) == []
        assert wordings.keep(HERE, GOOD, now=NOW) == 1
        assert wordings.keep(HERE, GOOD + "More.", now=NOW) == 2
        with pytest.raises(NeedsSecondReader):
            wordings.publish(HERE, version=1, now=NOW)
    with clara():
        wordings.publish(HERE, version=1, now=NOW)
        with pytest.raises(WordingUnknown):
            wordings.publish(HERE, version=7, now=NOW)
    with in_alder:
        newest, oldest = wordings.versions(HERE)
        assert (newest["version"], oldest["version"], oldest["spoken_version"]) == (2, 1, 1)
        (row,) = wordings.everything()
        assert (row["newest"], row["spoken"]) == (2, 1)


def test_a_group_hears_its_own_words_and_everybody_else_the_common_ones(alder, in_alder, clara):
    with in_alder:
        key, other = ledger.a_debtor(alder), ledger.a_debtor(alder)
        store.run("INSERT INTO debtor_group (tenant_id, debtor_id, key) VALUES (:tenant, :debtor, 'key')", debtor=key)
        wordings.keep(HERE, GOOD, now=NOW)
        wordings.keep(Place("First reminder", "en", "key"), GOOD + "Dear key account.", now=NOW)
    with clara():
        for place in (HERE, Place("First reminder", "en", "key")):
            wordings.publish(place, version=1, now=NOW)
    with in_alder:
        said = {debtor: wordings.spoken("First reminder", language="en", debtor_id=debtor) for debtor in (key, other)}
        assert (said[key].endswith("key account."), said[other]) == (True, GOOD)
        assert wordings.spoken("First reminder", language="de", debtor_id=key) == ""
        wordings.silence(HERE, now=NOW)
        assert wordings.spoken("First reminder", language="en", debtor_id=other) == ""
        with pytest.raises(WordingUnknown):
            wordings.silence(HERE, now=NOW)


def test_another_clients_words_are_never_heard(alder, in_alder, in_birch, clara):
    with in_alder:
        wordings.keep(HERE, GOOD, now=NOW)
    with clara():
        wordings.publish(HERE, version=1, now=NOW)
    with in_birch:
        assert wordings.everything() == []
        assert wordings.spoken("First reminder", language="en", debtor_id=ledger.a_debtor(scope.current().one)) == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no line of dashes {{ creditor.name }}", "first line is the subject"),
        ("\n---\n{{ creditor.name }}", "first line is the subject"),
        ("Subject\n---\nDear reader", "who is owed"),
        ("Subject\n---\n{{ creditor.name }} takes legal action now", "step at law"),
        ("Subject\n---\n{{ creditor.name }}: letzte Chance", "threat"),
        ("Subject\n---\n{{ creditor.name }}" + "x" * wordings.LONGEST, "are the most"),
    ],
)
def test_words_that_must_not_be_said_are_refused_with_the_line(in_alder, source, said):
    with in_alder, pytest.raises(WordingRefused, match=said):
        wordings.keep(HERE, source, now=NOW)


def test_unknown_places_and_fields_are_refused(in_alder):
    with in_alder:
        with pytest.raises(UnknownTemplate):
            wordings.keep(Place("Ransom note", "en"), GOOD, now=NOW)
        with pytest.raises(WordingRefused, match="no language"):
            wordings.keep(Place("First reminder", "tlh"), GOOD, now=NOW)
        with pytest.raises(BadTemplate, match="surname"):
            wordings.keep(HERE, GOOD + "{{ reader.surname }}", now=NOW)


def test_our_own_words_pass_their_own_check():
    for template in rendering.TEMPLATES:
        for language in wordings.LANGUAGES:
            wordings.check(Place(template, language), wordings.ours(Place(template, language)))


def test_each_kind_of_objection_has_a_remedy():
    said = tone.objections("act now\nlegal action, you bad payer, or else\nwe will tell your bank")
    assert [(each.line, each.kind) for each in said] == [
        (1, "false urgency"),
        (2, "threat"),
        (2, "step at law"),
        (2, "shaming"),
        (3, "third parties"),
    ]
    assert all(each.remedy for each in said)
    assert tone.objections("We would like to clarify your actions. Arresting views!") == []


def test_they_are_tried_on_the_clients_own_debtors_who_owe(alder, in_alder, in_birch):
    with in_alder:
        for name in ("Kessler", "Brandt", "Ulm", "Vogt"):
            ledger.an_invoice(alder, ledger.a_debtor(alder, name=name, number=name))
        key = ledger.a_debtor(alder, name="Zander", language="de")
        ledger.an_invoice(alder, key)
        store.run("INSERT INTO debtor_group (tenant_id, debtor_id, key) VALUES (:tenant, :debtor, 'key')", debtor=key)
        ledger.a_debtor(alder, name="Owes nothing")
        names = {
            place: [mail.reader.debtor_name for mail in trying.examples(place, now=NOW, today=TODAY)]
            for place in (HERE, Place("First reminder", "de"), Place("First reminder", "en", "key"))
        }
    assert list(names.values()) == [["Brandt", "Kessler", "Ulm"], ["Zander", "Brandt", "Kessler"], ["Zander"]]
    with in_birch:
        assert trying.examples(HERE, now=NOW, today=TODAY) == []


def test_words_are_tried_on_customers_as_they_would_read_them(in_alder):
    with in_alder:
        mails = [letter_to(name) for name in ("Kessler", "Brandt", "<b>Söhne</b>")]
    shown = wordings.preview(GOOD, mails)
    assert [name for name, _ in shown] == ["Kessler", "Brandt", "<b>Söhne</b>"]
    assert "<b>" not in shown[2][1].html


# --- eighty attacks --------------------------------------------------------------------------------------------------

ATTRIBUTES = [
    "__class__", "__class__.__mro__", "__class__.__base__.__subclasses__", "__init__.__globals__", "__dict__",
    "__module__", "__doc__", "__getattribute__", "format", "upper", "join", "encode", "mro", "__reduce__", "_fields",
    "__slots__", "__annotations__", "__subclasses__", "__code__", "__builtins__",
]  # fmt: skip
PATHS = [f"{{{{ creditor.{name} }}}}" for name in ATTRIBUTES] + [
    f"{{{{ creditor['{name}'] }}}}" for name in ATTRIBUTES[:10]
]
ROOTS = [
    f"{{{{ {name} }}}}"
    for name in ("self", "config", "request", "g", "os", "settings", "store", "mail", "creditor.profile", "items.keys")
]
TAGS = [
    "{% include 'invoice.en' %}", "{% render 'invoice.en' %}", "{% import os %}", "{% extends 'x' %}",
    "{% block x %}{% endblock %}", "{% macro x %}{% endmacro %}", "{% call x %}", "{% set x = 1 %}",
    "{% python %}1{% endpython %}", "{% layout 'x' %}",
]  # fmt: skip
GREEDY = [
    "{% for a in (1..100000000) %}x{% endfor %}",
    "{% for a in (1..2000) %}{% for b in (1..2000) %}x{% endfor %}{% endfor %}",
    "{% assign x = 'x' %}{% for a in (1..60) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
    "{% for a in (1..1999) %}{{ '" + "y" * 400 + "' }}{% endfor %}",
    "{% assign x = (1..100000000) | join: ',' %}{{ x | size }}",
    "{% assign x = (1..100000000) | reverse %}{{ x | first }}",
    "{{ (1..100000000) | sort | size }}",
    "{{ (1..100000000) | map: 'x' }}",
    "{{ (1..100000000) | sum }}",
    "{{ '" + "z" * 5000 + "' | replace: 'z', '" + "z" * 2500 + "' }}",
    "{% capture x %}{% for a in (1..1900) %}" + "q" * 300 + "{% endfor %}{% endcapture %}{{ x }}{{ x }}",
    "{% tablerow a in (1..100000000) %}x{% endtablerow %}",
    "{{ 'a' | ljust: 100000000 }}",
    "{% cycle 'a', 'b' %}{% for a in (1..2001) %}{% endfor %}",
    "{{ 10 | times: 99999999999999999999999 | times: 9999999999999999999999999999 }}",
    "{% if " + "not " * 400 + "true %}x{% endif %}",
    "{% for a in items %}" * 30 + "x" + "{% endfor %}" * 30,
    "{% increment x %}" * 900,
    "{{ 'x' | split: '' | first | prepend: '" + "p" * 6000 + "' }}",
]
HEADERS = [
    ("Bcc", "{{ creditor.name }}\r\nBcc: all@victim.test"),
    ("Bcc", "x {{ 'a\nBcc: b@victim.test' }}"),
    ("Bcc", "x%0d%0aBcc: b@victim.test {{ '%0aBcc: c@victim.test' | url_decode }}"),
    ("X-Evil", "x\x0bX-Evil: 1"),
    ("X-Evil", "x\u2028X-Evil: 1"),
]
MARKUP = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{ '<script>' }}", "{{ '&lt;' | escape_once }}",
    "{{ '<b>' | safe }}", "javascript:alert(1)", "<a href='https://evil.test'>pay here</a>",
    "[[button]] [[button]] <style>*{display:none}</style>", "<!-- [[items]] -->", "{{ creditor.name | newline_to_br }}",
]  # fmt: skip
ATTACKS = [*PATHS, *ROOTS, *TAGS, *GREEDY, *MARKUP]


def test_there_are_at_least_eighty():
    assert len(ATTACKS) + len(HEADERS) >= 80


def at_once(source: str, mail: Outgoing) -> rendering.Rendered | None:
    """What the text says, or none. Of five tries one must be quick, because the process may have other things to do."""
    took = []
    while len(took) < 5:
        rendering._parsed.cache_clear()
        begun = time.thread_time()
        try:
            said = rendering.fill(source, mail, link="#")
        except BadTemplate:
            said = None
        took.append(time.thread_time() - begun)
        if took[-1] <= LONGEST_S:
            return said
    pytest.fail(f"held up the worker for {min(took):.2f} s")


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_text_stays_a_text(in_alder, attack):
    with in_alder:
        mail = letter_to("Kessler")
    said = at_once(f"{{{{ creditor.name }}}}\n---\n{attack}\n\n[[items]]", mail)
    if said is not None:
        assert max(len(said.text.encode()), len(said.html.encode())) <= 256 * 1024
        assert not any(word in said.text for word in ("<class", "built-in", "function", "bound method", "0x"))
        assert "<script" not in said.html and "<img src=x" not in said.html and "href='https://evil" not in said.html
        assert "<style>*" not in said.html


@pytest.mark.parametrize(("name", "subject"), HEADERS)
def test_a_subject_adds_no_header(in_alder, name, subject):
    with in_alder:
        mail = letter_to("Kessler")
    try:
        said = rendering.fill(f"{subject}\n---\n{{{{ creditor.name }}}}", mail, link="#")
    except BadTemplate:
        return
    assert "\n" not in said.subject and "\r" not in said.subject and "\u2028" not in said.subject


def test_r15_a_formal_reminder_is_a_document_of_its_own(in_alder, settings, tmp_path):
    with in_alder:
        mail = replace(letter_to("Kessler & Söhne"), template="Formal letter")
    sheet = letters.sheet_of(mail, settings=settings)
    assert sheet is not None
    paper = PdfReader(io.BytesIO(printing.pdf(sheet)))
    said = " ".join("".join(page.extract_text() for page in paper.pages).split())
    assert "Kessler & Söhne" in said and "Alder Tools GmbH" in said and "A-1" in said and "A-2" in said
    assert "[[" not in said
    assert letters.sheet_of(replace(mail, template="First reminder"), settings=settings) is None
