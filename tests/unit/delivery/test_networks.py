"""Networks where machines live: read from what their owners publish, kept with a day, and only a weak sign."""

import json
from dataclasses import replace
from datetime import date

import pytest
from click.testing import CliRunner

from console import cli
from tenants import assembly
from tenants.delivery import networks, rescoring, scoring
from tenants.delivery.networks import BadList
from tenants.settings import SettingsFault
from tests.cast import NOW
from tests.unit.delivery.test_evidence import GOOGLE, MIN, fetch, grade, hit

LIST = networks.read(
    "# as-of 2026-11-20\napple 172.224.224.0/19\napple 2a02:26f7::/32\ncloud 203.0.113.0/24\nsecurity 198.51.100.0/24\n"
)
CLOUD, GATEWAY, APPLE, HOME = "203.0.113.0/24", "198.51.100.0/24", "172.224.225.0/24", "192.0.2.0/24"
BARE = "Mozilla/5.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"

SCORES = [
    (hit(network=CLOUD), (), "machine", "cloud_network"),
    (hit("pixel", network=GATEWAY), (), "machine", "security_network"),
    (hit(network=HOME), (), "human", "no_machine_sign"),
    (hit(network=""), (), "human", "no_machine_sign"),
    (hit("portal_interaction", network=CLOUD), (), "human", "interaction"),
    (
        hit("download", network=CLOUD),
        (hit("portal_interaction", after=500, network=CLOUD),),
        "human",
        "after_interaction",
    ),
    (hit(network=CLOUD), (hit("portal_interaction", after=640, network=CLOUD),), "human", "no_machine_sign"),
    (hit(network=CLOUD), (hit("portal_interaction", after=640, network=HOME),), "machine", "cloud_network"),
    (hit("pixel", agent=GOOGLE, network=CLOUD), (), "human", "image_proxy"),
    (hit("pixel", agent=BARE, network=APPLE), (), "unknown", "apple_privacy_proxy"),
    (hit("pixel", agent=BARE, network="2a02:26f7:1::/48"), (), "unknown", "apple_privacy_proxy"),
    (hit("pixel", agent=BARE, network=HOME), (), "unknown", "bare_agent"),
    (hit(agent=SAFARI, network=APPLE), (), "human", "no_machine_sign"),
]


@pytest.mark.parametrize(("one", "others", "verdict", "reason"), SCORES, ids=range(len(SCORES)))
def test_a_network_is_a_weak_sign_and_an_act_on_the_page_outweighs_it(one, others, verdict, reason):
    found = scoring.score(one, sent_at=NOW, delivered_at=NOW, others=others, networks=LIST)
    assert (found.verdict, found.reasons[0]) == (verdict, reason)


def test_the_list_that_is_kept_here_can_be_read_and_is_older_than_any_other():
    kept = networks.shipped()
    assert kept.edition == 0 and scoring.ruleset(kept) == scoring.RULESET
    assert kept.of("172.225.3.0/24") == {"apple"} and kept.of("209.222.82.0/24") == {"security"}
    assert kept.of("8.8.8.0/24") == frozenset() and not kept.knows("cloud")
    assert networks.chosen("") == kept
    assert (LIST.edition, scoring.named(scoring.ruleset(LIST)), scoring.named(2)) == (47, "3.47", "2")


UNREADABLE = ["", "# as-of never", "# as-of 2026-01-01\ncloud 1.2.3.4/8", "# as-of 2026-01-01\nx 1.0.0.0/8"]


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_list_that_cannot_be_read_says_so_at_the_start(text, settings, tmp_path):
    (tmp_path / "list").write_text(text)
    for name in ("list", "none"):
        with pytest.raises(BadList):
            networks.chosen(str(tmp_path / name))
    with pytest.raises(SettingsFault, match="GOODTERMS_NETWORKS"):
        assembly.make_tools(replace(settings, networks=str(tmp_path / "list")))


def ask(words):
    return CliRunner().invoke(cli.cli, words, standalone_mode=False)


PUBLISHED = {
    "apple": "172.224.226.0/31,US,US-CA,LA,\n172.224.226.2/31,US,,,\n2a02:26f7:b000:4000::/64,GB,,,\n",
    "cloud": json.dumps(
        {"syncToken": "1", "prefixes": [{"ip_prefix": "3.4.12.4/32", "service": "EC2"}, {"ip_prefix": "no/t"}]}
    ),
    "security": "# gateways\n198.51.100.0/25\n198.51.100.128/25 # the other half\n",
}


def test_an_operator_makes_a_list_from_what_the_owners_publish(tmp_path):
    asked = ["networks", "make", "--json", "--as-of", "2026-11-20", "--out", str(tmp_path / "made")]
    for kind, text in PUBLISHED.items():
        (tmp_path / kind).write_text(text)
        asked += [f"--{kind}", str(tmp_path / kind)]
    told = json.loads(ask(asked).stdout)
    assert (told["edition"], told["apple"], told["cloud"], told["security"]) == (47, 2, 1, 1)
    made = networks.chosen(str(tmp_path / "made"))
    assert made.as_of == date(2026, 11, 20)
    assert [
        made.of(each) for each in ("172.224.226.0/24", "3.4.12.0/24", "198.51.100.0/24", "2a02:26f7:b000::/48")
    ] == [
        {"apple"},
        {"cloud"},
        {"security"},
        {"apple"},
    ]


@pytest.mark.parametrize(("name", "text"), [("--apple", ""), ("--cloud", "{no"), ("--security", "somewhere")])
def test_a_list_that_is_none_is_refused(tmp_path, name, text):
    (tmp_path / "list").write_text(text)
    asked = ["networks", "make", "--out", str(tmp_path / "made"), name, str(tmp_path / "list")]
    assert [ask(each).exception.code for each in (asked, asked[:4])] == [2, 2]
    assert not (tmp_path / "made").exists()


def test_a_newer_list_judges_the_hits_of_before_again(post):
    message = post.a_message()
    post.send(message)
    grade(post, fetch(post, "link_get", after=MIN))
    assert post.invoice_of(message).evidence_level == 4
    (network,) = post.ask("SELECT ip_prefix FROM evidence WHERE tenant_id = :tenant AND source = 'portal'")
    newer = networks.read(f"# as-of 2026-11-20\ncloud {network}\n")
    with post.unit():
        assert rescoring.history(now=post.now, networks=newer).changed == 1
        assert rescoring.history(now=post.now, networks=newer).last is None
        assert rescoring.history(now=post.now, networks=newer, again_all=True).looked_at == 1
    assert post.ask("SELECT reasons, ruleset FROM evidence WHERE tenant_id = :tenant AND source = 'portal'") == [
        ("cloud_network,weak", 3047)
    ]
    assert post.invoice_of(message).evidence_level == 3
