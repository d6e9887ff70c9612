"""`goodterms forecast score` on files: the published sample, and a small one that is not understood at once."""

import json
import os
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.commands.forecast import command
from console.faults import REFUSED, USAGE, CannotRun

SHARED = Path(os.environ.get("GOODTERMS_SHARED") or Path(__file__).parents[3] / "shared")
IBM = SHARED / "data" / "ar" / "ibm" / "WA_Fn-UseC_-Accounts-Receivable.csv"


def asked(*arguments: object):
    answer = CliRunner().invoke(command, ["score", *map(str, arguments)], catch_exceptions=True)
    if isinstance(answer.exception, CannotRun):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return answer.output


@pytest.fixture
def small(tmp_path):
    """Three hundred invoices whose columns have names of their own."""
    chance, lines = random.Random(5), ["no,who,issued,due,sum,came,days_late"]
    for at in range(300):
        issued = date(2025, 1, 1) + timedelta(days=at)
        due, late = issued + timedelta(days=14), (at % 3) * 5 + chance.randint(0, 2)
        came = "" if at > 290 else (due + timedelta(days=late)).isoformat()
        lines.append(f"{at},K{at % 3},{issued},{due},{at + 1}.00,{came},{late}")
    file = tmp_path / "small.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


COLUMNS = [f"--column={pair}" for pair in ("number=no", "debtor_number=who", "issued_on=issued", "settled_on=came")]
COLUMNS += ["--column=due_on=due", "--column=amount=sum"]


@pytest.mark.skipif(not IBM.is_file(), reason="the sample ledger is not here: set GOODTERMS_SHARED")
def test_the_published_sample_is_foretold_within_its_bars():
    said = json.loads(asked("--ledger", IBM, "--cut", "2013-07-01", "--json"))
    assert said["scored"] == 536 and said["mae_days"] <= 6.4 and said["within_5_days"] >= 0.48
    assert 0.78 <= said["coverage"] <= 0.82 and said["late_auc"] >= 0.84
    refused = {each["column"] for each in said["refused_columns"]}
    assert refused == {"Disputed", "SettledDate", "DaysToSettle", "DaysLate", "PaperlessDate", "PaperlessBill"}
    assert not refused & set(said["inputs"])
    with pytest.raises(CannotRun, match="Disputed") as refusal:
        asked("--ledger", IBM, "--cut", "2013-07-01", "--with", "Disputed")
    assert refusal.value.code == REFUSED


def test_columns_are_named_where_the_header_is_not_understood(small):
    said = asked("--ledger", small, "--cut", "2025-06-01", *COLUMNS)
    assert "refused  days_late: By its name" in said and "group                 terms" in said
    found = json.loads(asked("--ledger", small, "--cut", "2025-06-01", "--json", *COLUMNS))
    assert found["unpaid"] == 9 and found["mae_days"] < 3


def test_what_cannot_be_scored_is_said_in_a_sentence(small):
    for arguments, words in (
        (["--cut", "2030-01-01", *COLUMNS], "No invoice that was issued from 2030-01-01 on"),
        (["--cut", "2025-06-01"], "--column FIELD=COLUMN"),
        (["--cut", "2025-06-01", *COLUMNS[:3], *COLUMNS[4:]], "does not say when invoices were paid"),
        (["--cut", "2025-06-01", "--column=number=nothing"], "no column “nothing”"),
    ):
        with pytest.raises(CannotRun, match=words):
            asked("--ledger", small, *arguments)
    with pytest.raises(CannotRun) as wrong:
        asked("--ledger", small, "--cut", "2025-06-01", "--column=colour=red")
    assert wrong.value.code == USAGE
