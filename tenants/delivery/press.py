"""Decides how documents are printed: data beside a typst template, never inside it, so no name can become layout.

A compiler keeps its fonts and its cache and serves one caller at a time. PDF/A-3 and PDF/UA are declared by the
generator, not verified here.
"""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import typst

_compilers: dict[Path, typst.Compiler] = {}
_turn = threading.Lock()


def printed(template: Path, *, sheet: str, stamp: datetime) -> bytes:
    """The PDF of a sheet of data in JSON; the same sheet at the same stamp gives the same bytes. Raises
    typst.TypstError for a sheet that cannot be laid out."""
    with _turn:
        if template not in _compilers:
            _compilers[template] = typst.Compiler(template, root=template.parent, ignore_system_fonts=True)
        made = _compilers[template].compile(
            sys_inputs={"sheet": sheet},
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=stamp.astimezone(UTC).replace(microsecond=0),  # a PDF knows no part of a second
        )
    return cast(bytes, made)
