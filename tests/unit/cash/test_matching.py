"""Money on a statement finds its customer and its invoices, and whatever is not certain waits for a person."""

from datetime import timedelta
from uuid import UUID

import pytest

from tenants.cash import bands, deciding, queue
from tenants.cash.evidence import Band
from tenants.ledger import selfcheck
from tenants.values import bones
from tests.unit.intake import papers_made_up as made

LAST = UUID(int=2**128 - 1)
PAID = "SELECT i.number, a.amount_minor, a.effective_on FROM allocation a JOIN invoice i ON i.tenant_id = a.tenant_id \
AND i.id = a.invoice_id WHERE a.tenant_id = :tenant AND i.tenant_id = :tenant ORDER BY i.number"


def right(till):
    with till.door():
        assert selfcheck.run(till.today) == []


@pytest.mark.parametrize(
    "said",
    [
        "Rechnung RE-2026-00417",
        "RE 2026 00417 danke",
        "re-2o26-oo4l7",
        "2026-417",
        "RNR RE-2026-00417/K-88",
        "RechnungRE-2026-00417",
        "RE-2026-0 0417",
        "RE-2026-00471",
    ],
)
def test_a_number_is_found_however_it_was_spoilt(till, said):
    dune = till.debtor()
    invoice = till.owes("RE-2026-00417", 11_900, by=dune)
    till.owes("RE-2026-00418", 9_900, by=dune)
    till.owes("RE-2025-00417", 10_900, by=till.debtor("Elm Street Books"))
    done = till.takes(made.entry("119.00", said))
    assert (done.looked_at, done.applied) == (1, 1)
    assert till.open(invoice) == 0
    assert till.asked(PAID) == [("RE-2026-00417", 11_900, till.today - timedelta(days=2))]
    right(till)


def test_several_invoices_are_paid_by_one_transfer(till):
    dune = till.debtor()
    wanted = [till.owes(f"A-10{n}", 1_000 * n + 7, by=dune) for n in range(1, 5)]
    till.takes(made.entry("60.21", "A-101, A-102 u. A-103"))
    assert [till.open(each) for each in wanted] == [0, 0, 0, 4_007]
    right(till)


def test_what_is_kept_back_is_a_deduction_with_its_reason(till):
    invoice = till.owes(
        "A-1001", 100_000, issued_on=till.today - timedelta(days=60), due_on=till.today - timedelta(days=30)
    )
    till.takes(made.entry("985.00", "A-1001 less bank charges"))
    assert till.open(invoice) == 1_500
    said = "SELECT amount_minor, reason, closed_on FROM deduction WHERE tenant_id = :tenant"
    assert till.asked(said) == [(1_500, "BNK", None)]
    right(till)


@pytest.mark.parametrize(
    ("paid", "words", "kept"),
    [
        ("90.00", "A-1001", [(1_000, "OTH")]),
        ("60.00", "A-1001", []),
        ("60.00", "A-1001 abzgl. Fehlmenge", [(4_000, "QTY")]),
        ("97.00", "A-1001 ./. Preisdifferenz", [(300, "PRI")]),
        ("98.00", "A-1001 less 2 % discount", [(200, "TRM")]),
    ],
)
def test_what_is_kept_back_is_told_from_a_part_that_is_paid(till, paid, words, kept):
    till.owes("A-1001", 10_000)
    till.takes(made.entry(paid, words))
    assert till.asked("SELECT amount_minor, reason FROM deduction WHERE tenant_id = :tenant") == kept
    (free,) = till.asked("SELECT sum(open_minor) FROM invoice WHERE tenant_id = :tenant")[0]
    assert free == 10_000 - int(paid.replace(".", ""))
    right(till)


def test_what_is_too_much_stays_unapplied_in_sight(till):
    till.owes("A-1001", 10_000)
    till.takes(made.entry("130.00", "A-1001"))
    said = "SELECT amount_minor, unapplied_minor FROM payment WHERE tenant_id = :tenant"
    assert till.asked(said) == [(13_000, 3_000)]
    with till.door():
        assert queue.on_account() == [queue.OnAccount("EUR", 1, 3_000)]
    right(till)


def test_money_of_nobody_waits_for_a_person(till):
    till.owes("A-1001", 10_000)
    done = till.takes(made.entry("77.00", "Zinsen Q3", party="Sparkasse"))
    assert (done.applied, done.suggested) == (0, 0)
    (line,) = till.waiting()
    assert (line.band, line.debtor_id, line.rest_minor) == ("manual", None, 7_700)


def test_two_customers_of_one_name_are_not_guessed_between(till):
    for number in ("A-1001", "A-1002"):
        till.owes(number, 10_000, by=till.debtor())
    done = till.takes(made.entry("100.00", "thank you"))
    assert (done.applied, done.suggested) == (0, 1)
    (line,) = till.waiting()
    assert line.reasons[-1] == "Another customer fits nearly as well."


def test_two_lines_do_not_pay_one_invoice_twice(till):
    till.owes("A-1001", 10_000)
    done = till.takes(made.entry("100.00", "A-1001 first"), made.entry("100.00", "A-1001 again"))
    assert done.applied == 1
    (line,) = till.waiting()
    assert (line.debtor_name, line.parts) == ("Dune Garden", ())
    right(till)


def test_a_payer_who_paid_once_is_known_the_next_time(till):
    dune = till.debtor()
    till.owes("A-1001", 10_000, by=dune)
    till.takes(made.entry("100.00", "A-1001", party="Factor Bank AG"))
    later = till.owes("A-1002", 20_011, by=dune)
    assert till.takes(made.entry("200.11", "", party="Factor Bank AG")).applied == 1
    assert till.open(later) == 0


def test_an_account_that_paid_once_is_known_whatever_name_stands_beside_it(till):
    dune = till.debtor()
    till.owes("A-1001", 10_000, by=dune)
    till.takes(made.entry("100.00", "A-1001", party="Factor Bank AG", iban="DE02 1203 0000 0000 2020 51"))
    later = till.owes("A-1002", 20_011, by=dune)
    other = till.owes("A-2001", 70_077, by=till.debtor("Lark Paints"))
    done = till.takes(
        made.entry("200.11", "", party="Treuhand 7", iban="DE02120300000000202051"),
        made.entry("700.77", "", party="Treuhand 7", iban="DE75512108001245126199"),
    )
    assert (done.applied, till.open(later), till.open(other)) == (1, 0, 70_077)
    keys = [key for (key,) in till.asked("SELECT key FROM payer WHERE tenant_id = :tenant ORDER BY key")]
    assert [key[0] for key in keys] == ["#", "f", "t"] and not any("1203" in key for key in keys)


def test_what_is_undone_is_unlearned_of_the_account_as_well(till):
    dune = till.debtor()
    till.owes("A-1001", 10_000, by=dune)
    till.takes(made.entry("100.00", "A-1001", party="Factor Bank AG", iban="DE02120300000000202051"))
    with till.door():
        (done,) = queue.done(before=(till.now + timedelta(days=1), LAST))
        deciding.undo(done.id, now=till.now, today=till.today)
    assert till.asked("SELECT sum(times) FROM payer WHERE tenant_id = :tenant") == [(0,)]


def test_what_could_not_be_said_before_is_looked_at_again(till):
    assert till.takes(made.entry("119.00", "RE-2026-00417")).applied == 0
    till.owes("RE-2026-00417", 11_900)
    assert till.match().applied == 1
    assert till.waiting() == []


def test_another_currency_pays_nothing(till):
    till.owes("A-1001", 10_000, currency="USD")
    assert till.takes(made.entry("100.00", "A-1001")).applied == 0


@pytest.mark.parametrize("number", ["RE-2026-00417", "0379-NEVHP", "INV/Ö-7 0", "", "OIL", "B08-S5", "a-1"])
def test_python_and_postgresql_see_the_same_bones(till, number):
    said = f"SELECT {bones.SQL.format(number='CAST(:number AS text)')} WHERE CAST(:tenant AS uuid) IS NOT NULL"
    assert till.asked(said, number=number) == [(bones.bones(number),)]


def measured(right_, wrong):
    return bands.Measured("exact/exact/same", right_, wrong, right_ + wrong)


def test_precision_is_bounded_by_how_often_it_was_seen():
    assert measured(0, 0).precision is None
    assert measured(0, 0).bounds == (0.0, 1.0)
    assert measured(990, 10).precision == 0.99
    assert measured(19, 1).bounds[1] < bands.WANTED
    assert measured(1000, 0).bounds[0] > bands.WANTED > measured(100, 0).bounds[0]
    assert bands.of(None, known={}) is Band.MANUAL
