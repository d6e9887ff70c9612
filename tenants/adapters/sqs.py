"""The queue in which Amazon SQS keeps what SNS tells: events of SES, and mails that SES received.

Who may write to the queue is decided by its policy at AWS, so what comes out of it needs no signature. Each message is
taken away only when it was kept; what was not comes again after the queue's own patience.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tenants.delivery.ports import Note

WAIT_S = 10
MOST = 10


class NewsQueue:
    """One queue of SQS."""

    def __init__(self, address: str, *, region: str, endpoint: str = "", wait_s: int = WAIT_S) -> None:
        """`wait_s`: how long one question waits for an answer while the queue is empty."""
        self._address, self._region, self._endpoint, self._wait = address, region, endpoint, wait_s

    def receive(self) -> list[Note]:
        """What waits, ten at most. Raises OSError."""
        told = self._ask("receive_message", MaxNumberOfMessages=MOST, WaitTimeSeconds=self._wait)
        return [Note(each["ReceiptHandle"], each["Body"]) for each in told.get("Messages", ())]

    def forget(self, notes: Sequence[Note]) -> None:
        """Take away what was kept. Raises OSError; then it comes again, and is known."""
        rows = [{"Id": str(number), "ReceiptHandle": note.handle} for number, note in enumerate(notes)]
        if rows:
            self._ask("delete_message_batch", Entries=rows)

    @cached_property
    def _client(self) -> Any:
        config = Config(connect_timeout=5, read_timeout=self._wait + 10, retries={"total_max_attempts": 1})
        session = boto3.session.Session()
        return session.client("sqs", region_name=self._region, endpoint_url=self._endpoint or None, config=config)

    def _ask(self, what: str, **words: Any) -> dict[str, Any]:
        try:
            found: dict[str, Any] = getattr(self._client, what)(QueueUrl=self._address, **words)
        except (ClientError, BotoCoreError) as fault:
            raise OSError(5, f"SQS did not answer: {str(fault)[:300]}") from fault
        return found
