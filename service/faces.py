"""All faces of the house in one list: health, static files, sign-in, pages, portal, hooks, API."""

from pathlib import Path

from flask import Flask

from service import api, health, static
from service.auth import account, second_factor, sign_in, single_sign_on, step_up, welcome
from service.auth.oauth import authorize, discovery, logout, tokens
from service.hooks import sms, sns
from service.pages import (
    accounts,
    addresses,
    alerts,
    api_calls,
    api_clients,
    approvals,
    books,
    builder,
    cash,
    certificates,
    closings,
    collectors,
    company_sign_in,
    conduct,
    consents,
    customers,
    dashboard,
    deeds,
    delivery,
    exports,
    figures,
    goal,
    going_live,
    history,
    imports,
    incoming,
    invoices,
    ladders,
    letterhead,
    letters,
    list_files,
    mailbox,
    marks,
    money,
    money_terms,
    new_client,
    payments,
    people,
    pools,
    portal_preview,
    portfolio,
    provider,
    provider_history,
    reports,
    rule_acts,
    rule_life,
    rules,
    search,
    sending_domains,
    shown,
    staff,
    stopped,
    stopped_everywhere,
    views,
    wordings,
    worklist,
)
from service.portal import invoice as portal_invoice
from service.portal import reminders as portal_reminders
from service.portal import statement as portal_statement
from service.scim import about as scim_about
from service.scim import groups as scim_groups
from service.scim import users as scim_users

TEMPLATES = str(Path(__file__).parent / "templates")
PAGES = (
    worklist.face,
    alerts.face,
    dashboard.face,
    deeds.face,
    figures.face,
    collectors.face,
    exports.face,
    list_files.face,
    views.face,
    portfolio.face,
    reports.face,
    invoices.face,
    certificates.face,
    customers.face,
    accounts.face,
    cash.face,
    money.face,
    money_terms.face,
    payments.face,
    books.face,
    imports.face,
    builder.face,
    rules.face,
    rule_acts.face,
    rule_life.face,
    ladders.face,
    wordings.face,
    conduct.face,
    delivery.face,
    addresses.face,
    consents.face,
    letters.face,
    sending_domains.face,
    goal.face,
    going_live.face,
    approvals.face,
    search.face,
    stopped.face,
    stopped_everywhere.face,
    pools.face,
    mailbox.face,
    marks.face,
    incoming.face,
    api_clients.face,
    api_calls.face,
    portal_preview.face,
    people.face,
    company_sign_in.face,
    history.face,
    provider.face,
    new_client.face,
    closings.face,
    letterhead.face,
    provider_history.face,
    staff.face,
)
PORTAL = (portal_invoice.face, portal_statement.face, portal_reminders.face)
OAUTH = (discovery.face, tokens.face, authorize.face, logout.face)
SIGN_IN = (sign_in.face, second_factor.face, single_sign_on.face, step_up.face, welcome.face, account.face)
SCIM = (scim_about.face, scim_users.face, scim_groups.face)
HOOKS = (sns.face, sms.face)
BLUEPRINTS = (health.face, static.face, *SIGN_IN, *PAGES, *PORTAL, *OAUTH, *SCIM, *HOOKS, *api.BLUEPRINTS)


def hang(app: Flask) -> None:
    """Hang every blueprint on the application."""
    shown.dress(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
