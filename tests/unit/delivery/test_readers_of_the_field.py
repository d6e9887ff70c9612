"""Who fetches mail in the field, by name: each proxy and gateway with the agent that it is known by."""

from datetime import timedelta

import pytest

from tenants.delivery import scoring
from tenants.delivery.scoring import Hit
from tests.cast import NOW

GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
RAMBLER = "RamblerMail/6.0 (incompatible; ImageProxy/6.0)"
APPLE = "Mozilla/5.0"
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
GATEWAYS = {
    "Barracuda": "Barracuda Sentinel (EE)",
    "Proofpoint": "Mozilla/5.0 (compatible; Proofpoint URL Defense; https://urldefense.com)",
    "Mimecast": "Mozilla/5.0 (compatible; Mimecast URL Protect)",
    "Microsoft Safe Links": "Mozilla/5.0 (compatible; SafeLinks; https://safelinks.protection.outlook.com)",
    "Cisco": "Cisco-IronPort-Secure-Web/1.0",
    "Trend Micro": "TrendMicro-TMASE/7.2",
    "Sophos": "Sophos Email Appliance URL check",
}


def judge(kind="pixel", *, after=3600.0, agent=BROWSER, target="", network="203.0.113.0/24", others=(), **more):
    hit = Hit(kind, NOW + timedelta(seconds=after), agent, target=target or kind, network=network, **more)
    return scoring.score(hit, sent_at=NOW, delivered_at=NOW, others=tuple(others))


def test_apples_privacy_proxy_is_unknown_and_never_called_unread_or_read():
    for after in (11, 3600, 86400):
        assert (judge(agent=APPLE, after=after).verdict, judge(agent=APPLE, after=after).level) == ("unknown", 3)
    assert judge(agent=APPLE, after=2).verdict == "machine"


def test_an_apple_reader_who_presses_a_button_is_a_person():
    safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
    assert judge("portal_interaction", agent=safari).level == 5
    assert judge("portal_interaction", agent=APPLE).level == 5


@pytest.mark.parametrize("agent", [GMAIL, YAHOO, RAMBLER], ids=["Gmail", "Yahoo", "Rambler"])
def test_a_proxy_that_fetches_when_the_mail_is_shown_is_probably_a_person(agent):
    found = judge(agent=agent)
    assert (found.verdict, found.reasons[0], found.level) == ("human", "image_proxy", 4)


@pytest.mark.parametrize("agent", [GMAIL, YAHOO], ids=["Gmail", "Yahoo"])
def test_a_proxy_that_fetches_within_seconds_of_the_delivery_fetches_ahead(agent):
    assert judge(agent=agent, after=3).reasons == ("seconds_after_delivery", "weak")


@pytest.mark.parametrize("gateway", sorted(GATEWAYS))
def test_a_gateway_that_says_its_name_is_a_machine_whenever_it_comes(gateway):
    for kind in ("pixel", "link_get", "download"):
        assert judge(kind, agent=GATEWAYS[gateway], after=86400).verdict == "machine"


def test_a_gateway_that_poses_as_a_browser_gives_itself_away_by_its_haste():
    assert judge("link_get", after=2).reasons == ("seconds_after_delivery", "weak")
    other = Hit("link_get", NOW + timedelta(seconds=901), BROWSER, target="b")
    assert judge("link_get", after=900, target="a", others=[other]).reasons == ("several_links_at_once",)


def test_a_gateway_that_checks_again_when_the_reader_clicks_does_not_undo_the_reader():
    clicked = Hit("portal_interaction", NOW + timedelta(minutes=60), BROWSER)
    assert judge("portal_view", after=3601, others=[clicked]).level == 6


def test_a_gateway_that_follows_the_unseen_link_takes_all_from_its_network_along():
    trap = Hit("link_get", NOW + timedelta(minutes=60), BROWSER, target=scoring.DECOY, network="203.0.113.0/24")
    assert judge("link_get", after=3630, others=[trap]).reasons == ("beside_a_decoy",)
    assert judge("link_get", after=3630, network="198.51.100.0/24", others=[trap]).verdict == "human"


def test_an_open_before_the_delivery_is_a_scan_and_no_fault():
    assert judge("link_get", after=-30).reasons == ("before_delivery", "weak")
