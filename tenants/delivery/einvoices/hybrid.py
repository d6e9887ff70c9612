"""Decides how a PDF carries its own data: the CII document inside the PDF (Factur-X, profile EN 16931), so that people
and programs read one file."""

from facturx import generate_from_binary

NAME = "factur-x.xml"


def embed(pdf: bytes, *, document: bytes, language: str) -> bytes:
    """The PDF with the document in it. The rules were asked before: here only the form of the file changes."""
    made: bytes = generate_from_binary(
        pdf, document, flavor="factur-x", level="en16931", check_xsd=True, check_schematron=False, lang=language
    )
    return made
