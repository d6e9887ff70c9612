"""Whose days off count: a customer's own, where its country keeps other ones than the client's."""

from dataclasses import replace
from datetime import UTC, datetime

from tenants import store
from tenants.rules import bounds, compiler, cutoffs, explain, statements
from tenants.rules.bounds import Moment
from tenants.rules.tree import Duration
from tenants.values.calendars import BusinessCalendar, zone
from tests.cast import NOW
from tests.unit.rules.desk import OPEN, a_bill, a_customer, a_rule, change, days, document, go_live, ran, rows

AFTER_ARMISTICE = datetime(2026, 11, 13, 8, 0, tzinfo=UTC)
"""A Friday; the Wednesday before was a holiday in France and none in Germany."""
TWO_DAYS = {"business_days": 2}
UNSEEN = {"field": "invoice.delivered_at", "op": "older_than", "value": TWO_DAYS}
SENT_LATELY = {"count": "contact.sent", "within_last": TWO_DAYS, "op": "gte", "value": 1}
SENT = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, template, queued_at, sent_at)
SELECT :tenant, c.id, c.debtor_id, c.id, CAST(c.id AS text), 'reminder', c.email, 'First reminder', :at, :at
FROM contact c WHERE c.tenant_id = :tenant RETURNING id
"""


def abroad(country: str, **how):
    customer = a_customer(**how)
    sql = "UPDATE debtor SET country = :country WHERE tenant_id = :tenant AND id = :id"
    store.run(sql, id=customer, country=country)
    return customer


def found(*conditions, at=AFTER_ARMISTICE, few=(), **over):
    asked = compiler.compile(a_rule(*conditions, **over), at=bounds.here(at), few=bool(few))
    values = {**asked.values, "rule": "00000000-0000-0000-0000-000000000000", **({"ids": list(few)} if few else {})}
    return set(store.run(statements.matching(asked, some=bool(few)), **values).scalars())


def test_the_moment_knows_the_calendars_of_the_countries_in_which_there_are_customers(in_alder):
    with in_alder:
        for country in ("FR", "DE", "", "FR", "XX"):
            abroad(country)
        here = bounds.here(NOW)
        assert [(each.country, each.known) for each in here.abroad] == [("FR", True), ("XX", False)]
        assert here.elsewhere()["FR"] == replace(here, calendar=here.abroad[0], abroad=())


def test_a_holiday_at_the_customers_is_no_day_on_which_it_could_have_looked(in_alder):
    tuesday = AFTER_ARMISTICE - days(3) + days(1) / 24
    with in_alder:
        french, german, nowhere = (a_bill(abroad(each), delivered_at=tuesday) for each in ("FR", "DE", ""))
        assert found(UNSEEN) == {german, nowhere}
        assert found(UNSEEN, few=(french, german)) == {german}
        assert found({"not": UNSEEN}) == {french}
        change(french, delivered_at=tuesday - days(1))
        assert french in found(UNSEEN)


def test_due_dates_are_counted_so_too_in_both_directions(in_alder):
    with in_alder:
        # Due on Tuesday: three business days later in Germany, two in France.
        french, german = (a_bill(abroad(each), late=10) for each in ("FR", "DE"))
        past = {"field": "invoice.due_date", "op": "past_by", "value": {"business_days": 3}}
        assert found(past) == {german}
        before = AFTER_ARMISTICE - days(3)
        coming = {"field": "invoice.due_date", "op": "due_in", "value": {"business_days": 1}}
        for bill in (french, german):
            change(bill, due_on=AFTER_ARMISTICE.date() - days(1))
        assert found(coming, at=before) == {french}, "its Wednesday is none"
        assert found(coming | {"value": {"business_days": 2}}, at=before) == {german, french}


def test_what_is_counted_is_counted_by_the_customers_own_days(in_alder):
    with in_alder:
        french, german = abroad("FR"), abroad("DE")
        store.run(SENT, at=AFTER_ARMISTICE - days(3) + days(1) / 24)
        assert found(SENT_LATELY, about="customer") == {french}
        assert found(SENT_LATELY, about="customer", at=AFTER_ARMISTICE - days(1)) == {french, german}


def test_a_run_shows_what_it_compared_with_and_says_why_not(in_alder):
    with in_alder:
        french = a_bill(abroad("FR"), delivered_at=AFTER_ARMISTICE - days(3) + days(1) / 24)
        a_bill(abroad("DE"), delivered_at=AFTER_ARMISTICE - days(3) + days(1) / 24)
        rule = go_live(document(OPEN, UNSEEN))
        assert ran(rule, now=AFTER_ARMISTICE).matched == 1
        ((kept,),) = rows("rule_run", "bounds")
        assert kept == {"/if/all/1": "2026-11-11T08:00:00+00:00; FR: 2026-11-10T08:00:00+00:00"}
        told = explain.why_not("a-rule", invoice_id=french, now=AFTER_ARMISTICE)
        assert not told.would_act and "was not delivered more than 2 business days ago" in told.text


def test_where_no_calendar_differs_there_is_one_plain_value():
    german, british = (BusinessCalendar.for_country(each) for each in ("DE", "GB"))
    berlin = Moment(NOW, zone("Europe/Berlin"), german, (british,))
    assert "CASE" not in statements.matching(compiler.compile(a_rule(UNSEEN), at=berlin))
    back = Duration(2, "business_days")
    bound = cutoffs.of(lambda at: bounds.day_back(back, at=at), at=berlin, bind=repr, country="d.country")
    assert (bound.first, bound.each) == (bound.last, "")
