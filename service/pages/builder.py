"""The builder: a rule put together in rows, with its sentence, its count and one invoice's answer beside it as it is
typed. What rows cannot say is edited as text, with the same company."""

import json
from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame, rule_form, rules_tabs
from service.pages.rule_form import Form, NotSimple
from tenants.directory.access import VisibleClient
from tenants.ledger import invoices
from tenants.rules import (
    actions,
    bounds,
    dryrun,
    emptiness,
    explain,
    language,
    portable,
    recipes,
    rule_book,
    sentence,
)
from tenants.rules.faults import RuleRefused
from tenants.rules.fields import REGISTRY
from tenants.values.faults import Refusal

face = Blueprint("builder", __name__)
PAGE = "/c/<client:client>/rules/builder"
LONGEST = 20_000


class Start(Schema):
    """What to begin with: a rule, a recipe, or nothing."""

    rule = fields.String(load_default="", validate=validate.Length(max=63))
    recipe = fields.String(load_default="", validate=validate.Length(max=63))


class Parts(Schema):
    """The form; rows come as lists of equal length."""

    key = fields.String(required=True, validate=validate.Length(max=63))
    about = fields.String(required=True, validate=validate.OneOf(("invoice", "customer")))
    every = fields.String(load_default="business_day", validate=validate.OneOf(("business_day", "day")))
    at = fields.String(load_default="09:00", validate=validate.Length(max=5))
    again = fields.String(load_default="never", validate=validate.OneOf(("never", "rematch", "after")))
    after = fields.String(load_default="5 business days", validate=validate.Length(max=30))
    most = fields.String(load_default="3", validate=validate.Length(max=4))
    cap = fields.String(load_default="", validate=validate.Length(max=8))
    quiet = fields.String(load_default="", validate=validate.Length(max=4))
    change = fields.String(load_default="", validate=validate.Length(max=20))
    sample = fields.String(load_default="", validate=validate.Length(max=64))
    field = fields.Raw(load_default=None)
    op = fields.Raw(load_default=None)
    value = fields.Raw(load_default=None)
    negated = fields.Raw(load_default=None)
    do = fields.Raw(load_default=None)
    detail = fields.Raw(load_default=None)
    due = fields.Raw(load_default=None)
    who = fields.Raw(load_default=None)


class AsText(Schema):
    """The whole document as text."""

    text = fields.String(required=True, validate=validate.Length(1, LONGEST))
    sample = fields.String(load_default="", validate=validate.Length(max=64))


@endpoint(face, PAGE, needs="rules.propose", query=Start)
def builder_page(client: VisibleClient, query: dict[str, str]) -> str:
    """The builder with a rule, a recipe, or the simplest rule there is."""
    document = _start(query)
    try:
        form = rule_form.of_document(document)
    except NotSimple:
        return _text_page(client, json.dumps(document, indent=2, ensure_ascii=False))
    return _page(client, form)


@endpoint(face, PAGE, needs="rules.propose", method="POST", accepts=Parts)
def rebuild(client: VisibleClient, body: dict[str, Any]) -> str:
    """The form again, with a row more or less, or other operators to choose from."""
    form = rule_form.posted(body)
    if frame.wants_fragment():
        return frame.fragment("parts/builder_form.html", **_given(form), sample=body["sample"])
    return _page(client, form, sample=body["sample"])


@endpoint(face, f"{PAGE}/look", needs="rules.propose", method="POST", accepts=Parts)
def look(client: VisibleClient, body: dict[str, Any]) -> str:
    """The sentence, the count and one invoice's answer for the form as it stands; nothing is kept."""
    form = rule_form.posted(body)
    return frame.fragment("parts/builder_look.html", **_look(form.document(), body["sample"]))


@endpoint(face, f"{PAGE}/keep", needs="rules.propose", method="POST", accepts=Parts)
def keep(client: VisibleClient, body: dict[str, Any]) -> Response | str:
    """Keep the form as a draft; with a fault it comes back as it was."""
    form = rule_form.posted(body)
    try:
        kept = rule_book.save(form.document(), now=moment.here().now)
    except RuleRefused as refused:
        return _page(client, form, sample=body["sample"], faults=refused.faults)
    return frame.after_change(url_for("rules.rule_page", client=client.slug, key=kept.key))


@endpoint(face, f"{PAGE}/text", needs="rules.propose", method="POST", accepts=AsText)
def keep_text(client: VisibleClient, body: dict[str, str]) -> Response | str:
    """Keep a document that was edited as text."""
    try:
        kept = rule_book.save(_parsed(body["text"]), now=moment.here().now)
    except (RuleRefused, NotJson) as refused:
        return _text_page(client, body["text"], faults=getattr(refused, "faults", [refused]))
    return frame.after_change(url_for("rules.rule_page", client=client.slug, key=kept.key))


@endpoint(face, f"{PAGE}/text-look", needs="rules.propose", method="POST", accepts=AsText)
def look_text(client: VisibleClient, body: dict[str, str]) -> str:
    """The sentence and the count of a document that is edited as text."""
    try:
        return frame.fragment("parts/builder_look.html", **_look(_parsed(body["text"]), body["sample"]))
    except NotJson as refused:
        return frame.fragment("parts/builder_look.html", faults=[refused], said="", trial=None, answer=None, unknown="")


class NotJson(Refusal, ValueError):
    """The text is no JSON."""

    code = "not_json"
    remedy = "Close what was opened: quotes, brackets, braces."

    @property
    def reason(self) -> str:
        """What is wrong, as faults of rules say it."""
        return self.detail


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as fault:
        raise NotJson(f"This is no JSON: {fault}.") from None


def _start(query: dict[str, str]) -> dict[str, Any]:
    if query["rule"]:
        return rule_book.find(query["rule"]).document
    if query["recipe"]:
        return recipes.find(query["recipe"])
    return {
        "format": "goodterms.rule/1",
        "key": "my-rule",
        "about": "invoice",
        "when": {"every": "business_day", "at": "09:00"},
        "if": {
            "all": [
                {"field": "invoice.status", "op": "eq", "value": "open"},
                {"field": "invoice.due_date", "op": "past_by", "value": {"business_days": 5}},
            ]
        },
        "then": [{"do": "task", "to": "specialist", "title": "Look into it"}],
        "again": {"never": True},
    }


def _look(document: Any, sample: str) -> dict[str, Any]:
    """What stands beside the form: faults, or sentence, count and the sample's answer."""
    try:
        rule = language.read(document)
    except RuleRefused as refused:
        return {"faults": refused.faults, "said": "", "trial": None, "answer": None, "unknown": ""}
    now, answer, unknown = moment.here().now, None, ""
    if sample.strip() and rule.about == "invoice":
        try:
            card = invoices.numbered(sample.strip())
            answer = explain.tried(rule, invoice_id=card.id, now=now)
        except invoices.UnknownInvoice:
            unknown = f"There is no invoice {sample.strip()}."
    return {
        "faults": [],
        "said": sentence.of(rule),
        "trial": dryrun.count(rule, now=now),
        "answer": answer,
        "unknown": unknown,
    }


def _given(form: Form) -> dict[str, Any]:
    choices = [(key, each.example) for key, each in REGISTRY.items() if form.about in each.subjects]
    return {
        "form": form,
        "choices": choices,
        "acts": rule_form.ACTS,
        "templates": actions.TEMPLATES,
        "groups": portable.groups(),
        "empty": emptiness.of((row.field for row in form.rows), about=form.about, at=bounds.here(moment.here().now)),
    }


def _page(client: VisibleClient, form: Form, *, sample: str = "", faults: Any = ()) -> str:
    known = {**_look(form.document(), sample), **({"faults": faults} if faults else {})}
    return frame.show(
        "builder.html",
        section="rules",
        stamp=frame.stamp(),
        tabs=rules_tabs.of(client),
        tab="rules",
        sample=sample,
        text="",
        **_given(form),
        **known,
    )


def _text_page(client: VisibleClient, text: str, *, faults: Any = ()) -> str:
    try:
        known = _look(_parsed(text), "")
    except NotJson as refused:
        known = {"faults": [refused], "said": "", "trial": None, "answer": None, "unknown": ""}
    return frame.show(
        "builder.html",
        section="rules",
        stamp=frame.stamp(),
        tabs=rules_tabs.of(client),
        tab="rules",
        sample="",
        text=text,
        form=None,
        **{**known, **({"faults": faults} if faults else {})},
    )
