"""Decides how files of known layouts are read, so that nobody maps the same export twice.

A preset is recognised by its header alone, whatever the case of the letters, and only when all its columns are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tenants.intake.mapping import Mapping, fold


@dataclass(frozen=True, slots=True)
class Preset:
    """A layout that we have met before."""

    key: str
    title: str
    header: tuple[str, ...]
    mapping: Mapping


IBM = Preset(
    key="ibm",
    title="IBM accounts receivable sample",
    header=("countryCode", "customerID", "PaperlessDate", "invoiceNumber", "InvoiceDate", "DueDate", "InvoiceAmount")
    + ("Disputed", "SettledDate", "PaperlessBill", "DaysToSettle", "DaysLate"),
    mapping=Mapping(
        preset="ibm",
        # The country codes of this layout are not ISO: they group customers and say nothing about law or language.
        columns=MappingProxyType(
            {
                "number": "invoiceNumber",
                "debtor_number": "customerID",
                "issued_on": "InvoiceDate",
                "due_on": "DueDate",
                "amount": "InvoiceAmount",
                "settled_on": "SettledDate",
                "disputed": "Disputed",
                "groups": "countryCode",
                "channel": "PaperlessBill",
            }
        ),
        # Numbers have ten digits; a spreadsheet that saves the file again drops the zeros in front.
        number_width=10,
    ),
)
PRESETS: tuple[Preset, ...] = (IBM,)


def recognise(header: Sequence[str]) -> Preset | None:
    """The preset whose columns are all in the header."""
    present = {fold(name) for name in header}
    return next((preset for preset in PRESETS if {fold(name) for name in preset.header} <= present), None)
