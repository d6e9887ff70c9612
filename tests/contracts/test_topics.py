"""What SNS keeps outside: certificates by one plain request each, and subscriptions confirmed by the interface."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest

from tenants.adapters import sns
from tenants.adapters.sns import Topics


@contextmanager
def pages(answers):
    """Serve (status, headers, body) by path; yields the address and the paths asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, headers, body = answers[self.path]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_certificate_is_fetched_once_a_day(monkeypatch):
    with pages({"/a": (200, {}, b"PEM")}) as (url, asked):
        topics = Topics()
        assert [topics.certificate(f"{url}/a") for _ in range(3)] == [b"PEM"] * 3
        assert asked == ["/a"]
        monkeypatch.setattr(sns, "KEPT_S", -1.0)
        topics.certificate(f"{url}/a")
        assert asked == ["/a", "/a"]


def test_few_certificates_are_kept(monkeypatch):
    monkeypatch.setattr(sns, "KEPT", 2)
    with pages({f"/{name}": (200, {}, b"PEM") for name in "abc"}) as (url, asked):
        topics = Topics()
        for name in "abca":
            topics.certificate(f"{url}/{name}")
        assert asked == ["/a", "/b", "/c", "/a"]


@pytest.mark.parametrize(
    "answer",
    [(302, {"Location": "/other"}, b""), (404, {}, b"no"), (200, {}, b"x" * (sns.LARGEST + 1))],
    ids=["detour", "missing", "too large"],
)
def test_a_detour_a_miss_and_a_flood_are_no_certificate(answer):
    with pages({"/a": answer, "/other": (200, {}, b"PEM")}) as (url, asked):
        with pytest.raises(OSError, match="certificate"):
            Topics().certificate(f"{url}/a")
        assert asked == ["/a"]


def test_a_place_that_is_not_there_is_away():
    with pytest.raises(OSError):
        Topics().certificate("http://127.0.0.1:1/a")


def test_a_subscription_is_confirmed_or_aws_is_away(aws, credentials):
    topic = "arn:aws:sns:us-east-1:123456789012:ses-events"
    boto3.client("sns", region_name="us-east-1", endpoint_url=aws).create_topic(Name="ses-events")
    Topics(region="us-east-1", endpoint=aws).confirm(topic, token="t" * 64)
    with pytest.raises(OSError, match="did not confirm"):
        Topics(region="us-east-1", endpoint="http://127.0.0.1:1").confirm(topic, token="t" * 64)
