"""The jobs that carry words out of the house: notices to people, calls to programs, each claimed, made and settled."""

from types import SimpleNamespace
from uuid import uuid4

from jobs import outward
from jobs.turns import Later, Turn
from tenants.adapters.hooks import MemoryCaller
from tenants.delivery.ports import Answer, Handover
from tenants.rules import notices, webhooks
from tenants.rules.people import Person
from tenants.rules.ports import Heard
from tenants.values.clock import FixedClock
from tests.cast import NOW
from tests.unit.rules.desk import OPEN, a_bill, document, go_live, ran, rows


class Mailer:
    name = "memory"

    def __init__(self, end=Handover.ACCEPTED):
        self.letters, self.end = [], end

    def send(self, letter):
        self.letters.append(letter)
        return Answer(self.end)


def turn(alder, payload, **tools):
    settings = SimpleNamespace(sender="ar@provider.test", provider_name="Fairway")
    return Turn(alder, uuid4(), "x", payload, SimpleNamespace(clock=FixedClock(NOW), settings=settings, **tools))


def test_a_notice_leaves_once_and_says_how_it_ended(in_alder, alder):
    mailer = Mailer()
    with in_alder:
        reader = Person(uuid4(), "Toni", "toni@alder.test")
        (kept,) = notices.queue([reader], key="k", subject="A rule broke", words="Look.", now=NOW, real=NOW)
        work = turn(alder, {"notice_id": str(kept)}, mailer=mailer)
        claimed = outward.claim_notice(work)
    said = outward.act_on_notice(work, claimed)
    with in_alder:
        outward.settle_notice(work, claimed, said)
        assert rows("staff_notice", "state") == [("sent",)]
        assert outward.claim_notice(work) is None
    (letter,) = mailer.letters
    assert (letter.recipient, letter.subject) == ("toni@alder.test", "A rule broke")
    assert letter.text == "Dear Toni,\n\nLook.\n\nFairway\n"


def test_a_notice_that_is_refused_is_kept_as_failed(in_alder, alder):
    with in_alder:
        (kept,) = notices.queue([Person(uuid4(), "", "x@y.test")], key="k", subject="s", words="w", now=NOW, real=NOW)
        work = turn(alder, {"notice_id": str(kept)}, mailer=Mailer(Handover.REFUSED))
        claimed = outward.claim_notice(work)
        outward.settle_notice(work, claimed, outward.act_on_notice(work, claimed))
        assert rows("staff_notice", "state") == [("failed",)]


def test_a_call_is_made_signed_and_repeated_when_nobody_answers(in_alder, alder):
    caller = MemoryCaller(Heard(0, "no answer"))
    with in_alder:
        webhooks.keep("erp", url="https://erp.example.com/hooks", on=True, now=NOW)
        a_bill()
        ran(go_live(document(OPEN, then=[{"do": "webhook", "endpoint": "erp"}])))
        (row,) = rows("webhook_call", "id")
        work = turn(alder, {"call_id": str(row.id)}, hooks=caller)
        for expected in (Later, type(None)):
            claimed = outward.claim_call(work)
            heard = outward.act_on_call(work, claimed)
            assert isinstance(outward.settle_call(work, claimed, heard), expected)
        assert outward.claim_call(work) is None
    assert [call.headers["webhook-id"] for call in caller.calls] == [caller.calls[0].headers["webhook-id"]] * 2
