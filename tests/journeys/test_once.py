"""One command from a file to a worked list: the published ledger, its twin, and the words around them."""

import os
from datetime import date

import pytest

from console import once, summary
from console.faults import CannotRun
from tenants.directory import clients
from tenants.isolation import scope
from tenants.work import unit_of_work

JUNE = date(2013, 6, 30)


def played(stage, path, *, name="", as_of=JUNE, folder=None):
    ledger = path
    if name:
        ledger = folder / name
        ledger.write_bytes(path.read_bytes())
    return once.play_file(stage.tools, ledger=ledger, as_of=as_of, wait=stage.wait)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_published_ledger_goes_through_the_whole_job_and_its_twin_adds_nothing(stage, ibm, ibm_twin, post):
    said, code = played(stage, ibm)
    assert code == 0
    assert (said["rows_read"], said["rows_accepted"], said["rows_refused"], said["rows_added"]) == (2466, 2466, 0, 2466)
    assert said["control_total"] == {"USD": "147703.18"}
    assert (said["debtors"], said["invoices"], said["self_check"]) == (100, 2466, [])
    (aging,) = said["aging"].values()
    assert aging["adds_up"] and float(aging["open_total"]) > 0
    assert sum(bucket["invoices"] for bucket in aging["buckets"].values()) > 50
    assert said["delivered"] > 30
    assert said["bounced"] >= 1
    assert 30 < said["documents_made"] <= said["messages"]["invoice"]
    assert said["rule_matches"]["overdue-reminder"]["matched"] > 0
    assert sum(said["evidence_by_level"].values()) >= said["delivered"]
    assert set(said["seconds"]) == {"check", "load", "prepare", "days"}

    again, code = played(stage, ibm)
    assert (code, again["rows_added"], again["invoices"]) == (0, 0, 2466)
    assert again["aging"] == said["aging"]

    letters = len(post.letters)
    twin, code = played(stage, ibm_twin)
    assert (code, twin["rows_read"], twin["rows_added"]) == (0, 2466, 0)
    assert (twin["control_total"], twin["aging"]) == (said["control_total"], said["aging"])
    assert any("266 invoice numbers" in words for words in twin["differences"])
    assert len(post.letters) == letters


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not os.environ.get("GOODTERMS_FULL"), reason="a second whole run: set GOODTERMS_FULL=1")
def test_the_twin_alone_gives_the_same_books(stage, ibm_twin, tmp_path):
    said, code = played(stage, ibm_twin, name="a-twin-of-its-own.csv", folder=tmp_path)
    assert (code, said["rows_added"], said["control_total"]) == (0, 2466, {"USD": "147703.18"})
    assert said["client"] == "a-twin-of-its-own"
    (aging,) = said["aging"].values()
    assert aging["open_total"] == "5119.85"


def test_a_file_that_is_no_ledger_is_one_clear_sentence(stage, tmp_path):
    nonsense = tmp_path / "holiday-photos.csv"
    nonsense.write_text("a,b\n1,2\n")
    with pytest.raises(CannotRun, match=r"^holiday-photos\.csv: "):
        once.play_file(stage.tools, ledger=nonsense, as_of=JUNE, wait=stage.wait)


def test_without_a_wanted_day_an_old_file_ends_on_its_own_last_day(stage, tmp_path):
    small = tmp_path / "small-ledger.csv"
    small.write_text(
        "Customer number,Invoice number,Invoice date,Due date,Amount\n"
        "C1,I-1,2020-03-02,2020-04-01,100.00\n"
        "C1,I-2,2020-03-31,2020-04-30,50.00\n"
        "C1,I-3,2020-03-31,2020-02-30,50.00\n"
    )
    said, code = once.play_file(stage.tools, ledger=small, as_of=None, wait=stage.wait)
    assert said["as_of"] == "2020-03-31"
    assert (code, said["rows_accepted"], said["rows_refused"]) == (3, 2, 1)
    with unit_of_work(scope.viewing(once.find_or_open("small-ledger", stage=stage), actor="test")):
        assert clients.clock().today(stage.real) == date(2020, 3, 31)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("WA_Fn-UseC_-Accounts-Receivable.csv", "wa-fn-usec-accounts-receivable"),
        ("WA_Fn-UseC_-Accounts-Receivable.dmy.csv", "wa-fn-usec-accounts-receivable"),
        ("Ledger 2026 (final).xlsx", "ledger-2026-final"),
        ("x.csv", "ledger-x"),
    ],
)
def test_a_file_and_its_twin_name_one_client(name, slug):
    assert once.slug_of(name) == slug


def test_a_name_without_letters_names_nobody():
    with pytest.raises(CannotRun):
        once.slug_of("---.csv")


def test_an_address_is_always_the_same_and_some_take_no_mail():
    made = [once.address(f"{number:04d}-ABCDE") for number in range(1000)]
    assert once.address("0007-ABCDE") == made[7]
    assert 50 < sum("@bounce." in address for address in made) < 120
    assert 20 < sum("@late." in address for address in made) < 70
    assert once.address("Ü/?") == f"customer@{once.DOMAIN}" or "@" in once.address("Ü/?")


def test_five_business_days_lead_up_to_a_sunday():
    days = once.business_days(JUNE, country="US")
    assert (days[0], days[-1], len(days)) == (date(2013, 6, 21), date(2013, 6, 28), 6)


def test_the_summary_reads_like_one():
    said = {
        "rows_read": 3,
        "control_total": {"EUR": "1.00"},
        "self_check": [],
        "differences": ["Dates are written otherwise."],
        "rule_matches": {"bounced": {"matched": 2, "acted": 1}},
        "aging": {"EUR": {"buckets": {"not_due": {"amount": "1.00", "invoices": 1}}, "adds_up": True}},
        "held": {},
    }
    text = summary.as_text(said)
    assert "rows read             3" in text
    assert "self check: none" in text
    assert "    Dates are written otherwise." in text
    assert "bounced  matched 2, acted 1" in text
    assert "not_due  amount 1.00, invoices 1" in text
    assert summary.is_sound(said)
    assert not summary.is_sound({**said, "self_check": ["broken: 1"]})
