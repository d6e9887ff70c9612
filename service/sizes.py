"""How much a request may bring: its route decides, before anything of it is read."""

from flask import request

JSON_LIMIT = 1024 * 1024
FORM_LIMIT = 256 * 1024
"""A page's form or a message from outside; nobody types more."""
XML_LIMIT = 20 * 1024 * 1024
FILE_LIMIT = 256 * 1024 * 1024
"""A ledger of a large client in one file; it waits on disk and never in memory."""
MOST_PARTS = 50
PROGRAMS = ("/api/", "/scim/")
OF_TYPE = {"application/json": JSON_LIMIT, "application/xml": XML_LIMIT}


def limit(rule: str, consumes: str) -> int:
    """The most bytes that a route reads."""
    if consumes == "application/json" and not rule.startswith(PROGRAMS):
        return FORM_LIMIT
    return OF_TYPE.get(consumes, FILE_LIMIT)


def bound(rule: str, consumes: str) -> None:
    """Whatever reads more of this request meets a 413, also where no length was told beforehand."""
    request.max_content_length = limit(rule, consumes)
