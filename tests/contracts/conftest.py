"""A simulated AWS on loopback, and the credentials that its clients want to see."""

import boto3
import pytest
from moto.server import ThreadedMotoServer


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
