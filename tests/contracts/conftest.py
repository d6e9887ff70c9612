"""A simulated AWS on loopback, and the credentials that its clients want to see."""

import boto3
import pytest
import redis
from moto.server import ThreadedMotoServer

from tenants.adapters import imap, mail


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A Redis that is slow for once is not away: a request may not wait for it, a test may."""
    connect, at_ease = redis.Redis.from_url, {"socket_timeout": 30, "socket_connect_timeout": 30}
    monkeypatch.setattr(redis.Redis, "from_url", lambda url, **options: connect(url, **options | at_ease))


@pytest.fixture(autouse=True)
def hung_up(monkeypatch):
    """The lines that a mailer or a mailbox of this test keeps for the next question end with it."""
    made = []

    def noting(begin):
        return lambda self, *given, **named: made.append(self) or begin(self, *given, **named)

    for kind in (mail.SmtpMailer, imap.ImapBox):
        monkeypatch.setattr(kind, "__init__", noting(kind.__init__))
    yield
    for each in made:
        for line in getattr(each, "_kept", ()):
            line.talk.close()
        if getattr(each, "_line", None):
            each._forget()


@pytest.fixture
def credentials(monkeypatch):
    """Keys that open nothing, and no others."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")


@pytest.fixture(scope="session")
def aws():
    """The address of the simulated AWS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(aws, credentials):
    boto3.client("s3", region_name="us-east-1", endpoint_url=aws).create_bucket(Bucket="papers")
    return aws
