"""No more reminders by mail: one click of a mail program, for one reader, and invoices go on."""

from dataclasses import replace

import pytest

from tenants.delivery import letters, queueing, unsubscribing
from tenants.delivery.tokens import BadToken
from tenants.values import ids
from tests.cast import NOW


@pytest.fixture
def reminded(post):
    """The reminder that Dana gets, about one invoice."""
    invoice = post.an_invoice()
    with post.unit():
        queued = queueing.queue_reminders(
            "overdue", invoice_ids=[invoice], template="First reminder", occurrence="1", now=NOW, real=NOW
        )
    return next(iter(queued.messages))


def test_a_reminder_can_be_stopped_in_one_click_and_an_invoice_or_a_formal_letter_cannot(post, reminded):
    mail = post.claim(reminded)
    said = letters.write(mail, enclosures=(), settings=post.settings).headers
    address = said["List-Unsubscribe"].strip("<>")
    assert said["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    start = post.settings.public_url.rstrip("/") + unsubscribing.PATH
    word = address.removeprefix(start)
    assert unsubscribing.named(word, secret=post.settings.secret_key) == (post.tenant, reminded)
    for other in (replace(mail, kind="invoice", template="Invoice"), replace(mail, template="Formal letter")):
        assert not unsubscribing.headers(other, settings=post.settings)
    with pytest.raises(BadToken):
        unsubscribing.named(word[:-3] + "AAA", secret=post.settings.secret_key)


def test_a_wish_is_kept_once_each_way_with_its_basis(post, reminded):
    with post.unit():
        reader = unsubscribing.reader(reminded)
        assert reader.email == "dana@dune.test" and reader.stopped_at is None
        said = [unsubscribing.stop(reader.contact_id, basis="By telephone", now=NOW) for _ in range(2)]
        assert said == [True, False] and unsubscribing.reader(reminded).stopped_at == NOW
        assert [unsubscribing.resume(reader.contact_id, basis="Wrote", now=NOW) for _ in range(2)] == [True, False]
        with pytest.raises(unsubscribing.UnknownReader):
            unsubscribing.stop(ids.new(), basis="x", now=NOW)
        with pytest.raises(BadToken):
            unsubscribing.reader(ids.new())
    assert post.ask("SELECT act, reason FROM history WHERE tenant_id = :tenant ORDER BY at, id") == [
        ("reminders.stopped", "By telephone"),
        ("reminders.resumed", "Wrote"),
    ]
