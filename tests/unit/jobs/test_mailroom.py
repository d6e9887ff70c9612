"""The mailroom fetches what a provider left, keeps it in the right books, and only then takes it away."""

import json
from dataclasses import dataclass, field

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
    return Mailroom(assembly.make_tools(settings), news=shelf)


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


def test_an_empty_queue_is_no_work(room, shelf):
    assert (room.round(), shelf.forgotten) == (0, [])


def test_without_a_queue_there_is_nothing_to_start(monkeypatch, settings, capsys):
    monkeypatch.setattr(mailroom.settings, "read", lambda: settings)
    assert mailroom.main() == 2
    assert "GOODTERMS_SQS_QUEUE" in capsys.readouterr().err
