"""Mail that leaves by Amazon SES, version 2 of its interface. The adapter never repeats a hand-over by itself.

SES knows no key by which a repeat would be recognised, and its client library repeats on its own unless told not to,
so it is told: one request a call. How a hand-over ended is decided by what came back. A definite answer below 500 says
that nothing was taken; so does a line that could not be opened. Anything else (silence, a cut line, an error of the
server) may have come after the mail was taken, and is ambiguous until an event of SES settles it.
"""

from email.errors import HeaderDefect, MessageError
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
)

from tenants.delivery import mime, ses_events
from tenants.delivery.ports import Answer, Handover, Letter

PATIENCE_S = 30.0
THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"})
"""Refusals of our own speed, a second's or a day's."""
NOT_NOW = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "LimitExceededException",
        "SendingPausedException",
        "AccountSuspendedException",
        "MailFromDomainNotVerifiedException",
        "AccessDeniedException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
    }
)
"""Refusals that speak of the account, its rate or its rights: the letter itself is good, and can leave later."""
NEVER_OPENED = (
    EndpointConnectionError,
    ConnectTimeoutError,
    ProxyConnectionError,
    NoCredentialsError,
    CredentialRetrievalError,
)


class SesMailer:
    """Hands each letter to SES, tagged with the attempt, so that every event names it."""

    name = "ses"

    def __init__(
        self,
        *,
        region: str,
        configuration_set: str = "",
        tenants: bool = False,
        endpoint: str = "",
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`tenants`: each client is a tenant of the SES account, with a reputation of its own."""
        self._region, self._endpoint, self._patience = region, endpoint, patience_s
        self._set, self._tenants = configuration_set, tenants

    def send(self, letter: Letter) -> Answer:
        try:
            recipient, body = mime.on_the_wire(letter.recipient), mime.compose(letter)
        except mime.Unreachable as fault:
            return Answer(Handover.REFUSED, detail=str(fault), bounce=True)
        except (ValueError, MessageError, HeaderDefect) as fault:
            return Answer(Handover.REFUSED, detail=f"the letter cannot be written: {fault}")
        try:
            answer = self._client.send_email(**self._request(letter, recipient, body))
        except ClientError as fault:
            return _refusal(fault)
        except ParamValidationError as fault:
            return Answer(Handover.REFUSED, detail=f"SES cannot be asked this: {fault}"[:500])
        except NEVER_OPENED as fault:
            return Answer(Handover.RETRY, detail=f"no line to SES: {fault}"[:500])
        except BotoCoreError as fault:
            return Answer(Handover.AMBIGUOUS, detail=f"the message was sent and no answer came: {fault}"[:500])
        if not answer.get("MessageId"):
            return Answer(Handover.AMBIGUOUS, detail="SES said yes and gave no number")
        return Answer(Handover.ACCEPTED, reference=answer["MessageId"], detail="accepted by SES")

    @cached_property
    def _client(self) -> Any:
        config = Config(
            retries={"total_max_attempts": 1}, connect_timeout=min(5.0, self._patience), read_timeout=self._patience
        )
        session = boto3.session.Session()
        return session.client("sesv2", region_name=self._region, endpoint_url=self._endpoint or None, config=config)

    def _request(self, letter: Letter, recipient: str, body: bytes) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "Destination": {"ToAddresses": [recipient]},
            "FromEmailAddress": letter.sender,
            "Content": {"Raw": {"Data": body}},
            "EmailTags": [
                {"Name": ses_events.TAG, "Value": letter.headers.get(ses_events.HEADER, str(letter.attempt_id))}
            ],
        }
        if self._set:
            asked["ConfigurationSetName"] = self._set
        if self._tenants and letter.account:
            asked["TenantName"] = letter.account
        return asked


def _refusal(fault: ClientError) -> Answer:
    """What SES answered: its name for the fault, and the status beneath it."""
    code = fault.response.get("Error", {}).get("Code", "")
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    words = f"{status} {fault}"[:500]
    if code in THROTTLED or status == 429:
        return Answer(Handover.RETRY, detail=f"throttled: {words}"[:500], throttled=True)
    if code in NOT_NOW:
        return Answer(Handover.RETRY, detail=words)
    if 400 <= status < 500:
        return Answer(Handover.REFUSED, detail=words)
    return Answer(Handover.AMBIGUOUS, detail=words)
