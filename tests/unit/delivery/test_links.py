"""A link opens one debtor's side, for a while, until it is taken back; nobody can write one."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.delivery import links, tokens
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import NOW

SECRET = "for tests only, and longer than it needs to be"


@pytest.fixture
def link(post):
    message = post.a_message()
    post.send(message)
    return post.mailer.sent[0].text.split("/p/")[1].split()[0]


def grant(post, text, *, now=NOW, tenant=None):
    with unit_of_work(scope.viewing(tenant or links.named(text, secret=SECRET)[0], actor="portal")):
        return links.open(text, secret=SECRET, now=now)


def test_danas_link_opens_her_own_invoice_and_nothing_else(post, link):
    found = grant(post, link)
    message = post.message(found.message_id)
    assert (found.tenant_id, found.debtor_id, found.contact_id) == (post.tenant, message.debtor_id, message.contact_id)
    assert found.invoice_id == post.invoice_of(found.message_id).id
    with unit_of_work(scope.debtor(post.tenant, found.debtor_id, actor="portal")):
        assert links.open(link, secret=SECRET, now=NOW) == found
    with unit_of_work(scope.debtor(post.tenant, uuid4(), actor="portal")), pytest.raises(tokens.BadToken):
        links.open(link, secret=SECRET, now=NOW)


def test_a_link_ends_after_ninety_days(post, link):
    assert grant(post, link, now=NOW + timedelta(days=89))
    with pytest.raises(links.LinkOver):
        grant(post, link, now=NOW + timedelta(days=90))


def test_a_link_that_was_taken_back_is_over(post, link):
    (contact,) = post.ask("SELECT contact_id FROM portal_link WHERE tenant_id = :tenant")
    with post.unit():
        assert links.revoke(contact_id=contact, now=NOW) == 1
    with pytest.raises(links.LinkOver):
        grant(post, link)


def test_a_link_is_worthless_in_another_clients_scope(post, link, birch):
    with pytest.raises(tokens.BadToken):
        grant(post, link, tenant=birch)


def test_a_link_whose_row_is_gone_is_not_valid(post):
    text = links.token(post.tenant, link_id=uuid4(), expires_at=NOW + timedelta(days=1), secret=SECRET)
    with pytest.raises(tokens.BadToken):
        grant(post, text)


def test_a_link_cannot_pass_for_an_image_or_a_return_address(link):
    with pytest.raises(tokens.BadToken):
        links.read_pixel(link, secret=SECRET)
    with pytest.raises(tokens.BadToken):
        tokens.unseal_from_address(tokens.BOUNCE, link, secret=SECRET)


def test_an_image_names_its_client_and_message():
    tenant, message = uuid4(), uuid4()
    text = links.pixel_token(tenant, message_id=message, secret=SECRET)
    assert links.read_pixel(text, secret=SECRET) == (tenant, message)


@given(st.integers(0, 69), st.characters(min_codepoint=33, max_codepoint=126))
def test_one_changed_letter_breaks_the_seal(at, letter):
    text = tokens.seal(tokens.LINK, b"x" * 37, secret=SECRET)
    changed = text[:at] + letter + text[at + 1 :]
    if changed != text:
        with pytest.raises(tokens.BadToken):
            tokens.unseal(tokens.LINK, changed, secret=SECRET)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text):
    for read in (
        lambda: tokens.unseal(tokens.LINK, text, secret=SECRET),
        lambda: tokens.unseal_from_address(tokens.BOUNCE, text, secret=SECRET),
    ):
        with pytest.raises(tokens.BadToken):
            read()


def test_a_sealed_body_that_is_too_short_names_nothing():
    with pytest.raises(tokens.BadToken):
        links.named(tokens.seal(tokens.LINK, b"short", secret=SECRET), secret=SECRET)


def test_a_return_address_survives_servers_that_fold_case_and_fits_a_mailbox():
    tenant, attempt = uuid4(), uuid4()
    box = tokens.seal_for_address(tokens.BOUNCE, tenant, attempt, secret=SECRET)
    assert len(f"b+{box}") <= 64 and box == box.lower()
    assert tokens.unseal_from_address(tokens.BOUNCE, box.upper(), secret=SECRET) == (tenant, attempt)
    with pytest.raises(tokens.BadToken):
        tokens.unseal_from_address(tokens.BOUNCE, box, secret=SECRET + "!")
