"""Imports of one client: a file is checked before anything moves, is mapped, and is loaded whole or not at all."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from flask import Blueprint, request, url_for
from marshmallow import Schema, fields, pre_load, validate
from werkzeug.wrappers import Response

from service import cursors, moment
from service.api.imports import outcomes_file
from service.endpoint import endpoint, tools
from service.pages import frame
from tenants.collections import building
from tenants.directory.access import VisibleClient
from tenants.events import dead_letters
from tenants.intake import bank_lines, customer_changes, customer_sheet, imports, landing, outcomes, runs, undoing
from tenants.intake.formats import csv_file
from tenants.intake.formats.text import FileRefused
from tenants.intake.mapping import Mapping
from tenants.intake.runs import Import
from tenants.intake.targets import TARGETS
from tenants.values.faults import Refusal
from tenants.values.money import Money

face = Blueprint("imports", __name__)
LISTED = 50
LEDGERS = ("ledger", "invoice")
TABLES = ("ledger", customer_changes.KIND)
"""What is read by columns that a person may choose."""
UNDOABLE = (*LEDGERS, *undoing.OWN, *building.ABOVE.takers)
COUNTED = 100_000
SOURCE = "upload"
SAMPLE = 5
FAULTS = 100
FOREVER = timedelta(days=36500)


class NoFile(Refusal):
    """The form came without a file."""

    code = "no_file"
    remedy = "Choose a file and send it again."


class Upload(Schema):
    """The form around a file."""

    source = fields.String(load_default=SOURCE, validate=validate.Length(min=1, max=80))


class Shown(Schema):
    """Whether loading or undoing was just asked for, and where the faults start."""

    asked = fields.Boolean(load_default=False)
    undoing = fields.Boolean(load_default=False)
    row = fields.Integer(load_default=0)
    column = fields.String(load_default="")


class BankShown(Schema):
    """Whether all bank lines are shown, and where the page starts."""

    all = fields.Boolean(load_default=False)
    after = fields.String(load_default=None)


class Confirmed(Schema):
    """Whether rows that cannot be read may stay out, and what the file should be worth."""

    leave_out_faults = fields.Boolean(load_default=False)
    control = fields.String(load_default="", validate=validate.Length(max=30))
    currency = fields.String(load_default="", validate=validate.Regexp("^([A-Z]{3})?$"))


class Corrections(Schema):
    """What some cells should say, by row and column; an empty field leaves its cell as it is."""

    fixes = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.String()))

    @pre_load
    def gather(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A form has one field for each cell, called by its row and its column."""
        fixes: dict[str, dict[str, str]] = {}
        others = {name: value for name, value in data.items() if not name.startswith("fix:")}
        for name in data.keys() - others.keys():
            row, _, column = name.removeprefix("fix:").partition(":")
            if data[name].strip():
                fixes.setdefault(row, {})[column] = data[name].strip()
        return {**others, "fixes": fixes}


class Why(Schema):
    """A word why."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


ChosenMapping = Schema.from_dict(
    {
        **{f"column_{target.key}": fields.String(load_default="") for target in TARGETS},
        "dates": fields.String(load_default="", validate=validate.OneOf(["", "ymd", "dmy", "mdy"])),
        "decimal": fields.String(load_default="", validate=validate.OneOf(["", ".", ","])),
        "currency": fields.String(load_default="", validate=validate.Regexp("^([A-Z]{3})?$")),
        "number_width": fields.Integer(load_default=0, validate=validate.Range(0, 40)),
        "terms_days": fields.String(load_default="", validate=validate.Regexp("^[0-9]{0,3}$")),
    },
    name="ChosenMapping",
)


ChosenCustomers = Schema.from_dict(
    {f"column_{target.key}": fields.String(load_default="") for target in customer_sheet.TARGETS},
    name="ChosenCustomers",
)


@endpoint(face, "/c/<client:client>/imports", needs="import.read")
def list_page(client: VisibleClient) -> str:
    """What came in, the newest first, and the way to send a file."""
    stamp = frame.stamp()
    found = runs.latest(before=stamp.now + FOREVER, before_id=frame.LAST_ID, limit=LISTED)
    return frame.show("imports.html", section="imports", stamp=stamp, runs=found)


@endpoint(
    face,
    "/c/<client:client>/imports",
    needs="import.write",
    method="POST",
    accepts=Upload,
    consumes="multipart/form-data",
)
def upload(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Keep the file and have it checked."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise NoFile("No file came with the form.", pointer="/file")
    run = imports.receive(
        sent.stream,
        name=sent.filename,
        source=body["source"],
        actor=frame.signed_in().actor,
        now=tools().clock.now(),
        files=tools().files,
    )
    return frame.after_change(url_for("imports.import_page", client=client.slug, import_id=run.id))


@endpoint(face, "/c/<client:client>/imports/bank", needs="import.read", query=BankShown)
def bank_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Lines of bank statements: those that wait for a customer, or all."""
    place = cursors.read("bank-lines", query["after"])
    before, before_id = (date.fromisoformat(place[0]), UUID(place[1])) if place else (date.max, frame.LAST_ID)
    found = bank_lines.page(before=before, before_id=before_id, unmatched=not query["all"], limit=LISTED + 1)
    last = found[LISTED - 1] if len(found) > LISTED else None
    return frame.show(
        "bank_lines.html",
        section="imports",
        stamp=frame.stamp(),
        lines=found[:LISTED],
        shows_all=query["all"],
        further_after=cursors.write("bank-lines", [last.booked_on.isoformat(), str(last.id)] if last else None),
    )


@endpoint(face, "/c/<client:client>/imports/<ref('imp'):import_id>", needs="import.read", query=Shown)
def import_page(client: VisibleClient, import_id: UUID, query: dict[str, Any]) -> str:
    """One import in whatever state it is; as a piece of the page while it is being worked on."""
    run = runs.one(import_id)
    given_up = dead_letters.was_given_up(str(import_id), kinds=("check_import", "load_import", "undo_import"))
    busy = not given_up and _is_busy(run, query)
    found = run.report.get("check", {})
    context = {
        "run": run,
        "busy": busy,
        "given_up": given_up,
        "asked": query["asked"],
        "found": found,
        "outcome": run.report.get("load", {}),
        "faults": landing.faults(import_id, after=(query["row"], query["column"]), limit=FAULTS) if run.refused else [],
        "fault_page": FAULTS,
        "twins": _same_file(run),
        "differences": _differences(run) if not busy else [],
        "changes": _changes(run) if not busy else ((), 0),
        "undoing": query["undoing"],
        "hindrance": _hindrance(run) if run.state == "loaded" and not busy else "",
        "undoable": run.kind in UNDOABLE,
        "makes_debt": run.kind in LEDGERS,
    }
    if frame.wants_fragment():
        return frame.fragment("parts/import.html", **context, **_layout(run, found))
    return frame.show("import.html", section="imports", stamp=frame.stamp(), **context, **_layout(run, found))


@endpoint(
    face,
    "/c/<client:client>/imports/<ref('imp'):import_id>/check",
    needs="import.write",
    method="POST",
    accepts=ChosenMapping,
)
def check_again(client: VisibleClient, import_id: UUID, body: dict[str, Any]) -> Response:
    """Check the file again with the columns that a person chose."""
    columns = {target.key: body[f"column_{target.key}"] for target in TARGETS if body[f"column_{target.key}"]}
    chosen = Mapping.read(
        {
            "columns": columns,
            "dates": body["dates"] or None,
            "decimal": body["decimal"] or None,
            "currency": body["currency"],
            "number_width": body["number_width"],
            "terms_days": int(body["terms_days"]) if body["terms_days"] else None,
        }
    )
    imports.check(import_id, files=tools().files, chosen=chosen)
    return frame.after_change(url_for("imports.import_page", client=client.slug, import_id=import_id))


@endpoint(
    face,
    "/c/<client:client>/imports/<ref('imp'):import_id>/customers",
    needs="import.write",
    method="POST",
    accepts=ChosenCustomers,
)
def check_customers(client: VisibleClient, import_id: UUID, body: dict[str, Any]) -> Response:
    """Check the file again as one that tells of customers alone, in the columns that a person chose."""
    columns = {name.removeprefix("column_"): column for name, column in body.items() if column}
    imports.check(import_id, files=tools().files, of_customers=columns or {"debtor_number": ""})
    return frame.after_change(url_for("imports.import_page", client=client.slug, import_id=import_id))


@endpoint(
    face,
    "/c/<client:client>/imports/<ref('imp'):import_id>/correct",
    needs="import.write",
    method="POST",
    accepts=Corrections,
)
def correct(client: VisibleClient, import_id: UUID, body: dict[str, Any]) -> Response:
    """Check the file again with some of its cells corrected."""
    imports.correct(import_id, fixes=body["fixes"], files=tools().files)
    return frame.after_change(url_for("imports.import_page", client=client.slug, import_id=import_id))


@endpoint(
    face,
    "/c/<client:client>/imports/<ref('imp'):import_id>/load",
    needs="import.write",
    method="POST",
    accepts=Confirmed,
)
def load(client: VisibleClient, import_id: UUID, body: dict[str, Any]) -> Response:
    """Ask for a checked import to be loaded."""
    leave_out, said = body["leave_out_faults"], body["control"].strip()
    control = [Money.parse(said, body["currency"])] if said else []
    imports.confirm(import_id, real=moment.here().wall, leave_out_faults=leave_out, control=control)
    return frame.after_change(url_for("imports.import_page", client=client.slug, import_id=import_id, asked=1))


@endpoint(
    face,
    "/c/<client:client>/imports/<ref('imp'):import_id>/undo",
    needs="import.write",
    method="POST",
    accepts=Why,
)
def undo(client: VisibleClient, import_id: UUID, body: dict[str, Any]) -> Response:
    """Ask for a loaded import to be undone."""
    here = moment.here()
    undoing.ask(import_id, now=here.now, real=here.wall, reason=body["reason"].strip(), above=building.ABOVE)
    return frame.after_change(url_for("imports.import_page", client=client.slug, import_id=import_id, undoing=1))


@endpoint(face, "/c/<client:client>/imports/<ref('imp'):import_id>/result", needs="import.read", produces="text/csv")
def result_file(client: VisibleClient, import_id: UUID) -> Response:
    """Each row of the file with what it did, or why it was refused."""
    return outcomes_file(runs.one(import_id).id)


def _is_busy(run: Import, query: dict[str, Any]) -> bool:
    """Whether something was asked for that is not done yet."""
    if run.state == "loaded":
        return bool(query["undoing"]) and "undo" not in run.report
    return run.state == "received" or (run.state == "checked" and bool(query["asked"]))


def _hindrance(run: Import) -> str:
    """Why it cannot be undone; the largest files are looked through only when somebody asks."""
    if run.accepted > COUNTED:
        return ""
    return undoing.hindrance(run, now=moment.here().now, above=building.ABOVE)


def _changes(run: Import) -> tuple[Sequence[customer_changes.Change], int]:
    return customer_changes.of(run) if run.accepted <= COUNTED else ((), 0)


def _differences(run: Import) -> Sequence[outcomes.Count]:
    """What the file would do, or did; the largest ledgers are told by their result file alone."""
    if run.kind not in LEDGERS or run.accepted > COUNTED:
        return ()
    return outcomes.counts(run.id, today=moment.here().today)


def _same_file(run: Import) -> list[Import]:
    """Earlier imports of the very same bytes."""
    earlier = runs.latest(before=run.received_at, before_id=run.id, limit=LISTED)
    return [each for each in earlier if each.sha256 == run.sha256]


def _layout(run: Import, found: dict[str, Any]) -> dict[str, Any]:
    """What the file looks like: its columns, its first rows, the mapping in use."""
    header, sample = [], []
    if run.state in ("checked", "refused") and run.kind in TABLES:
        with suppress(KeyError, FileRefused), tools().files.open(run.file_key) as file:
            header, sample = _first_rows(file)
    return {
        "header": header,
        "sample": sample,
        "targets": TARGETS,
        "of_customers": customer_sheet.TARGETS,
        "own_columns": found.get("detection", {}).get("columns", {}) if run.kind == customer_changes.KIND else {},
        "columns": run.mapping.get("columns", {}),
        "suggested": {target: (column, sure) for target, column, sure in found.get("suggestions", ())},
        "detected": found.get("detection", {}),
    }


def _first_rows(file: BinaryIO) -> tuple[list[str], list[tuple[int, list[str]]]]:
    with imports.opened(file) as (table, layout):
        return list(layout.header), list(islice(csv_file.rows(table, layout), SAMPLE))
