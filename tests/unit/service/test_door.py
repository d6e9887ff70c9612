"""Hits at the door: kept before they are answered, as the face would answer; forged words leave nothing."""

import os
import random
import secrets
import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from service.identity import COOKIE
from service.reception import Reception
from tenants.delivery import hits, links, tokens
from tenants.delivery.hits import Fetch, Hit
from tenants.directory import clients
from tests.cast import NOW
from tests.unit.delivery.post import Post

FULL = bool(os.environ.get("GOODTERMS_FULL"))
RANDOM, BENT = (1_000_000, 10_000) if FULL else (20_000, 1_000)
AGENT = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0"}
KEPT = "SELECT kind, payload->>'target' FROM inbox_event WHERE tenant_id = :tenant AND source = 'portal' ORDER BY id"


@pytest.fixture
def post(alder, settings, tmp_path):
    return Post(alder, settings, tmp_path)


@pytest.fixture
def mail(post, web):
    """Dana's mail, with an image that counts: the addresses of image and hidden link."""
    with post.unit():
        clients.change(pixel="on")
    message = post.a_message()
    post.send(message)
    secret = web.extensions["goodterms"].settings.secret_key
    ((link, ends),) = post.ask("SELECT id, expires_at FROM portal_link WHERE tenant_id = :tenant")
    token = links.token(post.tenant, link_id=link, expires_at=ends, secret=secret)
    return {
        "image": f"/o/{links.pixel_token(post.tenant, message_id=message, secret=secret)}.gif",
        "hidden": f"/p/{token}/all",
    }


def test_image_and_hidden_link_are_kept_and_answered(post, web, mail):
    client = web.test_client()
    image, hidden = client.get(mail["image"], headers=AGENT), client.get(mail["hidden"], headers=AGENT)
    assert (image.status_code, image.mimetype, hidden.status_code, hidden.data) == (200, "image/gif", 204, b"")
    assert post.ask(KEPT) == [("pixel", "/o/<token>.gif"), ("link_get", "/p/<token>/all")]
    assert len(post.work("grade_hit")) == 2


@pytest.mark.parametrize("what", ["image", "hidden"])
def test_the_door_answers_as_the_face_does(post, web, mail, what):
    """A method that the door leaves to the face shows what the face would have said."""
    ours = web.test_client().get(mail[what], headers=AGENT)
    face = web.test_client().head(mail[what], headers=AGENT)
    differ = {"X-Request-Id", "Content-Length", "Date"}
    assert {k: v for k, v in ours.headers if k not in differ} == {k: v for k, v in face.headers if k not in differ}
    assert ours.status_code == face.status_code and ours.headers["X-Request-Id"]


def test_who_may_be_signed_in_is_left_to_the_face(post, web, mail):
    client = web.test_client()
    client.set_cookie(COOKIE, "not a session")
    assert client.get(mail["image"], headers=AGENT).status_code == 200
    assert len(post.ask(KEPT)) == 1, "no session stands behind that word, so it was not one of us"


def test_a_revoked_link_and_a_withdrawn_consent_keep_nothing(post, web, mail):
    post.change("UPDATE contact SET pixel_consent = 'withdrawn' WHERE tenant_id = :tenant")
    post.change("UPDATE portal_link SET revoked_at = :now WHERE tenant_id = :tenant", now=NOW)
    answers = [web.test_client().get(mail[what], headers=AGENT).status_code for what in ("image", "hidden")]
    assert (answers, post.ask(KEPT), post.work("grade_hit")) == ([200, 204], [], [])


def test_a_database_that_is_away_is_said_and_not_hidden(web, mail, monkeypatch):
    def away(*_):
        raise OperationalError("INSERT", None, ConnectionError("gone"))

    monkeypatch.setattr(Reception, "keep", away)
    answer = web.test_client().get(mail["image"], headers=AGENT | {"Accept": "application/json"})
    assert answer.status_code == 503


@pytest.mark.timeout(900)
def test_random_and_bent_words_are_no_hits(post, web, mail):
    dice, secret = random.Random(7), web.extensions["goodterms"].settings.secret_key
    for _ in range(RANDOM):
        word = secrets.token_urlsafe(48)
        for purpose in (tokens.LINK, tokens.PIXEL):
            with pytest.raises(tokens.BadToken):
                tokens.unseal(purpose, word, secret=secret)
    true = {what: path.split("/")[2].removesuffix(".gif") for what, path in mail.items()}
    client = web.test_client()
    for number in range(BENT):
        what = dice.choice(sorted(true))
        word = _bent(true[what], dice)
        purpose = tokens.PIXEL if what == "image" else tokens.LINK
        with pytest.raises(tokens.BadToken):
            tokens.unseal(purpose, word, secret=secret)
        if number < 60:
            answer = client.get(mail[what].replace(true[what], word), headers=AGENT)
            assert (answer.status_code, "Location" in answer.headers) == (404, False)
    assert post.ask(KEPT) == []


def test_no_door_leads_anywhere_else(web, mail):
    """Whatever is put behind an address, nothing sends a reader to another place."""
    client = web.test_client()
    for path in mail.values():
        for more in ("?u=https://evil.test", "?next=//evil.test", "/https://evil.test", "%2f%2fevil.test", "?said=x"):
            answer = client.get(path + more, headers=AGENT)
            assert "evil" not in answer.headers.get("Location", "")


def test_hits_of_a_burst_are_committed_together(post, web, mail, monkeypatch):
    batches, keeping = [], hits.keeping

    def counted(some):
        batches.append(len(some))
        return keeping(some)

    monkeypatch.setattr(hits, "keeping", counted)
    crowd = [
        threading.Thread(
            target=lambda at=at: web.test_client().get(mail["image"], headers={"User-Agent": f"Reader {at}"})
        )
        for at in range(12)
    ]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    assert len(post.ask(KEPT)) == 12 == sum(batches)


def test_a_hit_that_cannot_be_kept_does_not_take_the_others_along(post, shell, monkeypatch):
    reception, keeping, fell = Reception(shell.app_context), hits.keeping, []

    def once(some):
        if not fell:
            fell.append(len(some))
            raise OperationalError("INSERT", None, ConnectionError("gone"))
        return keeping(some)

    monkeypatch.setattr(hits, "keeping", once)
    seen = Hit(Fetch("pixel", "GET", "x", ""), NOW, message_id=post.tenant)
    with pytest.raises(OperationalError):
        reception.keep(post.tenant, seen)
    reception.keep(post.tenant, Hit(Fetch("pixel", "GET", "x", ""), NOW + timedelta(seconds=2), message_id=post.tenant))
    assert fell == [1]


def _bent(word, dice):
    """One bit of the sealed bytes is another."""
    raw = bytearray(tokens.base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    return tokens.base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
