"""Letters for the post: what waits for a printer, the files that were made, and when they were posted; and how one
customer is reached."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response as Answer

from service import moment
from service.api.channels import letters_file
from service.endpoint import endpoint, tools
from service.fields import Ref
from service.gate import GATE
from service.pages import delivery_tabs, frame
from tenants.delivery import channels, print_batches, tracking, unsubscribing
from tenants.delivery.channels import Channels
from tenants.delivery.einvoices import wishes
from tenants.delivery.einvoices.wishes import Wish
from tenants.directory.access import VisibleClient
from tenants.ledger import contacts, debtors

face = Blueprint("letters", __name__)
LIST = "/c/<client:client>/delivery/letters"
REACH = "/c/<client:client>/customers/<ref('deb'):debtor_id>/reach"


class Nothing(Schema):
    """A button without a field."""


class Reach(Schema):
    """The ways of one customer in their order, what they need, and its wish for e-invoices."""

    first = fields.String(required=True, validate=validate.OneOf(channels.WAYS))
    second = fields.String(load_default="", validate=validate.OneOf(("", *channels.WAYS)))
    third = fields.String(load_default="", validate=validate.OneOf(("", *channels.WAYS)))
    fourth = fields.String(load_default="", validate=validate.OneOf(("", *channels.WAYS)))
    wait_days = fields.Integer(load_default=channels.WAIT_DAYS, validate=validate.Range(1, 60))
    phone = fields.String(load_default="", validate=validate.Length(max=40))
    postal = fields.String(load_default="", validate=validate.Length(max=500))


class Structured(Schema):
    """How the customer wants its invoices."""

    format = fields.String(required=True, validate=validate.OneOf(("pdf", *wishes.FORMATS)))
    endpoint = fields.String(load_default="", validate=validate.Length(max=56))
    buyer_reference = fields.String(load_default="", validate=validate.Length(max=100))


class Said(Schema):
    """What a reader said about images that tell of opens."""

    contact = Ref("con", required=True)
    consent = fields.String(required=True, validate=validate.OneOf(tracking.SAID))
    basis = fields.String(required=True, validate=validate.Length(1, 300))


class Wanted(Schema):
    """Whether a reader wants reminders by mail."""

    contact = Ref("con", required=True)
    wanted = fields.String(required=True, validate=validate.OneOf(("yes", "no")))
    basis = fields.String(required=True, validate=validate.Length(1, 300))


@endpoint(face, LIST, needs="delivery.read")
def list_page(client: VisibleClient) -> str:
    """What waits, and the files of letters, the newest first."""
    return delivery_tabs.show(
        "letters.html", client, tab="letters", waiting=print_batches.waiting(), rows=print_batches.listed()
    )


@endpoint(face, LIST, needs="delivery.write", method="POST", accepts=Nothing)
def make(client: VisibleClient, body: dict[str, Any]) -> Answer:
    """Print what waits into one file."""
    here, toolbox = moment.here(), tools()
    print_batches.make(
        gate=GATE,
        documents_in=toolbox.documents,
        settings=toolbox.settings,
        now=here.now,
        real=here.wall,
        today=here.today,
    )
    return frame.after_change(url_for("letters.list_page", client=client.slug))


@endpoint(face, f"{LIST}/<ref('prb'):batch_id>.pdf", needs="delivery.write")
def batch_file(client: VisibleClient, batch_id: UUID) -> Response:
    """The file of letters, with an address sheet before each."""
    return letters_file(batch_id)


@endpoint(face, f"{LIST}/<ref('prb'):batch_id>/posted", needs="delivery.write", method="POST", accepts=Nothing)
def posted(client: VisibleClient, batch_id: UUID, body: dict[str, Any]) -> Answer:
    """The letters were posted."""
    print_batches.posted(batch_id, now=moment.here().now)
    return frame.after_change(url_for("letters.list_page", client=client.slug))


@endpoint(face, REACH, needs="contacts.read")
def reach_page(client: VisibleClient, debtor_id: UUID) -> str:
    """How one customer is reached, and in what form it wants its invoices."""
    return frame.show(
        "reach.html",
        section="customers",
        stamp=frame.stamp(),
        debtor=debtors.card(debtor_id),
        reach=channels.of(debtor_id),
        wish=wishes.of(debtor_id),
        choices=channels.WAYS,
        people=contacts.of_debtor(debtor_id),
    )


@endpoint(face, REACH, needs="ledger.write", method="POST", accepts=Reach)
def reach(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Answer:
    """Reach the customer so from now on."""
    debtors.card(debtor_id)
    named = tuple(way for key in ("first", "second", "third", "fourth") if (way := body[key]))
    wanted = Channels(named, body["wait_days"], body["phone"], body["postal"])
    channels.change(debtor_id, to=wanted, now=moment.here().now)
    return frame.after_change(url_for("letters.reach_page", client=client.slug, debtor_id=debtor_id))


@endpoint(face, f"{REACH}/e-invoice", needs="ledger.write", method="POST", accepts=Structured)
def wish(client: VisibleClient, debtor_id: UUID, body: dict[str, str]) -> Answer:
    """Keep the form in which the customer wants its invoices."""
    debtors.card(debtor_id)
    wanted = None if body["format"] == "pdf" else Wish(body["format"], body["endpoint"], body["buyer_reference"])
    wishes.change(debtor_id, wish=wanted, now=moment.here().now)
    return frame.after_change(url_for("letters.reach_page", client=client.slug, debtor_id=debtor_id))


@endpoint(face, f"{REACH}/consent", needs="ledger.write", method="POST", accepts=Said)
def consent(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Answer:
    """Keep what one reader of the customer said; a withdrawal also stops images of mails that were sent before."""
    _of(debtor_id, body["contact"])
    tracking.consent(body["contact"], said=body["consent"], basis=body["basis"], now=moment.here().now)
    return frame.after_change(url_for("letters.reach_page", client=client.slug, debtor_id=debtor_id))


@endpoint(face, f"{REACH}/reminders", needs="ledger.write", method="POST", accepts=Wanted)
def reminders(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Answer:
    """Keep whether one reader of the customer wants reminders by mail."""
    _of(debtor_id, body["contact"])
    say = unsubscribing.resume if body["wanted"] == "yes" else unsubscribing.stop
    say(body["contact"], basis=body["basis"], now=moment.here().now)
    return frame.after_change(url_for("letters.reach_page", client=client.slug, debtor_id=debtor_id))


def _of(debtor_id: UUID, contact_id: UUID) -> None:
    if contact_id not in {each.id for each in contacts.of_debtor(debtor_id)}:
        raise tracking.UnknownReader("There is no such contact.")
