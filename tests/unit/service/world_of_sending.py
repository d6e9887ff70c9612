"""What the world holds of sending: addresses on the list, letters for the post, a goal of e-invoices."""

from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

from tenants import store
from tenants.delivery import channels, climbing, domains, inbound, mailbag, suppression
from tenants.delivery.channels import Channels
from tenants.delivery.einvoices import goal
from tenants.directory import clients
from tenants.ledger import allocation, invoices
from tenants.values import ids
from tests.factories import a_contact, a_debtor, an_invoice

BATCH = """
INSERT INTO print_batch (tenant_id, id, letters, pages, sha256, store_key, made_by, made_at)
VALUES (:tenant, :id, 1, 2, 'ab12', :key, 'world', :now) ON CONFLICT (tenant_id, id) DO NOTHING
"""

POSTED = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, channel, recipient, template, state,
  queued_at, sent_at)
VALUES (:tenant, :id, :debtor, :contact, :step, 'invoice', 'portal', 'ap@dune.test', 'Invoice', 'sent', :now, :now)
ON CONFLICT (tenant_id, step_key) DO NOTHING
"""
POSTED_ITEM = """
INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id) VALUES (:tenant, :message, :invoice, :debtor)
ON CONFLICT (tenant_id, message_id, invoice_id) DO NOTHING
"""


def entry(world) -> UUID:
    """An address that is written to no more."""
    with world.books():
        found = suppression.add(f"{ids.new()}@gone.test", reason="bounce", detail="550 5.1.1", since_at=world.now)
    assert found is not None
    return found


def credit(world) -> UUID:
    """A credit note that corrects one invoice, at a client of which all is known that EN 16931 asks for."""
    credited = world.credit_note()
    with world.books():
        world.sayable_invoice()
        allocation.apply(credited, parts=[(world.invoice(), 5_00)], effective_on=world.today, now=world.now)
    return credited


def held(world) -> UUID:
    """A message of which nobody knows whether it left."""
    with world.books():
        sql = "UPDATE message SET state = 'held', held_reason = 'unconfirmed' WHERE tenant_id = :tenant AND id = :id"
        store.run(sql, id=world.at["msg"])
    return world.at["msg"]


def batch(world) -> UUID:
    """A file of letters that was not posted yet."""
    made = ids.new()
    key = f"{world.tenant}/print/{made}.pdf"
    world.documents.put(key, b"%PDF-1.7", media_type="application/pdf")
    with world.books():
        store.run(BATCH, id=made, key=key, now=world.now)
    return made


def letter(world) -> UUID:
    """An invoice that waits for a printer, at a client that is live; returns a file of others."""
    debtor = a_debtor(world.tenant)
    a_contact(world.tenant, debtor)
    an_invoice(world.tenant, debtor, late=-10, currency=world.currency)
    with world.books():
        wanted = Channels(("print",), postal="Nut Tree Nursery\nAm Markt 2")
        clients.change(test_since_at=None)
        channels.change(debtor, to=wanted, now=world.now)
        climbing.climb(today=world.today, now=world.now, real=world.now)
    return batch(world)


def mail(world) -> dict[str, UUID]:
    """A customer wrote to the client's own address and sent a file with it; the mail and the file."""
    written = EmailMessage()
    written["From"], written["To"] = "Dana Reyes <dana@marigold.test>", "billing@alder.test"
    written["Subject"], written["Message-ID"] = "Größe der Dachziegel", f"<{ids.new()}@marigold.test>"
    written.set_content("Two pallets were missing.\n\nSee the photo.")
    written.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="delivery note.pdf")
    with world.books():
        came = inbound.receive_at_mailbox(
            written.as_bytes(), secret="s" * 32, documents_in=world.documents, now=world.now, real=world.now
        )
        assert came is not None
        return {"mai": came, "mfl": mailbag.files(came)[0]["id"]}


def number(world) -> str:
    """What the world's invoice is called."""
    with world.books():
        return invoices.card(world.at["inv"]).number


def domain(world) -> UUID:
    """A domain from which the client sends."""
    with world.books():
        name = f"d{ids.new().hex}.example.com"
        made = domains.open(name, box="invoices", now=world.now, real=world.now)
        store.run("UPDATE sending_domain SET state = 'proved' WHERE tenant_id = :tenant AND id = :id", id=made)
    return made


def plain(world) -> UUID:
    """A customer that takes no e-invoices, so that a goal has somewhere to go."""
    debtor = a_debtor(world.tenant)
    an_invoice(world.tenant, debtor, late=-10, currency=world.currency)
    return debtor


def posted(world) -> UUID:
    """A new invoice of the customer whose link is open, which lies in its portal."""
    with world.books():
        known = world.at.get("linked", world.at["inv"])
        debtor = store.run(
            "SELECT debtor_id FROM invoice WHERE tenant_id = :tenant AND id = :id", id=known
        ).scalar_one()
    invoice = an_invoice(world.tenant, debtor, late=-10, currency=world.currency)
    message, named = ids.new(), {"debtor": debtor, "now": world.now}
    with world.books():
        store.run(POSTED, id=message, contact=world.at["con"], step=f"portal:{invoice}", **named)
        store.run(POSTED_ITEM, message=message, invoice=invoice, debtor=debtor)
    return invoice


def set_goal(world) -> UUID:
    """The client wants e-invoices; returns any id."""
    plain(world)
    with world.books():
        due_on = world.today + timedelta(days=200)
        goal.set_goal("invoices", target=1000, due_on=due_on, today=world.today, now=world.now)
    return world.tenant
