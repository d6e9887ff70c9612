"""Mail by Amazon SES: one request a call whatever happens, and silence is never taken for a no."""

import base64
import email
import email.policy
from dataclasses import replace

import boto3
import pytest

from tenants.adapters.ses import SesMailer
from tenants.delivery.ports import Handover
from tests.contracts import ses_double
from tests.contracts.ses_double import DROP_AFTER, DROP_BEFORE, FAIL_AFTER, HANG, NONSENSE, SLOW
from tests.contracts.test_mailers import LETTER

SEALED = replace(LETTER, headers={"X-Goodterms-Attempt": "sealed123"}, account="client-1")


@pytest.fixture(autouse=True)
def _with_keys(credentials):
    """Every test here signs its requests."""


def mailer(url, **over):
    return SesMailer(**{"region": "us-east-1", "endpoint": url, "patience_s": 30} | over)


ENDINGS = [
    (None, Handover.ACCEPTED, 1),
    (SLOW, Handover.ACCEPTED, 1),
    (HANG, Handover.AMBIGUOUS, 1),
    (DROP_AFTER, Handover.AMBIGUOUS, 1),
    (DROP_BEFORE, Handover.AMBIGUOUS, 0),
    (FAIL_AFTER, Handover.AMBIGUOUS, 1),
    (NONSENSE, Handover.AMBIGUOUS, 1),
    ((503, "ServiceUnavailable"), Handover.AMBIGUOUS, 0),
    ((429, "TooManyRequestsException"), Handover.RETRY, 0),
    ((429, "Whatever"), Handover.RETRY, 0),
    ((400, "LimitExceededException"), Handover.RETRY, 0),
    ((400, "SendingPausedException"), Handover.RETRY, 0),
    ((400, "MailFromDomainNotVerifiedException"), Handover.RETRY, 0),
    ((403, "AccessDeniedException"), Handover.RETRY, 0),
    ((400, "MessageRejected"), Handover.REFUSED, 0),
    ((400, "BadRequestException"), Handover.REFUSED, 0),
    ((404, "NotFoundException"), Handover.REFUSED, 0),
]


@pytest.mark.parametrize(("fault", "end", "taken"), ENDINGS, ids=[str(fault) for fault, _, _ in ENDINGS])
def test_every_ending_is_one_request_and_one_honest_answer(fault, end, taken):
    with ses_double.ses_double(fault) as double:
        answer = mailer(double.url, patience_s=0.6 if fault == HANG else 30).send(LETTER)
        assert double.came.wait(30), "the request is read, even if nobody waits for the answer any more"
    assert (answer.end, double.requests, len(double.taken)) == (end, 1, taken)
    assert answer.bounce is False and answer.detail


@pytest.mark.parametrize("fault", [(429, "Whatever"), (400, "LimitExceededException"), (400, "ThrottlingException")])
def test_a_refusal_of_our_speed_says_so(fault):
    with ses_double.ses_double(fault) as double:
        answer = mailer(double.url).send(LETTER)
    assert answer.throttled and answer.detail.startswith("throttled:")


def test_a_service_that_is_not_there_is_tried_again_later():
    assert mailer("http://127.0.0.1:1").send(LETTER).end is Handover.RETRY


def test_without_keys_nothing_was_sent(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    assert mailer("http://127.0.0.1:1").send(LETTER).end is Handover.RETRY


def test_the_request_names_attempt_configuration_set_and_client():
    with ses_double.ses_double() as double:
        answer = mailer(double.url, configuration_set="events", tenants=True).send(SEALED)
    (asked,) = double.taken
    assert answer.reference == "0100-1"
    assert asked["EmailTags"] == [{"Name": "gt_attempt", "Value": "sealed123"}]
    assert (asked["ConfigurationSetName"], asked["TenantName"]) == ("events", "client-1")
    assert asked["Destination"] == {"ToAddresses": ["dana@dune.test"]}
    mail = email.message_from_bytes(base64.b64decode(asked["Content"]["Raw"]["Data"]), policy=email.policy.default)
    assert (mail["Subject"], mail["X-Goodterms-Attempt"]) == ("Invoice A-1", "sealed123")


def test_what_is_not_set_is_not_said():
    with ses_double.ses_double() as double:
        mailer(double.url).send(SEALED)
    assert not {"ConfigurationSetName", "TenantName"} & set(double.taken[0])


@pytest.mark.parametrize(
    ("change", "bounce"), [({"recipient": "däna@dune.test"}, True), ({"reply_to": "a@b.test\r\nBcc: c@d.test"}, False)]
)
def test_a_letter_that_cannot_be_written_is_refused_without_a_request(change, bounce):
    with ses_double.ses_double() as double:
        answer = mailer(double.url).send(replace(LETTER, **change))
    assert (answer.end, answer.bounce, double.requests) == (Handover.REFUSED, bounce, 0)


def test_the_simulated_service_takes_it_and_refuses_an_unknown_sender(aws):
    boto3.client("sesv2", region_name="us-east-1", endpoint_url=aws).create_email_identity(
        EmailIdentity=LETTER.sender.partition("@")[2]
    )
    boto3.client("ses", region_name="us-east-1", endpoint_url=aws).verify_email_identity(EmailAddress=LETTER.sender)
    answer = mailer(aws).send(LETTER)
    assert (answer.end, bool(answer.reference)) == (Handover.ACCEPTED, True)
    assert mailer(aws).send(replace(LETTER, sender="x@nobody.test")).end is Handover.REFUSED
