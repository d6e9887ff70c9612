"""Dress the shell: blueprints, problem mapper, request log, security headers, health. Nothing else knows all
the faces."""

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

from service import api_versions, faces, problems, rate_limits
from service.converters import CONVERTERS
from service.reception import Reception
from tenants import logs
from tenants import settings as settings_room
from tenants.assembly import Toolbox, make_shell, make_tools
from tenants.settings import Settings

log = structlog.get_logger("request")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
BODY_LIMIT = 256 * 1024 * 1024

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "frame-src 'self'",
        "object-src 'self'",
        "base-uri 'none'",
    )
)
POLICY_OF_API = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


def create_app(settings: Settings | None = None, tools: Toolbox | None = None) -> Flask:
    """Return the whole web face. Raises SettingsFault or UnsafeRole when it must not start."""
    chosen = settings or settings_room.read()
    logs.configure(chosen)
    app = make_shell(chosen)
    app.template_folder = faces.TEMPLATES
    app.config.update(PUBLIC_URL=chosen.public_url, MAX_CONTENT_LENGTH=BODY_LIMIT, MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024)
    app.extensions["goodterms"] = tools or make_tools(chosen)
    app.extensions["reception"] = Reception()
    app.url_map.converters.update(CONVERTERS)
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    faces.hang(app)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, problems.answer)
    return app


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish(response: Response) -> Response:
    policy = POLICY_OF_API if request.path.startswith("/api/") else POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Authorization, Cookie"
    if request.path.startswith("/api/"):
        rate_limits.tell(response)
        api_versions.tell(response)
    client = g.get("client")
    log.info(
        "request",
        method=request.method,
        route=str(request.url_rule or "none"),
        status=response.status_code,
        tenant=str(client.tenant_id) if client else None,
        ms=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
    )
    return response
