"""Reading what came back, by the file: the published corpora in their classes, and hostile bytes without a fall."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from console.commands import inbound
from tenants.delivery import survey

EXPECTED = {
    "auto-reply": {"auto-reply"},
    "complaint-arf": {"complaint"},
    "dsn": {"bounce"},
    "dsn-crlf": {"bounce"},
    "mbox": {"bounce"},
    "not-a-bounce": {"none", "reply"},
    "inbound-odd": {"none"},
    "replies": {"reply"},
    "replies-html": {"reply"},
}


@pytest.fixture
def corpus(request):
    root = Path(request.config.rootpath).parent / "shared/data"
    if not root.exists():
        pytest.skip("the shared corpora of mail and events are not here")
    return root


def test_every_published_mail_is_in_its_class(corpus):
    found = defaultdict(set)
    for each in survey.of_folder(corpus / "mail"):
        found[each.file.split("/")[0]].add(each.is_a)
    assert {folder: found[folder] <= classes for folder, classes in EXPECTED.items()} == dict.fromkeys(EXPECTED, True)


def test_nearly_every_published_bounce_names_its_recipient_and_its_reason(corpus):
    found = list(survey.of_folder(corpus / "mail/dsn"))
    assert sum("@" in each.recipient for each in found) / len(found) > 0.95
    assert sum(each.reason != "unknown" for each in found) / len(found) > 0.85


def test_published_events_say_what_they_are(corpus):
    found = {each.file.rpartition("/")[2]: each for each in survey.of_folder(corpus / "ses")}
    bounce, captured = found["bounce_record.json"], found["hard_bounce_sns_body.json"]
    assert (bounce.is_a, bounce.recipient, bounce.status) == ("bounce", "recipient@example.com", "5.1.1")
    assert (captured.is_a, captured.reason) == ("bounce", "address_unknown")
    assert found["complaint_record.json"].is_a == "complaint"
    assert found["alert_notification.json"].reason == "no_event"
    assert found["s3_stored_email_sns_body.json"].is_a == "reply"


@pytest.mark.parametrize(
    ("words", "is_a"),
    [
        (b"Thanks.\n\nOn Monday Eva Holm <eva@alder.test>\nwrote:\n> please pay", "reply"),
        (b"Please call me.", "none"),
        (b"", "none"),
        (b"From: dana@dune.test\nSubject: AW: Rechnung\n\nDanke", "reply"),
        (b"{not json", "none"),
        (b"[" * 5000, "none"),
    ],
)
def test_words_without_a_known_form_are_read_as_far_as_they_go(words, is_a):
    assert [each.is_a for each in survey.of_bytes(words, name="x")] == [is_a]


def test_a_box_of_mails_is_read_mail_by_mail():
    one = b"From dana@dune.test Sun Nov 22 08:00:00 2026\nSubject: Out of office\n\naway\n\n"
    assert [(each.file, each.is_a) for each in survey.of_bytes(one * 2, name="box")] == [
        ("box#1", "auto-reply"),
        ("box#2", "auto-reply"),
    ]


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: b"{" + text.encode("utf-8", "replace")))
@settings(max_examples=150)
def test_no_bytes_make_it_fall(raw):
    assert all(each.is_a for each in survey.of_bytes(raw, name="x"))


def test_the_command_answers_a_table_or_one_document(tmp_path):
    (tmp_path / "a.eml").write_bytes(b"From: dana@dune.test\nSubject: Re: Invoice\n\nyes\n")
    (tmp_path / "b.json").write_text("{}")
    run = CliRunner().invoke(inbound.command, ["survey", str(tmp_path), "--json"])
    said = json.loads(run.output)
    assert (said["files"], said["classes"]) == (2, {"none": 1, "reply": 1})
    assert [row["class"] for row in said["found"]] == ["reply", "none"]
    assert "a.eml" in CliRunner().invoke(inbound.command, ["survey", str(tmp_path)]).output
