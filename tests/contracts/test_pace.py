"""How fast mail leaves: in Redis for all workers and in one process the marks give the same answers."""

from dataclasses import replace

import pytest

from tenants.adapters import pace
from tenants.adapters.pace import FixedAccount, LocalMarks, RedisMarks, SesAccount
from tenants.delivery import pacing
from tenants.delivery.pacing import Limit, Pace, Quota
from tenants.values import ids
from tests.contracts import ses_double

AT = 1_800_000_000.0


@pytest.fixture(params=["redis", "local"])
def marks(request, redis_url):
    return RedisMarks(redis_url) if request.param == "redis" else LocalMarks()


def a_limit(rate, ahead=1.0):
    return Limit(f"test:{ids.new()}", 1 / rate, ahead)


def test_a_seconds_worth_leaves_at_once_and_then_one_share_after_another(marks):
    limit = a_limit(4)
    assert [marks.take([limit], now=AT) for _ in range(4)] == [0, 0, 0, 0]
    assert marks.take([limit], now=AT) > 0
    assert marks.take([limit], now=AT + 0.25) == 0
    assert marks.take([limit], now=AT + 0.26) > 0


def test_who_must_wait_is_told_a_time_of_its_own(marks):
    limit = a_limit(10)
    for _ in range(10):
        marks.take([limit], now=AT)
    waits = [marks.take([limit], now=AT) for _ in range(50)]
    assert waits == pytest.approx([0.1 * (n + 1) for n in range(50)], abs=1e-3)


def test_what_one_limit_refuses_costs_the_other_nothing(marks):
    wide, narrow = a_limit(100), a_limit(1)
    marks.take([wide, narrow], now=AT)
    assert marks.take([wide, narrow], now=AT) > 0
    assert [marks.take([wide], now=AT) for _ in range(99)] == [0] * 99
    assert marks.take([wide], now=AT) > 0


def test_workers_share_one_account(redis_url):
    limit, workers = a_limit(5), [RedisMarks(redis_url) for _ in range(3)]
    assert sum(each.take([limit], now=AT) == 0 for each in workers * 10) == 5


def test_one_client_never_takes_the_whole_account(redis_url):
    alder, birch = ids.new(), ids.new()
    found = Pace(FixedAccount(20), RedisMarks(redis_url))
    own = [pacing.limits(Quota(20), client=each) for each in (alder, birch)]
    assert next(limit.key for limit in own[0]) == "account" and own[0][1].key != own[1][1].key
    left = sum(found.ask(alder, now=AT + 1e6) is None for _ in range(100))
    assert left == 8, "half of 85 % of twenty"
    assert found.ask(birch, now=AT + 1e6) is None


def test_a_flood_leaves_at_the_rate_and_no_faster():
    """A minute of asking as the queue does: each mail when it was told to."""
    client, found = ids.new(), Pace(FixedAccount(10), LocalMarks())
    waiting, sent = [AT] * 300, []
    while waiting and min(waiting) < AT + 60:
        waiting.sort()
        at = waiting.pop(0)
        pause = found.ask(client, now=at)
        if pause is None:
            sent.append(at)
        else:
            waiting.append(at + pause.wait.total_seconds())
    rate = 10 * pacing.HEADROOM * pacing.CLIENT_SHARE
    assert len(sent) == pytest.approx(60 * rate, rel=0.06)
    assert all(sum(at <= other < at + 1 for other in sent) <= 2 * rate + 1 for at in sent)


def test_no_limit_is_no_waiting():
    found = Pace(FixedAccount(0), LocalMarks())
    assert [found.ask(ids.new(), now=AT) for _ in range(100)] == [None] * 100


def test_a_days_quota_and_a_closed_account_hold_mail_back():
    client = ids.new()
    few = Pace(_Said(Quota(per_second=1000, per_day=3)), LocalMarks())
    assert [few.ask(client, now=AT) for _ in range(3)] == [None] * 3
    assert few.ask(client, now=AT).reason == "sending_rate"
    shut = Pace(_Said(Quota(per_second=1000, open=False)), LocalMarks())
    assert shut.ask(client, now=AT).reason == "account_paused"


def test_when_redis_is_away_each_worker_counts_for_itself():
    limit, alone = a_limit(2), RedisMarks("redis://127.0.0.1:1/0")
    assert [alone.take([limit], now=AT) == 0 for _ in range(3)] == [True, True, False]


class _Said:
    def __init__(self, quota):
        self.quota = lambda: quota


def test_the_account_is_asked_seldom_and_believed_until_then(credentials):
    clock = [0.0]
    with ses_double.ses_double() as double:
        double.account = {"SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": 50000.0}, "SendingEnabled": True}
        account = SesAccount(region="us-east-1", endpoint=double.url, clock=lambda: clock[0])
        assert [account.quota() for _ in range(3)] == [Quota(14.0, 50000.0)] * 3
        double.account = {"SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": -1.0}, "SendingEnabled": False}
        assert account.quota().open
        clock[0] = pace.KNOWN_S + 1
        assert account.quota() == Quota(14.0, 0.0, open=False)
        double.account = None
        clock[0] *= 3
        assert account.quota() == Quota(14.0, 0.0, open=False), "what cannot be asked is as it was"


def test_an_account_that_nobody_knows_is_not_slowed_by_a_guess(credentials):
    account = SesAccount(region="us-east-1", endpoint="http://127.0.0.1:1")
    assert account.quota() == pace.UNKNOWN
    assert [Pace(account, LocalMarks()).ask(ids.new(), now=AT) for _ in range(50)] == [None] * 50


def test_the_settings_choose_the_pace(settings):
    plain = pace.pace_of(settings)._account
    assert (type(plain), plain.quota()) == (FixedAccount, Quota(0.0))
    assert type(pace.pace_of(replace(settings, mailer="ses"))._account) is SesAccount
    fixed = pace.pace_of(replace(settings, mailer="ses", mail_per_second=5.0))._account
    assert fixed.quota() == Quota(5.0)
