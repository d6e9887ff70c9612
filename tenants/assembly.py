"""The composition root: settings in, adapters and a Flask shell without routes out. Nothing happens on import."""

from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from flask import Flask
from sqlalchemy import event, text

from tenants import store, work
from tenants.adapters import (
    buckets,
    documents,
    doorbell,
    hooks,
    identity_providers,
    mail,
    pace,
    rates,
    sending_domains,
    sms,
    sns,
    stolen_passwords,
)
from tenants.adapters.stolen_passwords import BadFile
from tenants.delivery import networks
from tenants.delivery.domain_ports import DomainRecords, Identities
from tenants.delivery.networks import BadList, Networks
from tenants.delivery.pacing import Pace
from tenants.delivery.ports import DocumentStore, Mailer, TextSender, TopicService
from tenants.directory import data_keys
from tenants.directory.ports import IdentityProviders, Names, StolenPasswords
from tenants.directory.rates import Counter, LocalCounter
from tenants.events import history_chain
from tenants.intake.ports import FileStore
from tenants.rules.ports import HookCaller
from tenants.settings import Settings, SettingsFault
from tenants.store import AUTH, WALLED, db
from tenants.values.clock import Clock, SystemClock

OLDEST_SERVER = 150014
"""15.14, 16.10 and 17.6 close the planner and row-security faults of 2024 and 2025."""

BOUND_ROLE = """
SELECT rolsuper OR rolbypassrls OR pg_has_role(current_user, 'gt_owner', 'USAGE') OR
current_setting('row_security') <> 'on'
FROM pg_roles WHERE rolname = current_user
"""


class UnsafeRole(RuntimeError):
    """The database role of this process could walk around the wall between clients."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The outside world as the domain may use it; handed to functions that need a tool, never imported by them."""

    settings: Settings
    clock: Clock
    documents: DocumentStore
    files: FileStore
    mailer: Mailer
    topics: TopicService = field(default_factory=sns.Topics)
    hooks: HookCaller = field(default_factory=hooks.Caller)
    providers: IdentityProviders = field(default_factory=identity_providers.Providers)
    names: Names = field(default_factory=identity_providers.NameService)
    rates: Counter = field(default_factory=LocalCounter)
    pace: Pace = field(default_factory=lambda: Pace(pace.FixedAccount(0.0), pace.LocalMarks()))
    identities: Identities = field(default_factory=sending_domains.NoIdentities)
    records: DomainRecords = field(default_factory=sending_domains.PublicRecords)
    stolen: StolenPasswords = field(default_factory=stolen_passwords.NoList)
    texts: TextSender = field(default_factory=sms.NoSender)
    networks: Networks = field(default_factory=networks.shipped)


def make_tools(settings: Settings) -> Toolbox:
    """Choose the adapters that the settings name."""
    kept: documents.FolderStore | buckets.BucketStore = documents.FolderStore(settings.documents)
    if settings.documents.startswith("s3://"):
        kept = buckets.BucketStore(
            settings.documents,
            region=settings.aws_region,
            endpoint=settings.aws_endpoint,
            locked_for=timedelta(days=settings.documents_locked_days),
        )
    return Toolbox(
        settings=settings,
        clock=SystemClock(),
        documents=kept,
        files=kept,
        mailer=mail.MAILERS[settings.mailer](settings),
        providers=identity_providers.Providers(loopback=settings.loopback_peers),
        topics=sns.Topics(region=settings.aws_region, endpoint=settings.aws_endpoint),
        rates=rates.RedisCounter(settings.redis_url),
        pace=pace.pace_of(settings),
        identities=sending_domains.identities_of(settings),
        texts=sms.sender_of(settings),
        stolen=_stolen(settings),
        networks=_networks(settings),
    )


def _stolen(settings: Settings) -> StolenPasswords:
    try:
        return stolen_passwords.list_of(settings.stolen_passwords)
    except BadFile as fault:
        raise SettingsFault(f"GOODTERMS_STOLEN_PASSWORDS: {fault}") from None


def _networks(settings: Settings) -> Networks:
    try:
        return networks.chosen(settings.networks)
    except BadList as fault:
        raise SettingsFault(f"GOODTERMS_NETWORKS: {fault}") from None


def make_shell(settings: Settings, *, repeats: bool = False) -> Flask:
    """Return a Flask object without routes, bound to the database; the web face dresses it, jobs use it bare.

    `repeats` says that this process repeats by itself whatever a lost connection or a power cut undid, as the jobs
    do: then a
    connection is not tried before its use, and a commit need not wait for the disk unless its unit says so.
    Raises UnsafeRole when the role owns the tables, is a superuser or may bypass row security.
    """
    shell = Flask("goodterms", static_folder=None)
    pool = {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_reset_on_return": None,  # store.undo does, where there is something to undo
        "hide_parameters": True,
    }
    shell.config["SECRET_KEY"] = settings.secret_key
    shell.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    shell.config["SQLALCHEMY_ENGINE_OPTIONS"] = {**pool, "execution_options": {WALLED: True}}
    if repeats:
        shell.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"] = {"options": "-c synchronous_commit=off"}
    if settings.auth_database_url:
        shell.config["SQLALCHEMY_BINDS"] = {AUTH: {"url": settings.auth_database_url, **pool}}
    db.init_app(shell)
    with shell.app_context():
        for engine in db.engines.values():
            event.listen(engine, "reset", store.undo)
            if not repeats:
                event.listen(engine, "checkout", store.refuse_dead)
        refuse_unsafe_role()
    data_keys.hang_keyring(settings.keyring)
    history_chain.hang_seal(history_chain.Seal.of(settings.secret_key))
    work.hang_bell(doorbell.RedisDoorbell(settings.redis_url))
    return shell


def refuse_unsafe_role() -> None:
    """Ask the database who we are, before any client's row is read."""
    with db.engine.connect() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        unsafe = connection.execute(text(BOUND_ROLE)).scalar_one()
    if unsafe:
        db.engine.dispose()
        raise UnsafeRole("the database role of this process could bypass row security; use gt_app or gt_worker")
    if version < OLDEST_SERVER:
        structlog.get_logger(__name__).warning("database.old", version=version, oldest=OLDEST_SERVER)
