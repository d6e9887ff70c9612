"""Compiling: every table names its tenant, logic has two values, and joins come only when they are needed."""

import re
from datetime import UTC, datetime

import pytest

from tenants import store
from tenants.rules import compiler, language, readers, recipes, statements
from tenants.rules.bounds import Moment
from tenants.rules.fields import REGISTRY, SUBJECTS
from tenants.values.calendars import BusinessCalendar, zone
from tests.cast import TODAY
from tests.unit.rules.desk import OPEN, SEND, a_bill, a_customer, a_rule, days, document, hold

AT = Moment(datetime(2026, 11, 20, 8, 0, tzinfo=UTC), zone("Europe/Berlin"), BusinessCalendar.for_country("DE"))
TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: (\w+))?")
TABLES = {"invoice", "debtor", "debtor_group", "hold", "contact", "rule_state", "rule_firing"}
RULE = "00000000-0000-0000-0000-000000000000"
EVERY = [(field, op, about) for field in REGISTRY.values() for op in field.operators for about in field.subjects]


def unnamed(sql):
    """Tables of a statement that no predicate of their own ties to the tenant."""
    found = []
    for table, alias in TABLE.findall(sql):
        if table in TABLES:
            name = alias if alias and alias not in ("WHERE", "SET") else table
            own = (f"{name}.tenant_id = :tenant", "WHERE tenant_id = :tenant", "(tenant_id, rule_id")
            if not any(each in sql for each in own):
                found.append(f"{table} {alias}")
    return found


def every_statement(asked):
    yield statements.matching(asked)
    yield statements.matching(asked, some=True, gate=False)
    yield statements.firing(asked, some=True)
    yield statements.tally(asked)
    yield statements.sums(asked)
    yield statements.largest(asked)
    yield statements.forgetting(asked)
    yield statements.funnel(asked)
    yield statements.labelled(asked)


@pytest.mark.parametrize(("field", "op", "about"), EVERY, ids=lambda each: getattr(each, "key", each))
def test_every_operator_of_every_field_compiles_and_names_the_tenant_of_every_table(field, op, about):
    rule = language.read(document(readers.example(field, op), about=about))
    for few in (False, True):
        for sql in every_statement(compiler.compile(rule, at=AT, few=few)):
            assert unnamed(sql) == []


@pytest.mark.parametrize("about", SUBJECTS)
def test_postgresql_takes_every_operator_of_every_field(in_alder, about):
    with in_alder:
        for field in REGISTRY.values():
            for op in field.operators:
                if about in field.subjects:
                    asked = compiler.compile(language.read(document(readers.example(field, op), about=about)), at=AT)
                    for sql in (statements.matching(asked), statements.labelled(asked), statements.funnel(asked)):
                        ids = {"ids": []} if ":ids" in sql else {}
                        gate = {"rule": RULE} if ":rule" in sql else {}
                        assert store.run(sql, **asked.values, **gate, **ids).all() is not None


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_names_the_tenant_of_every_table(name):
    for sql in every_statement(compiler.compile(language.read(recipes.find(name)), at=AT)):
        assert unnamed(sql) == []


def test_a_table_without_its_tenant_would_be_noticed():
    assert unnamed("SELECT i.id FROM invoice i JOIN debtor d ON d.id = i.debtor_id WHERE i.tenant_id = :tenant") == [
        "debtor d"
    ]


def test_no_join_that_nobody_asked_for():
    asked = compiler.compile(a_rule(OPEN), at=AT)
    assert asked.joins == []
    assert "JOIN" not in statements.matching(asked)


def test_a_join_stands_once_however_many_conditions_need_it():
    country, language_ = (
        {"field": f"customer.{each}", "op": "ne", "value": code}
        for each, code in (("country", "DE"), ("language", "de"))
    )
    assert statements.matching(compiler.compile(a_rule(country, language_), at=AT)).count("JOIN debtor") == 1


def test_top_conditions_stay_bare_and_not_has_two_values():
    within = {"field": "invoice.last_reply_at", "op": "within_last", "value": {"days": 7}}
    sql = statements.matching(compiler.compile(a_rule(OPEN, {"not": within}), at=AT))
    assert "AND (i.open_minor > 0 AND i.voided_on IS NULL)\n" in sql
    assert re.search(r"\(\(\(i\.last_reply_at >= :v\d+ AND i\.last_reply_at <= :v\d+\)\) IS NOT TRUE\)", sql)


def test_cutoffs_are_values_and_shown():
    asked = compiler.compile(
        a_rule({"field": "invoice.delivered_at", "op": "older_than", "value": {"hours": 3}}), at=AT
    )
    assert asked.bounds == {"/if/all/0": "2026-11-20T05:00:00+00:00"}


def test_a_sum_is_made_for_each_currency_that_the_rule_names():
    amounts = [{"amount": "5", "currency": "EUR"}, {"amount": "900", "currency": "JPY"}]
    asked = compiler.compile(a_rule({"field": "customer.overdue_total", "op": "gte", "value": amounts}), at=AT)
    assert ("overdue_eur" in asked.source, "overdue_jpy" in asked.source, asked.source.count("JOIN")) == (True, True, 1)
    assert 900 in asked.values.values(), "yen have no minor unit"


def test_a_rule_that_writes_needs_somebody_to_write_to():
    assert "FROM contact c" in statements.matching(compiler.compile(a_rule(OPEN, then=[SEND]), at=AT))
    assert "FROM contact c" not in statements.matching(compiler.compile(a_rule(OPEN), at=AT))


def test_sixty_conditions_can_be_explained(in_alder):
    many = [{"any": [{"not": OPEN}] * 20}] * 3
    asked = compiler.compile(a_rule(*many), at=AT)
    with in_alder:
        assert store.run(statements.labelled(asked), **asked.values, rule=RULE, ids=[]).all() == []
    assert statements.explanation(asked).count("jsonb_build_object") == 2


def test_an_invoice_whose_own_plan_ran_out_is_still_on_its_customers_plan(in_alder):
    asked = compiler.compile(a_rule({"field": "invoice.plan", "op": "eq", "value": "none"}, skip_while=[]), at=AT)
    with in_alder:
        kessler = a_customer()
        outlived, alone = a_bill(kessler), a_bill()
        for bill in (outlived, alone):
            hold(bill, "plan", starts_on=TODAY - days(9), ends_on=TODAY - days(1))
        hold(a_bill(kessler), "plan", whole=True)
        assert store.run(statements.matching(asked), **asked.values, rule=RULE).scalars().all() == [alone]
        leaves = store.run(statements.labelled(asked), **asked.values, rule=RULE, ids=[outlived]).one().leaves
    assert leaves == {"/if/all/0": [False, "on_track"]}
