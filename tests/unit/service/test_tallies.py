"""Images whose loads are counted and nobody's: the address names no reader, and a withdrawal stops old mails."""

import re
from datetime import date, timedelta

import pytest

from tenants.delivery import tallies
from tenants.directory import clients
from tests.cast import NOW
from tests.unit.delivery.post import Post


@pytest.fixture
def post(alder, settings, tmp_path):
    return Post(alder, settings, tmp_path)


AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
TALLY = "SELECT template, country, loads, machines FROM open_tally WHERE tenant_id = :tenant"


def test_in_aggregate_loads_are_counted_and_nobody_is_told_from_anybody(post, stranger):
    with post.unit():
        clients.change(pixel="aggregate")
    post.send(post.a_message())
    (address,) = re.findall(r"/o/t/[\w-]+\.gif", post.mailer.sent[0].html)
    for agent, loads in ((AGENT, 3), ("Barracuda Sentinel (EE)", 1)):
        for _ in range(loads):
            assert stranger.client.get(address, headers={"User-Agent": agent}).status_code == 200
    assert post.ask(TALLY) == [("Invoice", "DE", 4, 1)]
    assert post.ask("SELECT count(*) FROM evidence WHERE tenant_id = :tenant AND source = 'portal'") == [0]
    with post.unit():
        (rate,) = tallies.rates(since_on=date(2020, 1, 1), since=NOW - timedelta(days=9))
        assert (rate["loads"], rate["machines"], rate["delivered"]) == (4, 1, 1)
        clients.change(pixel="off")
    assert stranger.client.get(address, headers={"User-Agent": AGENT}).status_code == 200
    assert post.ask(TALLY) == [("Invoice", "DE", 4, 1)]
    assert stranger.client.get("/o/t/" + "A" * 60 + ".gif").status_code == 404
