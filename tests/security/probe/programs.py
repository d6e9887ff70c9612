"""Programs of the stage: machines of clients, and apps of a client company in the name of a person."""

from dataclasses import replace

from flask import Flask

from tenants.directory import client_rules
from tests.security.probe.callers import Caller, Program
from tests.unit.service.oauth.desk import Desk, Walk, opened, register
from tests.unit.service.world import World

OF_MACHINES = tuple(sorted(client_rules.grantable("machine")))
OF_APPS = tuple(sorted(client_rules.grantable("app")))
WAIVER = "It cannot sign"


def machine(app: Flask, name: str, home: World, *, waiver: str = "") -> Program:
    """A machine of a client company with every scope that a machine can hold."""
    desk = register(app, home.tenant, scopes=OF_MACHINES, waiver=waiver)
    return _program(name, home, desk, token_of(desk), bound=not waiver)


def app_of(app: Flask, name: str, home: World, person: Caller) -> Program:
    """An app of one client company in the name of a person, who may work for others too."""
    desk = register(app, home.tenant, kind="app", scopes=OF_APPS)
    token = Walk(desk, person).tokens(scope=" ".join(OF_APPS))["access_token"]
    made = _program(name, home, desk, token, bound=True)
    roles = {tenant: held for tenant, held in person.roles.items() if tenant == home.tenant}
    return replace(made, roles=roles, is_machine=False)


def token_of(desk: Desk) -> str:
    """A fresh token of a machine."""
    return str(desk.token().json["access_token"])  # type: ignore[index]


def _program(name: str, home: World, desk: Desk, token: str, *, bound: bool) -> Program:
    scopes = frozenset(opened(token)[1]["scope"].split())
    roles = {home.tenant: frozenset[str]()}
    return Program(name, home, desk.web, roles, token=token, desk=desk if bound else None, scopes=scopes)
