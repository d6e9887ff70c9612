"""Alder's provider, its connection, and one whole sign-in."""

from dataclasses import replace
from uuid import uuid4

import pytest

from tenants.directory import connections
from tests.unit.service.company.desk import KEY, Idp, back, connect, go
from tests.unit.service.conftest import Browser


@pytest.fixture
def idp(web):
    """Alder's provider, in the place of the open internet."""
    before, provider = web.extensions["goodterms"], Idp()
    web.extensions["goodterms"] = replace(before, providers=provider)
    yield provider
    web.extensions["goodterms"] = before


@pytest.fixture
def connection(alder, settings, idp):
    """Alder's connection, live, with a proved domain of its own for this test."""
    return connect(alder, settings, domain=f"alder-{uuid4().hex[:8]}.test")


@pytest.fixture
def una(alder, in_alder):
    """An address in the domain that Alder proved to own."""
    with in_alder:
        (domain,) = connections.domains() or (None,)
    return f"una@{domain.domain}" if domain else "una@alder.test"


@pytest.fixture
def try_(web, alder, connection, idp, una):
    """One whole sign-in in a new browser, with what a test bends: the answer, the header, the claims."""

    def run(*, answer=None, key=KEY, header=None, browser=None, **claims):
        browser = browser or Browser(web.test_client())
        asked = go(browser, alder, connection)
        idp.vouch(asked["nonce"], key=key, header=header, **{"email": una, **claims})
        return browser, back(browser, asked, **(answer or {}))

    return run
