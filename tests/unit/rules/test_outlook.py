"""What is shown of a rule before it acts and after it has: messages, work, who is reached by nothing, what came."""

import pytest

from tenants import store
from tenants.rules import aftermath, consequences, language, rule_book
from tenants.values import ids
from tests.cast import NOW
from tests.unit.rules.desk import (
    ASK,
    OPEN,
    SEND,
    TASK,
    a_bill,
    a_customer,
    change,
    days,
    document,
    go_live,
    hold,
    ran,
    rows,
)

OWING = {"field": "customer.oldest_due_date", "op": "past_by", "value": {"days": 1}}
LEAD = {**SEND, "as": "team lead"}
SEEN = """
INSERT INTO evidence (tenant_id, id, debtor_id, invoice_id, level, kind, occurred_at, recorded_at, source, source_key)
SELECT :tenant, :id, i.debtor_id, i.id, :level, :kind, :at, :at, 'test', CAST(:id AS text) FROM invoice i
WHERE i.tenant_id = :tenant AND i.id = :invoice RETURNING id
"""


def foreseen(*conditions, **over):
    return consequences.of(language.read(document(*conditions, **over)), now=NOW)


def test_three_customers_read_their_own_invoices_signed_by_whom_the_rule_names(in_alder, specialist, manager):
    with in_alder:
        customers = [a_customer(f"Customer {n}") for n in range(4)]
        bills = [a_bill(each, late=5) for each in customers for _ in range(2)]
        store.run("UPDATE debtor SET owner_id = :owner WHERE tenant_id = :tenant", owner=specialist.id)
        found = foreseen(OPEN, then=[LEAD])
        assert len(found.messages) == 3 and {each.signed_by for each in found.messages} == {manager.name}
        numbers = dict(store.run("SELECT number, debtor_id FROM invoice WHERE tenant_id = :tenant").all())
        for each in found.messages:
            listed = {number for number in numbers if number in each.text}
            assert {numbers[number] for number in listed} == {each.debtor_id} and len(listed) == 2
            assert manager.name in each.text
        assert [(each.name, each.subjects, each.customers) for each in found.work] == [
            (specialist.name, len(bills), len(customers))
        ]
        assert (found.unreached, found.unsigned) == ((), "")


def test_who_has_no_address_is_named_and_so_is_a_role_that_nobody_holds(in_alder):
    with in_alder:
        silent = a_customer("Silent Mills", contact=False)
        a_bill(silent)
        found = foreseen(OPEN, then=[LEAD])
        assert [(each.id, each.name) for each in found.unreached] == [(silent, "Silent Mills")]
        assert (found.messages, found.work, found.unsigned) == ((), (), "team lead")
        assert foreseen(OPEN, then=[TASK]).unreached == ()
        assert foreseen(OPEN, then=[TASK]).work[0].name == ""


def test_a_rule_about_customers_shows_what_is_overdue_and_what_waits_for_a_word(in_alder):
    with in_alder:
        kessler = a_customer()
        late, early = a_bill(kessler, late=70), a_bill(kessler, late=-9)
        numbers = dict(store.run("SELECT id, number FROM invoice WHERE tenant_id = :tenant").all())
        (message,) = foreseen(OWING, about="customer", then=[ASK]).messages
        assert numbers[late] in message.text and numbers[early] not in message.text
        thanks = {**SEND, "template": "Thank you for paying on time"}
        thanks.pop("bundle", None)
        (message,) = foreseen(OWING, about="customer", then=[thanks]).messages
        assert numbers[late] not in message.text and message.subject


def test_a_rule_about_segments_has_nobody_to_foresee(in_alder):
    with in_alder:
        rate = {"field": "segment.seen_rate", "op": "lt", "value": 0.5}
        alert = [{"do": "alert", "severity": "high", "to": "team lead"}]
        assert foreseen(rate, about="segment", then=alert, window={"days": 7}) == consequences.Consequences()


@pytest.fixture
def acted(in_alder):
    """A rule that acted on four invoices fifteen days ago."""
    with in_alder:
        bills = [a_bill(a_customer(f"Customer {n}")) for n in range(4)]
        rule = go_live(document(OPEN, then=[TASK]))
        ran(rule, now=NOW - days(15), on=(NOW - days(15)).date())
    return rule, bills


def test_what_came_after_is_counted_within_its_own_days(in_alder, acted):
    rule, bills = acted

    def sign(bill, after, level, kind):
        store.run(SEEN, id=ids.new(), invoice=bill, level=level, kind=kind, at=NOW - days(15 - after))

    with in_alder:
        sign(bills[0], 3, 4, "open")
        sign(bills[0], 9, 7, "reply")
        sign(bills[1], 2, 3, "fetch")
        change(bills[2], open_minor=0, settled_on=(NOW - days(4)).date())
        hold(bills[3], "dispute")
        week, two = aftermath.of(rule, now=NOW)
        assert (week.days, week.acted, week.seen, week.answered, week.paid, week.disputed) == (7, 4, 1, 0, 0, 0)
        assert (two.days, two.seen, two.answered, two.paid, two.share(two.paid)) == (14, 1, 1, 1, 25.0)
        assert aftermath.of(rule, now=NOW - days(9)) == ()
        assert [each.days for each in aftermath.of(rule, now=NOW - days(5))] == [7]
        assert rule_book.all_kept()[0]["lately"] == [4]


def test_nothing_of_another_client_is_counted(in_birch, acted):
    rule, _ = acted
    with in_birch:
        assert aftermath.of(rule, now=NOW) == ()
        assert foreseen(OPEN, then=[TASK]).work == () and not rows("rule_firing")
