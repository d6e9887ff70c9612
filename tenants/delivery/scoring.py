"""Decides whether a hit on a link or an image was a person or a machine, and says why. Ruleset 3.

Mail gateways open everything at delivery and often pose as browsers, so the agent alone is not enough; timing and
company count. The surest signs come first, and the reasons are kept, so that history can be scored again when the
rules get better. Being wrong one way tells a specialist that a bill was read when it was not; the other way only
costs a weaker sign. When in doubt: machine or unknown.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawlerdetect import CrawlerDetect

from tenants.delivery import networks as known_networks
from tenants.delivery.networks import APPLE, CLOUD, SECURITY, Networks

RULESET = 3_000
"""The third set of rules; the list of networks that it is used with adds its own number (see `ruleset`)."""
DECOY = "/p/<token>/all"
"""The address of the link that no person sees, as hits name it."""
TOGETHER = timedelta(seconds=2)
AROUND_A_DECOY = timedelta(minutes=1)
TOO_SOON = timedelta(seconds=5)
TOO_SOON_FOR_IMAGES = timedelta(seconds=10)

SCANNERS = re.compile(
    r"barracuda|proofpoint|mimecast|safelinks|trendmicro|sophos|cisco|ironport|symantec|forcepoint|fireeye|messagelabs|"
    r"urldefense|zscaler|bitdefender|preview|python|curl/|wget/|okhttp|go-http-client|java/|libwww|node-fetch|axios|"
    r"headless|phantomjs|selenium|playwright|puppeteer|scan|monitor|unfurl|webhook|verif|validat|check|crawl|spider|fetch|"
    r"\bbot\b|bot/|archiv|\bfeed|\brss|search|https?://|-agent\b|\.ai\b",
    re.IGNORECASE,
)
"""Gateways by name, tools by name, and words by which honest machines call themselves; an address is such a word."""
BROWSER = re.compile(r"^(?:Mozilla/[45]\.0 \(|Opera/\d)")
POSES = re.compile(r"\(compatible;(?! (?:MSIE|Konqueror))|ms-office|microsoft office", re.IGNORECASE)
"""Not how browsers write it: robots, and the office programs that try a link before they show it."""
PROXIES = re.compile(r"GoogleImageProxy|ggpht\.com|YahooMailProxy|RamblerMail.*ImageProxy", re.IGNORECASE)
APPLE_BARE = "Mozilla/5.0"
LONGEST_AGENT = 400
_crawlers = CrawlerDetect()


@dataclass(frozen=True, slots=True)
class Hit:
    """One fetch of something that we wrote into a mail."""

    kind: str
    """pixel, link_get, portal_view, portal_interaction or download."""
    at: datetime
    agent: str
    method: str = "GET"
    target: str = ""
    network: str = ""
    """Where it came from, as far as we keep it."""


@dataclass(frozen=True, slots=True)
class Score:
    """Who it was, by what signs, and what level of evidence that is."""

    verdict: str
    reasons: tuple[str, ...]
    level: int


FOLLOWED = frozenset({"link_get", "download"})
INSIDE = frozenset({"portal_view", "download"})
OPENED, INTERACTED, INSIDE_LEVEL, MACHINE = 4, 5, 6, 3


def ruleset(networks: Networks) -> int:
    """The number of these rules with that list of networks: what either of them judged before has a smaller one."""
    return RULESET + networks.edition


def named(number: int) -> str:
    """A ruleset as people read it: the rules, and which list of networks."""
    return f"{number // 1000}.{number % 1000}" if number >= 1000 else str(number)


def score(
    hit: Hit,
    *,
    sent_at: datetime | None,
    delivered_at: datetime | None,
    others: tuple[Hit, ...] = (),
    networks: Networks = known_networks.NONE,
) -> Score:
    """Judge one hit; `others` are the hits of the same message: all interactions, and whatever came within seconds."""
    certain = _certain(hit) or _in_company(hit, others)
    if certain:
        return Score("machine", (certain,), MACHINE)
    if hit.kind == "portal_interaction":
        return Score("human", ("interaction",), INTERACTED)
    if hit.kind in INSIDE and any(other.kind == "portal_interaction" and other.at <= hit.at for other in others):
        return Score("human", ("after_interaction",), INSIDE_LEVEL)
    if _beside_a_decoy(hit, others):
        return Score("machine", ("beside_a_decoy",), MACHINE)
    soon = _too_soon(hit, sent_at, delivered_at)
    if soon:
        return Score("machine", (soon, "weak"), MACHINE)
    known = networks.of(hit.network)
    if hit.agent.strip() == APPLE_BARE:
        elsewhere = networks.knows(APPLE) and APPLE not in known
        return Score("unknown", ("bare_agent" if elsewhere else "apple_privacy_proxy",), MACHINE)
    place = _machines_live_there(hit, known, others)
    if place:
        return Score("machine", (place, "weak"), MACHINE)
    proxied = "image_proxy" if PROXIES.search(hit.agent) else "no_machine_sign"
    return Score("human", (proxied, "without_interaction"), OPENED)


def _certain(hit: Hit) -> str:
    if hit.method == "HEAD":
        return "head_request"
    if hit.target == DECOY:
        return "decoy"
    if not hit.agent.strip():
        return "no_agent"
    if PROXIES.search(hit.agent):
        return ""
    if SCANNERS.search(hit.agent):
        return "scanner"
    if hit.kind != "pixel" and hit.agent.strip() != APPLE_BARE and _is_no_browser(hit.agent):
        return "no_browser"
    return "known_bot" if _crawlers.isCrawler(hit.agent[:LONGEST_AGENT]) else ""


def _is_no_browser(agent: str) -> bool:
    """Mail programs load images in their own name, but people follow links in browsers."""
    return not BROWSER.match(agent) or bool(POSES.search(agent))


def _in_company(hit: Hit, others: tuple[Hit, ...]) -> str:
    """People follow one link at a time. What a page or a mail program loads by itself is no company."""
    if hit.kind not in FOLLOWED:
        return ""
    near = {other.target for other in others if other.kind in FOLLOWED and abs(other.at - hit.at) <= TOGETHER}
    return "several_links_at_once" if near - {hit.target} else ""


def _beside_a_decoy(hit: Hit, others: tuple[Hit, ...]) -> bool:
    """Who follows what nobody sees is a machine, and so is all that comes from its network within the minute."""
    return any(
        other.target == DECOY and other.network == hit.network and abs(other.at - hit.at) <= AROUND_A_DECOY
        for other in others
    )


def _machines_live_there(hit: Hit, known: frozenset[str], others: tuple[Hit, ...]) -> str:
    """Gateways and clouds fetch and go; a person whose company works from there acts on the page too. Proxies of
    mailboxes fetch for a reader, wherever they stand."""
    acted = any(other.kind == "portal_interaction" and other.network == hit.network for other in others)
    if acted or PROXIES.search(hit.agent):
        return ""
    return next((f"{kind}_network" for kind in (SECURITY, CLOUD) if kind in known), "")


def _too_soon(hit: Hit, sent_at: datetime | None, delivered_at: datetime | None) -> str:
    arrived = delivered_at or sent_at
    if arrived is None or hit.at < arrived:
        return "before_delivery"
    patience = TOO_SOON_FOR_IMAGES if hit.kind == "pixel" else TOO_SOON
    return "seconds_after_delivery" if hit.at - arrived < patience else ""
