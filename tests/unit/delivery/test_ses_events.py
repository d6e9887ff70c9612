"""What Amazon SES says, in both dialects and any envelope; what it does not say clearly is left out."""

import json

import pytest

from tenants.delivery import ses_events

AT = "2026-11-22T08:00:00.250Z"
MAIL = {"timestamp": AT, "messageId": "0100", "destination": ["dana@dune.test"], "tags": {"gt_attempt": ["sealed"]}}


def event(name, *, dialect="eventType", **part):
    key = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}.get(name, name.lower())
    return {dialect: name, "mail": MAIL, key: {"timestamp": AT, **part}}


KINDS = [
    (event("Send"), "accepted"),
    (event("Delivery", recipients=["dana@dune.test"]), "delivered"),
    (event("DeliveryDelay", delayType="MailboxFull"), "delayed"),
    (event("Reject", reason="Bad content"), "refused"),
    (event("Rendering Failure", errorMessage="no such field"), "refused"),
    (event("Bounce", bounceType="Permanent", bounceSubType="NoEmail"), "bounced"),
    (event("Bounce", bounceType="Transient", bounceSubType="MailboxFull"), "failed"),
    (event("Bounce", bounceType="Undetermined"), "failed"),
    (event("Complaint", complaintFeedbackType="abuse"), "complained"),
    (event("Complaint"), "complained"),
    (event("Complaint", complaintFeedbackType="not-spam"), "unclear"),
    (event("Open", userAgent="Mozilla/5.0", ipAddress="203.0.113.7"), "opened"),
    (event("Click", link="https://x.test"), "clicked"),
    (event("Subscription", contactList="all"), "subscription"),
]


@pytest.mark.parametrize(("one", "kind"), KINDS)
@pytest.mark.parametrize("dialect", ["eventType", "notificationType"])
def test_each_kind_means_the_same_in_both_dialects(one, kind, dialect):
    name = one["eventType"]
    rest = {key: value for key, value in one.items() if key != "eventType"}
    (told,) = ses_events.read({dialect: name, **rest})
    assert (told.kind, told.recipient, told.attempt, told.reference) == (kind, "dana@dune.test", "sealed", "0100")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: one,
        json.dumps,
        lambda one: {"Type": "Notification", "Message": json.dumps(one)},
        lambda one: {"Records": [{"Sns": {"Message": json.dumps(one)}}]},
        lambda one: {"Records": [{"body": json.dumps({"Message": json.dumps(one)})}]},
    ],
)
def test_envelopes_are_opened(wrap):
    assert list(ses_events.unwrapped(wrap(KINDS[0][0]))) == [KINDS[0][0]]


@pytest.mark.parametrize(
    "one",
    [
        {},
        {"eventType": "Novelty", "mail": MAIL},
        {"eventType": ["Send"][0], "mail": {"timestamp": "yesterday"}},
        {"eventType": "Send", "mail": None},
        {"eventType": {}, "mail": MAIL},
        {"eventType": ["Send"], "mail": MAIL},
    ],
)
def test_what_is_not_understood_is_left_out(one):
    assert ses_events.read(one) == ()


def test_several_recipients_are_several_pieces_of_news():
    people = [{"emailAddress": "dana@dune.test", "status": "5.1.1"}, {"emailAddress": "finn@dune.test"}]
    told = ses_events.read(event("Bounce", bounceType="Permanent", bouncedRecipients=people))
    assert [(each.recipient, each.status) for each in told] == [("dana@dune.test", "5.1.1"), ("finn@dune.test", "")]
    assert len({each.key for each in told}) == 2


def test_both_dialects_of_one_bounce_have_one_key():
    one = event("Bounce", bounceType="Permanent", feedbackId="1")
    other = event("Bounce", dialect="notificationType", bounceType="Permanent", feedbackId="2")
    assert ses_events.read(one)[0].key == ses_events.read(other)[0].key


def test_without_tags_the_header_says_which_attempt_it_was():
    headers = [None, {"name": "Subject", "value": "x"}, {"name": "x-goodterms-attempt", "value": "sealed"}]
    bare = {"timestamp": AT, "messageId": "0100", "headers": headers}
    (told,) = ses_events.read({"notificationType": "Delivery", "mail": bare, "delivery": "odd"})
    assert (told.attempt, told.recipient, told.kind) == ("sealed", "", "delivered")
