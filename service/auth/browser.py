"""What sign-in knows of a browser: its network, its name for itself, and the two cookies that it is given."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from flask import g, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from service import cookies, identity
from service.endpoint import tools
from service.identity import Caller
from tenants.directory import renewals, sessions
from tenants.directory.passkeys import Place
from tenants.directory.session_spans import Span, Spans
from tenants.directory.sessions import SignedIn

STEP = "gt_step"
"""Holds the token of a sign-in that waits for its next step."""
LINK = "gt_link"
"""Holds the token of a letter's link. Anybody can make a browser follow a link, so it never stands in the place of a
step that this browser began itself."""
HOME = "/"
OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f-\xa0\u2028\u2029]*")
PROGRAMS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
"""The first mark that is found decides: most browsers also carry the names of others."""


def inside(target: str) -> str:
    """Only a path of our own may be the next page; browsers drop some signs and turn others, so those are none."""
    return target if OWN_PATH.fullmatch(target) else HOME


def network() -> str:
    """The /24 or /64 of the caller: enough to count tries, too little to know a person."""
    address = request.remote_addr or ""
    if ":" in address:
        return ":".join(address.split(":")[:4])
    return ".".join(address.split(".")[:3])


def agent() -> str:
    """How the browser calls itself."""
    return request.headers.get("User-Agent", "")


def named(agent: str) -> str:
    """A browser as its owner would call it; one that we do not know keeps its own words, shortened."""
    program = next((said for mark, said in PROGRAMS if mark in agent), "")
    system = next((said for mark, said in SYSTEMS if mark in agent), "")
    if program and system:
        return f"{program} on {system}"
    return program or system or agent[:60] or "Unknown browser"


def place() -> Place | None:
    """For which address passkeys are made; None where browsers make none."""
    return Place.of(tools().settings.public_url)


def spans() -> Spans:
    """How long sessions last on this installation."""
    chosen = tools().settings
    return Spans(
        Span(timedelta(minutes=chosen.staff_idle_min), timedelta(hours=chosen.staff_session_h)),
        Span(timedelta(minutes=chosen.client_idle_min), timedelta(hours=chosen.client_session_h)),
        timedelta(days=chosen.kept_days),
    )


def begin(
    person_id: UUID, *, now: datetime, method: str = "password", keep: bool = False, within: UUID | None = None
) -> SignedIn:
    """Open a session in this browser for somebody who has proved to be this person; one that it held before is over."""
    leave(now=now)
    return sessions.start(
        person_id,
        now=now,
        agent=agent(),
        network=network(),
        method=method,
        spans=spans(),
        keep=keep,
        within=within,
    )


def leave(*, now: datetime) -> None:
    """End the session that this browser holds: its cookie is about to be another's."""
    if held := cookies.given(identity.COOKIE):
        sessions.end(held, now=now)


def renew(caller: Caller, *, now: datetime, holds_factor: bool = False) -> SignedIn | None:
    """Change the token of this browser's session, whose person has just proved more, or holds one factor more; None for
    one that is over."""
    fresh = renewals.renew(caller.session_hash, now=now)
    if fresh is not None:
        g.caller = replace(
            caller,
            csrf_token=fresh.csrf_token,
            session_hash=sessions.hash_of(fresh.token),
            proved_at=now,
            misses_factor=caller.misses_factor and not holds_factor,
        )
    return fresh


def hold(response: Response, fresh: SignedIn | None) -> Response:
    """Hand a session to the browser; closing the browser ends it, unless its person calls the device theirs."""
    if fresh is not None:
        cookies.put(response, identity.COOKIE, fresh.token, until=fresh.expires_at if fresh.is_kept else None)
    cookies.drop(response, STEP)
    cookies.drop(response, LINK)
    return response


def enter(fresh: SignedIn, target: str) -> Response:
    """Hand the session to the browser and show the page that was wanted."""
    return hold(redirect(inside(target), 303), fresh)


def wait(response: Response, token: str, *, seconds: int = 600) -> Response:
    """Let the browser hold the token of a step until the next one."""
    cookies.put(response, STEP, token, seconds=seconds)
    return response


def step() -> str:
    """The token of the step that this browser waits in."""
    return cookies.given(STEP)


def carry(response: Response, token: str, *, seconds: int) -> Response:
    """Let the browser hold the token of the link that it followed."""
    cookies.put(response, LINK, token, seconds=seconds)
    return response


def link() -> str:
    """The token of the link that this browser followed."""
    return cookies.given(LINK)
