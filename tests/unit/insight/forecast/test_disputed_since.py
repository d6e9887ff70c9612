"""What is disputed after the forecast was counted is expected no more, at once."""

from tenants.collections import holds
from tenants.insight import forecast
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, an_invoice


def expected():
    return sum(week.minor for week in forecast.weeks())


def test_an_invoice_or_a_whole_customer_leaves_the_weeks_as_soon_as_it_is_disputed(alder, in_alder: Door):
    dune, fern = a_debtor(alder, name="Dune Garden Centres"), a_debtor(alder, name="Fern & Sons")
    first, second = (an_invoice(alder, dune, late=0) for _ in range(2))
    an_invoice(alder, fern, late=0)
    opened = {"starts_on": TODAY, "now": NOW, "reason": "Two were missing"}
    with in_alder:
        forecast.keep(TODAY)
        assert (expected(), forecast.of_invoice(first).basis) == (300_00, "due")
        holds.open("dispute", debtor_id=dune, invoice_id=first, **opened)
        holds.open("dispute", debtor_id=dune, invoice_id=second, amount_minor=30_00, currency="EUR", **opened)
        assert (expected(), forecast.of_invoice(first).basis) == (200_00, "dispute")
        everything = holds.open("dispute", debtor_id=fern, **opened)
        assert expected() == 100_00, "a disputed part counts with the next count"
        holds.end(everything, now=NOW, outcome="They were there")
        assert expected() == 200_00
        week = next(each for each in forecast.weeks() if each.minor)
        assert forecast.behind(week.first_on, currency="EUR").minor == week.minor
