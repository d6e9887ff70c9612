"""Customers of one client: who owes most, and one customer with contacts, open items, what comes next and what was."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors
from service.endpoint import endpoint, tools
from service.pages import frame
from service.pages.invoices import EndHold, NewHold, end_of
from tenants.collections import holds, overruling, policies
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.insight import aging, credit, customers, register, statement_words, story
from tenants.insight.register import Asked
from tenants.ledger import contacts, debtors, owners
from tenants.rules import marks, people

face = Blueprint("customers", __name__)
PAGE = 50
ITEMS = 25
SIGNS = tuple(
    f"evidence_{kind}" for kind in ("download", "portal_interaction", "portal_view", "link_get", "displayed", "pixel")
)
"""What a reader leaves behind, the strongest first."""
VISIT = timedelta(minutes=10)


class Listed(Schema):
    """Which currency, and where the page starts."""

    currency = fields.String(load_default="", validate=validate.Regexp("^([A-Z]{3})?$"))
    q = fields.String(load_default="", validate=validate.Length(max=80))
    after = fields.String(load_default="")


class NewPause(NewHold):
    """A pause of the whole customer, or a sign to stop."""

    sign = fields.String(load_default="", validate=validate.OneOf(("", *holds.SIGNS)))


class Early(Schema):
    """Why a message need not wait."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


@endpoint(face, "/c/<client:client>/customers", needs="ledger.read", query=Listed)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Customers with something open, the most overdue first, one currency at a time."""
    stamp = frame.stamp()
    known = [line.currency for line in aging.today(stamp.today).currencies]
    currency = query["currency"] or (client.base_currency if client.base_currency in known or not known else known[0])
    words = " ".join(query["q"].split())
    purpose = f"customers:{client.tenant_id}:{currency}:{words}"
    place = cursors.read(purpose, query["after"])
    page = customers.owing(
        stamp.today,
        currency=currency,
        words=words,
        after=(int(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    return frame.show(
        "customers.html",
        section="customers",
        stamp=stamp,
        page=page,
        currency=currency,
        words=words,
        known=known,
        first=place is None,
        further=cursors.write(purpose, [page.next[0], str(page.next[1])] if page.next else None),
    )


@endpoint(face, "/c/<client:client>/customers/<ref('deb'):debtor_id>", needs="ledger.read")
def customer_page(client: VisibleClient, debtor_id: UUID) -> str:
    """One customer, whole."""
    stamp, caller = frame.stamp(), frame.signed_in()
    card = debtors.card(debtor_id)
    owed = register.find(Asked("open", debtor_id=debtor_id), today=stamp.today, limit=ITEMS)
    overdue = register.find(Asked("overdue", debtor_id=debtor_id), today=stamp.today, limit=1)
    return frame.show(
        "customer.html",
        section="customers",
        stamp=stamp,
        card=card,
        people=contacts.of_debtor(debtor_id) if caller.may("contacts.read", client) else None,
        owed=owed,
        overdue=overdue.totals,
        credit=credit.of(debtor_id, today=stamp.today),
        marked=marks.of(debtor_id),
        held=holds.live(today=stamp.today, debtor_id=debtor_id),
        upcoming=story.upcoming(debtor_id),
        early=overruling.TOO_EARLY if policies.current().overrides else (),
        owned=owners.of_debtor(debtor_id),
        staff=people.staff(now=stamp.now) if caller.may("team.write", client) else (),
        statement_languages=statement_words.NAMES,
        tasks=story.tasks_of(debtor_id),
        past=told_once(story.of_customer(debtor_id)),
    )


def told_once(past: Sequence[Mapping[Any, Any]]) -> list[Mapping[Any, Any]]:
    """One visit of somebody to one invoice leaves several signs within minutes: the strongest speaks for all."""
    kept: list[Mapping[Any, Any]] = []
    for each in past:
        last = kept[-1] if kept else None
        if last is None or not (last["kind"] in SIGNS and each["kind"] in SIGNS and _is_one_visit(last, each)):
            kept.append(each)
        elif SIGNS.index(each["kind"]) < SIGNS.index(last["kind"]):
            kept[-1] = each
    return kept


def _is_one_visit(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    same = (one["subject"], one["detail"]) == (other["subject"], other["detail"])
    return same and abs(one["at"] - other["at"]) <= VISIT


@endpoint(
    face,
    "/c/<client:client>/customers/<ref('deb'):debtor_id>/holds",
    needs="collections.write",
    method="POST",
    accepts=NewPause,
)
def hold_open(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Response:
    """Open a hold on the whole customer."""
    clock, real = clients.clock(), tools().clock.now()
    card = debtors.card(debtor_id)
    holds.open(
        body["kind"],
        debtor_id=card.id,
        starts_on=clock.today(real),
        ends_on=end_of(body["ends_on"]),
        reason=body["reason"].strip(),
        sign=body["sign"],
        now=clock.now(real),
    )
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=debtor_id))


@endpoint(
    face,
    "/c/<client:client>/customers/<ref('deb'):debtor_id>/holds/<ref('hld'):hold_id>/end",
    needs="collections.write",
    method="POST",
    accepts=EndHold,
)
def hold_end(client: VisibleClient, debtor_id: UUID, hold_id: UUID, body: dict[str, Any]) -> Response:
    """End a hold of the whole customer: the automation may go on."""
    card, clock, real = debtors.card(debtor_id), clients.clock(), tools().clock.now()
    own = {each["id"] for each in holds.live(today=clock.today(real), debtor_id=card.id)}
    if hold_id not in own:
        raise holds.HoldUnknown("There is no such hold.")
    holds.end(hold_id, now=clock.now(real), outcome=body["outcome"])
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=debtor_id))


@endpoint(
    face,
    "/c/<client:client>/customers/<ref('deb'):debtor_id>/messages/<ref('msg'):message_id>/send-now",
    needs="delivery.write",
    method="POST",
    accepts=Early,
)
def send_now(client: VisibleClient, debtor_id: UUID, message_id: UUID, body: dict[str, str]) -> Response:
    """Send a message that only waits for its time, where the client lets people decide so."""
    clock, real, card = clients.clock(), tools().clock.now(), debtors.card(debtor_id)
    overruling.overrule(message_id, reason=body["reason"], now=clock.now(real), real=real)
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=card.id))
