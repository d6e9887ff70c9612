"""Una signs in through a certified OpenID provider that we did not write."""

import json
import select
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
import requests
from werkzeug.serving import make_server

from service.app import create_app
from tenants.directory import connections
from tenants.isolation import scope
from tenants.store import db
from tenants.values import ids
from tenants.work import unit_of_work

HERE = Path(__file__).parent
SECRET = "a secret of forty-two characters, or more.."
SLOWEST = 90


@pytest.fixture(scope="module")
def house(settings) -> Iterator[str]:
    """The whole web face behind a real socket, which may call providers on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        app = create_app(replace(settings, public_url=address, loopback_peers=True))
        server = make_server("127.0.0.1", port, app, threaded=True, fd=holder.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@dataclass
class Company:
    """Alder, its provider, and what a browser does."""

    house: str
    tenant: UUID
    connection: UUID
    email: str

    def sign_in(self) -> requests.Response:
        """Walk the whole way as a browser does; answers where it ends."""
        with requests.Session() as browser:
            sent = {"tenant": ids.show("ten", self.tenant), "connection": ids.show("idp", self.connection)}
            page = browser.post(f"{self.house}/sign-in/company", data=sent, timeout=SLOWEST)
            page.raise_for_status()
            address = page.headers["Refresh"].partition("url=")[2]
            answer = browser.get(address, timeout=SLOWEST, allow_redirects=False)
            while answer.is_redirect and urlsplit(answer.headers["Location"]).path != "/":
                answer = browser.get(
                    requests.compat.urljoin(answer.url, answer.headers["Location"]),
                    timeout=SLOWEST,
                    allow_redirects=False,
                )
            return browser.get(f"{self.house}/api/v1/whoami", timeout=SLOWEST) if answer.is_redirect else answer


def start(node, plan) -> tuple[subprocess.Popen, str]:
    program = subprocess.Popen(
        [node, "oidc_provider.mjs"],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    program.stdin.write(json.dumps(plan) + "\n")
    program.stdin.flush()
    ready, _, _ = select.select([program.stdout], [], [], SLOWEST)
    assert ready, "the provider did not start"
    return program, json.loads(program.stdout.readline())["issuer"]


@pytest.fixture
def company(node, house, alder, settings):
    """Alder's provider knows Una, and Alder's connection to it is live."""
    running = []

    def connect(who="una", *, conform=True, method="client_secret_basic", secret=SECRET) -> Company:
        domain = f"alder-{uuid4().hex[:8]}.test"
        known = {"una": {"email": f"una@{domain}", "email_verified": True, "name": "Una Vogel"}}
        known["of Entra"] = {"email": f"una@{domain}", "xms_edov": True, "name": "Una Vogel"}
        known["of Entra"] |= {"tid": str(uuid4()), "oid": str(uuid4()), "preferred_username": f"u.vogel@{domain}"}
        known["of Google"] = {**known["una"], "hd": domain}
        known["of another organisation"] = {**known["una"], "hd": "elsewhere.test"}
        known["mal"] = {"email": f"mal@{domain}", "email_verified": False, "name": "Mal"}
        plan = {"secret": SECRET, "back": f"{house}/sign-in/company/return", "people": known, "who": who}
        program, issuer = start(node, {**plan, "conform": conform, "method": method})
        running.append(program)
        now = datetime.now(UTC)
        with unit_of_work(scope.tenant(alder, actor="test")):
            added = connections.add(
                "Login", issuer=issuer, client_id="goodterms", secret=secret, now=now, keys=settings.keyring, jit=True
            )
            connections.claim_domain(domain, now=now)
            (mine,) = connections.domains()
            connections.prove_domain(domain, records=[mine.record], now=now)
            connections.mark_tested(added, now=now)
            connections.set_state(added, state="live", now=now)
        return Company(house, alder, added, f"una@{domain}")

    yield connect
    for program in running:
        program.stdin.close()
        program.wait(SLOWEST)
        program.stdout.close()


@pytest.mark.parametrize(("conform", "method"), [(True, "client_secret_basic"), (False, "client_secret_post")])
def test_una_comes_in_through_her_companys_own_provider(company, conform, method):
    alder = company(conform=conform, method=method)
    answer = alder.sign_in()
    assert answer.headers["Content-Type"] == "application/json", (answer.url, answer.text[-900:])
    me = answer.json()
    assert (me["name"], me["email"], me["clients"][0]["roles"]) == ("Una Vogel", alder.email, ["client_viewer"])
    assert alder.sign_in().json()["id"] == me["id"]


@pytest.mark.parametrize("who", ["of Entra", "of Google"])
def test_what_entra_and_google_say_of_una_is_understood(company, who):
    alder = company(who, conform=False)
    assert alder.sign_in().json()["email"] == alder.email


@pytest.mark.parametrize("who", ["mal", "of another organisation"])
def test_an_address_that_the_provider_did_not_verify_or_that_is_run_by_others_opens_nothing(company, who):
    answer = company(who, conform=False).sign_in()
    assert answer.status_code == 403 and "does not open anything" in answer.text


def test_a_wrong_secret_opens_nothing(company):
    assert company(secret="not the secret that the provider gave us").sign_in().status_code == 403
