"""Where a change comes from: the browser says it, and another site's page is never believed."""

from urllib.parse import urlsplit

from flask import current_app, request

ELSEWHERE = ("cross-site", "same-site")


def is_foreign() -> bool:
    """Whether the browser says that a page of another site made this request; a caller without a browser says nothing.

    Our own host is the one that was called, or the public one where a proxy stands before us.
    """
    if request.headers.get("Sec-Fetch-Site", "") in ELSEWHERE:
        return True
    origin = request.headers.get("Origin", "")
    own = (request.host, urlsplit(current_app.config["PUBLIC_URL"]).netloc)
    return bool(origin) and urlsplit(origin).netloc not in own
