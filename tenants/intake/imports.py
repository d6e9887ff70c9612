"""Decides how a file becomes part of the ledger: received, checked, and only then loaded, all of it or nothing.

Each step is one unit of work that may be repeated: receiving keeps the bytes, checking can be done again with another
mapping, loading twice adds nothing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingOf
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import BinaryIO, ClassVar
from uuid import UUID

from tenants.directory import clients
from tenants.events import recording
from tenants.intake import (
    advices,
    bank_lines,
    customer_changes,
    customer_files,
    customer_sheet,
    landing,
    loading,
    mapping,
    papers,
    paperwork,
    presets,
    reading,
    runs,
)
from tenants.intake.checking import Check
from tenants.intake.formats import archive, bank_sheet, sheets
from tenants.intake.formats.csv_file import Layout
from tenants.intake.formats.dates import Order
from tenants.intake.formats.text import FileRefused
from tenants.intake.mapping import Mapping
from tenants.intake.ports import BillRules, FileStore
from tenants.intake.report import Outcome, Report
from tenants.intake.runs import Import
from tenants.isolation import scope
from tenants.ledger import debtors
from tenants.values import ids
from tenants.values.faults import Kind, Refusal
from tenants.values.money import Money

LARGEST = 2 << 30
ARCHIVE = "archive"
_BLOCK = 1 << 20


class FileTooLarge(Refusal):
    """More bytes than one import takes."""

    kind: ClassVar[Kind] = Kind.TOO_MUCH
    code = "file_too_large"
    remedy = "Send the ledger in several files."


class NotLoadable(Refusal):
    """The import is not in a state to be loaded."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "import_not_loadable"
    remedy = "Correct the file or the mapping and check it again."


class ControlDiffers(Refusal):
    """The file is not worth what its sender's program says."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "control_total_differs"
    remedy = "Ask for the whole file, or see which rows were refused."


def receive(
    file: BinaryIO,
    *,
    name: str,
    source: str,
    actor: str,
    now: datetime,
    files: FileStore,
    real: datetime | None = None,
) -> Import:
    """Keep the file as it came and have it checked. Raises FileTooLarge.

    `now` is the client's time, `real` the time on the wall by which work is due, where the two differ.
    """
    import_id = ids.new()
    sha256, size = _fingerprint(file)
    name = "".join(sign for sign in name if sign.isprintable())
    if size > LARGEST:
        raise FileTooLarge(f"The file has {size / (1 << 30):.1f} GB; {LARGEST >> 30} GB is the most.")
    key = f"{scope.current().one}/imports/{ids.show(runs.PREFIX, import_id)}"
    file.seek(0)
    files.keep(key, file)
    runs.add(
        import_id, source=source[:80], name=name[:200], sha256=sha256, key=key, size=size, actor=actor[:200], now=now
    )
    recording.record("import.received", key=str(import_id), now=real or now, import_id=str(import_id))
    return runs.one(import_id)


def check(
    import_id: UUID,
    *,
    files: FileStore,
    chosen: Mapping | None = None,
    of_customers: MappingOf[str, str] | None = None,
    real: datetime | None = None,
    rules: BillRules | None = None,
) -> Report:
    """Read the whole file, stage what can be believed, and tell what cannot. Raises ImportUnknown, NotLoadable.

    `chosen` is a mapping that a person corrected; otherwise the remembered, known or suggested one is taken.
    `of_customers` says that the file tells of customers alone, and in which columns. The files
    of an archive are received as imports of their own; `real` is the time on the wall by which they are checked. An
    invoice that is bound by the official rules goes on waiting for a process that has them where `rules` are away.
    """
    run = runs.one(import_id, locked=True)
    if run.state in runs.DONE or run.kind == ARCHIVE:
        raise NotLoadable("This file is loaded already.", remedy="Send a new file.")
    landing.clear(import_id)
    paperwork.clear(import_id)
    customer_files.clear(import_id)
    try:
        with files.open(run.file_key) as file:
            unpacked = _unpacked(run, file, files=files, real=real)
            report, used = unpacked or _checked(run, file, chosen=chosen, of_customers=of_customers or {}, rules=rules)
    except papers.Unjudged:
        return _waiting(run, real=real)
    landing.keep_faults(import_id, faults=report.faults)
    runs.note_check(import_id, report=report, mapping=used)
    return report


def correct(import_id: UUID, *, fixes: MappingOf[str, MappingOf[str, str]], files: FileStore) -> Report:
    """Check a ledger again with some of its cells corrected; the file stays as it came.

    `fixes` gives by row number the text of a column. Raises ImportUnknown, NotLoadable, MappingRefused.
    """
    run = runs.one(import_id)
    if run.state != "checked" or run.kind != "ledger":
        raise NotLoadable("Only the rows of a checked ledger can be corrected here.")
    return check(import_id, files=files, chosen=Mapping.read(run.mapping).correcting(fixes))


def check_received(
    import_id: UUID, *, files: FileStore, real: datetime | None = None, rules: BillRules | None = None
) -> None:
    """Check a file that nobody has checked yet; one that a person has meanwhile checked is left as it is."""
    if runs.one(import_id).state == "received":
        check(import_id, files=files, real=real, rules=rules)


def load(
    import_id: UUID, *, now: datetime, today: date, real: datetime | None = None, leave_out_faults: bool = False
) -> Outcome:
    """Take the staged rows into the ledger, all of them or none. Loading again adds nothing.

    `today` is the client's day: payments after it have not happened. Raises NotLoadable while a question is open or,
    unless `leave_out_faults`, while rows are refused.
    """
    run = runs.one(import_id, locked=True)
    if run.state in runs.DONE:
        return loading.repeated(run)
    found = run.report.get("check", {})
    if run.state != "checked" or not run.accepted:
        raise NotLoadable(
            found.get("refusal") or "There is nothing to load: the file is not checked, or has no good row."
        )
    if found.get("questions"):
        raise NotLoadable(found["questions"][0], remedy="Answer the question in the mapping and check again.")
    if run.kind != advices.KIND and _WAITING.get(run.kind, landing.waiting)(import_id) != run.accepted:
        raise NotLoadable(
            "A newer file of this source was checked since.", remedy="Check this file again, or load that."
        )
    if run.refused and not leave_out_faults:
        raise NotLoadable(f"{run.refused:,} of {run.read:,} rows cannot be read, so none was loaded.")
    take = _TAKES.get(run.kind, loading.take)
    outcome = take(run, now=now, today=today, real=real or now)
    runs.note_load(import_id, outcome=outcome, now=now)
    if run.kind == customer_changes.KIND:
        customer_files.remember(run, now=now)
    if run.kind == "bank" and (order := found["detection"].get("dates")):
        runs.keep_choice(_of_bank(run.source), {"dates": order["booked_on"]}, now=now)
    if run.kind == "ledger":
        runs.remember(run.source, mapping=_learned(run), now=now)
    return outcome


_TAKES = {
    "bank": loading.take_bank_lines,
    advices.KIND: loading.take_advice,
    customer_changes.KIND: customer_files.take,
}
_WAITING = {"bank": bank_lines.waiting, customer_changes.KIND: customer_files.waiting}


def confirm(import_id: UUID, *, real: datetime, leave_out_faults: bool = False, control: Sequence[Money] = ()) -> None:
    """Ask for a checked import to be loaded in the background.

    `control` is what the sender's own program says that the file is worth, by currency. Raises NotLoadable, and
    ControlDiffers when the file is worth something else.
    """
    run = runs.one(import_id)
    if run.state != "checked":
        raise NotLoadable("Only a checked import can be loaded.")
    found = {total["currency"]: total["amount_minor"] for total in run.report["check"]["totals"]}
    for said in control:
        if found.get(said.currency, 0) != said.minor:
            there = Money(found.get(said.currency, 0), said.currency)
            raise ControlDiffers(f"The file is worth {there.shown()}, not {said.shown()}.", pointer="/control")
    recording.record(
        "import.confirmed", key=str(import_id), now=real, import_id=str(import_id), leave_out_faults=leave_out_faults
    )


@contextmanager
def opened(file: BinaryIO) -> Iterator[tuple[BinaryIO, Layout]]:
    """The table in a file, and how it is cut; of a workbook the first sheet that we understand. Raises FileRefused."""
    with sheets.opened(file, understood=_is_understood) as found:
        yield found


def suggestions(header: Sequence[str]) -> tuple[mapping.Suggestion, ...]:
    """What the header makes us think, for the page on which the mapping is corrected."""
    return mapping.suggest(header)


def _unpacked(
    run: Import, file: BinaryIO, *, files: FileStore, real: datetime | None
) -> tuple[Report, Mapping | None] | None:
    """The report on an archive, whose files are imports of their own from now on; None for any other file."""
    try:
        if not archive.is_archive(file):
            return None
        # Once to see that nothing in it is unsafe, and only then once more to keep it.
        count = sum(1 for _ in archive.members(file))
        made = [
            receive(
                member.file,
                name=f"{run.file_name}/{member.name}",
                source=run.source,
                actor=run.actor,
                now=run.received_at,
                files=files,
                real=real,
            )
            for member in archive.members(file)
        ]
    except FileRefused as refused:
        return Report.refusing(refused.detail, remedy=refused.remedy), None
    names = [{"id": str(each.id), "name": each.file_name} for each in made]
    sentence = f"Its {count:,} files came in as imports of their own."
    detection = {"kind": ARCHIVE, "format": "zip", "files": names}
    return Report.refusing("", remedy="", read=count, notes=(sentence,), detection=detection), None


def _waiting(run: Import, *, real: datetime | None) -> Report:
    """Have the file checked in the background."""
    runs.wait(run.id)
    key = f"{run.id}:{ids.new()}"
    recording.record("import.received", key=key, now=real or run.received_at, import_id=str(run.id))
    return Report.refusing("", remedy="", notes=("It waits to be held against the official rules.",))


def _checked(
    run: Import,
    file: BinaryIO,
    *,
    chosen: Mapping | None,
    of_customers: MappingOf[str, str],
    rules: BillRules | None,
) -> tuple[Report, Mapping | None]:
    """The report, and the mapping that was used; a file refused as a whole has a report too."""
    used = chosen
    offered: tuple[tuple[str, str, float], ...] = ()
    base = clients.profile().base_currency
    try:
        paper = papers.read(file, rules=rules)
        if paper is not None:
            return paperwork.check(run.id, paper=paper), None
        with opened(file) as (table, layout):
            offered = tuple((o.target, o.column, o.confidence) for o in suggestions(layout.header))
            used = chosen or _mapping(run.source, layout.header)
            places, own = _other_columns(run.source, layout, used) if chosen is None else (_stated(chosen, layout), {})
            if of_customers:
                places, own = {}, customer_sheet.chosen(of_customers, layout.header)
            if places:
                stated, usual = chosen.dates if chosen else None, _usual_order(run.source)
                said = bank_sheet.read(table, layout, places=places, base_currency=base, stated=stated, usual=usual)
                return paperwork.check(run.id, paper=said), None
            if own:
                return customer_files.check(run, table, layout=layout, places=own, base_currency=base), None
            landing.supersede(run.source)
            decided = reading.decide(table, layout=layout, mapping=used)
            look = Check(decided, mapping=used, base_currency=base, own_terms=debtors.terms())
            landing.land(run.id, rows=look.rows(table))
    except (FileRefused, mapping.MappingRefused) as refused:
        return Report.refusing(refused.detail, remedy=refused.remedy, suggestions=offered), used
    landing.withdraw(run.id, rows=look.repeated)
    return look.report(suggestions=offered), used


def _is_understood(header: Sequence[str]) -> bool:
    """Whether a header is that of a ledger, a bank statement, or a list of customers."""
    guessed = replace(mapping.from_suggestions(mapping.suggest(header)), terms_days=0)
    fold = {name: mapping.fold(name) for name in header}
    of_others = bank_sheet.columns(header) or customer_sheet.columns(header, fold=fold)
    return bool(of_others) or mapping.fits(guessed, header)


def _other_columns(source: str, layout: Layout, used: Mapping) -> tuple[dict[str, int], dict[str, int]]:
    """The columns of a bank statement, or of customers alone; none when the table can be read as a ledger."""
    known = customer_files.remembered(source, layout.header)
    if known:
        return {}, known
    if mapping.fits(used, layout.header):
        return {}, {}
    fold = {name: mapping.fold(name) for name in layout.header}
    of_bank = bank_sheet.columns(layout.header)
    return of_bank, {} if of_bank else customer_sheet.columns(layout.header, fold=fold)


def _stated(chosen: Mapping, layout: Layout) -> dict[str, int]:
    """The columns of a bank statement of which a person told the order of dates and nothing that makes it a ledger."""
    return bank_sheet.columns(layout.header) if chosen.dates and not mapping.fits(chosen, layout.header) else {}


def _usual_order(source: str) -> Order | None:
    """The order of dates in the last bank statement that was loaded from this source."""
    kept = runs.choice(_of_bank(source)).get("dates")
    return Order(kept) if kept else None


def _of_bank(source: str) -> str:
    """Under what is kept how the statements of a source are written, beside the mapping of its ledgers."""
    return f"{source} (bank)"


def _mapping(source: str, header: Sequence[str]) -> Mapping:
    """The remembered mapping if it fits this file, else that of a known layout, else what the header suggests."""
    known = runs.remembered(source)
    if known is not None and mapping.fits(known, header):
        return known
    preset = presets.recognise(header)
    return preset.mapping if preset else mapping.from_suggestions(mapping.suggest(header))


def _learned(run: Import) -> Mapping:
    """The mapping with what this file turned out to be, in case the next one leaves it open."""
    detected = run.report["check"]["detection"]
    orders = set(detected["dates"].values()) - {"ymd"}
    order = orders.pop() if len(orders) == 1 else None
    return Mapping.read(run.mapping).remembering(dates=order, decimal=detected["decimal"])


def _fingerprint(file: BinaryIO) -> tuple[str, int]:
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while block := file.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size
