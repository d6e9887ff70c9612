"""Alerts: one line for one cause, one alert for one subject, and an end when the cause ends."""

from datetime import timedelta

import pytest

from tenants.collections import alerts
from tenants.collections.alerts import AlertUnknown, NewAlert
from tenants.events import history
from tests.cast import NOW
from tests.unit.collections.desk import a_customer, a_delivered_invoice


def unopened(invoice, **more):
    return NewAlert(
        dedupe_key=f"unopened:{invoice}",
        title="Invoice not opened",
        reason="Delivered four business days ago, seen by nobody.",
        cause="rule:unopened",
        invoice_id=invoice,
        **more,
    )


def test_forty_invoices_of_one_cause_are_one_line_of_the_inbox(in_alder, in_both):
    with in_alder:
        assert alerts.raise_many([], now=NOW) == []
        kessler, brandt = a_customer(), a_customer("Brandt")
        invoices = [a_delivered_invoice(kessler) for _ in range(39)] + [a_delivered_invoice(brandt)]
        assert len(alerts.raise_many([unopened(one) for one in invoices], now=NOW)) == 40
    with in_both:
        (line,) = alerts.inbox()
        assert (line.count, line.unread, line.customers, line.cause) == (40, 40, 2, "rule:unopened")
        assert line.client == "Alder Tools GmbH"


def test_what_is_alerted_already_stays_one_alert(in_alder):
    with in_alder:
        invoice = a_delivered_invoice(a_customer())
        first = alerts.raise_many([unopened(invoice), unopened(invoice)], now=NOW)
        assert len(first) == 1
        assert alerts.raise_many([unopened(invoice)], now=NOW) == []
        alerts.acknowledge(first, now=NOW)
        assert alerts.raise_many([unopened(invoice)], now=NOW) == []
        alerts.resolve(first, now=NOW, resolution="They called back")
        assert len(alerts.raise_many([unopened(invoice)], now=NOW)) == 1


def test_the_inbox_puts_the_worst_first_and_shows_both_clients(in_alder, in_birch, in_both):
    with in_alder:
        kessler = a_customer()
        alerts.raise_many([unopened(a_delivered_invoice(kessler), severity="low")], now=NOW)
    with in_birch:
        domain = NewAlert("d:dead.test", "Mail domain refuses", "41 invoices", "domain:dead.test", severity="high")
        alerts.raise_many([domain], now=NOW - timedelta(days=1))
    with in_both:
        assert [(line.client, line.severity) for line in alerts.inbox()] == [
            ("Birch Foods Ltd", "high"),
            ("Alder Tools GmbH", "low"),
        ]
    with in_birch:
        assert [line.cause for line in alerts.inbox()] == ["domain:dead.test"]


def test_the_alerts_behind_a_line_come_newest_first_in_pages(in_alder):
    with in_alder:
        kessler = a_customer("Kessler Bau")
        made = alerts.raise_many([unopened(a_delivered_invoice(kessler)) for _ in range(5)], now=NOW)
        first = alerts.items("rule:unopened", limit=3)
        rest = alerts.items("rule:unopened", after=first[-1]["id"], limit=3)
        assert [row["id"] for row in (*first, *rest)] == sorted(made, reverse=True)
        assert first[0]["customer"] == "Kessler Bau"
        assert first[0]["open_minor"] == 120_000
        assert alerts.items("rule:other") == []
        assert len(alerts.items()) == 5


def test_a_person_takes_an_alert_and_ends_it(in_alder):
    with in_alder:
        made = alerts.raise_many([unopened(a_delivered_invoice(a_customer())) for _ in range(2)], now=NOW)
        assert sorted(alerts.of_cause("rule:unopened")) == sorted(made)
        assert alerts.acknowledge(made, now=NOW) == 2
        assert alerts.inbox()[0].unread == 0
        assert alerts.resolve(made[:1], now=NOW, resolution="Resent to the right address") == 1
        (ended,) = alerts.items(resolved=True)
        assert (ended["id"], ended["resolution"]) == (made[0], "Resent to the right address")
        assert [line["act"] for line in history.about("alert", made[0])] == ["resolved", "acknowledged"]


def test_alders_alert_is_unknown_in_birch_and_one_that_ended_cannot_end_again(in_alder, in_birch):
    with in_alder:
        made = alerts.raise_many([unopened(a_delivered_invoice(a_customer()))], now=NOW)
    with in_birch, pytest.raises(AlertUnknown):
        alerts.acknowledge(made, now=NOW)
    with in_alder:
        alerts.resolve(made, now=NOW, resolution="paid")
        with pytest.raises(AlertUnknown):
            alerts.resolve(made, now=NOW, resolution="paid")
