"""The watch over real messages: counted when they are ripe, suspected, confirmed, resolved; one alert per unit."""

from datetime import UTC, datetime, timedelta

import pytest

from tenants import store
from tenants.collections import alerts
from tenants.collections.watch import cohorts, hard, watching
from tenants.delivery import tracking
from tenants.values import ids
from tests.unit.collections.desk import a_customer

MONDAY = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)

CONTACT = """
INSERT INTO contact (tenant_id, id, debtor_id, email, known_at) VALUES (:tenant, :id, :debtor, :email, :now)
RETURNING id
"""
MESSAGES = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, template, state, queued_at,
  sent_at, delivered_at, bounced_at)
SELECT :tenant, gen_random_uuid(), :debtor, :contact, :mark || n, 'invoice', :email, :template, 'delivered', :at, :at,
  CASE WHEN n > :bounced THEN :at + n * interval '1 second' END, CASE WHEN n <= :bounced THEN :at END
FROM generate_series(1, :count) n ON CONFLICT DO NOTHING
"""
SEEN = """
INSERT INTO evidence (tenant_id, id, debtor_id, message_id, level, kind, verdict, occurred_at, recorded_at, source,
  source_key)
SELECT :tenant, gen_random_uuid(), m.debtor_id, m.id, :level, 'link_get', :verdict, m.delivered_at + :after,
  m.delivered_at, 'portal', m.id::text || :verdict
FROM (SELECT * FROM message WHERE tenant_id = :tenant AND step_key LIKE :mark || '%' AND delivered_at IS NOT NULL
  ORDER BY delivered_at LIMIT :count OFFSET :skip) m ON CONFLICT DO NOTHING
"""
COMPLAINT = """
INSERT INTO suppression (tenant_id, id, address, reason, since_at)
VALUES (:tenant, :id, 'ap@kessler.test', 'complaint', :at)
"""


class Post:
    """Mails of one template to one kind of mailbox, day after day; so fresh that the planner knows nothing of them."""

    def __init__(self, email="ap@kessler.test", template="invoice"):
        store.plan_for_sets()
        self.debtor, self.email, self.template = a_customer(), email, template
        self.contact = store.run(CONTACT, id=ids.new(), debtor=self.debtor, email=email, now=MONDAY).scalar_one()

    def day(self, at, *, count=100, seen=45, doubtful=0, bounced=0):
        mark = f"{self.template}:{self.email}:{at.isoformat()}:"
        where = {"debtor": self.debtor, "contact": self.contact, "email": self.email, "template": self.template}
        store.run(MESSAGES, **where, mark=mark, at=at, count=count, bounced=bounced)
        hour = timedelta(hours=1)
        store.run(SEEN, mark=mark, level=4, verdict="human", count=seen, skip=0, after=hour)
        store.run(SEEN, mark=mark, level=3, verdict="unknown", count=doubtful, skip=seen, after=hour)
        return at


def working_days(count, *, first=MONDAY):
    found, day = [], first
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day += timedelta(days=1)
    return found


def ripe(at):
    return at + timedelta(days=5)


def open_alerts():
    return {row["title"]: row["severity"] for row in alerts.items()}


@pytest.fixture
def post(in_alder):
    with in_alder:
        yield Post()


def test_a_day_is_counted_when_late_openers_have_had_their_time(post):
    post.day(MONDAY, seen=40, doubtful=10)
    assert cohorts.ripen(now=MONDAY + timedelta(hours=72)) == []
    assert cohorts.ripen(now=ripe(MONDAY)) == [MONDAY.date()]
    assert cohorts.ripen(now=ripe(MONDAY)) == []
    ((unit, (cohort,)),) = cohorts.kept(since=MONDAY.date()).items()
    assert (unit.template, unit.mailbox, unit.tracked) == ("invoice", "company", False)
    assert (cohort.delivered, cohort.judgeable, cohort.seen) == (100, 90, 40)


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("a@gmail.com", "google"),
        ("b@Hotmail.fr", "microsoft"),
        ("c@yahoo.co.uk", "yahoo"),
        ("d@icloud.com", "apple"),
        ("e@notgmail.com", "company"),
    ],
)
def test_mailboxes_that_fetch_alike_are_one_group(in_alder, email, mailbox):
    with in_alder:
        Post(email).day(MONDAY)
        cohorts.ripen(now=ripe(MONDAY))
        assert [unit.mailbox for unit in cohorts.kept(since=MONDAY.date())] == [mailbox]


def test_one_bad_day_is_suspected_a_second_confirms_and_two_good_ones_resolve(post):
    days = working_days(24)
    for day in days[:20]:
        post.day(day, count=200, seen=90)
    watching.count_days(now=ripe(days[19]))
    assert open_alerts() == {}
    severities = []
    for day, seen in zip(days[20:], (30, 32, 90, 91), strict=True):
        post.day(day, count=200, seen=seen)
        watching.count_days(now=ripe(day))
        severities.append(list(open_alerts().values()))
    assert severities == [["normal"], ["high"], ["high"], []]
    (resolved,) = alerts.items(resolved=True)
    assert "30 of 200" not in resolved["reason"]
    assert "32 of 200 judgeable messages were seen: 16.0%" in resolved["reason"]
    assert "45.0% is usual" in resolved["reason"]


def test_after_its_end_an_alert_stays_silent_for_a_day(post):
    days = working_days(23)
    for day in days[:20]:
        post.day(day, count=200, seen=90)
    watching.count_days(now=ripe(days[19]))
    post.day(days[20], count=200, seen=20)
    watching.count_days(now=ripe(days[20]))
    (alert,) = alerts.items()
    alerts.resolve([alert["id"]], now=ripe(days[21]) - timedelta(hours=1), resolution="we know")
    post.day(days[21], count=200, seen=20)
    watching.count_days(now=ripe(days[21]))
    assert open_alerts() == {}
    post.day(days[22], count=200, seen=20)
    watching.count_days(now=ripe(days[22]) + timedelta(hours=30))
    assert list(open_alerts().values()) == ["high"]


def test_three_units_that_fall_together_are_one_alert(in_alder):
    with in_alder:
        posts = [Post(template=name) for name in ("invoice", "reminder", "statement")]
        days = working_days(22)
        for post in posts:
            for day in days[:20]:
                post.day(day, count=100, seen=45)
        watching.count_days(now=ripe(days[19]))
        for day in days[20:]:
            for post in posts:
                post.day(day, count=100, seen=5)
            watching.count_days(now=ripe(day))
            assert list(open_alerts()) == ["3 kinds of mail are seen less than usual at once"]
        assert list(open_alerts().values()) == ["high"]


def test_a_steep_fall_is_found_before_the_day_is_over(post):
    days = working_days(21)
    for day in days[:20]:
        post.day(day, count=200, seen=90)
    watching.count_days(now=ripe(days[19]))
    late = post.day(days[20], count=150, seen=3) + timedelta(hours=73)
    assert watching.watch_live(now=late, today=late.date()) == ["invoice/company/plain"]
    assert watching.watch_live(now=late, today=late.date()) == ["invoice/company/plain"]
    ((_, severity),) = open_alerts().items()
    assert severity == "high"


def test_where_nothing_is_known_nothing_is_found(post):
    assert watching.watch_live(now=MONDAY, today=MONDAY.date()) == []
    assert watching.count_days(now=MONDAY) == 0
    post.day(MONDAY, count=100, seen=0)
    assert watching.count_days(now=ripe(MONDAY)) == 1
    late = post.day(MONDAY + timedelta(days=1), count=100, seen=0) + timedelta(hours=73)
    assert watching.watch_live(now=late, today=late.date()) == []
    assert open_alerts() == {}


def test_another_clients_mail_is_not_counted(in_alder, in_birch):
    with in_birch:
        Post().day(MONDAY)
    with in_alder:
        assert cohorts.ripen(now=ripe(MONDAY)) == []


def test_too_many_returned_mails_are_an_alert_until_they_are_few(post):
    post.day(MONDAY, count=60, bounced=4)
    assert hard.check(now=MONDAY + timedelta(hours=1)) == ["bounces"]
    assert hard.check(now=MONDAY + timedelta(hours=2)) == ["bounces"]
    assert open_alerts() == {"Too many mails come back": "high"}
    post.day(MONDAY + timedelta(days=1), count=60, bounced=0)
    assert hard.check(now=MONDAY + timedelta(days=1, hours=1)) == []
    assert open_alerts() == {}


def test_one_complaint_among_few_is_an_alert(post):
    post.day(MONDAY, count=60)
    store.run(COMPLAINT, id=ids.new(), at=MONDAY)
    assert hard.check(now=MONDAY + timedelta(hours=1)) == ["complaints"]
    assert hard.reputation(now=MONDAY + timedelta(hours=1)).complaints == 1


def test_few_messages_are_no_rate(post):
    post.day(MONDAY, count=10, bounced=9)
    assert hard.check(now=MONDAY + timedelta(hours=1)) == []


def hand_over(post, at, *, count, provider="ses", told=0):
    """Mails given to a provider that tells of each, and its word about some of them."""
    post.day(at, count=count)
    attempt = """INSERT INTO delivery_attempt (tenant_id, id, message_id, attempt_no, state, provider, intent_at)
      SELECT :tenant, gen_random_uuid(), m.id, 1, 'accepted', :provider, m.sent_at FROM message m
      WHERE m.tenant_id = :tenant AND m.sent_at = :at ON CONFLICT DO NOTHING"""
    store.run(attempt, provider=provider, at=at)
    word = """INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at,
        payload)
      SELECT :tenant, gen_random_uuid(), 'ses', m.id::text, 'delivered', m.id, m.sent_at, m.sent_at, '{}'
      FROM (SELECT * FROM message WHERE tenant_id = :tenant AND sent_at = :at LIMIT :told) m ON CONFLICT DO NOTHING"""
    store.run(word, at=at, told=told)


def test_a_provider_that_says_nothing_about_any_mail_is_an_alert_until_it_speaks(post):
    hand_over(post, MONDAY, count=12)
    assert hard.check(now=MONDAY + timedelta(minutes=20)) == []
    assert hard.check(now=MONDAY + timedelta(minutes=45)) == ["silence"]
    assert open_alerts() == {"The mail provider has fallen silent": "high"}
    hand_over(post, MONDAY + timedelta(minutes=50), count=12, told=1)
    assert hard.check(now=MONDAY + timedelta(minutes=90)) == []
    assert open_alerts() == {}


@pytest.mark.parametrize(("count", "provider"), [(9, "ses"), (30, "smtp")])
def test_few_mails_and_servers_that_never_tell_are_no_silence(post, count, provider):
    hand_over(post, MONDAY, count=count, provider=provider)
    assert hard.silence(now=MONDAY + timedelta(minutes=45)) == {}


@pytest.mark.parametrize(("own", "tracked"), [("on", True), ("off", False), ("aggregate", False)])
def test_a_countrys_own_word_about_images_makes_its_mails_a_unit_of_their_own(post, own, tracked):
    tracking.decide("DE", pixel=own, basis="asked in the contract", now=MONDAY)
    post.day(MONDAY)
    cohorts.ripen(now=ripe(MONDAY))
    assert [unit.tracked for unit in cohorts.kept(since=MONDAY.date())] == [tracked]
