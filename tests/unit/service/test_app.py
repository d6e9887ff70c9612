"""The web face as a whole: headers, cookies, request ids, the log, health, and what it refuses to start with."""

import json
from dataclasses import replace

import psycopg
import pytest
import structlog

from service import health
from service.app import create_app
from service.identity import COOKIE
from tenants import logs
from tenants import settings as settings_room
from tenants.assembly import UnsafeRole
from tenants.store import db
from tests.cast import PASSWORD
from tests.hearing import heard_by
from tests.unit.service import asking
from tests.unit.service.asking import ASKS, address

STRICT = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


def test_every_answer_of_the_api_is_shut_to_other_sites_and_to_caches(alder_world, as_, manager):
    browser = as_(manager)
    for name, route in asking.ROUTES.items():
        ask = ASKS[name](alder_world)
        headers = browser.send(route.method, address(route, alder_world, ask), **ask.options()).headers
        assert {key: headers[key] for key in STRICT} == STRICT, name
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; base-uri 'none'"), name
        assert headers["Cache-Control"] == "no-store", name
        assert "Set-Cookie" not in headers, name
        assert "Access-Control-Allow-Origin" not in headers, name


@pytest.mark.parametrize("path", ["/sign-in", "/livez", "/nothing-here", "~/whoami", "~/openapi.json"])
def test_answers_to_strangers_carry_the_same_headers(stranger, path):
    headers = stranger.get(path).headers
    assert {key: headers[key] for key in STRICT} == STRICT
    assert "script-src 'unsafe" not in headers["Content-Security-Policy"]


def test_a_request_keeps_its_own_id_and_a_strange_one_gets_another(stranger):
    stranger.headers = {"X-Request-Id": "abc-123.def"}
    assert stranger.get("/livez").headers["X-Request-Id"] == "abc-123.def"
    stranger.headers = {"X-Request-Id": "<script>alert(1)</script>"}
    assert stranger.get("/livez").headers["X-Request-Id"].isalnum()


def test_the_cookie_of_a_session_is_out_of_reach_of_scripts_and_of_other_sites(stranger, specialist):
    form = {"email": specialist.email, "password": PASSWORD}
    cookie = stranger.client.post("/sign-in", data=form).headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


def test_a_session_of_the_sign_in_page_opens_the_api_and_ends_with_it(stranger, specialist):
    stranger.client.post("/sign-in", data={"email": specialist.email, "password": PASSWORD})
    me = stranger.get("~/whoami").json
    assert (me["name"], me["side"]) == ("Sofia Lindqvist", "provider")
    assert [client["roles"] for client in me["clients"]] == [["specialist"], ["specialist"]]
    assert stranger.client.post("/sign-out", data={"csrf_token": me["csrf_token"]}).status_code == 303
    assert stranger.get("~/whoami").status_code == 401


def test_a_forged_or_old_session_is_nobody(stranger, specialist, as_, web_clock):
    stranger.client.set_cookie(COOKIE, "x" * 43, domain="localhost")
    assert stranger.get("~/whoami").status_code == 401
    browser = as_(specialist)
    web_clock.stand_at(web_clock.now().replace(hour=20))
    assert browser.get("~/whoami").status_code == 401


def test_one_line_is_logged_for_a_request_without_bodies_or_secrets(alder_world, as_, manager):
    browser, lines = as_(manager), []

    def keep(_logger, _method, said):
        lines.append(said)
        raise structlog.DropEvent

    with heard_by(keep):
        browser.post(f"~/tenants/{alder_world.slug}/debtors", {"number": "S-1", "name": "Secret Gardens"})
    (line,) = [each for each in lines if each["event"] == "request"]
    assert line["route"] == "/api/v1/tenants/<client:client>/debtors"
    assert (line["method"], line["status"], line["tenant"]) == ("POST", 201, str(alder_world.tenant))
    assert line["actor"] == f"person:{manager.id}"
    said = json.dumps(lines, default=str)
    assert "Secret Gardens" not in said and browser.csrf not in said and manager.email not in said


def test_logs_are_lines_of_json_for_machines(capsys, settings):
    kept = structlog.get_config()
    try:
        logs.configure(replace(settings, log_json=True))
        structlog.get_logger("test").info("hello", actor="person:1")
        assert json.loads(capsys.readouterr().out)["event"] == "hello"
    finally:
        structlog.configure(**kept)


def test_health_tells_alive_ready_and_started_apart(stranger):
    for path in ("/livez", "/readyz", "/startupz"):
        assert stranger.get(path).json == {"status": "ok"}
    assert stranger.get("/version").json["version"]


def test_a_program_that_is_ahead_of_its_database_is_not_ready(stranger, monkeypatch):
    monkeypatch.setattr(health, "SCHEMA", "9999")
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "waiting")
    assert "9999" in answer.json["reason"]


def test_it_does_not_start_with_a_role_that_could_walk_around_the_wall(settings, database_urls):
    with pytest.raises(UnsafeRole):
        create_app(replace(settings, database_url=database_urls["gt_owner"]))


def test_it_starts_from_the_environment_alone(settings, monkeypatch):
    monkeypatch.setattr(settings_room, "read", lambda: settings)
    app = create_app()
    assert app.extensions["goodterms"].settings == settings
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def test_the_web_face_cannot_read_people_with_its_own_role(database_urls):
    with psycopg.connect(database_urls["gt_app"]) as line, pytest.raises(psycopg.errors.InsufficientPrivilege):
        line.execute("SELECT 1 FROM identity.person")
