"""The door in front of the web face: hits on the images and hidden links of mails are taken here, before the face.

A mailing of a morning is opened within minutes, and a hit needs no page, no session and no language: only a signed word
and a commit. What is not plainly such a hit (another method, somebody who may be signed in, a word that is not ours, a
database that is away) goes on to the face, whose routes of the same addresses answer it.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from service import headers
from service.identity import COOKIE
from service.reception import Reception
from tenants.assembly import Toolbox
from tenants.delivery import links
from tenants.delivery.hits import Fetch, Hit
from tenants.delivery.scoring import DECOY
from tenants.delivery.tokens import BadToken

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

IMAGE = re.compile(r"/o/([A-Za-z0-9_-]{40,200})\.gif")
HIDDEN = re.compile(r"/p/([A-Za-z0-9_-]{40,200})/all")
PIXEL = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
IMAGE_HEADERS = {"Content-Type": "image/gif", "Cross-Origin-Resource-Policy": "cross-origin"}


class Door:
    """Stands before a face; `inside` is what it guards."""

    def __init__(self, face: Flask, *, tools: Toolbox, reception: Reception) -> None:
        self._inside: WSGIApplication = face.wsgi_app
        self._tools, self._reception = tools, reception
        self._image = (b"200 OK", _listed(IMAGE_HEADERS, PIXEL), [PIXEL])
        self._nothing = (b"204 NO CONTENT", _listed({"Content-Type": "text/plain; charset=utf-8"}, b""), [])

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(("/o/", "/p/")) and environ["REQUEST_METHOD"] == "GET" and not _may_be_known(environ):
            found = self._take(path, environ)
            if found is not None:
                status, listed, body = found
                request_id = environ.get("HTTP_X_REQUEST_ID", "")
                start_response(status.decode(), [*listed, ("X-Request-Id", headers.request_id(request_id))])
                return body
        return self._inside(environ, headers.completing(start_response, path=path))

    def _take(self, path: str, environ: dict[str, Any]) -> tuple[bytes, list[tuple[str, str]], list[bytes]] | None:
        """Keep the hit and give the answer; None when this is for the face."""
        secret, real = self._tools.settings.secret_key, self._tools.clock.now()
        agent, address = environ.get("HTTP_USER_AGENT", ""), environ.get("REMOTE_ADDR", "")
        try:
            if image := IMAGE.fullmatch(path):
                tenant_id, message_id = links.read_pixel(image[1], secret=secret)
                seen = Fetch("pixel", "GET", agent, address, "/o/<token>.gif")
                self._reception.keep(tenant_id, Hit(seen, real, message_id=message_id))
                return self._image
            if hidden := HIDDEN.fullmatch(path):
                tenant_id, link_id = links.named(hidden[1], secret=secret)
                followed = Fetch("link_get", "GET", agent, address, DECOY)
                self._reception.keep(tenant_id, Hit(followed, real, link_id=link_id))
                return self._nothing
        except (BadToken, SQLAlchemyError):
            return None
        return None


def _may_be_known(environ: dict[str, Any]) -> bool:
    """Our own people leave nothing, and only the face knows who they are."""
    return COOKIE in environ.get("HTTP_COOKIE", "") or "HTTP_AUTHORIZATION" in environ


def _listed(own: dict[str, str], body: bytes) -> list[tuple[str, str]]:
    return [*headers.of_page(own).items(), ("Content-Length", str(len(body)))]
