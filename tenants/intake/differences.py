"""Decides which differences are worth telling: between two files of one source, and between a file and the ledger."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenants import store
from tenants.intake import sql_of_loading as sql
from tenants.intake.formats.dates import Order
from tenants.intake.runs import Import
from tenants.values import dates
from tenants.values.money import Money

TOLD = 20
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def between(previous: Import | None, run: Import, *, changed: Sequence[str] = ()) -> tuple[str, ...]:
    """What is different from the last file of the source, then what is different from the ledger."""
    said = list(_repetition(previous, run)) if previous is not None else []
    return (*said, *changed)


def examples(import_id: UUID) -> tuple[str, ...]:
    """The first rows whose invoice is in the ledger with other figures, in sentences."""
    return tuple(_differing(row) for row in store.run(sql.EXAMPLES, import_id=import_id, limit=TOLD))


def _repetition(previous: Import, run: Import) -> Sequence[str]:
    if previous.sha256 == run.sha256:
        loaded = dates.written(previous.loaded_at)
        return [f"This is the very file that was loaded on {loaded} as “{previous.file_name}”."]
    if (previous.kind, run.kind) != ("ledger", "ledger"):
        return []
    was, now = (each.report["check"] for each in (previous, run))
    return [
        *_header(was["detection"], now["detection"]),
        *_writing(was["detection"], now["detection"]),
        *_numbers(was, now),
    ]


def _header(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Columns that came, went or are spelt otherwise."""
    before, after = {name.casefold(): name for name in was["header"]}, {name.casefold(): name for name in now["header"]}
    said = [
        f"The column “{before[key]}” is spelt “{after[key]}” here."
        for key in before
        if key in after and before[key] != after[key]
    ]
    said += [f"The column “{before[key]}” is missing here." for key in before if key not in after]
    return said + [f"The column “{after[key]}” is new here." for key in after if key not in before]


def _writing(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Dates, decimals, delimiter and encoding that are written otherwise."""
    said = []
    if was["dates"] != now["dates"]:
        written, before = (
            " and ".join(sorted({Order(order).sentence for order in found["dates"].values()})) for found in (now, was)
        )
        said.append(f"Dates are written {written} here and were {before} in the last file.")
    if was["decimal"] != now["decimal"]:
        said.append(f"The decimal sign is “{now['decimal']}” here and was “{was['decimal']}” in the last file.")
    if was["delimiter"] != now["delimiter"]:
        signs = _DELIMITERS.get(now["delimiter"], now["delimiter"]), _DELIMITERS.get(was["delimiter"], was["delimiter"])
        said.append(f"Columns are separated by {signs[0]} here and were by {signs[1]} in the last file.")
    if was["encoding"] != now["encoding"]:
        said.append(f"The text is {now['encoding'].upper()} here and was {was['encoding'].upper()} in the last file.")
    return said


def _numbers(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    said = []
    if was["padded"] != now["padded"]:
        said.append(
            f"{now['padded']:,} invoice numbers had lost zeros in front and were filled up by the mapping's rule "
            f"({was['padded']:,} in the last file)."
        )
    if was["totals"] != now["totals"]:
        said.append(f"The control totals differ: {_totals(now)} here, {_totals(was)} in the last file.")
    return said


def _totals(found: dict[str, Any]) -> str:
    return ", ".join(Money(total["amount_minor"], total["currency"]).shown() for total in found["totals"]) or "nothing"


def _differing(row: Any) -> str:
    row_no, number, currency, amount, issued, due, debtor, *ours = row
    pairs = (
        ("amount", Money(amount, currency).shown(), Money(ours[1], ours[0]).shown()),
        ("invoice date", issued, ours[2]),
        ("due date", due, ours[3]),
        ("customer", debtor, ours[4]),
    )
    parts = [f"{what} {here} instead of {there}" for what, here, there in pairs if here != there]
    return f"Row {row_no:,}, invoice {number}: {', '.join(parts)}. The ledger keeps its own."
