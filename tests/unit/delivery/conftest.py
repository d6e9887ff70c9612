"""The delivery tests' own fixtures: a post office in Alder's books, with a gate that can be told what to say."""

import pytest

from tenants.delivery import channels, queueing
from tests.cast import NOW
from tests.factories import a_contact, a_debtor, an_invoice
from tests.unit.delivery.post import ALL, Post


@pytest.fixture
def post(alder, shell, settings, tmp_path):
    return Post(alder, settings, tmp_path)


@pytest.fixture
def reminder(post):
    """One reminder about two invoices in two currencies, to a customer of many ways."""
    debtor = a_debtor(post.tenant, name="Dune Garden Centres")
    a_contact(post.tenant, debtor, email="dana@dune.test", name="Dana Reyes")
    bills = [an_invoice(post.tenant, debtor, late=late, currency=each) for late, each in ((9, "EUR"), (3, "GBP"))]
    with post.unit():
        channels.change(debtor, to=ALL, now=NOW)
        queued = queueing.queue_reminders(
            "overdue", invoice_ids=bills, template="First reminder", occurrence="1", now=NOW, real=NOW
        )
    return next(iter(queued.messages))
