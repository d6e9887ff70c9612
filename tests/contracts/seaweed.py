"""A real server of S3's language on loopback: SeaweedFS, in one process, with keys that it checks."""

import json
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from console.servers import children, host

PORTS = ("master.port", "volume.port", "filer.port", "s3.port")
IDENTITY = {
    "name": "tests",
    "credentials": [{"accessKey": "test", "secretKey": "test"}],
    "actions": ["Admin", "Read", "Write", "List", "Tagging"],
}


def program() -> str | None:
    """Where the server is, if it is here."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.is_file() else shutil.which("weed")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve until the block ends; gives the address. It takes half a minute to end by itself, so it is killed."""
    weed = program()
    if weed is None:
        raise LookupError("weed is not installed")
    (folder / "data").mkdir(parents=True)
    keys = folder / "s3.json"
    keys.write_text(json.dumps({"identities": [IDENTITY]}))
    ports = {name: host.free_port() for each in PORTS for name in (each, f"{each}.grpc")}
    options = ["-dir", str(folder / "data"), "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
    options += [f"-{name}={port}" for name, port in ports.items()]
    options += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={keys}", "-master.telemetry=false"]
    options += ["-master.volumeSizeLimitMB=32", "-volume.max=30"]
    log, address = folder / "log", f"http://127.0.0.1:{ports['s3.port']}"
    process = children.launch([weed, "server", *options], log=log, end=signal.SIGKILL)
    try:
        children.wait_until(lambda: _answers(address), process=process, name="SeaweedFS", log=log, patience=60)
        yield address
    finally:
        children.stop(process, how=signal.SIGKILL, patience=5)


def client(address: str, key: str = "test") -> "boto3.client":
    """One that asks once."""
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30)
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=address,
        aws_access_key_id=key,
        aws_secret_access_key=key,
        config=once,
    )


def _answers(address: str) -> bool:
    """Whether it takes an object: the gate opens before there is a place behind it."""
    place = address.removeprefix("http://").split(":")
    try:
        socket.create_connection((place[0], int(place[1])), timeout=5).close()
        client(address).create_bucket(Bucket="papers")
    except ClientError as fault:
        if fault.response["Error"]["Code"] not in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"):
            return False
    except (OSError, BotoCoreError):
        return False
    try:
        client(address).put_object(Bucket="papers", Key="ready", Body=b"1")
    except (ClientError, BotoCoreError):
        return False
    return True
