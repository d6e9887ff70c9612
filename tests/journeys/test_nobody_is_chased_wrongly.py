"""The failures of the field, played through files, days and jobs: chased though paid, chased twice, or never."""

from datetime import date, timedelta

import pytest

from console.sample import play
from jobs.timetable import Client, due
from tenants import store
from tenants.delivery.ports import Answer, Handover
from tenants.directory import clients
from tenants.events import recording
from tenants.isolation import scope
from tenants.rules import rechecking
from tenants.values.calendars import BusinessCalendar
from tenants.work import unit_of_work
from tests.cast import open_client
from tests.factories import a_contact, a_debtor, an_invoice

HEADER = "Customer number,Customer name,Email,Invoice number,Invoice date,Due date,Amount,Paid on\n"
KESSLER = "C1,Kessler Bau,jana@kessler.test"
MONDAY = date(2026, 6, 1)
"""The week before which everything was delivered; Whit Monday and Corpus Christi are not in these two weeks."""
WEEK = [MONDAY + timedelta(days=n) for n in (0, 1, 2, 3, 4, 7, 8, 9)]


class Town:
    """One client with a ledger file that comes every morning, and days that pass."""

    def __init__(self, stage, *, rules=("overdue-reminder",)):
        self.stage = stage
        self.tenant = open_client("Cedar Parts GmbH", currency="EUR", zone="Europe/London", country="GB")
        play.place_clock(stage, self.tenant, to=play.at(self.tenant, WEEK[0], play.MORNING))
        play.install_rules(stage, self.tenant, least=dict.fromkeys(rules, "1"), groups=["key"], actor="test")

    def morning(self, day, *rows):
        """The clock goes to ten, the file comes, the day opens, everything is worked."""
        play.place_clock(self.stage, self.tenant, to=play.at(self.tenant, day, play.MORNING))
        if rows:
            body = (HEADER + "".join(f"{row}\n" for row in rows)).encode()
            play.take_ledgers(self.stage, {self.tenant: (f"{day}.csv", body)})
        play.open_day(self.stage, self.tenant, day=day)
        self.work()

    def work(self):
        self.stage.wait([self.tenant])

    def inside(self):
        return unit_of_work(scope.tenant(self.tenant, actor="test"))


@pytest.fixture
def town(stage):
    return Town(stage)


def subjects(post):
    return [letter.subject for letter in post.letters]


def reminders(town):
    sql = "SELECT state, count(*) FROM message WHERE tenant_id = :tenant AND kind = 'reminder' GROUP BY state"
    with town.inside():
        return dict(store.run(sql).all())


LATE = f"{KESSLER},I-1,2026-04-20,2026-05-20,1200.00,"


def test_a_delivered_overdue_invoice_is_reminded_once_after_a_decent_while(town, post):
    for day in WEEK[:3]:
        town.morning(day, LATE)
    assert len(post.letters) == 1  # the invoice itself
    for day in WEEK[3:]:
        town.morning(day, LATE)
    assert len(post.letters) == 2
    assert reminders(town) == {"delivered": 1}


def test_r1_money_that_comes_while_the_reminder_waits_stops_it(town, post):
    town.morning(WEEK[0], LATE)
    assert reminders(town) == {"queued": 1}
    town.morning(WEEK[1], f"{LATE}2026-06-02")
    assert reminders(town) == {"cancelled": 1}
    for day in WEEK[2:]:
        town.morning(day)
    assert len(post.letters) == 1


def test_r2_two_timetables_and_a_day_worked_twice_make_one_message(town, post):
    for day in WEEK[:5]:
        town.morning(day, LATE)
        with town.inside():
            for name, occurrence in due(_client(town), now=town.stage.real):
                recording.record_many(name, [occurrence], now=town.stage.real)
            again = (
                "UPDATE work_item SET state = 'ready' WHERE tenant_id = :tenant AND kind IN ('run_rule', 'open_day')"
            )
            store.run(again)
        town.work()
    assert len(post.letters) == 2


def _client(town):
    profile = clients.profile()
    return Client(town.tenant, profile.time_zone, profile.country, profile.clock_shift_s)


def test_r3_a_mail_server_that_is_away_delays_the_mail_and_does_not_lose_or_double_it(town, post, monkeypatch):
    take = post.send
    monkeypatch.setattr(post, "send", lambda _letter: Answer(Handover.RETRY, detail="451 later"))
    town.morning(WEEK[0], LATE)
    assert post.letters == []
    monkeypatch.setattr(post, "send", take)
    town.morning(WEEK[1])
    town.morning(WEEK[2])
    assert len(post.letters) == 1


def test_r4_after_three_dark_days_there_is_one_catch_up(town, post):
    for day in WEEK[:2]:
        town.morning(day, LATE)
    town.morning(WEEK[5])  # nobody was there from Wednesday to Friday
    assert len(post.letters) == 2
    assert reminders(town) == {"delivered": 1}


def test_r5_no_reminder_on_the_wrong_side_of_the_due_date(stage, now):
    town = Town(stage, rules=("overdue-reminder", "before-due"))
    debtor = a_debtor(town.tenant, name="Kessler Bau")
    a_contact(town.tenant, debtor, email="jana@kessler.test")
    with town.inside():
        at = clients.clock().now(stage.real)
    made = {
        offset: an_invoice(
            town.tenant, debtor, issued_on=MONDAY - timedelta(days=200), due_on=MONDAY + timedelta(days=offset)
        )
        for offset in range(-60, 121)
    }
    by_id = {invoice: offset for offset, invoice in made.items()}
    with town.inside():
        overdue = {by_id[one] for one in rechecking.recheck("overdue-reminder", list(by_id), at)}
        before = {by_id[one] for one in rechecking.recheck("before-due", list(by_id), at)}
    third = (BusinessCalendar.for_country("GB").subtract(MONDAY, 3) - MONDAY).days
    assert overdue == set(range(-60, third + 1))
    assert min(before) >= 0
    assert max(before) == 7
