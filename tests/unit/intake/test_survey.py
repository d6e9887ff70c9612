"""The published samples, each through the whole pipeline: what is valid lands with its own figures, nothing breaks."""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from console import survey
from console.commands import imports as commands
from tests.unit.intake import papers_made_up as made

PROJECT = Path(__file__).parents[3]
FRAGMENTS = "mt940/cmxl/"
REFUSED_STATEMENTS = {
    "bai2/moov/sample-parseError.txt",
    "camt/genkgo/camt053.v2.wrong.xml",
    "mt940/self-provided/account_identification.sta",
    "mt940/self-provided/empty_non_swift.sta",
    "ofx/ofxparse/bank_small.ofx",
    "ofx/ofxparse/date_missing.ofx",
    "ofx/ofxparse/error_message.ofx",
    "ofx/ofxparse/signon_fail.ofx",
}


@pytest.fixture
def samples():
    folder = Path(os.environ.get("GOODTERMS_SHARED") or PROJECT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip("the published samples are not here: set GOODTERMS_SHARED to the folder that holds data/")
    return folder


def outcomes(shell, folder, under=""):
    return {str(path.relative_to(folder)): survey.of_file(path) for path in survey._below(folder / under)}


def test_made_up_files_each_meet_an_empty_ledger(shell, tmp_path):
    (tmp_path / "a.xml").write_bytes(made.ubl())
    (tmp_path / "b.xml").write_bytes(made.ubl())
    (tmp_path / "bad.xml").write_bytes(made.ubl(line_net="140.00"))
    (tmp_path / "bank.xml").write_bytes(made.camt(made.entry("5.00"), made.entry("2.00", side="DBIT")))
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "note.xml").write_bytes(made.camt())
    found = outcomes(shell, tmp_path)
    assert [one["outcome"] for one in found.values()] == [*["landed"] * 2, "refused", "landed", "refused", "recognised"]
    assert found["b.xml"]["landed"]["totals"] == {"invoices": {"EUR": {"count": 1, "amount": "238.00"}}}
    assert (found["bad.xml"]["breaches"][0]["rule"], found["bad.xml"]["breaches"][0]["place"]) == (
        "BR-CO-10",
        "/Invoice/LegalMonetaryTotal/LineExtensionAmount",
    )
    assert found["bank.xml"]["landed"]["totals"]["bank_debits"] == {"EUR": {"count": 1, "amount": "-2.00"}}


def test_invoices_of_others_land_with_the_sums_that_they_state(shell, samples):
    folder = samples / "einvoice"
    found = outcomes(shell, folder, "en16931/ubl") | outcomes(shell, folder, "facturx")
    found |= outcomes(shell, folder, "en16931/cii") | outcomes(shell, folder, "xrechnung/extension")
    refused = [name for name, one in found.items() if one["outcome"] != "landed"]
    assert refused == [
        "facturx/fail/MustangGnuaccountingBeispielRE-20171118_506.pdf",
        "facturx/fail/factur-x-invalid-xml-encoding-attribute.pdf",
        "facturx/fail/noNetPriceValidation.xml",
    ]
    for name, one in found.items():
        if one["outcome"] == "landed" and one["landed"]["first_invoices"]:
            invoice, stated = one["landed"]["first_invoices"][0], one["stated"]
            assert invoice["number"] == stated["number"], name
            assert Decimal(invoice["amount"]) in (Decimal(stated["gross"]), Decimal(stated["due"])), name
            assert Decimal(invoice["open"]) == max(Decimal(stated["due"]), Decimal(0)), name


def test_sets_of_tests_are_no_invoices(shell, samples):
    path = next((samples / "einvoice" / "en16931" / "rule-unit-invoice").glob("*.xml"))
    assert "testSet" in survey.of_file(path)["reason"]


def test_statements_of_others_land_or_are_refused_with_a_place(shell, samples):
    found = outcomes(shell, samples / "bank")
    refused = {name for name, one in found.items() if one["outcome"] == "refused"}
    assert {name for name in refused if not name.startswith(FRAGMENTS)} == REFUSED_STATEMENTS
    assert all("Line" in found[name]["reason"] for name in refused)
    landed = found["bank_medium.ofx" if "bank_medium.ofx" in found else "ofx/ofxparse/bank_medium.ofx"]["landed"]
    assert landed["totals"]["bank_debits"]["CAD"]["count"] == 3


def test_the_command_answers_in_json(monkeypatch, tmp_path, shell, database_urls):
    monkeypatch.setattr(commands, "open_temporary", lambda: _Nothing())
    monkeypatch.setattr(survey, "run", lambda folder: {"counts": {"landed": 1}, "files": {"a": {"outcome": "landed"}}})
    answered = CliRunner().invoke(commands.command, ["survey", str(tmp_path), "--json"])
    assert (answered.exit_code, json.loads(answered.stdout)["counts"]) == (0, {"landed": 1})
    assert "landed" in CliRunner().invoke(commands.command, ["survey", str(tmp_path)]).stdout


class _Nothing:
    """Surroundings that need no servers."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def for_loading(self):
        return {}
