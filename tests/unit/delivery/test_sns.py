"""Messages of SNS: the real one is believed, and nothing that somebody forged, changed, aimed elsewhere or kept."""

import json

import pytest

from tenants.delivery import sns
from tests.cast import NOW
from tests.unit.delivery.signing import CERTIFICATE, TOPIC, Topics, a_message, certificate, sign

TRUST = sns.Trust(frozenset({TOPIC}))
BOTH = sns.Trust(frozenset({TOPIC}), version_1=True)
HEX = "a1" * 16


def believe(fields, *, trust=TRUST, topics=None, raw=None):
    body = raw if raw is not None else json.dumps(fields).encode()
    return sns.believe(body, trust=trust, certificate=(topics or Topics()).certificate, now=NOW)


def at(text):
    return a_message(Timestamp=text)


def confirmation(**over):
    wanted = {"Type": "SubscriptionConfirmation", "Token": "t" * 64, "SubscribeURL": "https://evil.test/"}
    return a_message(**wanted | over)


@pytest.mark.parametrize(
    ("fields", "trust"),
    [
        (a_message(), TRUST),
        (a_message(Subject="Amazon SES"), TRUST),
        (a_message(SignatureVersion="1"), BOTH),
        (a_message(), BOTH),
        (confirmation(), TRUST),
    ],
)
def test_what_sns_signed_for_our_topic_is_believed(fields, trust):
    found = believe(fields, trust=trust)
    assert (found.kind, found.topic, found.message) == (fields["Type"], TOPIC, "hello")


CHANGED = {
    f"{name} changed": a_message(Subject="s") | {name: value}
    for name, value in {
        "Message": "hello!",
        "MessageId": "other",
        "Subject": "other",
        "Timestamp": f"{NOW:%Y-%m-%dT%H:%M:%S}.013Z",
        "Type": "SubscriptionConfirmation",
        "Signature": sign({"Type": "Notification", "Message": "other"}),
    }.items()
}
TAKEN = {
    f"{name} taken away": {key: value for key, value in a_message(Subject="s").items() if key != name}
    for name in (
        "Message",
        "MessageId",
        "Subject",
        "Timestamp",
        "TopicArn",
        "Type",
        "Signature",
        "SignatureVersion",
        "SigningCertURL",
    )
}
ADDED = {
    "a subject added": a_message() | {"Subject": "s"},
    "a token added to a notification and read as a confirmation": a_message() | {"Type": "SubscriptionConfirmation"},
    "a token changed": confirmation() | {"Token": "u" * 64},
    "an address to subscribe at changed": confirmation() | {"SubscribeURL": "https://other.test/"},
    "line breaks moved between fields": a_message("a") | {"Message": "a\nMessageId\nb", "MessageId": "c"},
}
SIGNATURES = {
    f"signature {name}": a_message() | {"Signature": value}
    for name, value in {
        "empty": "",
        "not base64": "***",
        "of one byte": "AA==",
        "of zeros": "A" * 342 + "==",
        "with a space": a_message()["Signature"][:10] + " " + a_message()["Signature"][10:],
        "cut": a_message()["Signature"][:-8],
        "of another key": sign(a_message(), bits=3072),
    }.items()
}
VERSIONS = {
    f"version {version!r}": a_message(SignatureVersion=version) for version in ("1", "", "3", "2 ", "02", "SHA256")
}
TOPICS = {
    f"topic {topic}": a_message(TopicArn=topic)
    for topic in (
        "",
        TOPIC + "-2",
        TOPIC.upper(),
        TOPIC.replace("123456789012", "210987654321"),
        TOPIC.replace("eu-central-1", "us-east-1"),
        TOPIC + " ",
        "*",
    )
}
KINDS = {f"type {kind}": a_message(Type=kind) for kind in ("UnsubscribeConfirmation", "notification", "", "Message")}
ADDRESSES = {
    f"certificate at {address}": a_message(SigningCertURL=address)
    for address in (
        CERTIFICATE.replace("https", "http"),
        CERTIFICATE.replace("sns.eu", "sns.us"),
        CERTIFICATE.replace("eu-central-1", "us-east-1"),
        CERTIFICATE.replace("amazonaws.com", "amazonaws.com.evil.test"),
        CERTIFICATE.replace("amazonaws.com", "amazonaws.evil.test"),
        CERTIFICATE.replace("sns.eu-central-1.amazonaws.com", "evil.test"),
        CERTIFICATE.replace("sns.eu-central-1", "sns.eu-central-1.evil"),
        CERTIFICATE.replace("sns.eu-central-1.amazonaws.com", "sns.eu-central-1.amazonaws.com:444"),
        CERTIFICATE.replace("https://", "https://user@"),
        CERTIFICATE.replace("https://", "https://evil.test@"),
        CERTIFICATE.replace("https://", "https://evil.test\\@"),
        CERTIFICATE.replace("https://", "https:/"),
        CERTIFICATE.replace("https://", "HTTPS://"),
        CERTIFICATE.replace("sns.", "SNS."),
        CERTIFICATE.replace("sns.", "sns\u2024"),
        CERTIFICATE + "?x=1",
        CERTIFICATE + "#x",
        CERTIFICATE + "\n",
        " " + CERTIFICATE,
        CERTIFICATE.replace(HEX, "../" + HEX),
        CERTIFICATE.replace(HEX, HEX[:-1]),
        CERTIFICATE.replace(HEX, HEX.upper()),
        CERTIFICATE.replace(".pem", ".pem/other.pem"),
        CERTIFICATE.replace("/Simple", "//Simple"),
        "file:///etc/passwd",
        "https://[::1",
        "",
    )
}
TIMES = {
    f"sent at {text}": at(text)
    for text in (
        f"{NOW.replace(year=NOW.year - 1):%Y-%m-%dT%H:%M:%S}Z",
        f"{NOW.replace(year=NOW.year + 1):%Y-%m-%dT%H:%M:%S}Z",
        f"{NOW:%Y-%m-%dT%H:%M:%S}",
        f"{NOW:%Y-%m-%dT%H:%M:%S}+00:00",
        f"{NOW:%Y-%m-%d}",
        "2026-13-45T00:00:00Z",
        "now",
        "",
    )
}
FORGED = CHANGED | TAKEN | ADDED | SIGNATURES | VERSIONS | TOPICS | KINDS | ADDRESSES | TIMES


@pytest.mark.parametrize("name", FORGED)
def test_what_is_forged_changed_aimed_elsewhere_or_stale_is_not(name):
    with pytest.raises(sns.NotBelieved, match="^This message is not believed.$"):
        believe(FORGED[name])


def test_that_is_no_small_number():
    assert len(FORGED) >= 60


BODIES = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    json.dumps(a_message() | {"Message": {"nested": 1}}).encode(),
    json.dumps(a_message() | {"Subject": None}).encode(),
    json.dumps(a_message()).encode()[:-1] + b', "Message": "hello"}',
    json.dumps(a_message("x" * sns.LARGEST)).encode(),
]


@pytest.mark.parametrize("raw", BODIES, ids=range(len(BODIES)))
def test_a_body_of_another_form_is_not(raw):
    with pytest.raises(sns.NotBelieved):
        believe(None, raw=raw)


CERTIFICATES = {
    "of another host": certificate(host="evil.test"),
    "of a host that ends alike": certificate(host="evil-sns.amazonaws.com"),
    "of another region": certificate(host="sns.us-east-1.amazonaws.com"),
    "that names no host": certificate(host=""),
    "that is over": certificate(start=-9, end=-1),
    "that is yet to come": certificate(start=1, end=9),
    "with another key": certificate(bits=3072),
    "with a short key": certificate(bits=1024),
    "that is a page": b"<html>not found</html>",
    "that is nothing": b"-",
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_is_not_believed_for_being_there(name):
    with pytest.raises(sns.NotBelieved):
        believe(a_message(), topics=Topics(CERTIFICATES[name]))


@pytest.mark.parametrize("minutes", [59, -4])
def test_within_an_hour_is_fresh(minutes):
    from_now = NOW.timestamp() - 60 * minutes
    stamp = NOW.fromtimestamp(from_now, NOW.tzinfo)
    assert believe(at(f"{stamp:%Y-%m-%dT%H:%M:%S}Z")).at == stamp.replace(microsecond=0)


@pytest.mark.parametrize("minutes", [61, -6])
def test_outside_of_it_is_not(minutes):
    stamp = NOW.fromtimestamp(NOW.timestamp() - 60 * minutes, NOW.tzinfo)
    with pytest.raises(sns.NotBelieved):
        believe(at(f"{stamp:%Y-%m-%dT%H:%M:%S}Z"))


@pytest.mark.parametrize("name", [*TOPICS, *ADDRESSES, *TIMES, *VERSIONS, *KINDS])
def test_nothing_is_fetched_for_what_is_refused_before(name):
    topics = Topics()
    with pytest.raises(sns.NotBelieved):
        believe(FORGED[name], topics=topics)
    assert topics.fetched == []


def test_no_topics_means_nobody_is_believed():
    assert sns.Trust.read(f" {TOPIC} ,", version_1=False) == TRUST
    with pytest.raises(sns.NotBelieved):
        believe(a_message(), trust=sns.Trust.read("", version_1=True))
