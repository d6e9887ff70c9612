"""What counts as seen: people count, machines are recorded, our own people leave nothing."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from service import endpoint
from service.portal import invoice as portal
from tenants.delivery import evidence, hits, ladder, links, scoring, standing
from tenants.delivery.hits import Fetch
from tenants.delivery.scoring import Hit
from tenants.directory import clients
from tests.cast import NOW

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
SECRET = "for tests only, and longer than it needs to be"
MIN = timedelta(minutes=10)


def hit(kind="link_get", after=600.0, agent=FIREFOX, method="GET", target="", network="203.0.113.0/24"):
    return Hit(kind, NOW + timedelta(seconds=after), agent, method, target or kind, network)


TRAPPED = hit(target=scoring.DECOY)


SCORES = [
    (hit(method="HEAD"), (), "machine", "head_request", 3),
    (hit(agent=""), (), "machine", "no_agent", 3),
    (hit(agent="curl/8.1"), (), "machine", "scanner", 3),
    (hit(agent="Barracuda Sentinel (EE)"), (), "machine", "scanner", 3),
    (hit(agent="Mozilla/5.0 (compatible; Somebody/2.1)"), (), "machine", "no_browser", 3),
    (hit("pixel", agent="Mediapartners-Google"), (), "machine", "known_bot", 3),
    (hit(agent=OUTLOOK), (), "machine", "no_browser", 3),
    (hit("pixel", agent=OUTLOOK), (), "human", "no_machine_sign", 4),
    (hit(agent="Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)"), (), "human", "no_machine_sign", 4),
    (hit(target="a"), (hit(after=601, target="b"),), "machine", "several_links_at_once", 3),
    (hit(target="a"), (hit(after=603, target="b"),), "human", "no_machine_sign", 4),
    (hit(target="a"), (hit(after=601, target="a"),), "human", "no_machine_sign", 4),
    (hit(after=4), (), "machine", "seconds_after_delivery", 3),
    (hit(after=-4), (), "machine", "before_delivery", 3),
    (hit(after=6), (), "human", "no_machine_sign", 4),
    (hit("pixel", after=9), (), "machine", "seconds_after_delivery", 3),
    (hit("pixel", after=11), (), "human", "no_machine_sign", 4),
    (hit("pixel", agent=GOOGLE), (), "human", "image_proxy", 4),
    (hit("pixel", after=2, agent=GOOGLE), (), "machine", "seconds_after_delivery", 3),
    (hit("pixel", agent="YahooMailProxy; https://help.yahoo.com/x"), (), "human", "image_proxy", 4),
    (hit("pixel", agent="Mozilla/5.0"), (), "unknown", "apple_privacy_proxy", 3),
    (hit("pixel"), (hit(after=601),), "human", "no_machine_sign", 4),
    (hit("portal_interaction", after=2), (), "human", "interaction", 5),
    (hit("portal_interaction", agent="curl/8"), (), "machine", "scanner", 3),
    (hit("download"), (), "human", "no_machine_sign", 4),
    (hit("download"), (hit("portal_interaction", after=500),), "human", "after_interaction", 6),
    (hit("download"), (hit("portal_interaction", after=700),), "human", "no_machine_sign", 4),
    (hit("portal_view", after=3), (hit("portal_interaction", after=2),), "human", "after_interaction", 6),
    (TRAPPED, (), "machine", "decoy", 3),
    (TRAPPED, (hit("portal_interaction", after=500),), "machine", "decoy", 3),
    (hit(after=650), (TRAPPED,), "machine", "beside_a_decoy", 3),
    (hit("pixel", after=545), (TRAPPED,), "machine", "beside_a_decoy", 3),
    (hit(after=661), (TRAPPED,), "human", "no_machine_sign", 4),
    (hit(after=650, network="198.51.100.0/24"), (TRAPPED,), "human", "no_machine_sign", 4),
    (hit("portal_interaction", after=650), (TRAPPED,), "human", "interaction", 5),
]


@pytest.mark.parametrize(("one", "others", "verdict", "reason", "level"), SCORES)
def test_the_surest_sign_decides_and_is_named(one, others, verdict, reason, level):
    found = scoring.score(one, sent_at=NOW, delivered_at=NOW, others=others)
    assert (found.verdict, found.reasons[0], found.level) == (verdict, reason, level)


BROWSERS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 "
    "Edg/142.0.0.0",
    "Mozilla/5.0 (Linux; Android 14; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 "
    "Chrome/125.0.0.0 Mobile Safari/537.36",
    "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18",
    FIREFOX,
]


@pytest.mark.parametrize("agent", BROWSERS)
def test_what_people_use_is_not_called_a_machine(agent):
    assert scoring.score(hit(agent=agent), sent_at=NOW, delivered_at=NOW).verdict == "human"


def test_a_message_that_never_left_was_not_opened_by_a_person():
    assert scoring.score(hit(), sent_at=None, delivered_at=None).reasons == ("before_delivery", "weak")


def test_published_robots_are_known(request):
    path = Path(request.config.rootpath).parent / "shared/data/user-agents/crawler-user-agents.json"
    if not path.exists():
        pytest.skip("the shared corpus of user agents is not here")
    agents = [agent for row in json.loads(path.read_text()) for agent in row.get("instances", [])]
    known = [scoring.score(hit(agent=agent), sent_at=NOW, delivered_at=NOW).verdict != "human" for agent in agents]
    assert sum(known) / len(known) > 0.93


@pytest.fixture
def delivered(post):
    message = post.a_message()
    post.send(message)
    return message


def grant(post):
    token = post.mailer.sent[0].text.split("/p/")[1].split()[0]
    return links.open(token, secret=SECRET, now=NOW)


def fetch(post, kind, *, after=MIN, agent=FIREFOX, method="GET", target="", **more):
    """One request at the portal, as the web face tells it; returns the kept event."""
    with post.unit():
        return evidence.record_hit(
            Fetch(kind, method, agent, "203.0.113.77", target), grant=grant(post), now=NOW + after, real=NOW, **more
        )


def grade(post, inbox_id):
    with post.unit():
        return evidence.grade(inbox_id, now=NOW + MIN, real=NOW)


def test_a_fetch_changes_nothing_until_it_is_judged(post, delivered):
    before = post.message(delivered), post.invoice_of(delivered)
    kept = fetch(post, "link_get")
    assert (post.message(delivered), post.invoice_of(delivered)) == before
    ((run_at,),) = [
        (at,) for at in post.ask("SELECT run_at FROM work_item WHERE tenant_id = :tenant AND kind = 'grade_hit'")
    ]
    assert run_at == NOW + hits.PATIENCE and kept


def test_dana_opens_clicks_and_downloads_and_each_step_is_stronger(post, delivered):
    levels = []
    for kind, after in (("link_get", MIN), ("portal_interaction", 2 * MIN), ("download", 3 * MIN)):
        grade(post, fetch(post, kind, after=after))
        levels.append(post.invoice_of(delivered).evidence_level)
    assert levels == [4, 5, 6]
    assert post.invoice_of(delivered).first_seen_at == NOW + MIN
    assert post.message(delivered).evidence_level == 6
    assert len(post.work("resolve_alerts")) == 3


def test_a_mail_scanner_is_recorded_and_not_counted(post, delivered):
    first, second = fetch(post, "link_get", target="a"), fetch(post, "download", target="b")
    assert [grade(post, one).verdict for one in (first, second)] == ["machine", "machine"]
    invoice = post.invoice_of(delivered)
    assert (invoice.evidence_level, invoice.first_seen_at) == (3, None)
    assert post.work("resolve_alerts") == []


def test_who_follows_the_link_that_nobody_sees_is_no_reader_and_nor_is_its_neighbour(post, delivered):
    trap = fetch(post, "link_get", target=scoring.DECOY)
    beside = fetch(post, "link_get", after=MIN + timedelta(seconds=20), target="/p/<token>")
    assert [grade(post, one).reasons[0] for one in (trap, beside)] == ["decoy", "beside_a_decoy"]
    assert post.invoice_of(delivered).first_seen_at is None


def test_every_mail_carries_the_unseen_link_before_any_other_and_only_in_its_html(post, delivered):
    (letter,) = post.mailer.sent
    assert "/all" not in letter.text
    first, second = letter.html.split("<a href='")[1:3]
    assert first.split("'")[0].endswith("/all") and not second.split("'")[0].endswith("/all")
    assert "aria-hidden='true'" in letter.html and "display:none" in first


def test_the_unseen_link_is_a_page_of_the_portal():
    assert scoring.DECOY in {route.rule for route in endpoint.ROUTES if route.view is portal.decoy}


def test_judging_twice_counts_once(post, delivered):
    kept = fetch(post, "link_get")
    grade(post, kept)
    grade(post, kept)
    assert post.ask("SELECT count(*) FROM evidence WHERE tenant_id = :tenant AND source = 'portal'") == [1]


def test_the_same_fetch_within_a_second_is_one(post, delivered):
    assert fetch(post, "link_get") is not None
    assert fetch(post, "link_get") is None
    assert fetch(post, "link_get", after=2 * MIN) is not None


def test_an_address_is_kept_as_its_network_only(post, delivered):
    fetch(post, "link_get")
    assert post.ask(
        "SELECT payload->>'ip_prefix' FROM inbox_event WHERE tenant_id = :tenant AND source = 'portal'"
    ) == ["203.0.113.0/24"]
    assert (hits.prefix("2001:db8:1:2::9"), hits.prefix("nobody")) == ("2001:db8:1::/48", "")


def test_who_reads_has_received_although_no_server_said_so(post):
    message = post.a_message()
    post.send(message, final=False)
    grade(post, fetch(post, "portal_interaction"))
    assert (post.message(message).state, post.message(message).delivered_at) == ("delivered", NOW + MIN)


def test_levels_only_rise(post, delivered):
    grade(post, fetch(post, "portal_interaction"))
    grade(post, fetch(post, "link_get", after=2 * MIN, method="HEAD"))
    assert post.invoice_of(delivered).evidence_level == 5


def test_an_earlier_sight_that_is_judged_later_moves_the_first_sight_back(post, delivered):
    late, early = fetch(post, "link_get", after=3 * MIN), fetch(post, "link_get", after=MIN)
    grade(post, late)
    grade(post, early)
    assert post.invoice_of(delivered).first_seen_at == NOW + MIN


def seen_image(message, fetched, *, now):
    """The image of a message is loaded, as the door keeps it."""
    return next(iter(hits.keep([hits.Hit(fetched, NOW, now, message_id=message)])), None)


@pytest.mark.parametrize(
    ("pixel", "consent", "kept"),
    [("off", "granted", False), ("consented", "granted", True), ("on", "unknown", True), ("on", "withdrawn", False)],
)
def test_an_image_counts_only_while_it_is_allowed(post, delivered, pixel, consent, kept):
    with post.unit():
        clients.change(pixel=pixel)
    post.change("UPDATE contact SET pixel_consent = :consent WHERE tenant_id = :tenant", consent=consent)
    with post.unit():
        found = seen_image(delivered, Fetch("pixel", "GET", FIREFOX, "203.0.113.77"), now=NOW + MIN)
    assert (found is not None) is kept
    if found:
        assert grade(post, found).level == 4


def test_an_image_of_no_message_of_ours_is_nothing(post):
    with post.unit():
        fetched = Fetch("pixel", "GET", FIREFOX, "")
        assert seen_image(post.tenant, fetched, now=NOW) is None
        assert evidence.grade(post.tenant, now=NOW, real=NOW) is None


def test_a_link_that_belongs_to_no_message_still_counts_for_its_invoice(post, delivered):
    kept = None
    with post.unit():
        own = grant(post)
        free = links.LinkGrant(own.tenant_id, own.link_id, own.debtor_id, own.contact_id, own.invoice_id, None)
        asked = Fetch("portal_interaction", "POST", FIREFOX, "")
        kept = evidence.record_hit(asked, grant=free, now=NOW + MIN, real=NOW)
    assert grade(post, kept).level == 5
    assert post.invoice_of(delivered).evidence_level == 5


def test_the_ladder_says_what_is_proved_likely_weak_and_unknown(post, delivered):
    grade(post, fetch(post, "link_get", method="HEAD"))
    grade(post, fetch(post, "link_get", after=2 * MIN))
    invoice = post.invoice_of(delivered).id
    with post.unit():
        told = ladder.of_invoice(invoice)
    assert [(rung.what, rung.strength) for rung in told.rungs] == [
        ("known", "proved"),
        ("queued", "proved"),
        ("delivered", "proved"),
        ("link_get", "weak"),
        ("link_get", "likely"),
    ]
    assert told.unknown == ("who_read_the_invoice",) and told.level == 4
    assert told.rungs[-1].who == "Dana Reyes"


def test_the_ladder_of_what_was_never_sent_or_came_back_says_so(post):
    silent = post.an_invoice(email="")
    message = post.a_message(email="nobody@dune.test")
    with post.unit():
        assert ladder.of_invoice(silent).unknown == ("not_sent",)
        assert "whether_anybody_opened_it" in ladder.of_invoice(standing.invoices_of(message)[0]).unknown
        assert ladder.of_invoice(post.tenant) is None
    post.change("UPDATE invoice SET delivery = 'bounced' WHERE tenant_id = :tenant AND delivery = 'queued'")
    invoice = post.invoice_of(message).id
    with post.unit():
        assert ladder.of_invoice(invoice).unknown == ("whether_anybody_got_it",)
