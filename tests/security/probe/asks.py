"""How every route is asked: the API as the tests of the service ask it, pages and portal as here.

A route that stands nowhere is uncovered, and then the probes fail.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from service.batches import SUFFIX
from service.endpoint import DIRECTORY, PUBLIC, ROUTES, SAFE, Route
from service.openapi import PART, PREFIX
from tenants.values import ids
from tests.security.probe import company, filled
from tests.unit.service import world_of_ends as ends
from tests.unit.service import world_of_people as held
from tests.unit.service import world_of_rules as ruling
from tests.unit.service import world_of_sending as sending
from tests.unit.service.asking import ASKS, WORDS, Ask, new_client
from tests.unit.service.world import RULE, World

OPEN = {
    "health.livez": "says that the process lives",
    "health.readyz": "says that the process can serve",
    "health.startupz": "says that the process has started",
    "health.running_version": "says which version runs",
    "static.static_file": "the same files for everybody",
    "auth.sign_in_page": "where signing in begins",
    "auth.sign_in": "takes an address and a password; its own tests try the rest",
    "hooks.sns_message": "signed by the provider of mail; its own tests forge it",
    "portal.pixel": "the same image for every address",
    "portal.counted_pixel": "the same image for every address",
    "text_hooks.text_receipt": "signed by the provider of texts; its own tests forge it",
    "portal.decoy": "an empty answer for every address",
    "portal_reminders.reminders_page": "by a signed address of one mail: whose reminders stop; its own tests forge it",
    "portal_reminders.stop_reminders": "by a signed address of one mail: stops its reader's own reminders",
    "portal_reminders.resume_reminders": "by a signed address of one mail: resumes its reader's own reminders",
    "api_reference.openapi_document": "the description of the API itself",
    "api_reference.list_problems": "the description of refusals",
}
"""Routes without a caller, each with what it tells. A new one is for a reviewer to judge."""
OF_ONESELF = {
    "/sign-in": "before anybody is known; its own tests try what an address gives away",
    "/sign-out": "ends the session that asks",
    "/account": "the caller's own factors and sessions, found by the caller and never by an id alone",
    "/welcome": "whoever holds the link of a letter; its own tests try what it opens",
    "/step-up": "the caller's own proof",
    "/oauth": "the authorization server; its own suite tries its ids, codes and tokens",
    "/.well-known": "the description of the authorization server",
}
"""Addresses below which nothing is in a client's books, each with what is there instead."""


def hold(_: World) -> dict[str, Any]:
    return {"kind": "pause", "ends_on": "2026-11-30", "amount": "", "reason": "They asked"}


CONDUCT = {
    "auto_messages_per_week": "2",
    "business_days_between_messages": "3",
    "quiet_until": "09:00",
    "quiet_from": "17:30",
    "ceiling": "Formal letter",
    "consumers": "person",
    "most_reminders": "6",
    "silence_after_talk": "2",
    "ways": ["email"],
    "reason": "As agreed",
}


LADDER = {
    "key": "standard",
    "at": "08:30",
    "day": ["3", "15"],
    "template": ["First reminder", "First reminder"],
    "task": ["", "Call them"],
}
BUILT = {
    "key": "built",
    "about": "invoice",
    "field": "invoice.status",
    "negated": "no",
    "op": "eq",
    "value": "open",
    "do": "alert",
    "detail": "normal",
    "due": "",
}


PAGES: dict[str, Callable[[World], Ask]] = {
    "alerts.acknowledge": lambda w: Ask(body={"cause": "", "alert": str(w.alert())}),
    "alerts.resolve": lambda w: Ask(body={"cause": "", "alert": str(w.alert()), "resolution": "They have it"}),
    "customers.hold_open": lambda w: Ask(body=hold(w)),
    "invoices.hold_open": lambda w: Ask(body=hold(w)),
    "invoices.hold_end": lambda w: Ask({"hld": w.hold()}, body={"outcome": "They answered"}),
    "dashboard.behind_page": lambda w: Ask({"bucket": "all"}, query={"currency": w.currency}),
    "figures.rows_page": lambda w: Ask({"figure": "dso"}, query={"currency": w.currency}),
    "dashboard.expected_page": lambda w: Ask(query={"currency": w.currency, "week": "2026-11-23"}),
    "accounts.change": lambda w: Ask(body={"name": "Fern & Sons", "language": "en"}),
    "accounts.add_contact": lambda w: Ask(body={"email": f"bills.{str(ids.new())[-12:]}@fern.test"}),
    "accounts.give": lambda w: Ask(body={"given_to": "", "since_on": "2026-11-20"}),
    "accounts.give_all": lambda w: Ask(body={"given_to": "", "since_on": "2026-11-20"}),
    "accounts.set_limit": lambda w: Ask(body={"limit": "100", "reason": "The insurer says so"}),
    "collectors.rows_page": lambda w: Ask(query={"currency": w.currency}),
    "exports.rows_file": lambda w: Ask({"figure": "dso"}, query={"currency": w.currency}),
    "exports.expected_file": lambda w: Ask(query={"currency": w.currency, "week": "2026-11-23"}),
    "dashboard.receipt_page": lambda w: Ask({"step": "sent"}),
    "deeds.done_page": lambda w: Ask({"deed": "payments_applied"}),
    "exports.receipts_file": lambda w: Ask({"step": "sent"}),
    "exports.behind_file": lambda w: Ask({"bucket": "all"}, query={"currency": w.currency}),
    "letterhead.change": lambda w: Ask(body={"contact_name": "Ada Holm"}),
    "letterhead.change_account": lambda w: Ask(body={"iban": "DE02120300000000202051"}),
    "new_client.begin": lambda w: Ask(body=new_client()),
    "provider.invite_admin": lambda w: Ask(body={"email": f"f.{str(ids.new())[-12:]}@people.test"}),
    "provider.assign": lambda w: Ask(body={"email": w.staff_address(), "role": "specialist"}),
    "provider.unassign": lambda w: Ask({"mem": w.member("specialist", "provider")}, body={}),
    "provider.ask": lambda w: Ask(body={"reason": "A customer called about a bill"}),
    "closings.ask": lambda w: Ask(body=ends.words(w)),
    "closings.answer": lambda w: Ask({"cls": ends.asked(w)}, body={"agree": "false", "why": "They stay"}),
    "closings.reopen": lambda w: Ask({"ten": ends.closed(w)}, body={"reason": "They came back to us"}),
    "stopped_everywhere.redrive": lambda w: Ask(body={"kind": "noop", "error_class": ""}),
    "people.unassign": lambda w: Ask({"mem": w.member("specialist", "provider")}, body={}),
    "people.invite_again": lambda w: Ask({"mem": w.member()}, body={}),
    "people.reset_factor": lambda w: Ask({"mem": held.holder(w)}, body={}),
    "people.end": lambda w: Ask({"mem": w.member()}, body={}),
    "people.decide": lambda w: Ask({"agr": w.asked_access()}, body={"allow": "true"}),
    "people.end_access": lambda w: Ask({"agr": w.granted_access()}, body={}),
    "callers.renew": lambda w: Ask({"api": w.api_client("client_secret_basic")}, body={}),
    "company_sign_in.check": lambda w: Ask(body={"domain": company.domain(w)}),
    "company_sign_in.drop": lambda w: Ask(body={"domain": company.domain(w)}),
    "company_sign_in.open_to_all": lambda w: Ask({"idp": company.tried(w)}, body={}),
    "company_sign_in.shut": lambda w: Ask(body={}),
    "company_sign_in.revoke_token": lambda w: Ask({"sct": company.token(w)}, body={}),
    "company_sign_in.say_role": lambda w: Ask(body={"role": "client_viewer"}),
    "staff.add": lambda w: Ask(body={"email": f"n.{str(ids.new())[-12:]}@people.test", "name": "Nora"}),
    "staff.invite_again": lambda w: Ask({"per": w.newcomer()}),
    "staff.shut": lambda w: Ask({"per": w.newcomer()}),
    "staff.let_back": lambda w: Ask({"per": w.newcomer()}),
    "staff.reset_factor": lambda w: Ask({"per": held.colleague(w)}),
    "staff.set_admin": lambda w: Ask({"per": w.newcomer()}, body={"admin": "false"}),
    "company_sign_in.try_it": lambda w: Ask(body={}),
    "company_sign_in.choose_rule": lambda w: Ask(body={"second_factor": "false"}),
    "views.save_view": lambda w: Ask(body={"name": "Late ones", "country": "DE"}),
    "invoices.keep_view": lambda w: Ask(body={"name": "Bounced ones", "delivery": "bounced"}),
    "views.drop_view": lambda w: Ask(body={}),
    "reports.choose": lambda w: Ask(body={"edges": "30, 60", "digest": "true"}),
    "reports.silence": lambda w: Ask(body={"quiet": "true"}),
    "imports.check_customers": lambda w: Ask({"imp": w.received_import()}, body={}),
    "imports.check_again": lambda w: Ask({"imp": w.received_import()}, body={}),
    "imports.correct": lambda w: Ask({"imp": w.checked_import()}, body={"fix:3:Amount": "12.00"}),
    "imports.load": lambda w: Ask({"imp": w.checked_import()}, body={"leave_out_faults": "true"}),
    "money.decide": lambda w: Ask({"fgr": w.forgo_request()}, body={"answer": "yes", "words": "Too small to chase"}),
    "money.set_limits": lambda w: Ask(body={}),
    "money_terms.set_term": lambda w: Ask(
        body={"country": "DE", "regime": "eu", "base": "ECB", "percent": "9", "day": "2026-01-01", "source": "Statute"}
    ),
    "money_terms.set_base_rate": lambda w: Ask(
        body={"base": "ECB", "percent": "2.15", "day": "2026-07-01", "source": "ECB"}
    ),
    "imports.undo": lambda w: Ask({"imp": w.loaded_import()}, body={"reason": "The wrong file"}),
    "incoming.take_file": lambda w: Ask(sending.mail(w), body={}),
    "incoming.sort": lambda w: Ask(sending.mail(w), body={"number": sending.number(w)}),
    "letters.make": lambda w: Ask({"prb": sending.letter(w)}, body={}),
    "letters.batch_file": lambda w: Ask({"prb": sending.batch(w)}),
    "letters.posted": lambda w: Ask({"prb": sending.batch(w)}, body={}),
    "letters.reach": lambda w: Ask(body={"first": "email", "second": "sms", "phone": "+4930901820", "wait_days": "4"}),
    "letters.reminders": lambda w: Ask(
        body={"contact": ids.show("con", w.at["con"]), "wanted": "no", "basis": "By telephone"}
    ),
    "letters.consent": lambda w: Ask(
        body={"contact": ids.show("con", w.at["con"]), "consent": "withdrawn", "basis": "By telephone"}
    ),
    "letters.wish": lambda w: Ask(body={"format": "hybrid", "endpoint": "9930:DE123456789"}),
    "sending_domains.add": lambda w: Ask(body={"domain": "billing.example.com", "box": "invoices"}),
    "sending_domains.check": lambda w: Ask({"sdm": sending.domain(w)}, body={}),
    "sending_domains.drop": lambda w: Ask({"sdm": sending.domain(w)}, body={}),
    "addresses.stop": lambda w: Ask(body={"address": "quiet@marigold.test", "detail": "They asked by telephone"}),
    "addresses.release": lambda w: Ask({"sup": sending.entry(w)}, body={"reason": "A new mailbox"}),
    "consents.decide": lambda w: Ask(body={"country": "FR", "pixel": "consented", "basis": "Asked in the contract"}),
    "goal.set_goal": lambda w: Ask(
        {"goal": sending.plain(w)}, body={"metric": "customers", "target": "100", "due_on": "2037-06-30"}
    ),
    "goal.ask": lambda w: Ask({"goal": sending.set_goal(w)}, body={}),
    "mailbox.mail_page": lambda w: Ask({"name": "0" * 36}),
    "rules.take_recipe": lambda w: Ask(body={"recipe": RULE}),
    "rules.rule_page": lambda w: Ask({"key": RULE}),
    "rule_acts.list_page": lambda w: Ask({"key": RULE}),
    "rules.foresee": lambda w: Ask({"key": RULE}),
    "rules.trial": lambda w: Ask({"key": RULE}),
    "rule_life.try_out": lambda w: Ask({"key": w.draft_rule()}, body={"version": "1"}),
    "rule_life.agree": lambda w: Ask({"key": w.draft_rule()}, body={"version": "1"}),
    "rule_life.publish": lambda w: Ask({"key": w.draft_rule()}, body={"version": "1"}),
    "rule_life.pause": lambda w: Ask({"key": w.draft_rule()}, body={"reason": "Too eager"}),
    "rule_life.release": lambda w: Ask({"key": w.draft_rule()}, body={"reason": "It is right"}),
    "rule_life.keep_example": lambda w: Ask(
        {"key": w.draft_rule()}, body={"name": "Of today", "given": '{"invoice": {}}', "expect": "fires"}
    ),
    "rule_life.drop_example": lambda w: Ask({"key": w.draft_rule()}, body={"name": "gone"}),
    "rule_life.play_examples": lambda w: Ask({"key": w.draft_rule()}, body={}),
    "rule_life.backtest": lambda w: Ask({"key": w.draft_rule()}, body={}),
    "builder.builder_page": lambda w: Ask(query={"rule": RULE}),
    "builder.rebuild": lambda w: Ask(body=BUILT),
    "builder.look": lambda w: Ask(body=BUILT),
    "builder.keep": lambda w: Ask(body=BUILT),
    "builder.keep_text": lambda w: Ask(body={"text": "{}"}),
    "builder.look_text": lambda w: Ask(body={"text": "{}"}),
    "conduct.change_policy": lambda w: Ask(body=CONDUCT),
    "conduct.add_days_off": lambda w: Ask(
        body={"first_on": "2026-12-24", "last_on": "2026-12-31", "reason": "Stocktaking"}
    ),
    "pools.join": lambda w: Ask(body={"pool": "senior pool", "person_id": ids.show("per", ruling.colleague(w))}),
    "pools.leave": lambda w: Ask(
        body={"pool": "senior pool", "person_id": ids.show("per", ruling.colleague(w, pool="senior pool"))}
    ),
    "approvals.answer": lambda w: Ask({"apr": w.approval()}, body={"answer": "no", "words": "Not yet"}),
    "stopped.redrive_cause": lambda w: Ask(body={"kind": "noop"}),
    "stopped.redrive": lambda w: Ask({"wrk": w.dead_letter()}, body={}),
    "stopped.drop": lambda w: Ask({"wrk": w.dead_letter()}, body={"reason": "It was a test"}),
    "delivery.send_again": lambda w: Ask({"msg": sending.held(w)}, body={"reason": "They say nothing came"}),
    "marks.of_invoice": lambda w: Ask(body={"tag": ruling.tag(w, "inv")}),
    "marks.of_customer": lambda w: Ask(body={"tag": ruling.tag(w, "deb")}),
    "customers.send_now": lambda w: Ask({"msg": w.waiting_message()}, body={"reason": "They asked for it"}),
    "customers.hold_end": lambda w: Ask({"hld": w.hold()}, body={"outcome": "They pay again"}),
    "conduct.add_ceiling": lambda w: Ask(body={"group": "key", "tone": "First reminder"}),
    "conduct.add_country": lambda w: Ask(body={"country": "FR", "opens": "10:00", "machine": "true"}),
    "conduct.remove": lambda w: Ask(body={"days_off": "0"}),
    "going_live.switch_on": lambda w: Ask(
        body={"waiting": "send", "customers": str(ruling.ready_to_go_live(w)), "reason": "All is ready"}
    ),
    "going_live.go_back": lambda w: Ask(body={"reason": ruling.why_to_test(w)}),
    "wordings.text_page": lambda w: Ask(query={"template": "First reminder"}),
    "wordings.preview": lambda w: Ask(body={"template": "First reminder", "source": WORDS}),
    "wordings.keep": lambda w: Ask(body={"template": "First reminder", "source": WORDS}),
    "wordings.speak": lambda w: Ask(body={"template": "First reminder", "version": str(w.wording(WORDS))}),
    "ladders.keep": lambda w: Ask(body=LADDER),
    "ladders.try_out": lambda w: Ask(body={"key": w.ladder()}),
    "ladders.publish": lambda w: Ask(body={"key": w.ladder()}),
    "worklist.task_done": lambda w: Ask({"tsk": w.task()}, body={"outcome": "Paid"}),
    "worklist.task_snooze": lambda w: Ask({"tsk": w.task()}, body={"days": "3"}),
    "worklist.task_undo": lambda w: Ask({"tsk": w.snoozed_task()}, body={}),
    "portal.stop_images": lambda w: Ask(body={}),
    "portal.take_new": lambda w: Ask({"inv": sending.posted(w)}, body={}),
    "portal.received": lambda w: Ask({"inv": w.at["linked"]}, body={}),
    "portal.promise": lambda w: Ask({"inv": w.at["linked"]}, body={"by": "2026-11-27"}),
    "portal.objection": lambda w: Ask({"inv": w.at["linked"]}, body={"message": "Two boxes were missing"}),
    "portal.portal_document": lambda w: Ask({"inv": w.at["linked"]}),
}
MISSING_WITH_OWN = {
    "views.drop_view",
    "mailbox.mail_page",
    "imports.upload",
    "money_terms.load_rates",
    "rule_life.publish",
    "rule_life.release",
    "ladders.publish",
    "company_sign_in.check",
    "company_sign_in.try_it",
    "provider.invite_admin",
}
"""Routes whose own answer is a refusal here: no mail lies in a folder, no file comes in a form, no name service
and no identity provider answers, and an admin has come in."""
PAGES["imports.upload"] = lambda w: Ask(body={})
PAGES["money_terms.load_rates"] = lambda w: Ask(body={})


def is_of_oneself(route: Route) -> bool:
    """Whether a route is about whoever asks, and not about a client's books."""
    return any(route.rule == start or route.rule.startswith(start + "/") for start in OF_ONESELF)


def known() -> list[Route]:
    """Every route that somebody can be asked for."""
    return [route for route in ROUTES if route.needs != PUBLIC and not is_of_oneself(route)]


def builder(route: Route) -> Callable[[World], Ask] | None:
    """How a route is asked; None when nobody has said it."""
    if route.rule.startswith(PREFIX):
        known_ask = ASKS.get(route.view.__name__)
        return known_ask if known_ask is None or not route.rule.endswith(SUFFIX) else _alone(known_ask)
    if route.name in PAGES:
        return PAGES[route.name]
    if route.needs == DIRECTORY:
        return lambda world: Ask({"name": "User"})
    if route.rule.startswith("/c/") or route.method in SAFE:
        return lambda world: guess(route, world)
    return None


def _alone(build: Callable[[World], Ask]) -> Callable[[World], Ask]:
    """A batch of one: the other items of a batch are done although one is refused."""

    def one(world: World) -> Ask:
        body = build(world).body or {}
        return Ask(body={**body, "items": body["items"][:1]})

    return one


def is_guessed(route: Route) -> bool:
    """Whether nobody wrote down how the route is asked, so that its own refusals say nothing."""
    return not route.rule.startswith(PREFIX) and route.name not in PAGES and route.method not in SAFE


def guess(route: Route, world: World) -> Ask:
    """A form that its schema takes, for a page that does with one object what the API does with it too."""
    path: dict[str, UUID | str] = {}
    for part in PART.finditer(route.rule):
        if part["kind"] == "ref" and part["prefix"] not in world.at:
            path[part["prefix"]] = _borrowed(part["prefix"], world)
    return Ask(path, body=filled.form(route.accepts) if route.method not in SAFE else None)


def _borrowed(prefix: str, world: World) -> UUID:
    """An object of a kind as a route of the API is asked for it. Raises LookupError when none is."""
    for route in ROUTES:
        if route.rule.startswith(PREFIX) and f"<ref('{prefix}'):" in route.rule and route.view.__name__ in ASKS:
            found = ASKS[route.view.__name__](world).path.get(prefix)
            if isinstance(found, UUID):
                world.at[prefix] = found
                return found
    raise LookupError(f"the world holds no {prefix}")


def address(route: Route, world: World, ask: Ask, *, client: str | None = None, token: str = "") -> str:
    """The path and query of a request. Raises LookupError when the world holds no such thing."""

    def written(found: re.Match[str]) -> str:
        kind, name = found["kind"], found["name"]
        if kind == "client":
            return client or world.slug
        if name == "token" and kind is None:
            return token
        if kind == "ref":
            value = ask.path.get(found["prefix"], world.at.get(found["prefix"]))
            if not isinstance(value, UUID):
                raise LookupError(f"the world holds no {found['prefix']} for {route.rule}")
            return ids.show(found["prefix"], value)
        if name not in ask.path and kind != "key":
            raise LookupError(f"nobody says what stands for {name} in {route.rule}")
        return str(ask.path.get(name, RULE))

    path = PART.sub(written, route.rule)
    return f"{path}?{urlencode(ask.query)}" if ask.query else path
