"""Rules of one client: what each says in English, what it would do now, what it did, why or why not one invoice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import charts, frame, rules_tabs
from tenants.directory.access import VisibleClient
from tenants.ledger import invoices
from tenants.rules import (
    aftermath,
    backtesting,
    consequences,
    dryrun,
    examples,
    explain,
    language,
    life,
    packs,
    people,
    publishing,
    quiet,
    recipes,
    rule_book,
    sentence,
)
from tenants.rules.examples import Outcome
from tenants.values.faults import Refusal

face = Blueprint("rules", __name__)


class Asked(Schema):
    """One invoice that somebody asks about."""

    invoice = fields.String(load_default="", validate=validate.Length(max=64))


class Recipe(Schema):
    """A rule to start from."""

    recipe = fields.String(required=True, validate=validate.OneOf(recipes.names()))


@endpoint(face, "/c/<client:client>/rules", needs="rules.read")
def list_page(client: VisibleClient) -> str:
    """All rules in English, with their last run, and recipes to start from."""
    kept = rule_book.all_kept()
    known = {each["key"] for each in kept}
    further = [(name, sentence.of(language.read(recipes.find(name)))) for name in recipes.names() if name not in known]
    return frame.show(
        "rules.html",
        section="rules",
        stamp=frame.stamp(),
        rules=kept,
        sparkline=charts.sparkline,
        owners=people.named([each["owner"] for each in kept]),
        further=further,
        tabs=rules_tabs.of(client),
        tab="rules",
    )


@endpoint(face, "/c/<client:client>/rules/<key>", needs="rules.read", query=Asked)
def rule_page(client: VisibleClient, key: str, query: dict[str, Any]) -> str:
    """One rule: its sentence, its dry run, its runs, and its answer about one invoice."""
    return whole(client, key, number=query["invoice"].strip())


def whole(client: VisibleClient, key: str, *, number: str = "", outcomes: Sequence[Outcome] = ()) -> str:
    """The page of a rule; `outcomes` tells how its tests went, where somebody has just had them played."""
    stamp = frame.stamp()
    kept = rule_book.find(key)
    rule = language.read(kept.document)
    answer = _answer(key, number, now=stamp.now) if number else None
    return frame.show(
        "rule.html",
        section="rules",
        stamp=stamp,
        kept=kept,
        trial=dryrun.count(rule, now=stamp.now, rule_id=kept.id),
        runs=rule_book.runs(kept.id, limit=30),
        came=aftermath.of(kept.id, now=stamp.now) if kept.version and rule.about == "invoice" else (),
        compared=aftermath.compared(kept.id, now=stamp.now) if kept.version and rule.quiet_share else (),
        quiet=(rule.quiet_share, quiet.share(rule)),
        number=number,
        answer=answer,
        checked=publishing.check(key, now=stamp.now),
        tried=publishing.tried(kept, real=moment.here().wall),
        agreed=rule_book.consents(kept.id, version=kept.shown),
        mine=publishing.author_is_here(kept),
        grave=rule.needs_second_person,
        writes=rule.writes_to_debtors,
        wanted=life.wanted(kept.id),
        change=publishing.difference(key, old=kept.version, new=kept.shown) if 0 < kept.version != kept.shown else None,
        backtests=backtesting.latest(rule_id=kept.id, limit=3),
        standing=packs.standing(kept),
        versions=rule_book.versions(kept.id),
        examples=examples.of(kept.id),
        outcomes={each.name: each for each in outcomes},
        places=[
            (leaf.pointer, sentence.condition(leaf, about=rule.about)) for leaf in rule.leaves() if not leaf.window
        ],
        tabs=rules_tabs.of(client),
        tab="rules",
    )


def _answer(key: str, number: str, *, now: datetime) -> dict[str, Any] | None:
    """Why the rule acted on an invoice, and whether it would now; nothing where there is no such invoice."""
    try:
        card = invoices.numbered(number)
    except invoices.UnknownInvoice:
        return None
    return {
        "card": card,
        "why": explain.why(key, invoice_id=card.id),
        "now": explain.why_not(key, invoice_id=card.id, now=now),
    }


@endpoint(face, "/c/<client:client>/rules/<key>/consequences", needs="rules.propose")
def foresee(client: VisibleClient, key: str) -> str:
    """The first messages of a rule, whose work it makes and whom it reaches by nothing; a piece of its page, or one of
    its own."""
    kept = rule_book.find(key)
    rule = language.read(kept.document)
    shown: dict[str, Any] = {"kept": kept, "about": rule.about, "fault": None, "found": None}
    try:
        shown["found"] = consequences.of(rule, now=moment.here().now, rule_id=kept.id)
    except Refusal as refused:
        shown["fault"] = refused
    if frame.wants_fragment():
        return frame.fragment("parts/consequences.html", **shown)
    return frame.show("consequences.html", section="rules", stamp=frame.stamp(), **shown)


@endpoint(face, "/c/<client:client>/rules/<key>/trial", needs="rules.read")
def trial(client: VisibleClient, key: str) -> str:
    """What a rule would do now, as a piece of the list: counting takes longer than reading."""
    kept = rule_book.find(key)
    found = dryrun.count(language.read(kept.document), now=moment.here().now, rule_id=kept.id)
    return frame.fragment("parts/trial.html", trial=found)


@endpoint(face, "/c/<client:client>/rules", needs="rules.write", method="POST", accepts=Recipe)
def take_recipe(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Keep a recipe as a draft, to be tried and published."""
    name = body["recipe"]
    kept = rule_book.save(recipes.find(name), now=moment.here().now, worded_by=f"recipe:{name}")
    return frame.after_change(url_for("rules.rule_page", client=client.slug, key=kept.key))
