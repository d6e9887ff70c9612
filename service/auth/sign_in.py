"""Sign-in with e-mail and password, and sign-out. What does not fit is answered in one sentence, whatever it was."""

from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, render_template, request
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import identity, origins, problems
from service.endpoint import PUBLIC, SIGNED_IN, endpoint, tools
from tenants.directory import sessions
from tenants.isolation import scope
from tenants.work import unit_of_work

face = Blueprint("auth", __name__)
WRONG = "That address and password do not fit together."
HOME = "/"


class SignIn(Schema):
    """The sign-in form."""

    email = fields.String(required=True, validate=validate.Length(max=254))
    password = fields.String(required=True, validate=validate.Length(max=1024))
    next = fields.String(load_default=HOME)


class Next(Schema):
    """Where to go after signing in."""

    next = fields.String(load_default=HOME)


@endpoint(face, "/sign-in", needs=PUBLIC, query=Next)
def sign_in_page(query: dict[str, str]) -> str:
    """The sign-in form."""
    return render_template("sign_in.html", next=_inside(query["next"]), fault="", email="")


@endpoint(face, "/sign-in", needs=PUBLIC, method="POST", accepts=SignIn)
def sign_in(body: dict[str, str]) -> Response:
    """Open a session and set its cookie; a wrong pair shows the form again."""
    if origins.is_foreign():
        raise problems.CsrfMissing("This sign-in did not come from our own page.")
    toolbox = tools()
    target = _inside(body["next"])
    with unit_of_work(scope.platform(actor="sign-in", reason="check a password and open a session")):
        fresh = sessions.sign_in(
            body["email"],
            password=body["password"],
            now=toolbox.clock.now(),
            network=_network(),
            agent=request.headers.get("User-Agent", ""),
        )
    if fresh is None:
        form = render_template("sign_in.html", next=target, fault=WRONG, email=body["email"])
        return make_response(form, 422)
    response = redirect(target, 303)
    response.set_cookie(
        identity.COOKIE,
        fresh.token,
        expires=fresh.expires_at,
        httponly=True,
        secure=toolbox.settings.secure_cookies,
        samesite="Lax",
        path="/",
    )
    return response


@endpoint(face, "/sign-out", needs=SIGNED_IN, method="POST")
def sign_out() -> Response:
    """End the session; the cookie goes too."""
    with unit_of_work(scope.platform(actor="sign-in", reason="end a session")):
        sessions.end(request.cookies.get(identity.COOKIE, ""), now=tools().clock.now())
    response = redirect("/sign-in", 303)
    response.delete_cookie(identity.COOKIE, path="/")
    return response


def _inside(target: str) -> str:
    """Only a path of our own may be the next page."""
    parts = urlsplit(target)
    fits = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc
    return target if fits else HOME


def _network() -> str:
    """The /24 or /64 of the caller: enough to count tries, too little to know a person."""
    address = request.remote_addr or ""
    if ":" in address:
        return ":".join(address.split(":")[:4])
    return ".".join(address.split(".")[:3])
