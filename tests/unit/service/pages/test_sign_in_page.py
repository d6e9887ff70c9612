"""Signing in: one sentence for whatever does not fit, and no form of another site."""

import re
from datetime import timedelta

import pytest

from service.identity import COOKIE
from tests.cast import NOW, PASSWORD


def enter(browser, email, password, **headers):
    return browser.client.post("/sign-in", data={"email": email, "password": password}, headers=headers)


def test_sofia_signs_in_and_out(stranger, specialist):
    answer = enter(stranger, specialist.email, PASSWORD)
    assert answer.status_code == 303 and answer.location == "/"
    assert "HttpOnly" in answer.headers["Set-Cookie"] and "SameSite=Lax" in answer.headers["Set-Cookie"]
    page = stranger.get("/my-day").get_data(as_text=True)
    token = page.split('name="csrf" content="')[1].split('"')[0]
    left = stranger.client.post("/sign-out", data={"csrf_token": token})
    assert left.location == "/sign-in"
    assert stranger.get("/my-day").status_code == 302


CHALLENGE = re.compile(r"[A-Za-z0-9_-]{80,}")
"""What a passkey is asked to sign is new on every page."""


def test_an_unknown_address_and_a_wrong_password_get_the_same_page(stranger, specialist):
    wrong = enter(stranger, specialist.email, "not this one")
    unknown = enter(stranger, "nobody@people.test", "not this one")
    assert wrong.status_code == unknown.status_code == 422
    pages = [CHALLENGE.sub("", each.get_data(as_text=True)) for each in (wrong, unknown)]
    assert pages[0].replace(specialist.email, "") == pages[1].replace("nobody@people.test", "")
    assert "do not fit together" in pages[0] and "aria-invalid" in pages[0]


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.test"}])
def test_a_form_of_another_site_signs_nobody_in(stranger, specialist, headers):
    answer = enter(stranger, specialist.email, PASSWORD, **headers)
    assert answer.status_code == 403
    assert COOKIE not in answer.headers.get("Set-Cookie", "")


ELSEWHERE = [
    "//elsewhere.test/",
    "https://elsewhere.test/",
    "/\\elsewhere.test",
    "/\t/elsewhere.test",
    "/\t\\elsewhere.test",
    "/x\r\nSet-Cookie: a=b",
    "//[",
    "http://[::1",
    "javascript:alert(1)",
    " //elsewhere.test",
]


def test_nobody_is_led_to_another_site(stranger, web, specialist, as_):
    for target in ELSEWHERE:
        form = {"email": specialist.email, "password": PASSWORD, "next": target}
        assert web.test_client().post("/sign-in", data=form).location == "/", target
        asked = stranger.client.get("/sign-in", query_string={"next": target})
        assert asked.status_code == 200 and 'name="next" value="/"' in asked.text, target
    sofia = as_(specialist)
    proof = {"csrf_token": sofia.csrf, "password": PASSWORD, "next": ELSEWHERE[4]}
    assert sofia.client.post("/step-up", data=proof).location == "/"


def test_after_signing_in_one_is_where_one_wanted_to_be(stranger, specialist, alder_world):
    asked = stranger.get(f"/c/{alder_world.slug}/invoices?standing=overdue&delivery=delivered")
    page = stranger.get(asked.location).get_data(as_text=True)
    assert f'value="/c/{alder_world.slug}/invoices?standing=overdue&amp;delivery=delivered"' in page


def test_whoever_was_idle_is_told_why_and_comes_back_to_the_page(stranger, specialist, alder_world, web_clock):
    enter(stranger, specialist.email, PASSWORD)
    web_clock.stand_at(NOW + timedelta(minutes=31))
    asked = stranger.get(f"/c/{alder_world.slug}/invoices")
    page = stranger.get(asked.location).get_data(as_text=True)
    assert "nothing was clicked here for 30 minutes" in page and f'value="/c/{alder_world.slug}/invoices"' in page
    piece = stranger.client.get(
        f"/c/{alder_world.slug}/invoices",
        headers={"HX-Request": "true", "HX-Current-URL": f"http://localhost/c/{alder_world.slug}/invoices?q=x"},
    )
    assert (piece.status_code, piece.text) == (401, "")
    assert piece.headers["HX-Redirect"] == f"/sign-in?next=/c/{alder_world.slug}/invoices%3Fq%3Dx"
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "http://elsewhere.test/x"}
    assert stranger.client.get("/my-day", headers=elsewhere).headers["HX-Redirect"] == "/sign-in?next=/"
    web_clock.stand_at(NOW + timedelta(hours=13))
    assert "after 12 hours everybody signs in again" in stranger.get("/sign-in").get_data(as_text=True)


def test_a_client_s_people_stay_signed_in_where_they_wish_and_the_provider_s_never(
    stranger, web, specialist, birch_viewer
):
    ways = stranger.client.post("/sign-in/address", data={"email": birch_viewer.email}).text
    assert "Keep me signed in on this device" in ways and "30 days" in ways
    for player, keep, lasts in ((specialist, "true", False), (birch_viewer, "", False), (birch_viewer, "true", True)):
        form = {"email": player.email, "password": PASSWORD} | ({"keep": keep} if keep else {})
        cookie = web.test_client().post("/sign-in", data=form).headers["Set-Cookie"]
        assert ("Expires=" in cookie) == lasts
