"""Paula opens a client: on the page, by the API, on the command line; and its first admin comes in."""

import json
import re
from html import unescape

import pytest

from console import cli
from service.pages import provider
from tenants.directory import clients
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.unit.service.asking import new_client
from tests.unit.service.conftest import Browser
from tests.unit.service.test_staff import wear
from tests.unit.service.test_welcome import WORD, follow, form, post, sent  # noqa: F401  (fixtures)

HERE = "/provider/clients/new"
NEXT = re.compile(r'rel="next" href="([^"]+)"')
ROW = re.compile(r'data-open href="(/provider/clients/ten_[0-9a-v]{26})"')


@pytest.fixture
def paula(post, as_, provider_admin):  # noqa: F811
    return as_(provider_admin)


def test_paula_opens_a_client_and_its_admin_comes_in_and_finds_it_in_test_mode(paula, web, sent, specialist):  # noqa: F811
    body = new_client() | {"admin_name": "Ewa Nowak"}
    page = paula.client.get(HERE).text
    assert "Poland" in page and "PLN, Polish Zloty" in page and "Europe/Warsaw" in page
    answer = form(paula, HERE, **body)
    assert answer.status_code == 303
    of_client = paula.client.get(answer.location).text
    assert (
        "test mode: nothing leaves" in of_client and "Ewa Nowak" in of_client and "invited, not here yet" in of_client
    )
    assert "Cedar Sp. z o.o." in paula.client.get(f"/provider?q={body['slug']}").text
    (letter,) = sent(body["admin_email"])
    assert letter.subject == "You can come in: Cedar Sp. z o.o." and "Paula Adeyemi" in letter.text
    ewa = Browser(web.test_client())
    follow(ewa, letter)
    assert form(ewa, "/welcome", password=WORD).status_code == 303
    assert "Test mode" in ewa.client.get(f"/c/{body['slug']}/go-live").text
    assert ewa.client.get(f"/c/{body['slug']}/history").text.count("Client opened") >= 1
    assert form(paula, f"{answer.location}/admins", email="ewa.two@people.test", name="").status_code == 409
    assert paula.client.get(f"/c/{body['slug']}/invoices").status_code == 404, "to open is not to enter"
    assert form(paula, f"{answer.location}/assignments", email=specialist.email, role="specialist").status_code == 303


def test_paula_finds_a_client_among_many_and_leafs_through_the_rest(paula, monkeypatch):
    """Two of the five bear the same name; short names are sought too, and no sign of a pattern means anything."""
    word = f"Orchard {str(ids.new())[-12:]}"
    names = [f"{word} 50% off", f"{word} B", f"{word} A", f"{word} B", f"{word} ÄÖ"]
    made = [paula.post("~/provider/clients", new_client() | {"legal_name": name}).json for name in names]
    seen, query = [], {"q": word.upper(), "limit": 2}
    while query.get("cursor", "first"):
        page = paula.get("~/provider/clients", query_string=query).json
        seen += [(each["name"], each["id"]) for each in page["items"]]
        query["cursor"] = page["next"]
    assert len(seen) == 5 and {each["id"] for each in made} == {found for _, found in seen}
    assert [name for name, _ in seen].index(f"{word} A") < [name for name, _ in seen].index(f"{word} B")
    (one,) = paula.get("~/provider/clients", query_string={"q": made[2]["slug"][2:]}).json["items"]
    assert one["id"] == made[2]["id"]
    assert paula.get("~/provider/clients", query_string={"q": f"{word} %"}).json["items"] == []
    other = paula.get("~/provider/clients", query_string={"q": word, "cursor": query_of(paula, word)})
    assert other.status_code == 200
    assert paula.get("~/provider/clients", query_string={"q": "x", "cursor": query_of(paula, word)}).status_code == 422
    monkeypatch.setattr(provider, "LINES", 3)
    first = paula.client.get("/provider", query_string={"q": word}).text
    more = paula.client.get(unescape(NEXT.search(first)[1])).text
    assert len(set(ROW.findall(first)) | set(ROW.findall(more))) == 5 and "First page" in more
    assert "No client of this name" in paula.client.get("/provider?q=nobody-has-this-name").text


def query_of(browser, word):
    """A cursor of the list of these words."""
    return browser.get("~/provider/clients", query_string={"q": word, "limit": 1}).json["next"]


def test_what_was_typed_stays_when_something_is_not_right(paula, alder, in_alder):
    with in_alder:
        taken = clients.profile().slug
    answer = form(paula, HERE, **new_client() | {"slug": taken, "legal_name": "Cedar & Sons"})
    assert answer.status_code == 409 and "is there already" in answer.text and 'value="Cedar &amp; Sons"' in answer.text
    assert 'aria-invalid="true" aria-describedby="refused" autofocus' in answer.text
    answer = form(paula, HERE, **new_client() | {"time_zone": "Europe/Wars"})
    assert answer.status_code == 422 and "not a time zone" in answer.text


def test_a_new_admin_sets_the_letterhead_up_and_is_told_of_the_account(paula, web, sent):  # noqa: F811
    body = new_client()
    form(paula, HERE, **body)
    ewa = Browser(web.test_client())
    follow(ewa, sent(body["admin_email"])[0])
    form(ewa, "/welcome", password=WORD)
    ewa.csrf = ewa.get("~/whoami").json["csrf_token"]
    here = f"/c/{body['slug']}/letterhead"
    assert f'href="{here}"' in ewa.client.get(f"/c/{body['slug']}/go-live").text
    who = {"contact_name": "Ewa Nowak", "contact_email": "ar@cedar.test", "address": "Rynek 1", "accent": "#224466"}
    assert form(ewa, here, **who, contact_phone="", tax_number="", terms="").status_code == 303
    wrong = form(ewa, f"{here}/account", iban="PL61109010140000071219812875", bic="", bank_name="A bank")
    assert wrong.status_code == 422 and "a digit is wrong" in wrong.text and 'value="A bank"' in wrong.text
    right = "PL61 1090 1014 0000 0712 1981 2874"
    assert form(ewa, f"{here}/account", iban=right, bic="", bank_name="A bank").status_code == 303
    page = ewa.client.get(here).text
    assert "PL61109010140000071219812874" in page and "Ewa Nowak" in page and "Rynek 1" in page
    letter = sent(body["admin_email"])[-1]
    assert letter.subject == "The bank account of Cedar Sp. z o.o. was changed" and "PL61…2874" in letter.text
    assert "Ewa Nowak, ar@cedar.test" in ewa.client.get(f"/c/{body['slug']}/go-live").text
    assert "Letterhead changed" in ewa.client.get(f"/c/{body['slug']}/history").text


def test_a_mistyped_address_is_mended_before_anybody_came(paula, sent):  # noqa: F811
    there = form(paula, HERE, **new_client()).location
    other = f"ewa.{ids.new()}@people.test"
    assert form(paula, f"{there}/admins", email=other, name="Ewa").status_code == 303
    assert [each.subject for each in sent(other)] == ["You can come in: Cedar Sp. z o.o."]
    assert other in paula.client.get(there).text


def test_by_the_api_a_client_is_opened_once(paula):
    body = new_client()
    first = paula.post("~/provider/clients", body)
    assert first.status_code == 201 and first.json["slug"] == body["slug"]
    assert first.json["admin_email"] == body["admin_email"]
    again = paula.post("~/provider/clients", body)
    assert (again.status_code, again.json["code"], again.json["errors"][0]["pointer"]) == (409, "slug_taken", "/slug")
    for over, code in (({"base_currency": "PLX"}, "unknown_currency"), ({"country": "ZZ"}, "bad_client")):
        refused = paula.post("~/provider/clients", new_client() | over)
        assert (refused.status_code, refused.json["code"]) == (422, code)
    assert paula.post("~/provider/clients", new_client() | {"language": "xx"}).json["code"] == "invalid"


def test_nobody_else_opens_one(as_, manager, alder_admin, specialist):
    for player in (manager, alder_admin, specialist):
        assert as_(player).client.get(HERE).status_code == 403
        assert form(as_(player), HERE, **new_client()).status_code == 403
        assert as_(player).post("~/provider/clients", new_client()).status_code == 403


def test_the_command_opens_one_for_an_administrator_alone(settings, monkeypatch, capsys, provider_admin, specialist):
    wear(settings, monkeypatch)
    body, ends = new_client(), []
    for person in (specialist.email, provider_admin.email, provider_admin.email):
        with pytest.raises(SystemExit) as end:
            cli.main(
                ["client", "open", body["slug"], "--name", body["legal_name"], "--country", "PL", "--currency", "PLN"]
                + ["--zone", "Europe/Warsaw", "--admin", body["admin_email"], "--person", person, "--json"]
            )
        ends.append(end.value.code)
    assert ends == [4, 0, 4], "no administrator; opened; the short name is taken"
    told, talk = capsys.readouterr()
    opened = json.loads(told)
    assert opened["slug"] == body["slug"] and opened["test_mode"] and opened["invited"] == body["admin_email"]
    assert "is there already" in talk
    with unit_of_work(scope.viewing(ids.read("ten", opened["id"]), actor="test")):
        assert clients.profile().test_since_at is not None
