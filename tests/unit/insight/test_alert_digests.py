"""Alerts about a client's own mail: one list a day, on days that have news, to the client's own people."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from jobs import insight
from jobs.turns import Turn
from tenants import store
from tenants.collections import alerts
from tenants.collections.alerts import NewAlert
from tenants.directory import memberships
from tenants.insight import alert_digests
from tenants.values import ids
from tenants.values.clock import FixedClock
from tests.cast import NOW, TODAY

SENT = "SELECT email, subject, words FROM staff_notice WHERE tenant_id = :tenant ORDER BY email"
BACK = NewAlert("reputation:bounces", "Too many mails come back", "9 of 60 came back", cause="sending:reputation")
OTHER = NewAlert("rule:late:1", "Late", "40 days", cause="rule:late")
ADDRESS = "https://goodterms.test/"


@pytest.fixture
def books(in_alder):
    """Vera looks after the client; Ines works for the provider."""
    with in_alder:
        memberships.give(ids.new(), name="Vera", email="vera@alder.test", role="client_viewer", now=NOW)
        memberships.give(ids.new(), name="Ines", email="ines@provider.test", role="specialist", now=NOW)
        yield


def tell(days=0):
    now = NOW + timedelta(days=days)
    return alert_digests.tell(today=TODAY + timedelta(days=days), now=now, real=now, public_url=ADDRESS)


def test_a_day_without_news_of_the_mail_is_silent(books):
    alerts.raise_many([OTHER], now=NOW)
    assert tell() == 0


def test_what_opened_and_what_is_over_is_told_once_and_what_only_lasts_is_not(books):
    (alert,) = alerts.raise_many([BACK], now=NOW)
    assert (tell(), tell()) == (1, 0)
    assert tell(days=7) == 0
    alerts.resolve([alert], now=NOW + timedelta(days=8), resolution="the bar is not passed any more")
    assert tell(days=8) == 1
    first, second = store.run(SENT).all()
    assert {first.email, second.email} == {"vera@alder.test"}
    assert "Too many mails come back (new)\n  9 of 60 came back" in first.words + second.words
    assert "(over)\n  the bar is not passed any more" in first.words + second.words
    assert "/delivery" in first.words and first.subject.startswith("Alder Tools GmbH: alerts about your mail, ")


def test_a_day_that_opens_tells_it(books, alder, settings):
    alerts.raise_many([BACK], now=NOW)
    tools = SimpleNamespace(clock=FixedClock(NOW), settings=settings)
    insight.tell_alerts(Turn(alder, ids.new(), "tell_alerts", {}, tools))
    assert len(store.run(SENT).all()) == 1
