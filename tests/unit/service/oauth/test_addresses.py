"""Addresses to return to are compared letter by letter: more than two hundred that look alike lead nowhere (OA-10)."""

from urllib.parse import quote

import pytest

from tenants.directory import client_rules
from tenants.directory.client_rules import BadApiClient
from tests.unit.service.oauth.desk import BACK, LEFT, Walk, register

HOST = "app.alder.test"


TAILS = ["/", "?", "?x=1", "#", "#x", "/x", "/..", "/../back", "//", ";x", "%20", " ", "\t", "%00", "%0a", "\\", "."]
TAILS += ["%0d%0aLocation:x", "@evil.test", ":443", "&x=1", "%2f"]
PATHS = [
    "",
    "/",
    "/Back",
    "/BACK",
    "/bac",
    "/backk",
    "//back",
    "/./back",
    "/x/../back",
    "/%62ack",
    "/b%61ck",
    "/back%2f",
]
PATHS += ["/%2e%2e/back", "/%2e/back", "/ back", "\\back"]
SCHEMES = ("http", "HTTPS", "Https", "ftp", "javascript", "data", "file", "custom", "about", "blob", "ws", "")
HOSTS = str.split(r"""
APP.alder.test app.alder.test. app.alder.test.evil.test evil.test app.alder.test@evil.test evil.test@app.alder.test
user@app.alder.test user:pw@app.alder.test alder.test www.app.alder.test app-alder.test app.alder.tes app.alder.testt
app.alder.test:443 app.alder.test:80 app.alder.test:8443 app.alder.test: app.alder.test:0 xn--app-alder.test
äpp.alder.test app。alder.test app%2ealder.test app.alder.test%00.evil.test 127.0.0.1 localhost [::1] 0x7f.1 2130706433
app.alder.test\evil.test app.alder.test#@evil.test app.alder.test?@evil.test app.alder.test%23@evil.test
app.alder.test%252f@evil.test .app.alder.test app..alder.test app_alder.test
""")
BARE = [f"//{HOST}/back", f"/{HOST}/back", "/back", "back", "", "https:", "https:/", "https://", "https:///back"]
SPELLED = [BACK.upper(), BACK.title(), f" {BACK}", f"{BACK}\n", f"{BACK},{BACK}", f"{BACK} {BACK}", f'"{BACK}"']


def mutations() -> list[str]:
    """Addresses that are not the registered one, and that somebody might take for it."""
    found = [BACK + tail for tail in TAILS] + [f"https://{HOST}{other}" for other in PATHS] + BARE + SPELLED
    found += [f"{scheme}://{HOST}/back" for scheme in SCHEMES] + [f"https://{host}/back" for host in HOSTS]
    found += [f"{scheme}:{HOST}/back" for scheme in ("https", "http", "javascript", "data")]
    found += [BACK[:at] + BACK[at + 1 :] for at in range(len(BACK))]
    found += [BACK[:at] + letter + BACK[at:] for at in range(len(BACK) + 1) for letter in ("x", "%", ".")]
    found += [BACK.replace(letter, quote(letter, safe="").lower()) for letter in ":/"]
    return sorted({each for each in found if each != BACK})


def test_there_are_more_than_two_hundred():
    assert len(mutations()) >= 200


def test_not_one_of_them_is_taken_when_a_request_is_pushed(walk: Walk):
    for address in mutations():
        answer = walk.push(redirect_uri=address)
        assert answer.status_code in (400, 401) and "Location" not in answer.headers, address


def test_not_one_of_them_is_led_to_from_the_address_bar(web, alder, as_, alder_approver):
    walk = Walk(register(web, alder, kind="app", needs_pushing=False), as_(alder_approver))
    for address in mutations():
        answer = walk.browser.client.get("/oauth/authorize", query_string=walk.request(redirect_uri=address))
        assert answer.status_code == 400 and "Location" not in answer.headers, address


def test_not_one_of_them_is_led_to_after_signing_out(walk: Walk):
    tokens = walk.tokens()
    for address in mutations()[::3]:
        target = address.replace(BACK, LEFT).replace("/back", "/left")
        if target == LEFT:
            continue
        form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": target}
        answer = walk.desk.web.post("/oauth/logout", data=form)
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/sign-in"), target


REFUSED = str.split(r"""
http://app.alder.test/back https://app.alder.test/back#x https://u@app.alder.test/ https://app.alder.test/../x
https://app.alder.test/%2e%2e/x https://APP.alder.test/ javascript:alert(1) data:text/html,x custom://x /back
https://app.alder.test./ https://app.alder.test:0/ https:/// https://app.alder.test:99999/ http://localhost/back
https://äpp.test/ https://app.alder.test/%2fx https://app.alder.test/a\b http://127.0.0.1.evil.test@x/ https://[::1
""")


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_could_mean_two_things_is_not_registered(address):
    with pytest.raises(BadApiClient):
        client_rules.check_addresses([address], pointer="/redirect_uris")


@pytest.mark.parametrize(
    "address", [BACK, "http://127.0.0.1:8080/cb", "http://[::1]:9/cb", "https://a.test/?x=1&y=%20"]
)
def test_a_plain_address_is_registered(address):
    assert client_rules.check_addresses([address, address], pointer="/redirect_uris") == (address,)


def test_an_address_is_short_and_there_are_few():
    for addresses in ([BACK + "x" * 600], [f"{BACK}/{n}" for n in range(21)]):
        with pytest.raises(BadApiClient):
            client_rules.check_addresses(addresses, pointer="/redirect_uris")


class TestSigningOut:
    """RP-initiated logout."""

    def test_a_person_leaves_the_app_and_the_browser(self, walk: Walk):
        tokens = walk.tokens()
        query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": LEFT, "state": "s t"}
        page = walk.browser.client.get("/oauth/logout", query_string=query)
        assert page.status_code == 200 and walk.browser.get("~/whoami").status_code == 200, "asking ends nothing"
        assert "https://app.alder.test" in page.headers["Content-Security-Policy"]
        answer = walk.browser.client.post("/oauth/logout", data=query)
        assert answer.headers["Location"] == f"{LEFT}?state=s+t"
        assert walk.browser.get("~/whoami").status_code == 401
        assert walk.desk.call(tokens["access_token"]).status_code == 401

    def test_the_app_may_name_itself_instead_of_a_hint(self, walk: Walk):
        form = {"client_id": walk.desk.client_id, "post_logout_redirect_uri": LEFT}
        assert walk.browser.client.post("/oauth/logout", data=form).headers["Location"] == LEFT

    def test_a_hint_of_one_app_does_not_lead_to_another(self, walk: Walk, web, birch):
        other = register(web, birch, kind="app", logout_uris=("https://birch.test/left",))
        form = {"client_id": other.client_id, "id_token_hint": walk.tokens()["id_token"]}
        answer = walk.desk.web.post(
            "/oauth/logout", data=form | {"post_logout_redirect_uri": "https://birch.test/left"}
        )
        assert answer.headers["Location"] == "/sign-in"

    def test_a_page_of_another_site_signs_nobody_out(self, walk: Walk):
        answer = walk.browser.client.post("/oauth/logout", data={}, headers={"Origin": "https://evil.test"})
        assert answer.status_code == 403 and walk.browser.get("~/whoami").status_code == 200

    @pytest.mark.parametrize("query", ["a=1&a=2", "id_token_hint=x", "post_logout_redirect_uri=https://evil.test"])
    def test_nonsense_is_a_plain_question(self, walk: Walk, query):
        page = walk.browser.client.get(f"/oauth/logout?{query}")
        assert page.status_code == 200 and "Sign out?" in page.text

    def test_somebody_elses_hint_ends_nothing_of_theirs(self, walk: Walk, as_, alder_viewer):
        tokens = walk.tokens()
        as_(alder_viewer).client.post("/oauth/logout", data={"id_token_hint": tokens["id_token"]})
        assert walk.desk.call(tokens["access_token"]).status_code == 200
