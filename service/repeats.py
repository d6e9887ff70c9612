"""Requests that happen once: the caller names each with an `Idempotency-Key` and may repeat it without a second effect.

A refusal is not kept: nothing happened, so the repetition is tried anew.
"""

import re
from typing import Any
from uuid import UUID

from flask import Response, current_app, request

from service.identity import Caller
from tenants.events import request_keys
from tenants.events.request_keys import Asked, Kept, Place
from tenants.values import ids
from tenants.values.faults import Refusal

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class KeyMissing(Refusal):
    """A request that moves money, mail or approval came without a key."""

    code = "key_missing"
    remedy = "Send a header Idempotency-Key with a fresh random text, the same one when you repeat this request."


def asked(route: str, caller: Caller, path: dict[str, Any], body: Any, *, opens: bool = False) -> Asked:
    """The request at hand as its key sees it; `opens` says that it opens a client. Raises KeyMissing."""
    key = request.headers.get(HEADER, "")
    if not KEY.fullmatch(key):
        raise KeyMissing("This request needs a key of 1 to 255 visible signs.", pointer=f"/{HEADER}")
    named = {name: value for name, value in path.items() if name != "client"}
    place = Place.OPENED if opens else Place.CLIENT if {"client", "steered"} & path.keys() else Place.PROVIDER
    said = request_keys.fingerprint(named, request.args.to_dict(flat=False), body)
    return Asked(caller.actor, route, key, said, place)


def opened(route: str, caller: Caller, *, once: bool) -> UUID:
    """The id of a client that is opened: by a request with a key the same each time."""
    key = request.headers.get(HEADER, "") if once else ""
    return request_keys.opened(caller=caller.actor, route=route, key=key) if key else ids.new()


def replay(kept: Kept) -> Response:
    """The first answer once more, marked as such."""
    answer = current_app.response_class(kept.answer, kept.status, mimetype="application/json")
    answer.headers[REPLAYED] = "true"
    return answer
