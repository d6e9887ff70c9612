"""Signing in: one sentence for whatever does not fit, and no form of another site."""

import re

import pytest

from service.identity import COOKIE
from tests.cast import PASSWORD


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


@pytest.mark.parametrize("target", ["//elsewhere.test/", "https://elsewhere.test/", "/\\elsewhere.test"])
def test_nobody_is_led_to_another_site(stranger, specialist, target):
    answer = stranger.client.post("/sign-in", data={"email": specialist.email, "password": PASSWORD, "next": target})
    assert answer.location == "/"


def test_after_signing_in_one_is_where_one_wanted_to_be(stranger, specialist, alder_world):
    asked = stranger.get(f"/c/{alder_world.slug}/invoices?standing=overdue&delivery=delivered")
    page = stranger.get(asked.location).get_data(as_text=True)
    assert f'value="/c/{alder_world.slug}/invoices?standing=overdue&amp;delivery=delivered"' in page
