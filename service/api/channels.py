"""Ways beside mail: how a customer is reached, and the letters that wait for a printer."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from service import downloads, moment
from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Actor, Instant, Ref
from service.gate import GATE
from tenants.delivery import channels, documents, print_batches
from tenants.delivery.channels import Channels
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors

face = Blueprint("api_channels", __name__, url_prefix="/api/v1")
OF_DEBTOR = "/tenants/<client:client>/debtors/<ref('deb'):debtor_id>/channels"
BATCHES = "/tenants/<client:client>/print-batches"
BATCH = f"{BATCHES}/<ref('prb'):batch_id>"


class Ways(Schema):
    """In which order ways to a customer are tried; the next one after so many days without a sign, or when it came
    back."""

    ways = fields.List(fields.String(validate=validate.OneOf(channels.WAYS)), required=True)
    wait_days = fields.Integer(load_default=channels.WAIT_DAYS, validate=validate.Range(1, 60))
    phone = fields.String(load_default="", validate=validate.Length(max=40))
    postal = fields.String(load_default="", validate=validate.Length(max=500))


class Batch(Schema):
    """One file of letters."""

    id = Ref("prb", required=True)
    letters = fields.Integer(required=True)
    pages = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    made_by = Actor(required=True)
    made_at = Instant(required=True)
    posted_by = Actor(required=True)
    posted_at = Instant(required=True, allow_none=True)


@endpoint(face, OF_DEBTOR, needs="contacts.read", returns=Ways)
def show_channels(client: VisibleClient, debtor_id: UUID) -> Channels:
    """How a customer is reached."""
    debtors.card(debtor_id)
    found = channels.of(debtor_id)
    assert found is not None
    return found


@endpoint(face, OF_DEBTOR, needs="ledger.write", method="PUT", accepts=Ways, returns=Ways, changes=show_channels)
def change_channels(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Channels:
    """Reach a customer so from now on."""
    debtors.card(debtor_id)
    wanted = Channels(tuple(body["ways"]), body["wait_days"], body["phone"], body["postal"])
    return channels.change(debtor_id, to=wanted, now=moment.here().now)


@endpoint(face, BATCHES, needs="delivery.read", query=paging.PageQuery, returns=paging.page_of(Batch))
def list_print_batches(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Files of letters, the newest first."""
    after = paging.start("print_batches", query, UUID)
    found = print_batches.listed(after=after[0] if after else None, limit=query["limit"] + 1)
    return paging.cut("print_batches", query, found, lambda row: (row["id"],))


@endpoint(face, BATCHES, needs="delivery.write", method="POST", returns=Batch, status=201, once=True)
def make_print_batch(client: VisibleClient) -> Any:
    """Print what waits into one file, as far as it may leave now."""
    here, toolbox = moment.here(), tools()
    made = print_batches.make(
        gate=GATE,
        documents_in=toolbox.documents,
        settings=toolbox.settings,
        now=here.now,
        real=here.wall,
        today=here.today,
    )
    return print_batches.one(made)


@endpoint(face, BATCH, needs="delivery.read", returns=Batch)
def show_print_batch(client: VisibleClient, batch_id: UUID) -> Any:
    """One file of letters."""
    return print_batches.one(batch_id)


@endpoint(face, f"{BATCH}/file", needs="delivery.write", produces=documents.PDF)
def download_print_batch(client: VisibleClient, batch_id: UUID) -> Response:
    """The file itself, with an address sheet before each letter."""
    return letters_file(batch_id)


def letters_file(batch_id: UUID) -> Response:
    """The kept letters of a batch, to be saved."""
    kept = print_batches.one(batch_id)
    name = f"letters-{kept['made_at']:%Y-%m-%d}.pdf"
    return downloads.attachment(tools().documents.get(kept["store_key"]), name=name, media_type=documents.PDF)


@endpoint(face, f"{BATCH}/posted", needs="delivery.write", method="POST", returns=Batch, once=True)
def post_print_batch(client: VisibleClient, batch_id: UUID) -> Any:
    """Say that the letters were posted."""
    print_batches.posted(batch_id, now=moment.here().now)
    return print_batches.one(batch_id)
