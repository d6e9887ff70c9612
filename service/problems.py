"""From a kind of refusal to an answer: a problem document (RFC 9457) for machines, a designed page for people."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from flask import Response, current_app, g, jsonify, make_response, redirect, render_template, request
from marshmallow import ValidationError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchRoute
from werkzeug.wrappers import Response as AnyResponse

from service.scim.answers import fault as scim_fault
from tenants.directory.rates import TooFast
from tenants.events.request_keys import StillRunning
from tenants.rules.faults import RuleRefused
from tenants.values.faults import Kind, Refusal

log = structlog.get_logger(__name__)

PEOPLES = ("/oauth/authorize", "/oauth/logout")
"""The pages among the doors of the authorization server."""
STATUS: dict[Kind, HTTPStatus] = {
    Kind.MALFORMED: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.UNKNOWN: HTTPStatus.NOT_FOUND,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
    Kind.OVER: HTTPStatus.GONE,
    Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Kind.STALE: HTTPStatus.PRECONDITION_FAILED,
    Kind.UNCONDITIONAL: HTTPStatus.PRECONDITION_REQUIRED,
    Kind.TOO_MUCH: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
TITLES: dict[int, str] = {
    401: "Please sign in",
    403: "You may not do this here",
    404: "There is nothing here",
    409: "This no longer fits the state of things",
    422: "Something in the request is not right",
    405: "This address knows other methods",
    410: "This is over",
    412: "This was changed meanwhile",
    428: "Say which state this is meant for",
    413: "This is too large",
    415: "This is of another type",
    429: "Too many tries",
    503: "We cannot do this right now",
    500: "This went wrong on our side",
}


class NotFound(Refusal):
    """There is no such page, or it is not the caller's: the two are answered alike."""

    kind = Kind.UNKNOWN
    code = "not_found"
    remedy = "Check the address, or go back to the list and open it from there."


class NotSignedIn(Refusal):
    """Nobody is signed in."""

    kind = Kind.UNAUTHENTICATED
    code = "not_signed_in"
    remedy = "Sign in and try again."


class BadToken(Refusal):
    """The access token, or the proof beside it, is not good; why is not told."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_token"
    remedy = "Get a fresh token, and send a fresh proof with each request where the token is bound to a key."


class NotAllowed(Refusal):
    """The caller belongs here but lacks the permission."""

    kind = Kind.FORBIDDEN
    code = "not_allowed"
    remedy = "Ask a tenant admin of this client, or your manager, for the permission that is named."


class CsrfMissing(Refusal):
    """A change arrived from a browser without the proof that its page is ours."""

    kind = Kind.FORBIDDEN
    code = "csrf"
    remedy = "Load the page again and repeat the step."


def answer(fault: BaseException) -> AnyResponse:
    """Turn any fault into an answer; what nobody foresaw is logged whole and told in one calm sentence."""
    if isinstance(fault, Refusal):
        shaped = _shape(STATUS[fault.kind], fault.code, fault.detail, fault.remedy, pointed(fault))
        if isinstance(fault, StillRunning | TooFast):
            shaped.headers["Retry-After"] = str(getattr(fault, "wait_s", 1))
        return shaped
    if isinstance(fault, ValidationError):
        return _shape(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid",
            "Some fields are not right.",
            "Mend the fields that are named.",
            field_faults(fault),
        )
    if isinstance(fault, HTTPException):
        return _told_by_werkzeug(fault)
    if isinstance(fault, OperationalError):
        log.warning("database.away", reason=type(fault.orig).__name__)
        return _shape(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "database_away",
            "The database does not answer.",
            "Try again in a moment; nothing was changed.",
            [],
        )
    log.error("request.failed", exc_info=fault)
    return _shape(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "The request could not be completed; nothing was changed.",
        "Try again, and quote the request id if it stays.",
        [],
    )


def _told_by_werkzeug(fault: HTTPException) -> AnyResponse:
    """A fault of HTTP itself. An address without a route is answered like an object that is not there."""
    if isinstance(fault, NoSuchRoute):
        return answer(NotFound("There is no such page."))
    if fault.response is not None or (fault.code or 500) < 400:
        return fault.get_response()
    status = HTTPStatus(fault.code or 500)
    response = _shape(status, fault.name.lower().replace(" ", "_"), fault.description or status.phrase, "", [])
    if isinstance(fault, MethodNotAllowed) and fault.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(fault.valid_methods))
    return response


def field_faults(fault: ValidationError) -> list[dict[str, str]]:
    """Flatten marshmallow's messages into JSON pointers."""
    found: list[dict[str, str]] = []

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, f"{path}/{key}" if key != "_schema" else path)
        elif isinstance(node, list):
            found.extend({"pointer": path or "/", "code": "invalid", "detail": str(text)} for text in node)
        else:
            found.append({"pointer": path or "/", "code": "invalid", "detail": str(node)})

    walk(fault.messages, "")
    return found


def pointed(fault: Refusal) -> list[dict[str, str]]:
    """The places in the request that a refusal is about."""
    if isinstance(fault, RuleRefused):
        return [{"pointer": each.pointer or "/", "code": fault.code, "detail": each.reason} for each in fault.faults]
    return [{"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}] if fault.pointer else []


def _shape(status: HTTPStatus, code: str, detail: str, remedy: str, faults: list[dict[str, str]]) -> AnyResponse:
    if request.path.startswith("/scim/"):
        return scim_fault(status, code, detail)
    if wants_json():
        return _document(status, code, detail, remedy, faults)
    if status == HTTPStatus.UNAUTHORIZED and request.headers.get("HX-Request") == "true":
        return _whole_page(f"/sign-in?next={quote(_page_around())}")
    if status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
        return redirect(f"/sign-in?next={quote(request.full_path.rstrip('?'))}")
    if code == "second_factor_needed":
        return redirect("/account", 303)
    if code == "proof_needed":
        return redirect(f"/step-up?next={quote(_way_back())}", 303)
    body = render_template(
        "problem.html",
        status=int(status),
        title=TITLES.get(status, status.phrase),
        detail=detail,
        remedy=remedy,
        faults=faults,
    )
    return _finish(make_response(body, status), status)


def _way_back() -> str:
    """The page that was asked for, or the one of ours that holds the form."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    parts = urlsplit(request.headers.get("Referer", ""))
    return parts.path if parts.netloc == request.host and parts.path.startswith("/") else "/"


def _page_around() -> str:
    """The page of ours in which a piece was asked for."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    inside = parts.netloc == request.host and parts.path.startswith("/")
    return f"{parts.path}?{parts.query}".rstrip("?") if inside else "/"


def _whole_page(address: str) -> Response:
    """Lead the browser there as a whole: the door does not belong into a piece of a page."""
    response = make_response("", HTTPStatus.UNAUTHORIZED)
    response.headers["HX-Redirect"] = address
    return response


def _document(status: HTTPStatus, code: str, detail: str, remedy: str, faults: list[dict[str, str]]) -> Response:
    g.problem_code = code
    document: dict[str, Any] = {
        "type": f"{current_app.config['PUBLIC_URL']}/api/v1/problems#{code}",
        "title": TITLES.get(status, status.phrase),
        "status": int(status),
        "detail": detail,
        "code": code,
        "request_id": g.get("request_id", ""),
    }
    if remedy:
        document["remedy"] = remedy
    if faults:
        document["errors"] = faults
    response = jsonify(document)
    response.status_code = int(status)
    response.content_type = "application/problem+json"
    if status == HTTPStatus.UNAUTHORIZED:
        fault = ', error="invalid_token"' if code == BadToken.code else ""
        response.headers.add("WWW-Authenticate", f'DPoP algs="ES256 EdDSA"{fault}')
        response.headers.add("WWW-Authenticate", f'Bearer realm="goodterms"{fault}')
    return _finish(response, status)


def _finish(response: Response, status: HTTPStatus) -> Response:
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        response.headers["Retry-After"] = "5"
    return response


def wants_json() -> bool:
    """The API and the doors for machines always answer in JSON; pages answer in HTML."""
    doors = ("/livez", "/readyz", "/startupz", "/version")
    machines = ("/api/", "/hooks/", "/.well-known/", "/oauth/")
    return request.path not in PEOPLES and (request.path.startswith(machines) or request.path in doors)
