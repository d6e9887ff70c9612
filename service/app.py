"""Dress the shell: blueprints, problem mapper, request log, security headers, health. Nothing else knows all
the faces."""

import time

import structlog
from flask import Flask, Request, Response, current_app, g, request
from flask.globals import request_ctx
from flask.sessions import SessionInterface

from service import api_versions, faces, headers, problems, rate_limits, sizes
from service.api_log import ApiLog
from service.converters import CONVERTERS
from service.door import Door
from service.post import Post
from service.reception import Reception
from tenants import logs
from tenants import settings as settings_room
from tenants.assembly import Toolbox, make_shell, make_tools
from tenants.settings import Settings

log = structlog.get_logger("request")


class NoCookieSession(SessionInterface):
    """Who is signed in stands in the database, so nothing is kept in a cookie of Flask's own."""

    def open_session(self, app: Flask, request: Request) -> None:
        """There is none."""


def create_app(settings: Settings | None = None, tools: Toolbox | None = None) -> Flask:
    """Return the whole web face. Raises SettingsFault or UnsafeRole when it must not start."""
    chosen = settings or settings_room.read()
    logs.configure(chosen)
    app = make_shell(chosen)
    app.session_interface = NoCookieSession()
    app.template_folder = faces.TEMPLATES
    app.config.update(
        PUBLIC_URL=chosen.public_url,
        PROVIDER_NAME=chosen.provider_name,
        MAX_CONTENT_LENGTH=sizes.FORM_LIMIT,
        MAX_FORM_MEMORY_SIZE=sizes.FORM_LIMIT,
        MAX_FORM_PARTS=sizes.MOST_PARTS,
    )
    toolbox = app.extensions["goodterms"] = tools or make_tools(chosen)
    reception = app.extensions["reception"] = Reception(app.app_context)
    app.extensions["post"] = Post(app, tools=toolbox, every_s=chosen.letters_s)
    app.extensions["api_log"] = ApiLog(app, every_s=chosen.api_log_s)
    app.url_map.converters.update(CONVERTERS)
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    faces.hang(app)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, problems.answer)
    app.wsgi_app = Door(app, tools=toolbox, reception=reception)  # type: ignore[method-assign]
    return app


def _begin() -> None:
    held = g._get_current_object()  # once: whatever is asked of a proxy looks for it anew
    held.request_id = headers.request_id(request.headers.get("X-Request-Id", ""))
    held.started = time.perf_counter()
    current_app.extensions["post"].begin()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=held.request_id)


def _finish(response: Response) -> Response:
    held, asked = g._get_current_object(), request_ctx.request
    response.headers.add("X-Request-Id", held.get("request_id", ""))
    rate_limits.tell(response)
    if asked.path.startswith(headers.API):
        api_versions.tell(response)
        rooms = current_app.extensions
        rooms["api_log"].note(response, toolbox=rooms["goodterms"])
    client = held.get("client")
    log.info(
        "request",
        method=asked.method,
        route=str(asked.url_rule or "none"),
        status=response.status_code,
        tenant=str(client.tenant_id) if client else None,
        ms=round((time.perf_counter() - held.get("started", time.perf_counter())) * 1000, 1),
    )
    return response
