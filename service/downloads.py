"""What is handed out as a file to keep: its bytes, what kind of file it is, and under which name it is saved."""

from flask import Response, make_response

CSV = "text/csv; charset=utf-8"


def attachment(body: bytes | str, *, name: str, media_type: str) -> Response:
    """A file that the browser saves as `name`, whatever characters stand in it."""
    answer = make_response(body)
    answer.content_type = media_type
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
