"""How each route of the API is asked so that the answer is its success: the probes change one thing at a time in it.

Every declared route stands here; what a change uses up is made anew by each call.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from joserfc.jwk import ECKey
from marshmallow import fields

from service import faces
from service.endpoint import Route
from service.fields import Ref
from service.openapi import PART, described
from tenants.rules import ladders, recipes
from tenants.values import ids
from tests.unit.service import world_of_ends as ends
from tests.unit.service import world_of_people as held
from tests.unit.service import world_of_rules as ruling
from tests.unit.service import world_of_sending as sending
from tests.unit.service.world import RULE, World

assert faces.BLUEPRINTS, "every face is imported, so every route is declared"
ROUTES = {route.view.__name__: route for route in described()}


@dataclass(frozen=True)
class Ask:
    """One request: ids of the path beyond those that the world holds, query, body."""

    path: dict[str, UUID | str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    data: bytes | None = None

    def options(self) -> dict[str, Any]:
        if self.data is not None:
            return {"data": self.data, "content_type": "application/xml" if self.data[:1] == b"<" else "text/csv"}
        return {} if self.body is None else {"json": self.body}


def euros(world: World, amount: str = "5.00") -> dict[str, str]:
    return {"amount": amount, "currency": world.currency}


def word() -> str:
    return f"T-{str(ids.new())[-12:]}"


def part(world: World) -> dict[str, Any]:
    return {"invoice_id": ids.show("inv", world.invoice()), "amount": euros(world)}


def document() -> dict[str, Any]:
    return recipes.find(RULE) | {"key": f"tried-{str(ids.new())[-12:]}"}


def new_invoice(world: World) -> dict[str, Any]:
    return {
        "number": word(),
        "debtor_id": ids.show("deb", world.at["deb"]),
        "amount": euros(world, "119.00"),
        "tax": euros(world, "19.00"),
        "issued_on": "2026-11-20",
        "due_on": "2026-12-20",
        "lines": [
            {
                "description": "Roof tiles",
                "unit_price": euros(world, "100.00"),
                "net": euros(world, "100.00"),
                "tax": euros(world, "19.00"),
            }
        ],
    }


def new_client() -> dict[str, Any]:
    return {
        "slug": word().lower(),
        "legal_name": "Cedar Sp. z o.o.",
        "base_currency": "PLN",
        "time_zone": "Europe/Warsaw",
        "country": "PL",
        "admin_email": f"{word().lower()}@people.test",
    }


def new_api_client() -> dict[str, Any]:
    key = ECKey.generate_key("P-256").as_dict(private=False)
    return {"name": "ERP", "kind": "machine", "scopes": ["ledger.read"], "jwks": {"keys": [key]}}


def split(world: World) -> Ask:
    """A line, as the money of the customer, a part of it for an invoice."""
    line = world.cash_line()
    share = {"debtor_id": ids.show("deb", world.at["deb"]), "amount": world.worth(line), "parts": [part(world)]}
    return Ask({"cmt": line}, body={"shares": [share]})


def printed(world: World) -> Ask:
    """A document is there to be fetched."""
    key = f"{world.tenant}/documents/kept.pdf"
    world.documents.put(key, b"%PDF-1.7", media_type="application/pdf")
    world.keep_document(key)
    return Ask()


def on_paper(world: World) -> Ask:
    """The invoice came on an electronic paper."""
    world.tie_paper()
    return Ask()


WORDS = "{{ creditor.name }}: a reminder\n---\nDear {{ reader.name }},\n\nplease look at the list.\n"


def worded() -> dict[str, UUID | str]:
    return {"template": "first-reminder", "language": "en"}


def plain(_: World) -> Ask:
    return Ask()


ASKS: dict[str, Callable[[World], Ask]] = dict.fromkeys(ROUTES, plain) | {
    "change_profile": lambda w: Ask(body={"auto_messages_per_week": 3, "quiet_from": "18:00"}),
    "open_debtor": lambda w: Ask(body={"number": word(), "name": "Nut Tree Nursery", "groups": ["key"]}),
    "correct_debtor": lambda w: Ask(body={"name": "Fern & Sons"}),
    "change_groups": lambda w: Ask(body={"join": ["paper"], "leave": ["vip"]}),
    "add_contact": lambda w: Ask(body={"email": f"{word().lower()}@marigold.test"}),
    "issue_invoice": lambda w: Ask(body=new_invoice(w)),
    "void_invoice": lambda w: Ask({"inv": w.invoice()}, body={"on": "2026-11-20", "reason": "Billed twice"}),
    "receive_payment": lambda w: Ask(
        body={
            "debtor_id": ids.show("deb", w.at["deb"]),
            "reference": word(),
            "amount": euros(w, "50.00"),
            "received_on": "2026-11-20",
        }
    ),
    "apply_payment": lambda w: Ask({"pay": w.payment()}, body={"parts": [part(w)]}),
    "issue_credit_note": lambda w: Ask(
        body={
            "number": word(),
            "debtor_id": ids.show("deb", w.at["deb"]),
            "amount": euros(w, "8.00"),
            "issued_on": "2026-11-20",
        }
    ),
    "apply_credit_note": lambda w: Ask({"crn": w.credit_note()}, body={"parts": [part(w)]}),
    "agree_due_dates": lambda w: Ask(
        {"inv": w.invoice()},
        body={"parts": [{"due_on": "2026-12-20", "amount": euros(w, "100.00")}], "reason": "A flood"},
    ),
    "take_back_due_dates": lambda w: Ask({"inv": w.agreed_invoice()}, body={"reason": "Not kept"}),
    "refund_payment": lambda w: Ask({"pay": w.payment()}, body={"amount": euros(w), "reason": "Paid twice"}),
    "refund_credit_note": lambda w: Ask({"crn": w.credit_note()}, body={"amount": euros(w), "reason": "They asked"}),
    "return_payment": lambda w: Ask({"pay": w.payment()}, body={"reason": "No funds"}),
    "take_back_refund": lambda w: Ask({"all": w.refund()}, body={"reason": "The account was closed"}),
    "write_off_invoice": lambda w: Ask({"inv": w.invoice()}, body={"amount": euros(w), "reason": "Lost"}),
    "discount_invoice": lambda w: Ask({"inv": w.invoice()}, body={"amount": euros(w), "reason": "Paid early"}),
    "close_period": lambda w: Ask(body={"through_on": w.closable_day()}),
    "reopen_period": lambda w: Ask(body={"from_on": w.closed_day(), "reason": "An invoice was forgotten"}),
    "keep_rates": lambda w: Ask(
        body={"rates": [{"base": "EUR", "quote": "USD", "on_day": "2026-11-20", "rate": "1.08"}], "source": "Bank"}
    ),
    "set_late_term": lambda w: Ask(
        body={"regime": "contract", "percent": "9", "from_on": "2026-01-01", "source": "General terms, section 7"}
    ),
    "set_base_rate": lambda w: Ask(
        body={"base": "boe", "from_on": "2026-06-30", "percent": "3.75", "source": "Bank of England"}
    ),
    "give_owner": lambda w: Ask(body={"owner_id": None}),
    "give_owners": lambda w: Ask(body={"debtor_ids": [ids.show("deb", w.at["deb"])], "owner_id": None}),
    "set_credit_limit": lambda w: Ask(body={"limit": euros(w), "reason": "The insurer says so"}),
    "list_expected": lambda w: Ask(query={"week": "2026-11-16", "currency": w.currency}),
    "reverse_allocation": lambda w: Ask({"all": w.allocation()}, body={"reason": "Wrong invoice"}),
    "upload_import": lambda w: Ask(query={"name": "ledger.csv"}, data=w.ledger_file()),
    "check_import": lambda w: Ask({"imp": w.received_import()}, body={}),
    "set_write_off_limits": lambda w: Ask(body={"limits": []}),
    "answer_write_off_request": lambda w: Ask({"fgr": w.forgo_request()}, body={"yes": True, "words": ""}),
    "undo_import": lambda w: Ask({"imp": w.loaded_import()}, body={"reason": "The wrong file"}),
    "confirm_import": lambda w: Ask({"imp": w.checked_import()}, body={"leave_out_faults": True}),
    "download_original": on_paper,
    "accept_cash_line": lambda w: Ask({"cmt": w.cash_line()}),
    "split_cash_line": split,
    "park_cash_line": lambda w: Ask({"cmt": w.cash_line()}, body={"note": "Asked the customer"}),
    "take_up_cash_line": lambda w: Ask({"cmt": w.cash_line("park")}),
    "undo_cash_line": lambda w: Ask({"cmt": w.cash_line("accept")}, body={}),
    "list_aging_items": lambda w: Ask(query={"bucket": "1-30", "currency": w.currency}),
    "show_figure": lambda w: Ask({"figure": "dso"}),
    "list_figure_rows": lambda w: Ask({"figure": "dso"}, query={"currency": w.currency}),
    "list_owing_debtors": lambda w: Ask(query={"currency": w.currency}),
    "download_document": printed,
    "acknowledge_alert": lambda w: Ask({"alt": w.alert()}),
    "resolve_alert": lambda w: Ask({"alt": w.alert()}, body={"resolution": "They have it"}),
    "finish_task": lambda w: Ask({"tsk": w.task()}, body={"outcome": "Paid on Friday"}),
    "drop_task": lambda w: Ask({"tsk": w.task()}, body={"reason": "Somebody else did it"}),
    "snooze_task": lambda w: Ask({"tsk": w.task()}, body={"until": "2026-11-27"}),
    "undo_task": lambda w: Ask({"tsk": w.snoozed_task()}),
    "open_hold": lambda w: Ask(
        body={
            "kind": "promise",
            "debtor_id": ids.show("deb", w.at["deb"]),
            "invoice_id": ids.show("inv", w.at["inv"]),
            "ends_on": "2026-11-30",
            "amount": euros(w),
            "reason": "They pay on Monday",
        }
    ),
    "end_hold": lambda w: Ask({"hld": w.hold()}, body={"outcome": "They answered"}),
    "draft_rule": lambda w: Ask(body={"document": document()}),
    "try_document": lambda w: Ask(body={"document": document()}),
    "publish_rule": lambda w: Ask({"rule": w.draft_rule()}, body={}),
    "check_rule": lambda w: Ask({"rule": w.draft_rule()}, body={}),
    "try_out_rule": lambda w: Ask({"rule": w.draft_rule()}, body={}),
    "agree_to_rule": lambda w: Ask({"rule": w.draft_rule()}, body={"version": 1}),
    "show_rule_difference": lambda w: Ask(query={"old": "1", "new": "1"}),
    "release_rule": lambda w: Ask({"rule": w.frozen_rule()}, body={"reason": "A large client came"}),
    "retire_rule": lambda w: Ask({"rule": w.draft_rule()}, body={"reason": "Replaced"}),
    "keep_rule_example": lambda w: Ask(
        {"rule": w.draft_rule()},
        body={"name": word(), "given": {"invoice": {}}, "at": "2026-11-20T09:00:00Z", "expect": {"not": "/if"}},
    ),
    "drop_rule_example": lambda w: Ask({"rule": w.draft_rule()}, body={"name": "gone"}),
    "ask_for_backtest": lambda w: Ask(body={"from_on": "2026-11-01", "to_on": "2026-11-10"}),
    "answer_approval": lambda w: Ask({"apr": w.approval()}, body={"yes": False, "words": "Not yet"}),
    "keep_endpoint": lambda w: Ask(body={"key": "erp", "url": "https://erp.example.com/hooks"}),
    "give_standard": lambda w: Ask(body={"document": document(), "pack": "basics"}),
    "pause_rule": lambda w: Ask({"rule": w.draft_rule()}, body={"reason": "Too eager"}),
    "explain_why": lambda w: Ask({"inv": w.acted_on()}),
    "make_api_client": lambda w: Ask(body=new_api_client()),
    "renew_api_client_secret": lambda w: Ask({"api": w.api_client("client_secret_basic")}),
    "replace_api_client_keys": lambda w: Ask({"api": w.api_client()}, body=new_api_client()["jwks"]),
    "revoke_api_client": lambda w: Ask({"api": w.api_client()}, body={"reason": "It is not used"}),
    "change_contact_policy": lambda w: Ask(body={"document": {"most_reminders": 5}, "reason": "As agreed"}),
    "join_pool": lambda w: Ask(body={"pool": "senior pool", "person_id": ids.show("per", ruling.colleague(w))}),
    "leave_pool": lambda w: Ask(
        body={"pool": "senior pool", "person_id": ids.show("per", ruling.colleague(w, pool="senior pool"))}
    ),
    "search_portfolio": lambda w: Ask(query={"q": "Kestrel"}),
    "go_live": lambda w: Ask(body={"send": True, "customers": ruling.ready_to_go_live(w), "reason": "All is ready"}),
    "enter_test_mode": lambda w: Ask(body={"reason": ruling.why_to_test(w)}),
    "show_reminder_ladder": lambda w: Ask({"ladder": w.ladder()}),
    "keep_ladder": lambda w: Ask(body={"document": ladders.STANDARD}),
    "expand_ladder": lambda w: Ask(body={"document": ladders.STANDARD}),
    "try_ladder": lambda w: Ask({"ladder": w.ladder()}),
    "publish_ladder": lambda w: Ask({"ladder": ruling.tried_ladder(w)}),
    "send_message_again": lambda w: Ask({"msg": sending.held(w)}, body={"reason": "They say nothing came"}),
    "overrule_message": lambda w: Ask({"msg": w.waiting_message()}, body={"reason": "They asked for it"}),
    "show_wording": lambda w: Ask(worded()),
    "keep_wording": lambda w: Ask(worded(), body={"source": WORDS}),
    "choose_wording": lambda w: Ask(worded(), body={"version": w.wording(WORDS)}),
    "preview_wording": lambda w: Ask(worded(), body={"source": WORDS}),
    "let_person_in": lambda w: Ask(body={"email": f"{word().lower()}@people.test", "role": "client_viewer"}),
    "invite_person_again": lambda w: Ask({"mem": w.member()}),
    "reset_person_factor": lambda w: Ask({"mem": held.holder(w)}, body={"reason": "Her telephone is lost"}),
    "end_role": lambda w: Ask({"mem": w.member()}, body={"reason": "She left"}),
    "assign_specialist": lambda w: Ask(body={"email": w.staff_address(), "role": "specialist"}),
    "end_assignment": lambda w: Ask({"mem": w.member("specialist", "provider")}, body={}),
    "decide_access": lambda w: Ask({"agr": w.asked_access()}, body={"allow": True}),
    "end_access": lambda w: Ask({"agr": w.granted_access()}),
    "ask_access": lambda w: Ask(body={"reason": "A customer called about a bill"}),
    "change_letterhead": lambda w: Ask(body={"contact_name": "Ada Holm", "accent": "#224466"}),
    "change_bank_account": lambda w: Ask(body={"iban": "DE02 1203 0000 0000 2020 51", "bank_name": "A bank"}),
    "open_client": lambda w: Ask(body=new_client()),
    "invite_first_admin": lambda w: Ask({"ten": w.untouched_client()}, body={"email": f"{word().lower()}@people.test"}),
    "add_colleague": lambda w: Ask(body={"email": f"{word().lower()}@people.test", "name": "Nora Lund"}),
    "invite_colleague_again": lambda w: Ask({"per": w.newcomer()}),
    "shut_colleague_out": lambda w: Ask({"per": w.newcomer()}),
    "let_colleague_back": lambda w: Ask({"per": w.newcomer()}),
    "reset_colleague_factor": lambda w: Ask({"per": held.colleague(w)}),
    "change_colleague": lambda w: Ask({"per": w.newcomer()}, body={"admin": False}),
    "assign_staff": lambda w: Ask(body={"email": w.staff_address(), "role": "specialist"}),
    "ask_to_close": lambda w: Ask(body=ends.words(w)),
    "answer_closing": lambda w: Ask({"cls": ends.asked(w)}, body={"agree": False, "why": "They stay"}),
    "reopen_client": lambda w: Ask({"ten": ends.closed(w)}, body={"reason": "They came back to us"}),
    "end_staff": lambda w: Ask({"mem": w.member("specialist", "provider")}, body={}),
    "change_channels": lambda w: Ask(body={"ways": ["email", "sms"], "phone": "+4930901820"}),
    "make_print_batch": lambda w: Ask({"prb": sending.letter(w)}),
    "download_print_batch": lambda w: Ask({"prb": sending.batch(w)}),
    "post_print_batch": lambda w: Ask({"prb": sending.batch(w)}),
    "add_sending_domain": lambda w: Ask(body={"domain": f"d{ids.new().hex}.example.com", "box": "invoices"}),
    "check_sending_domain": lambda w: Ask({"sdm": sending.domain(w)}),
    "drop_sending_domain": lambda w: Ask({"sdm": sending.domain(w)}),
    "add_suppression": lambda w: Ask(body={"address": f"{word().lower()}@marigold.test", "detail": "They asked"}),
    "release_suppression": lambda w: Ask({"sup": sending.entry(w)}, body={"reason": "A new mailbox"}),
    "decide_tracking": lambda w: Ask(body={"country": "FR", "pixel": "consented", "basis": "Asked in the contract"}),
    "take_mail_file": lambda w: Ask(sending.mail(w)),
    "sort_mail": lambda w: Ask(sending.mail(w), body={"number": sending.number(w)}),
    "choose_reminders": lambda w: Ask(body={"wanted": False, "basis": "By telephone"}),
    "record_consent": lambda w: Ask(
        body={"contact_id": ids.show("con", w.at["con"]), "consent": "withdrawn", "basis": "By telephone"}
    ),
    "show_einvoice_goal": lambda w: Ask({"goal": sending.set_goal(w)}),
    "set_einvoice_goal": lambda w: Ask(
        {"goal": sending.plain(w)}, body={"metric": "customers", "target": 1000, "due_on": "2037-06-30"}
    ),
    "drop_einvoice_goal": lambda w: Ask({"goal": sending.set_goal(w)}),
    "ask_for_einvoices": lambda w: Ask({"goal": sending.set_goal(w)}, body={}),
    "change_einvoice_wish": lambda w: Ask(body={"format": "hybrid", "endpoint": "9930:DE123456789"}),
    "download_credit_note": lambda w: Ask({"crn": sending.credit(w)}),
    "download_einvoice": lambda w: Ask({"inv": w.sayable_invoice()}),
    "take_einvoice_response": lambda w: Ask(data=w.einvoice_answer()),
    "redrive_stopped_work": lambda w: Ask({"stopped": w.dead_letter()}, body={"kind": "noop"}),
    "redrive_dead_letter": lambda w: Ask({"wrk": w.dead_letter()}),
    "discard_dead_letter": lambda w: Ask({"wrk": w.dead_letter()}, body={"reason": "It was a test"}),
}


def batch_of(one: Callable[[World], Ask]) -> Callable[[World], Ask]:
    """The same for two at once."""
    return lambda world: Ask(body={"items": [one(world).body, one(world).body]})


ASKS |= {f"{name}_batch": batch_of(ASKS[name]) for name in tuple(ASKS) if f"{name}_batch" in ROUTES}


def address(route: Route, world: World, ask: Ask, *, client: str | None = None) -> str:
    """The path and query of a request."""

    def filled(found: re.Match[str]) -> str:
        if found["kind"] == "client":
            return client or world.slug
        if found["kind"] is None:
            assert found["name"] in ask.path, f"nobody says what stands for {found['name']} in {route.rule}"
            return str(ask.path[found["name"]])
        if found["kind"] == "key":
            return str(ask.path.get(found["name"], RULE))
        value = ask.path.get(found["prefix"], world.at.get(found["prefix"]))
        assert isinstance(value, UUID), f"the world holds no {found['prefix']} for {route.rule}"
        return ids.show(found["prefix"], value)

    path = PART.sub(filled, route.rule)
    return f"{path}?{urlencode(ask.query)}" if ask.query else path


def refs_in_path(route: Route) -> list[str]:
    return [found["prefix"] for found in PART.finditer(route.rule) if found["kind"] == "ref"]


def refs_in_body(route: Route) -> list[tuple[tuple[str | int, ...], str]]:
    """Where the body of a route names objects: the way to each place, and the prefix of what stands there."""
    return _refs(route.accepts(), ()) if route.accepts else []


def _refs(schema: Any, at: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    for name, each in schema.fields.items():
        inner = each.inner if isinstance(each, fields.List) else each
        way = (*at, name, 0) if isinstance(each, fields.List) else (*at, name)
        if isinstance(inner, Ref):
            found.append((way, inner.prefix))
        elif isinstance(inner, fields.Nested):
            found += _refs(inner.schema, way)
    return found


def with_ref(ask: Ask, way: tuple[str | int, ...], value: str) -> Ask:
    """The same request with another id at one place of its body."""

    def put(node: Any, rest: tuple[str | int, ...]) -> Any:
        if not rest:
            return value
        copy = list(node) if isinstance(node, list) else dict(node)
        copy[rest[0]] = put(copy[rest[0]], rest[1:])
        return copy

    return replace(ask, body=put(ask.body, way))
