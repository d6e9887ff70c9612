"""The provider's own people: invited, shut out, and the first of them all; and the history in words."""

import json
import re
from uuid import uuid4

import pytest

from console import cli
from service.auth import browser
from service.pages import acts
from tenants.directory import clients, people, staff
from tenants.values import ids
from tests.cast import NOW, engage
from tests.unit.service.asking import new_client
from tests.unit.service.conftest import Browser
from tests.unit.service.test_welcome import WORD, follow, form, post, sent  # noqa: F401  (fixtures)

HERE = "/provider/people"


@pytest.fixture
def paula(post, as_, provider_admin):  # noqa: F811
    return as_(provider_admin)


def one(paula, email):
    return next(each for each in paula.get("~/provider/people").json["items"] if each["email"] == email)


def public_id(paula, email):
    return one(paula, email)["id"]


def an_address():
    return f"nora.{uuid4().hex[-10:]}@people.test"


def test_paula_adds_nora_who_comes_in_and_is_shut_out(paula, web, sent, stranger):  # noqa: F811
    nora = an_address()
    assert form(paula, HERE, email=nora, name="Nora Lund").status_code == 303
    assert form(paula, HERE, email=nora, name="Nora Lund").status_code == 409
    here = f"{HERE}/{public_id(paula, nora)}"
    assert form(paula, f"{here}/invitation").status_code == 303
    first, second = sent(nora)
    assert first.subject == "You can come in" and "Paula Adeyemi has let you in." in first.text
    assert follow(stranger, first).status_code == 404 and follow(stranger, second).status_code == 200
    assert form(stranger, "/welcome", password=WORD).status_code == 303
    assert stranger.client.get("/no-clients").status_code == 200, "no client's books are open to her"
    page = paula.client.get(HERE).text
    assert nora in page and "nobody of the provider needs a second factor" in page.lower()
    assert form(paula, f"{here}/invitation").status_code == 409, "she is in"
    assert form(paula, f"{here}/shut").status_code == 303
    assert stranger.get("~/whoami").status_code == 401
    assert form(Browser(web.test_client()), "/sign-in", email=nora, password=WORD).status_code == 422
    assert "Let back in" in paula.client.get(HERE).text and form(paula, f"{here}/invitation").status_code == 409
    assert form(paula, f"{here}/back").status_code == 303
    assert form(Browser(web.test_client()), "/sign-in", email=nora, password=WORD).status_code == 303


def test_the_api_adds_and_shuts_out_as_the_page_does(paula, sent, provider_admin, alder_viewer):  # noqa: F811
    nora = an_address()
    added = paula.post("~/provider/people", {"email": nora, "name": "Nora Lund"})
    here = f"~/provider/people/{added.json['id']}"
    assert added.status_code == 201 and len(sent(nora)) == 1
    assert paula.post("~/provider/people", {"email": nora, "name": "Nora"}).json["code"] == "person_known"
    assert paula.post(f"{here}/invitation").status_code == 202
    assert paula.post(f"{here}/admin", {"admin": True}).status_code == 200
    assert one(paula, nora) | {"name": "Nora Lund", "is_admin": True, "has_a_way_in": False, "shut_at": None} == one(
        paula, nora
    )
    assert paula.post(f"{here}/admin", {"admin": False}).status_code == 200
    assert (
        paula.post(f"{here}/shut").status_code == 200
        and one(paula, nora)["shut_at"]
        and not one(paula, nora)["is_admin"]
    )
    assert paula.post(f"{here}/back").status_code == 200 and one(paula, nora)["shut_at"] is None
    for who in (alder_viewer.id, uuid4()):
        assert paula.post(f"~/provider/people/{ids.show('per', who)}/shut").json["code"] == "unknown_person"
    mine = f"~/provider/people/{ids.show('per', provider_admin.id)}"
    for path, body in (("shut", None), ("admin", {"admin": False})):
        assert paula.post(f"{mine}/{path}", body).json["code"] == "kept_in"


def test_what_the_provider_does_is_remembered_and_only_added_to(paula, alder, specialist, statements):
    nora = an_address()
    added = paula.post("~/provider/people", {"email": nora, "name": "Nora Lund", "admin": True}).json["id"]
    paula.post(f"~/provider/people/{added}/shut")
    paula.post(f"~/provider/people/{added}/back")
    paula.post(f"~/provider/people/{added}/admin", {"admin": False})
    client = paula.post("~/provider/clients", new_client()).json["id"]
    given = paula.post(
        f"~/provider/clients/{client}/assignments", {"email": specialist.email, "role": "specialist"}
    ).json
    paula.post(f"~/provider/clients/{client}/assignments/{given['id']}/end", {"reason": "She moved"})
    paula.post(f"~/provider/clients/{client}/access-grants", {"reason": "A customer called us"})
    first = paula.get("~/provider/history?limit=5").json
    items = first["items"] + paula.get(f"~/provider/history?limit=3&cursor={first['next']}").json["items"]
    assert [each["act"] for each in items[:8]] == [
        "visit.asked",
        "assignment.ended",
        "assignment.given",
        "client.opened",
        "colleague.changed",
        "colleague.let_back",
        "colleague.shut_out",
        "colleague.added",
    ]
    assert {each["actor_name"] for each in items[:8]} == {"Paula Adeyemi"}
    assert (items[1]["reason"], items[1]["became"]["person"]) == ("She moved", "Sofia Lindqvist")
    assert (items[3]["object"], items[7]["object"], items[7]["object_name"]) == (client, added, "Nora Lund")
    page = paula.client.get("/provider/history").text
    assert "Client opened" in page and "Nora Lund" in page and "She moved" in page
    right = "has_table_privilege('gt_auth', 'identity.provider_act', '{}')"
    asked = ", ".join(right.format(each) for each in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"))
    assert statements(f"SELECT {asked}")[0] == (True, False, False, False)


def test_nobody_shuts_themselves_or_the_last_administrator_out(paula, provider_admin, on_platform, monkeypatch):
    assert form(paula, f"{HERE}/{ids.show('per', provider_admin.id)}/shut").status_code == 409
    assert form(paula, f"{HERE}/{ids.show('per', uuid4())}/shut").status_code == 404
    other = engage("Petra", side="provider", provider_role="provider_admin")
    petra = f"{HERE}/{ids.show('per', other.id)}"
    monkeypatch.setattr(staff, "ADMINS", "SELECT 1")
    assert form(paula, f"{petra}/shut").status_code == form(paula, f"{petra}/admin", admin="false").status_code == 409
    monkeypatch.undo()
    assert form(paula, f"{petra}/admin", admin="false").status_code == 303
    assert form(paula, f"{petra}/shut").status_code == 303


def test_a_client_s_admin_and_a_specialist_see_nothing_of_it(as_, alder_admin, specialist, alder_viewer):
    for each in (alder_admin, specialist):
        assert as_(each).client.get(HERE).status_code == 403
        assert form(as_(each), HERE, email=an_address(), name="X").status_code == 403
    assert form(as_(specialist), f"{HERE}/{ids.show('per', alder_viewer.id)}/shut").status_code == 403


def wear(settings, monkeypatch):
    """Let a command find the database of the tests."""
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "AUTH_DATABASE_URL": settings.auth_database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "DOCUMENTS": settings.documents,
        "PUBLIC_URL": settings.public_url,
    }.items():
        monkeypatch.setenv(f"GOODTERMS_{name}", value)


def test_the_first_administrator_comes_in_by_the_link_of_the_command(settings, monkeypatch, capsys, stranger):
    wear(settings, monkeypatch)
    email = an_address()
    ends, texts = [], []
    for _ in range(2):
        with pytest.raises(SystemExit) as end:
            cli.main(["people", "add", email, "--name", "Paula", "--json"])
        ends.append(end.value.code)
        texts.append(capsys.readouterr().out)
    assert ends[0] == 0 != ends[1], "she is here already"
    told = json.loads(texts[0])
    path = re.search(r"/welcome/[\w-]+$", told["link"])[0]
    assert stranger.client.get(path).location == "/welcome"
    assert form(stranger, "/welcome", password=WORD).status_code == 303
    assert stranger.client.get(HERE).status_code == 200, "she administers the provider"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/127.0 Safari/537.36 Edg/127.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_called_as_its_owner_would(agent, said):
    assert browser.named(agent) == said


def in_words(**said):
    return {name: re.sub("<[^>]+>", "", str(value)) for name, value in acts.told(said)}


def test_the_history_speaks_in_words(as_, alder_admin, in_alder, web):
    with web.app_context():
        assert in_words(role="tenant_admin", until="2026-11-22 14:36:30.283565+00:00", id="x", a="", debtor_id="y") == {
            "role": "Admin",
            "until": "22 Nov 2026, 14:36",
        }
        assert in_words(starts_on="2026-11-22", scopes=["a", "b"], open=True, of={"x": 1}) == {
            "starts on": "22 Nov 2026",
            "scopes": "a, b",
            "open": "yes",
            "of": "x 1",
        }
        assert in_words(customer="01a20379-21ac-737b-957c-95554a553e3c", words=["<b>"]) == {
            "customer": "…553e3c",
            "words": "&lt;b&gt;",
        }
    assert (acts.called("rule.published"), acts.kind("access_grant")) == ("Rule published", "visit")
    with in_alder:
        slug = clients.profile().slug
    assert "Role given" in as_(alder_admin).client.get(f"/c/{slug}/history").text


def test_who_has_no_way_in_is_known(on_platform, specialist):
    with on_platform:
        fresh = people.add(an_address(), name="Nora", side="client", now=NOW)
        assert people.without_a_way_in([fresh, specialist.id]) == {fresh}
        assert people.of_id(fresh).name == "Nora"
