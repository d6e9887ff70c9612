"""Imports: a ledger file comes in, is checked, and is loaded when somebody says so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Blueprint, request
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import downloads, identity, moment
from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Actor, Instant, MoneyField, Ref
from tenants.collections import building
from tenants.directory.access import VisibleClient
from tenants.intake import customer_changes, customer_sheet, imports, landing, outcomes, runs, undoing
from tenants.intake.mapping import Mapping
from tenants.values import ids
from tenants.values.faults import Refusal

face = Blueprint("api_imports", __name__, url_prefix="/api/v1")
NEWEST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
ANY_FILE = "application/octet-stream"
IN_MEMORY = 1 << 20


class FileMissing(Refusal):
    """The request holds no file."""

    code = "file_missing"
    remedy = "Send the file as the body, or as the part “file” of a form."


class Origin(Schema):
    """Where a file comes from; files of one source share their mapping."""

    source = fields.String(load_default="api", validate=validate.Length(1, 80))
    name = fields.String(load_default="", validate=validate.Length(max=200))


class Fault(Schema):
    """Why one cell keeps its row out."""

    row = fields.Integer(attribute="row_no", required=True)
    column = fields.String(required=True)
    value = fields.String(required=True)
    reason = fields.String(required=True)
    remedy = fields.String(required=True)


class ControlTotal(Schema):
    """The control total of one currency."""

    currency = fields.String(required=True)
    invoices = fields.Integer(required=True)
    amount = MoneyField("amount_minor", required=True)


class CheckReport(Schema):
    """What the check found; nothing is in the ledger yet."""

    blank = fields.Integer(required=True)
    debtors = fields.Integer(required=True)
    padded = fields.Integer(required=True)
    paid = fields.Integer(required=True)
    totals = fields.List(fields.Nested(ControlTotal), required=True)
    faults = fields.List(fields.Nested(Fault), required=True, metadata={"description": "The first; see …/faults"})
    fault_codes = fields.Dict(required=True)
    questions = fields.List(fields.String(), required=True)
    notes = fields.List(fields.String(), required=True)
    rules = fields.List(fields.String(), required=True)
    detection = fields.Dict(required=True)
    refusal = fields.String(required=True)
    refusal_remedy = fields.String(required=True)


class LoadReport(Schema):
    """What loading did."""

    added = fields.Integer(required=True)
    same = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    debtors_added = fields.Integer(required=True)
    payments_added = fields.Integer(required=True)
    payments_ahead = fields.Integer(required=True)
    credit_notes_added = fields.Integer(required=True)
    totals = fields.List(fields.Nested(ControlTotal), required=True)
    differences = fields.List(fields.String(), required=True)


class Import(Schema):
    """One file that came, and what became of it."""

    id = Ref("imp", required=True)
    source = fields.String(required=True)
    file_name = fields.String(required=True)
    sha256 = fields.String(required=True)
    bytes = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(runs.STATES))
    rows_read = fields.Integer(attribute="read", required=True)
    rows_accepted = fields.Integer(attribute="accepted", required=True)
    rows_refused = fields.Integer(attribute="refused", required=True)
    rows_added = fields.Integer(attribute="added", required=True)
    rows_same = fields.Integer(attribute="same", required=True)
    received_by = Actor(attribute="actor", required=True)
    received_at = Instant(required=True)
    loaded_at = Instant(required=True, allow_none=True)
    undone_at = Instant(required=True, allow_none=True)


class UndoReport(Schema):
    """What undoing took back; or, in `refused` alone, why it was not done."""

    refused = fields.String()
    invoices = fields.Integer()
    credit_notes = fields.Integer()
    payments = fields.Integer()
    allocations = fields.Integer()
    debtors = fields.Integer()
    changes = fields.Integer(metadata={"description": "Customers whom a file of customers had changed"})
    contacts = fields.Integer()
    lines = fields.Integer(metadata={"description": "Lines of a bank statement"})
    lines_left = fields.Integer(metadata={"description": "Lines that another statement tells of as well; they stay"})
    deductions = fields.Integer()
    advices = fields.Integer()


class ImportCard(Import):
    """One import with its mapping and its reports."""

    mapping = fields.Dict(required=True)
    check = fields.Nested(CheckReport, attribute="report.check", required=True, allow_none=True, dump_default=None)
    loaded = fields.Nested(
        LoadReport, attribute="report.load", data_key="load", required=True, allow_none=True, dump_default=None
    )
    undo = fields.Nested(UndoReport, attribute="report.undo", required=True, allow_none=True, dump_default=None)


class Choice(Schema):
    """A mapping that a person corrected; without one the remembered, known or suggested one is taken."""

    mapping = fields.Dict(load_default=None, allow_none=True)
    customer_columns = fields.Dict(
        keys=fields.String(validate=validate.OneOf([target.key for target in customer_sheet.TARGETS])),
        values=fields.String(validate=validate.Length(1, 500)),
        load_default=None,
        allow_none=True,
        metadata={"description": "Of a file that tells of customers alone: by field the column that feeds it"},
    )


class Confirmation(Schema):
    """Whether rows with faults may be left out, and what the file must be worth."""

    leave_out_faults = fields.Boolean(load_default=False)
    control = fields.List(
        MoneyField(),
        load_default=(),
        validate=validate.Length(max=20),
        metadata={"description": "What the sender's program says that the file is worth, by currency"},
    )


@endpoint(
    face,
    "/tenants/<client:client>/imports",
    needs="import.read",
    query=paging.PageQuery,
    returns=paging.page_of(Import),
)
def list_imports(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Imports, the newest first."""
    before, before_id = paging.start("imports", query, datetime.fromisoformat, UUID) or NEWEST
    found = runs.latest(before=before, before_id=before_id, limit=query["limit"] + 1)
    return paging.cut("imports", query, found, lambda run: (run.received_at, run.id))


@endpoint(
    face,
    "/tenants/<client:client>/imports",
    needs="import.write",
    method="POST",
    query=Origin,
    returns=ImportCard,
    status=201,
    consumes=ANY_FILE,
)
def upload_import(client: VisibleClient, query: dict[str, str]) -> runs.Import:
    """Hand in a ledger file, as the body or as the part “file” of a form; it is checked in the background."""
    caller = identity.caller(tools().clock.now())
    with _file(query["name"]) as (file, name):
        return imports.receive(
            file,
            name=name,
            source=query["source"],
            actor=caller.actor if caller else "",
            now=tools().clock.now(),
            files=tools().files,
        )


@endpoint(face, "/tenants/<client:client>/imports/<ref('imp'):import_id>", needs="import.read", returns=ImportCard)
def show_import(client: VisibleClient, import_id: UUID) -> runs.Import:
    """One import with the report of its check and, once loaded, of its loading."""
    return runs.one(import_id)


@endpoint(
    face,
    "/tenants/<client:client>/imports/<ref('imp'):import_id>/faults",
    needs="import.read",
    query=paging.PageQuery,
    returns=paging.page_of(Fault),
)
def list_faults(client: VisibleClient, import_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """The cells that keep rows out, in the order of the file."""
    name = f"faults:{runs.one(import_id).id}"
    after = cast(tuple[int, str], paging.start(name, query, int, str) or (0, ""))
    found = landing.faults(import_id, after=after, limit=query["limit"] + 1)
    return paging.cut(name, query, found, lambda fault: (fault.row_no, fault.column))


@endpoint(
    face,
    "/tenants/<client:client>/imports/<ref('imp'):import_id>/check",
    needs="import.write",
    method="POST",
    accepts=Choice,
    returns=ImportCard,
)
def check_import(client: VisibleClient, import_id: UUID, body: dict[str, Any]) -> runs.Import:
    """Check a file again, with a corrected mapping."""
    chosen = None if body["mapping"] is None else Mapping.read(body["mapping"])
    imports.check(import_id, files=tools().files, chosen=chosen, of_customers=body["customer_columns"])
    return runs.one(import_id)


@endpoint(
    face,
    "/tenants/<client:client>/imports/<ref('imp'):import_id>/confirm",
    needs="import.write",
    method="POST",
    accepts=Confirmation,
    returns=ImportCard,
    status=202,
    once=True,
)
def confirm_import(client: VisibleClient, import_id: UUID, body: dict[str, Any]) -> runs.Import:
    """Have a checked file loaded in the background, all of it or nothing."""
    leave_out = body["leave_out_faults"]
    imports.confirm(import_id, real=moment.here().wall, leave_out_faults=leave_out, control=body["control"])
    return runs.one(import_id)


class UndoReason(Schema):
    """A word why."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


@endpoint(
    face,
    "/tenants/<client:client>/imports/<ref('imp'):import_id>/undo",
    needs="import.write",
    method="POST",
    accepts=UndoReason,
    returns=ImportCard,
    status=202,
    once=True,
)
def undo_import(client: VisibleClient, import_id: UUID, body: dict[str, str]) -> runs.Import:
    """Have a loaded import undone in the background, within 24 hours and while nobody has built on it."""
    here = moment.here()
    undoing.ask(import_id, now=here.now, real=here.wall, reason=body["reason"], above=building.ABOVE)
    return runs.one(import_id)


class CustomerChange(Schema):
    """One field of one customer, before and after."""

    customer_number = fields.String(attribute="number", required=True)
    customer_name = fields.String(attribute="name", required=True)
    field = fields.String(required=True, validate=validate.OneOf(tuple(customer_changes.NAMES)))
    was = fields.String(required=True)
    became = fields.String(required=True)


class CustomerChanges(Schema):
    """The first changes of customers, and how many there are."""

    changes = fields.List(fields.Nested(CustomerChange), required=True)
    count = fields.Integer(required=True)


@endpoint(
    face,
    "/tenants/<client:client>/imports/<ref('imp'):import_id>/customer-changes",
    needs="import.read",
    returns=CustomerChanges,
)
def show_customer_changes(client: VisibleClient, import_id: UUID) -> dict[str, Any]:
    """What a file says otherwise of customers who are here; once loaded, what it changed. The first thousand."""
    found, count = customer_changes.of(runs.one(import_id), limit=1_000)
    return {"changes": found, "count": count}


class Difference(Schema):
    """So many rows of one outcome and currency."""

    outcome = fields.String(required=True, validate=validate.OneOf(outcomes.TOLD))
    rows = fields.Integer(required=True)
    amount = MoneyField("minor", required=True)


class Differences(Schema):
    """What a file would do to the ledger now; once loaded, what it did."""

    differences = fields.List(fields.Nested(Difference), required=True)


@endpoint(
    face,
    "/tenants/<client:client>/imports/<ref('imp'):import_id>/differences",
    needs="import.read",
    returns=Differences,
)
def show_differences(client: VisibleClient, import_id: UUID) -> dict[str, Any]:
    """Rows that are new, paid since, the same, or changed, by currency; known until a week after loading."""
    return {"differences": outcomes.counts(runs.one(import_id).id, today=moment.here().today)}


@endpoint(
    face,
    "/tenants/<client:client>/imports/<ref('imp'):import_id>/result",
    needs="import.read",
    produces="text/csv",
)
def download_result(client: VisibleClient, import_id: UUID) -> Response:
    """The file's rows with their outcomes, and each refused cell with its reason, as CSV."""
    return outcomes_file(runs.one(import_id).id)


def outcomes_file(import_id: UUID) -> Response:
    """What became of each row of a file, to be saved."""
    text = "".join(outcomes.as_csv(import_id, today=moment.here().today))
    name = f"result-{ids.show(runs.PREFIX, import_id)}.csv"
    return downloads.attachment(text.encode("utf-8-sig"), name=name, media_type=downloads.CSV)


@contextmanager
def _file(name: str) -> Iterator[tuple[BinaryIO, str]]:
    """The file of the request; a large one waits on disk, never in memory."""
    part = request.files.get("file")
    if part is not None:
        yield cast(BinaryIO, part.stream), name or part.filename or "ledger"
        return
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        shutil.copyfileobj(request.stream, file, IN_MEMORY)
        if file.tell() == 0:
            raise FileMissing("There is no file in the request.")
        yield cast(BinaryIO, file), name or "ledger"
