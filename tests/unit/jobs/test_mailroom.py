"""The mailroom fetches what a provider left, keeps it in the right books, and only then takes it away."""

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy.exc import OperationalError

from jobs import mailroom
from jobs.mailroom import Mailroom
from tenants import assembly
from tenants.delivery import letters, provider_news
from tenants.delivery.ports import Note
from tenants.values import ids
from tests.cast import NOW
from tests.unit.delivery.post import Post
from tests.unit.delivery.test_ses_events import event

REPLY = b"From: dana@dune.test\nSubject: Re: Invoice\nIn-Reply-To: <x@y>\n\nFriday.\n"
BUCKET = {"in/1": REPLY}


@dataclass
class Shelf:
    """A queue in memory."""

    waiting: list[Note] = field(default_factory=list)
    forgotten: list[Note] = field(default_factory=list)

    def put(self, document):
        body = json.dumps({"Type": "Notification", "Message": json.dumps(document)})
        self.waiting.append(Note(str(len(self.waiting)), body))

    def receive(self):
        found, self.waiting = self.waiting[:10], self.waiting[10:]
        return found

    def forget(self, notes):
        self.forgotten += notes


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def room(settings, shelf):
    return Mailroom(assembly.make_tools(settings), news=shelf, fetch=lambda mail: BUCKET[mail.key])


@pytest.fixture
def alders(alder, settings, tmp_path):
    return Post(alder, settings, tmp_path / "alder")


@pytest.fixture
def birchs(birch, settings, tmp_path):
    return Post(birch, settings, tmp_path / "birch")


def told(post, kind="Delivery", attempt=None):
    if attempt is None:
        message = post.a_message()
        post.send(message, final=False)
        attempt = post.ask("SELECT id FROM delivery_attempt WHERE tenant_id = :tenant ORDER BY id DESC LIMIT 1")[0]
    sealed = letters.sealed(post.tenant, attempt_id=attempt, settings=post.settings)
    one = event(kind, timestamp=NOW.isoformat())
    return one | {"mail": one["mail"] | {"messageId": str(attempt), "tags": {"gt_attempt": [sealed]}}}


def kept(post):
    return post.ask("SELECT kind FROM inbox_event WHERE tenant_id = :tenant AND external_id LIKE '%|%' ORDER BY kind")


def test_news_of_two_clients_goes_into_the_books_of_each_once(room, shelf, alders, birchs):
    mine, yours = told(alders), told(birchs, "Send")
    for document in (mine, yours, mine):
        shelf.put(document)
    assert room.round() == 3
    assert (kept(alders), kept(birchs), len(shelf.forgotten)) == (["delivered"], ["accepted"], 3)
    assert [len(post.work("read_news")) for post in (alders, birchs)] == [1, 1]


def test_news_about_nothing_of_ours_is_taken_away_and_kept_nowhere(room, shelf, alders):
    shelf.put(told(alders, attempt=ids.new()))
    shelf.put(event("Send"))
    shelf.waiting.append(Note("x", "not json"))
    assert (room.round(), kept(alders), len(shelf.forgotten)) == (3, [], 3)


def test_what_could_not_be_kept_stays_in_the_queue(room, shelf, alders, monkeypatch):
    def away(*_, **__):
        raise OperationalError("INSERT", None, ConnectionError("gone"))

    shelf.put(told(alders))
    monkeypatch.setattr(provider_news, "receive", away)
    with pytest.raises(OperationalError):
        room.round()
    assert shelf.forgotten == []


def test_after_a_mailing_much_is_kept_at_once(room, shelf, alders):
    told_once = told(alders)
    for number in range(25):
        later = NOW.replace(second=number).isoformat()
        shelf.put(told_once | {"delivery": {"timestamp": later}})
    assert (room.round(), len(kept(alders)), len(shelf.forgotten)) == (25, 25, 25)
    assert [len(each["inbox_ids"]) for each in alders.work("read_news")] == [25]


def reply_address(post):
    message = post.a_message()
    post.send(message, final=False)
    (attempt,) = post.ask("SELECT id FROM delivery_attempt WHERE tenant_id = :tenant")
    domain = replace(post.settings, reply_domain="in.goodterms.test")
    return letters.reply_to(post.tenant, attempt_id=attempt, settings=domain, otherwise="")


def received(to, *, content=None, **receipt):
    whole = {"recipients": to, "virusVerdict": {"status": "PASS"}, **receipt}
    found = {"notificationType": "Received", "mail": {"destination": to}, "receipt": whole}
    return found if content is None else found | {"content": content}


@pytest.mark.parametrize(
    ("content", "action"),
    [
        (REPLY.decode(), {"type": "SNS", "encoding": "UTF8"}),
        (b64encode(REPLY).decode(), {"type": "SNS", "encoding": "BASE64"}),
        (None, {"type": "S3", "bucketName": "mail", "objectKey": "in/1"}),
    ],
)
def test_a_reply_that_ses_received_comes_into_the_books_of_its_client(room, shelf, alders, content, action):
    shelf.put(received([reply_address(alders), "somebody@else.test"], content=content, action=action))
    assert room.round() == 1
    assert len(alders.work("read_receipt")) == 1
    (key,) = alders.ask("SELECT payload->>'content_key' FROM inbox_event WHERE tenant_id = :tenant AND source = 'mail'")
    assert room._tools.documents.get(key) == REPLY


@pytest.mark.parametrize(
    "receipt",
    [
        {"virusVerdict": {"status": "FAIL"}, "action": {"bucketName": "mail", "objectKey": "in/1"}},
        {"action": {"bucketName": "mail", "objectKey": "gone"}},
        {"action": {"type": "Stop"}},
    ],
)
def test_what_is_dangerous_gone_or_empty_is_not_taken_in(room, shelf, alders, receipt):
    shelf.put(received([reply_address(alders)], **receipt))
    assert (room.round(), len(shelf.forgotten), alders.work("read_receipt")) == (1, 1, [])


def test_a_mail_of_one_client_never_comes_into_another_ones_books(room, shelf, alders, birchs):
    box, domain = reply_address(alders).split("@")
    other = box[:20] + ("1" if box[20] == "0" else "0") + box[21:]
    for forged in (f"{other}@{domain}", f"b+{box[2:]}@{domain}", f"r+@{domain}"):
        shelf.put(received([forged], content=REPLY.decode()))
    room.round()
    assert [post.work("read_receipt") for post in (alders, birchs)] == [[], []]


def test_an_empty_queue_is_no_work(room, shelf):
    assert (room.round(), shelf.forgotten) == (0, [])


def test_without_a_queue_there_is_nothing_to_start(monkeypatch, settings, capsys):
    monkeypatch.setattr(mailroom.settings, "read", lambda: settings)
    assert mailroom.main() == 2
    assert "GOODTERMS_SQS_QUEUE" in capsys.readouterr().err
