"""What can be known of a rule beforehand and afterwards: its first messages, whose work it makes, whom it reaches by
nothing; what came after its acts; and how much each field says at this client."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.api.rules import RuleVersion
from service.endpoint import endpoint
from service.fields import Instant, Ref
from tenants.directory.access import VisibleClient
from tenants.rules import acts, aftermath, bounds, consequences, emptiness, language, rule_book
from tenants.rules.fields import REGISTRY
from tenants.values import ids

face = Blueprint("api_rule_outlook", __name__, url_prefix="/api/v1")
KEYED = "/tenants/<client:client>/rules/<key:rule>"


class Preview(Schema):
    """One message as its reader would see it; neither an address nor a person of the customer is named."""

    debtor_id = Ref("deb", required=True)
    customer = fields.String(required=True)
    signed_by = fields.String(required=True, metadata={"description": "Empty: whom the letterhead names"})
    subject = fields.String(required=True)
    text = fields.String(required=True)


class Load(Schema):
    """How much of it concerns one person's customers; without a name those who are nobody's."""

    name = fields.String(required=True)
    subjects = fields.Integer(required=True)
    customers = fields.Integer(required=True)


class Named(Schema):
    """A customer who matches and has no address."""

    id = Ref("deb", required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)


class Consequences(Schema):
    """What would follow if the rule acted now."""

    messages = fields.List(fields.Nested(Preview), required=True)
    work = fields.List(fields.Nested(Load), required=True)
    unreached = fields.List(fields.Nested(Named), required=True)
    unsigned = fields.String(required=True, metadata={"description": "The role that was to sign and nobody holds"})


class Aftermath(Schema):
    """Of so many acts, what happened within so many days."""

    days = fields.Integer(required=True)
    acted = fields.Integer(required=True)
    seen = fields.Integer(required=True)
    answered = fields.Integer(required=True)
    paid = fields.Integer(required=True)
    disputed = fields.Integer(required=True)


class Compared(Schema):
    """First acts beside those whom the rule left alone; with too few of either it tells nothing."""

    days = fields.Integer(required=True)
    acted = fields.Nested(Aftermath, required=True)
    left_alone = fields.Nested(Aftermath, attribute="spared", required=True)
    tells = fields.Boolean(required=True)


class Aftermaths(Schema):
    """Within one week and within two."""

    items = fields.List(fields.Nested(Aftermath), required=True)
    compared = fields.List(
        fields.Nested(Compared),
        required=True,
        metadata={"description": "Where the rule leaves a share of the customers alone"},
    )


class OfSubject(paging.PageQuery):
    """What concerns one invoice or one customer, or all."""

    subject = fields.String(
        load_default="",
        validate=validate.Regexp(r"\A((inv|deb)_[0-9a-z]{26})?\Z"),
        metadata={"description": "An invoice (`inv_…`) or a customer (`deb_…`): acts on it, or on what is its own"},
    )


class Firing(Schema):
    """One act: on what, when, by which wording, and why."""

    run_id = Ref("run", required=True)
    invoice_id = Ref("inv", required=True, allow_none=True)
    debtor_id = Ref("deb", required=True, allow_none=True)
    number = fields.String(required=True)
    customer = fields.String(required=True, metadata={"description": "Of a rule about groups: the group"})
    episode = fields.Integer(required=True)
    version = fields.Integer(required=True)
    fired_at = Instant(required=True)
    text = fields.String(required=True)


class About(Schema):
    """What rules would be about."""

    about = fields.String(load_default="invoice", validate=validate.OneOf(tuple(emptiness.AMONG)))


class Emptiness(Schema):
    """How often a field has no value here."""

    field = fields.String(required=True)
    empty = fields.Integer(required=True)
    of = fields.Integer(required=True)
    said = fields.String(required=True)


class AllEmptiness(Schema):
    """Every field that a rule about the subject may use."""

    items = fields.List(fields.Nested(Emptiness), required=True)


@endpoint(face, f"{KEYED}/consequences", needs="rules.propose", query=RuleVersion, returns=Consequences)
def foresee_rule(client: VisibleClient, rule: str, query: Mapping[str, Any]) -> consequences.Consequences:
    """The first messages of a wording for three customers, whose work it makes, and whom it would reach by nothing."""
    kept = rule_book.find(rule, version=query["version"])
    return consequences.of(language.read(kept.document), now=moment.here().now, rule_id=kept.id)


@endpoint(face, f"{KEYED}/firings", needs="rules.read", query=OfSubject, returns=paging.page_of(Firing))
def list_rule_firings(client: VisibleClient, rule: str, query: dict[str, Any]) -> dict[str, Any]:
    """What a rule acted on, the newest first, with the reason of each in the wording that was live then."""
    after = paging.start("rule_firings", {**query, "rule": rule}, datetime.fromisoformat, UUID, UUID, int)
    asked = query["subject"]
    about = ids.read(asked.partition("_")[0], asked) if asked else None
    found = acts.of(rule, subject_id=about, after=after, limit=query["limit"] + 1)
    return paging.cut("rule_firings", {**query, "rule": rule}, found, lambda each: each.place)


@endpoint(face, f"{KEYED}/aftermath", needs="rules.read", returns=Aftermaths)
def look_back_on_rule(client: VisibleClient, rule: str) -> dict[str, Any]:
    """What came after the acts of a rule about invoices, within one week and within two."""
    kept, now = rule_book.find(rule), moment.here().now
    return {"items": aftermath.of(kept.id, now=now), "compared": aftermath.compared(kept.id, now=now)}


@endpoint(face, "/tenants/<client:client>/rule-fields", needs="rules.propose", query=About, returns=AllEmptiness)
def list_field_emptiness(client: VisibleClient, query: Mapping[str, str]) -> dict[str, Any]:
    """How often each field that a rule may ask about has no value here."""
    found = emptiness.of(REGISTRY, about=query["about"], at=bounds.here(moment.here().now))
    shown = ({"field": key, "empty": each.empty, "of": each.of, "said": each.said} for key, each in found.items())
    return {"items": list(shown)}
