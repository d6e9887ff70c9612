"""What belongs to Amazon SNS outside: its certificates, and the call that confirms a subscription."""

import threading
import time
from collections import OrderedDict
from functools import cached_property
from typing import Any

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PATIENCE_S = 3.0
LARGEST = 16 * 1024
KEPT, KEPT_S = 16, 24 * 3600.0


class Topics:
    """Fetches certificates, each once a day, and confirms subscriptions by the interface of AWS."""

    def __init__(self, *, region: str = "", endpoint: str = "") -> None:
        self._region, self._endpoint = region, endpoint
        self._certificates: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._turn = threading.Lock()

    def certificate(self, address: str) -> bytes:
        """The certificate at an address that was found good before. Raises OSError."""
        with self._turn:
            kept = self._certificates.get(address)
        if kept is not None and time.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        found = self._fetch(address)
        with self._turn:
            self._certificates[address] = (time.monotonic(), found)
            while len(self._certificates) > KEPT:
                self._certificates.popitem(last=False)
        return found

    def confirm(self, topic: str, *, token: str) -> None:
        """Confirm a subscription by the interface; the address in the message is never called. Raises OSError."""
        try:
            self._client.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
        except (ClientError, BotoCoreError) as fault:
            raise OSError(5, f"SNS did not confirm: {str(fault)[:300]}") from fault

    def _fetch(self, address: str) -> bytes:
        """One request: no detour, no proxy of the environment, no more than a certificate's worth."""
        with requests.Session() as line:
            line.trust_env = False
            with line.get(address, timeout=PATIENCE_S, allow_redirects=False, stream=True) as answer:
                if answer.status_code != 200:
                    raise OSError(5, f"the certificate was answered with {answer.status_code}")
                body: bytes = answer.raw.read(LARGEST + 1, decode_content=True)
        if len(body) > LARGEST:
            raise OSError(5, "the certificate is larger than any")
        return body

    @cached_property
    def _client(self) -> Any:
        config = Config(connect_timeout=PATIENCE_S, read_timeout=PATIENCE_S, retries={"total_max_attempts": 1})
        session = boto3.session.Session()
        return session.client(
            "sns", region_name=self._region or None, endpoint_url=self._endpoint or None, config=config
        )
