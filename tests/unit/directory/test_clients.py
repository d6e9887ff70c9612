"""Opening a client, its profile and its clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tenants.directory import clients
from tenants.isolation import scope
from tenants.values import ids
from tenants.values.calendars import UnknownZone
from tenants.values.money import UnknownCurrency
from tenants.work import unit_of_work
from tests.cast import NOW, Door

GOOD = {"legal_name": "Cedar Sp. z o.o.", "base_currency": "PLN", "time_zone": "Europe/Warsaw", "country": "PL"}


def open_cedar(**over):
    words = GOOD | {"slug": f"cedar-{ids.new().hex[-10:]}"} | over
    with unit_of_work(scope.tenant(ids.new(), actor="test")):
        clients.open(words.pop("slug"), now=NOW, **words)
        return clients.profile()


def test_a_new_client_has_a_profile_with_safe_habits(shell):
    cedar = open_cedar(iban="PL61109010140000071219812874")
    assert (cedar.legal_name, cedar.base_currency, cedar.state) == ("Cedar Sp. z o.o.", "PLN", "live")
    assert (cedar.pixel, cedar.sending, cedar.iban[:2]) == ("off", "on", "PL")
    assert ids.read("ten", cedar.public_id) == cedar.tenant_id


def test_two_clients_cannot_share_a_short_name(shell):
    first = open_cedar()
    with pytest.raises(clients.SlugTaken):
        open_cedar(slug=first.slug)


@pytest.mark.parametrize(
    ("over", "refusal"),
    [
        ({"slug": "Cedar!"}, clients.BadClient),
        ({"slug": "-cedar"}, clients.BadClient),
        ({"country": "Poland"}, clients.BadClient),
        ({"base_currency": "PLX"}, UnknownCurrency),
        ({"time_zone": "Europe/Wars"}, UnknownZone),
    ],
)
def test_words_that_cannot_be_right_are_refused(shell, over, refusal):
    with pytest.raises(refusal):
        open_cedar(**over)


def test_alder_changes_its_habits(in_alder: Door):
    with in_alder:
        clients.change(pixel="consented", auto_messages_per_week=1)
    with in_alder:
        assert (clients.profile().pixel, clients.profile().auto_messages_per_week) == ("consented", 1)


@pytest.mark.parametrize("columns", [{}, {"colour": "red"}, {"tenant_id": "x"}])
def test_a_change_of_what_no_profile_has_is_a_fault_of_ours(in_alder: Door, columns):
    with in_alder, pytest.raises(TypeError):
        clients.change(**columns)


def test_a_client_that_is_not_there_is_unknown(shell):
    with unit_of_work(scope.viewing(ids.new(), actor="test")), pytest.raises(clients.UnknownClient):
        clients.profile()


def test_today_is_the_day_at_the_client(in_alder: Door):
    with in_alder:
        clock = clients.clock()
    late_evening = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert clock.today(late_evening) == date(2026, 11, 21)
    assert clock.now(late_evening) == late_evening


def test_a_moved_clock_moves_the_day_and_only_at_that_client(in_alder: Door, in_birch: Door):
    with in_alder:
        clients.move_clock(datetime(2013, 6, 30, 8, tzinfo=UTC), real=NOW)
        alder = clients.clock()
    with in_birch:
        birch = clients.clock()
    assert alder.today(NOW) == date(2013, 6, 30)
    assert alder.now(NOW + timedelta(hours=2)) == datetime(2013, 6, 30, 10, tzinfo=UTC)
    assert birch.now(NOW) == NOW
