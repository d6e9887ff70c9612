"""Documents in S3, or in any store that speaks its language: one bucket, one prefix, a folder in it for each client."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

LONGEST_LINK = timedelta(minutes=5)
GONE = frozenset({"NoSuchKey", "404", "NotFound"})


class BucketStore:
    """Keeps each document as an object under `s3://bucket/prefix`; a half-written one is never seen."""

    def __init__(
        self,
        address: str,
        *,
        region: str = "",
        endpoint: str = "",
        locked_for: timedelta = timedelta(0),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`locked_for`: so long the store lets nobody delete or replace what was put, not even us; the bucket must
        allow object lock. Raises ValueError for an address without a bucket."""
        parts = urlsplit(address)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError("a store in S3 is named s3://bucket/prefix")
        self._bucket, prefix = parts.netloc, parts.path.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._region, self._endpoint = region, endpoint
        self._locked_for, self._now = locked_for, now

    def put(self, key: str, body: bytes, *, media_type: str) -> None:
        lock: dict[str, Any] = {}
        if self._locked_for:
            until = self._now() + self._locked_for
            lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        self._ask("put_object", key, Body=body, ContentType=media_type, **lock)

    def get(self, key: str) -> bytes:
        found: bytes = self._ask("get_object", key)["Body"].read()
        return found

    def keep(self, key: str, file: BinaryIO) -> None:
        at = self._key(key)
        try:
            self._client.upload_fileobj(file, self._bucket, at)
        except (ClientError, BotoCoreError) as fault:
            raise _away(fault) from fault

    def open(self, key: str) -> BinaryIO:
        return BytesIO(self.get(key))

    def link(self, key: str, *, lifetime: timedelta = LONGEST_LINK) -> str:
        """An address by which anybody can fetch one document for a short while. Raises ValueError for a long one."""
        if not timedelta(0) < lifetime <= LONGEST_LINK:
            raise ValueError("a link to a document lives for five minutes at most")
        asked = {"Bucket": self._bucket, "Key": self._key(key)}
        made: str = self._client.generate_presigned_url(
            "get_object", Params=asked, ExpiresIn=int(lifetime.total_seconds())
        )
        return made

    @cached_property
    def _client(self) -> Any:
        config = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3, "mode": "standard"})
        session = boto3.session.Session()
        return session.client(
            "s3", region_name=self._region or None, endpoint_url=self._endpoint or None, config=config
        )

    def _ask(self, what: str, key: str, **more: Any) -> dict[str, Any]:
        at = self._key(key)
        try:
            said: dict[str, Any] = getattr(self._client, what)(Bucket=self._bucket, Key=at, **more)
        except ClientError as fault:
            if fault.response.get("Error", {}).get("Code") in GONE:
                raise KeyError(key) from None
            raise _away(fault) from fault
        except BotoCoreError as fault:
            raise _away(fault) from fault
        return said

    def _key(self, key: str) -> str:
        parts = key.split("/")
        if key.startswith("/") or "" in parts or "." in parts or ".." in parts:
            raise ValueError("a document key must stay inside the store")
        return self._prefix + key


def _away(fault: Exception) -> OSError:
    """Every fault of the store looks like a disk's, which callers know how to wait for."""
    return OSError(5, f"the document store is away: {str(fault)[:300]}")
