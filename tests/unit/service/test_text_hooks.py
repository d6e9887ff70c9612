"""Receipts of texts at the door: the provider's own are kept, everybody else's are answered alike and leave nothing."""

from dataclasses import replace

import pytest

from tenants.adapters.sms import MemorySender
from tenants.delivery import texts, tokens
from tests.unit.delivery.post import Post
from tests.unit.delivery.test_channels import Channels, climb, text_it, want

KEPT = "SELECT kind FROM inbox_event WHERE tenant_id = :tenant AND source = 'sms' AND kind <> 'accepted'"


@pytest.fixture
def word(alder, web, settings, tmp_path, monkeypatch):
    """Alder sent a text; the web face has a provider of texts. Gives the word of the text's receipts."""
    monkeypatch.setitem(web.extensions, "goodterms", replace(web.extensions["goodterms"], texts=MemorySender()))
    post = Post(alder, settings, tmp_path)
    want(post, post.an_invoice(), Channels(("sms",), phone="+4930901820"))
    climb(post)
    mail, _ = text_it(post, MemorySender())
    return post, texts.receipt_word(mail, settings=web.extensions["goodterms"].settings)


def knock(browser, word, *, signed="memory", **form):
    return browser.client.post(
        f"/hooks/sms/{word}", data=form, headers={"X-Twilio-Signature": signed, "Accept": "application/json"}
    )


def test_what_the_provider_says_is_kept_once_for_a_job(word, stranger):
    post, name = word
    answers = [knock(stranger, name, MessageStatus="delivered", MessageSid="SM1").status_code for _ in range(2)]
    assert answers == [204, 204] and post.ask(KEPT) == ["delivered"]
    assert len(post.work("read_text_receipt")) == 1


def test_what_is_not_signed_or_about_no_text_of_ours_is_refused_alike(word, stranger, settings):
    post, name = word
    other = tokens.seal_for_address(texts.RECEIPT, post.tenant, post.tenant, secret=settings.secret_key)
    stray = tokens.seal_for_address(texts.RECEIPT, NOBODY, post.tenant, secret=settings.secret_key)
    changed = name[:-1] + ("2" if name[-1] == "0" else "0")
    told = [
        knock(stranger, name, signed="mine", MessageStatus="delivered"),
        knock(stranger, changed, MessageStatus="delivered"),
        knock(stranger, "nothing", MessageStatus="delivered"),
        knock(stranger, stray, MessageStatus="delivered"),
    ]
    assert {answer.status_code for answer in told} == {403}
    assert knock(stranger, other, MessageStatus="delivered").status_code == 204
    assert post.ask(KEPT) == []


NOBODY = texts.UUID(int=7)
