"""Decides which invoice a PDF carries: the XML that Factur-X and ZUGFeRD embed, and nothing read off the page."""

from typing import BinaryIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tenants.intake.formats.text import FileRefused

LARGEST = 64 << 20
NAMES = ("factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml")
_BROKEN = (
    *(PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(RecursionError, OSError, AssertionError, NotImplementedError),
)
"""What the reader raises on files that are not what they say; each means that the file is broken."""


class PdfRefused(FileRefused):
    """The PDF is broken or carries no invoice for machines."""

    remedy = "Send the invoice as Factur-X, ZUGFeRD 2, UBL or CII."


def embedded_xml(file: BinaryIO) -> tuple[str, bytes]:
    """The name and the bytes of the invoice inside. Raises PdfRefused."""
    file.seek(0, 2)
    if file.tell() > LARGEST:
        raise PdfRefused(f"The PDF has {file.tell() >> 20:,} MB; {LARGEST >> 20} MB is the most.")
    file.seek(0)
    try:
        found = {name.casefold(): (name, parts) for name, parts in PdfReader(file).attachments.items()}
    except _BROKEN as fault:
        raise PdfRefused("The PDF is damaged, so the invoice inside cannot be read.") from fault
    for name in NAMES:
        if name in found and found[name][1]:
            return found[name][0], found[name][1][0]
    others = ", ".join(f"“{name[:60]}”" for name, _ in list(found.values())[:3])
    raise PdfRefused(
        "The PDF carries no invoice for machines: "
        + (f"its attachments are {others}." if others else "nothing is attached to it.")
    )
