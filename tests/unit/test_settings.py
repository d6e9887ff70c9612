"""What a process refuses to start with."""

import os

import pytest

from tenants import settings
from tenants.settings import SettingsFault

GOOD = {
    "GOODTERMS_DATABASE_URL": "postgresql://gt_app@db/goodterms",
    "GOODTERMS_REDIS_URL": "redis://redis/0",
    "GOODTERMS_SECRET_KEY": "a key of at least thirty-two characters",
    "GOODTERMS_DOCUMENTS": "s3://bucket/prefix",
    "GOODTERMS_PUBLIC_URL": "https://ar.example.org",
    "GOODTERMS_SENDER": "receivables@example.org",
    "GOODTERMS_BOUNCE_DOMAIN": "bounces.example.org",
}


@pytest.fixture
def read(monkeypatch):
    """Read the settings of an environment that holds these alone."""
    for name in [name for name in os.environ if name.startswith("GOODTERMS_")]:
        monkeypatch.delenv(name)

    def given(**over):
        for name, value in (GOOD | over).items():
            monkeypatch.setenv(name, value)
        return settings.read()

    return given


def test_what_is_left_from_a_demo_stops_the_start_where_people_come_by_https(read):
    assert read().sender == "receivables@example.org"
    with pytest.raises(SettingsFault) as refused:
        read(
            GOODTERMS_SENDER=settings.TABLE["sender"].default,
            GOODTERMS_BOUNCE_DOMAIN=settings.TABLE["bounce_domain"].default,
            GOODTERMS_SECRET_KEY="changeme" * 5,
            GOODTERMS_SECURE_COOKIES="false",
        )
    told = str(refused.value)
    assert [name for name in ("SENDER", "BOUNCE_DOMAIN", "SECRET_KEY", "SECURE_COOKIES") if name not in told] == []
    assert "changeme" not in told


def test_a_demo_on_one_machine_may_keep_them(read):
    over = {"GOODTERMS_PUBLIC_URL": "http://127.0.0.1:8080", "GOODTERMS_SECURE_COOKIES": "false"}
    assert read(GOODTERMS_SECRET_KEY="s" * 40, **over).public_url == "http://127.0.0.1:8080"
