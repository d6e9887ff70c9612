"""The compiled rule and plain Python agree, on random rules about random books, on days when clocks change too.

GOODTERMS_FULL=1 plays the long form: 600 rules over 4,000 invoices.
"""

import os
from datetime import UTC, datetime

import pytest

from tenants import store
from tenants.rules import compiler, language, statements
from tenants.rules.bounds import Moment
from tenants.rules.fields import REGISTRY
from tenants.values.calendars import BusinessCalendar, zone
from tests.unit.rules import reference
from tests.unit.rules.reference import Bill, World
from tests.unit.rules.strangers import Strangers

FULL = bool(os.environ.get("GOODTERMS_FULL"))
RULES, BILLS = (600, 4000) if FULL else (18, 300)
NOBODYS_RULE = "00000000-0000-0000-0000-000000000000"
PLACES = [
    # an ordinary Friday; the Sunday when Berlin's clocks go forward; the Sunday when New York's go back; the Wednesday
    # after an Easter that three countries keep in three ways
    (datetime(2026, 11, 20, 8, 0, tzinfo=UTC), "Europe/Berlin", "DE"),
    (datetime(2026, 3, 29, 7, 0, tzinfo=UTC), "Europe/Berlin", "DE"),
    (datetime(2026, 11, 1, 14, 30, tzinfo=UTC), "America/New_York", "US"),
    (datetime(2026, 4, 8, 9, 0, tzinfo=UTC), "Europe/London", "GB"),
]


def moment(now: datetime, where: str, country: str) -> Moment:
    """The client's zone and calendar, and those of its customers' countries."""
    abroad = tuple(BusinessCalendar.for_country(each) for each in ("DE", "GB", "FR") if each != country)
    return Moment(now, zone(where), BusinessCalendar.for_country(country), abroad)


@pytest.mark.timeout(1800 if FULL else 120)
@pytest.mark.parametrize(("now", "where", "country"), PLACES)
def test_sql_and_plain_python_find_the_same_subjects(in_alder, now, where, country):
    at = moment(now, where, country)
    world = World(now, zone(where), BusinessCalendar.for_country(country))
    strangers = Strangers(int(now.timestamp()), now)
    some = 0
    with in_alder:
        subjects = strangers.books(BILLS)
        store.plan_for_sets()
        store.run("SELECT set_config('plan_cache_mode', 'force_custom_plan', true), :tenant")
        for _ in range(RULES):
            document = strangers.document()
            rule = language.read(document)
            asked = compiler.compile(rule, at=at)
            found = set(store.run(statements.matching(asked), **asked.values, rule=NOBODYS_RULE).scalars())
            expected = {
                key
                for key, subject in subjects.items()
                if isinstance(subject, Bill) == (rule.about == "invoice")
                and (rule.about == "customer" or subject.row["issued_on"] <= world.today)
                and reference.holds(rule.condition, subject, world)
                and not reference.is_held(rule.skip_while, subject, world.today)
            }
            assert found == expected, (document, [subjects[key] for key in list(found ^ expected)[:1]])
            some += bool(expected)
            pointed = compiler.compile(rule, at=at, few=True)
            asked_about = [key for key, subject in subjects.items() if isinstance(subject, Bill)][:300]
            sql = statements.matching(pointed, some=True)
            found = set(store.run(sql, **pointed.values, rule=NOBODYS_RULE, ids=asked_about).scalars())
            some_bills = set(asked_about)
            known = {subjects[key].customer for key in asked_about}
            pointed_at = {
                key for key in expected if (key in some_bills if rule.about == "invoice" else subjects[key] in known)
            }
            assert found == pointed_at, document
    assert some > RULES // 3, "rules that match nothing prove nothing"


def test_each_field_with_each_operator_agrees_alone_and_negated(in_alder):
    now, where, country = PLACES[0]
    at = moment(now, where, country)
    world = World(now, at.zone, at.calendar)
    strangers = Strangers(7, now)
    with in_alder:
        subjects = {key: each for key, each in strangers.books(60).items() if isinstance(each, Bill)}
        for field in (each for each in REGISTRY.values() if "invoice" in each.subjects):
            for op in field.operators:
                leaf = strangers.leaf(field, op)
                for condition in (leaf, {"not": leaf}):
                    rule = language.read(strangers.document() | {"about": "invoice", "if": condition, "skip_while": []})
                    asked = compiler.compile(rule, at=at)
                    found = set(store.run(statements.matching(asked), **asked.values, rule=NOBODYS_RULE).scalars())
                    there = {key for key, each in subjects.items() if each.row["issued_on"] <= world.today}
                    assert found == {key for key in there if reference.holds(rule.condition, subjects[key], world)}, (
                        leaf
                    )
