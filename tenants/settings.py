"""Every setting of the program, typed, read once from the environment, every fault named at start.

A secret may also stand in a file: NAME_FILE holds its path.
"""

import os
from dataclasses import dataclass, fields
from typing import Any

from environs import EnvError, FileAwareEnv
from marshmallow import validate

from tenants.values.sealing import Keyring

POSTGRES = validate.Regexp(r"^postgres(ql)?://", error="must start with postgresql://")
REDIS = validate.Regexp(r"^(rediss?|unix)://", error="must start with redis://, rediss:// or unix://")
FEWEST_SIGNS = 10
"""Different ones in a key that was made by chance; 32 times the same letter is a placeholder that somebody left."""
ENGINE_SWITCH = "AUTHLIB_INSECURE_TRANSPORT"


class SettingsFault(RuntimeError):
    """One or more settings are missing or wrong; the text names each with its reason."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How one setting is read: its variable, its meaning for an operator, its kind and its default."""

    variable: str
    meaning: str
    kind: str = "str"
    default: Any = ...
    check: Any = None


def _count(variable: str, meaning: str, *, default: int) -> Setting:
    """A whole number, from nothing on."""
    return Setting(variable, meaning, kind="int", default=default, check=validate.Range(min=0))


TABLE: dict[str, Setting] = {
    "database_url": Setting(
        "GOODTERMS_DATABASE_URL",
        "PostgreSQL as the bound role of this process (web: gt_app, jobs: gt_worker)",
        check=POSTGRES,
    ),
    "auth_database_url": Setting(
        "GOODTERMS_AUTH_DATABASE_URL", "PostgreSQL as gt_auth, for sign-in; web only", default="", check=None
    ),
    "dispatch_database_url": Setting(
        "GOODTERMS_DISPATCH_DATABASE_URL",
        "PostgreSQL as gt_dispatch; dispatcher and timetable only",
        default="",
        check=None,
    ),
    "redis_url": Setting(
        "GOODTERMS_REDIS_URL", "Redis or Valkey; holds seconds of work, never the record of it", check=REDIS
    ),
    "secret_key": Setting(
        "GOODTERMS_SECRET_KEY",
        "signs portal links, cursors and tracking tokens; at least 32 characters",
        check=validate.Length(min=32),
    ),
    "sealing_keys": Setting(
        "GOODTERMS_SEALING_KEYS",
        "seal bank data and secrets in the database; each at least 32 characters, divided by commas: the first seals, "
        "all open; empty: made from GOODTERMS_SECRET_KEY, which then can never change",
        default="",
        check=validate.Regexp(r"^([^,]{32,}(,[^,]{32,})*)?$", error="each key has at least 32 characters"),
    ),
    "public_url": Setting(
        "GOODTERMS_PUBLIC_URL",
        "address under which people reach the web face",
        default="http://127.0.0.1:8080",
        check=validate.URL(require_tld=False),
    ),
    "documents": Setting("GOODTERMS_DOCUMENTS", "the document store: a folder, or s3://bucket/prefix"),
    "documents_locked_days": _count(
        "GOODTERMS_DOCUMENTS_LOCKED_DAYS",
        "for so many days S3 lets nobody delete or replace a document (object lock); 0: no lock; a folder knows none",
        default=0,
    ),
    "mailer": Setting(
        "GOODTERMS_MAILER",
        "how mail leaves: smtp, ses (Amazon) or memory",
        default="smtp",
        check=validate.OneOf(["smtp", "ses", "memory"]),
    ),
    "api_per_caller": _count(
        "GOODTERMS_API_PER_CALLER",
        "requests of a minute that one caller may send to the API; 0: any number",
        default=600,
    ),
    "api_per_client": _count(
        "GOODTERMS_API_PER_CLIENT",
        "requests of a minute that all callers may send to one client's books; 0: any number",
        default=3000,
    ),
    "tokens_per_client": _count(
        "GOODTERMS_TOKENS_PER_CLIENT",
        "requests of a minute that one API client may send to the token endpoint; 0: any number",
        default=60,
    ),
    "portal_per_link": _count(
        "GOODTERMS_PORTAL_PER_LINK",
        "requests of a minute that one link of a customer may send; 0: any number",
        default=120,
    ),
    "exports_per_hour": _count(
        "GOODTERMS_EXPORTS_PER_HOUR",
        "files of many rows that one person may take out of one client's books in an hour; 0: any number",
        default=20,
    ),
    "api_log_s": _count(
        "GOODTERMS_API_LOG_S",
        "after how many seconds a request stands in the log that its client sees; 0: no log",
        default=2,
    ),
    "trace_days": _count(
        "GOODTERMS_TRACE_DAYS",
        "after how many days the network and the program of a reader are forgotten; 0: never",
        default=30,
    ),
    "aws_region": Setting("GOODTERMS_AWS_REGION", "region of SES, SNS and S3", default="eu-central-1"),
    "aws_endpoint": Setting(
        "GOODTERMS_AWS_ENDPOINT", "address of a server that speaks like AWS; empty: AWS itself", default=""
    ),
    "ses_configuration_set": Setting(
        "GOODTERMS_SES_CONFIGURATION_SET", "configuration set of SES that publishes the events", default=""
    ),
    "ses_tenants": Setting(
        "GOODTERMS_SES_TENANTS",
        "each client is an SES tenant called client-<its id>, made beforehand",
        kind="bool",
        default=False,
    ),
    "sns_topics": Setting(
        "GOODTERMS_SNS_TOPICS",
        "SNS topics, divided by commas, whose signed messages /hooks/sns believes; empty: none",
        default="",
    ),
    "sqs_queue": Setting(
        "GOODTERMS_SQS_QUEUE",
        "address of the SQS queue in which SNS leaves events of SES and received mail; empty: none is read",
        default="",
    ),
    "networks": Setting(
        "GOODTERMS_NETWORKS",
        "networks from which machines fetch, a file of `goodterms networks make`; empty: the small list kept here",
        default="",
    ),
    "imap_url": Setting(
        "GOODTERMS_IMAP_URL",
        "mailbox in which mail for the reply domain collects, imaps://user:password@host/folder; empty: none is read",
        default="",
    ),
    "sns_version_1": Setting(
        "GOODTERMS_SNS_VERSION_1",
        "believe SNS signatures of version 1 (SHA-1) too; only for topics that cannot sign with version 2",
        kind="bool",
        default=False,
    ),
    "smtp_url": Setting(
        "GOODTERMS_SMTP_URL",
        "mail server, smtp://host:port or smtps://user:password@host:port",
        default="smtp://127.0.0.1:25",
    ),
    "smtp_is_final": Setting(
        "GOODTERMS_SMTP_IS_FINAL",
        "the mail server is the recipients' own, so its 250 means delivered; true on one machine only",
        kind="bool",
        default=False,
    ),
    "mail_per_second": Setting(
        "GOODTERMS_MAIL_PER_SECOND",
        "mails that leave in a second, all workers together; 0: what the SES account allows, and any number by SMTP",
        kind="float",
        default=0.0,
        check=validate.Range(min=0),
    ),
    "own_domains": Setting(
        "GOODTERMS_OWN_DOMAINS",
        "no client may send before it has a sending domain of its own that is proved",
        kind="bool",
        default=False,
    ),
    "bounce_domain": Setting(
        "GOODTERMS_BOUNCE_DOMAIN",
        "domain of the return addresses that carry the message id",
        default="bounces.goodterms.test",
    ),
    "reply_domain": Setting(
        "GOODTERMS_REPLY_DOMAIN",
        "domain whose mail reaches us and to which answers go, by sealed addresses; empty: answers go to the client",
        default="",
    ),
    "sender": Setting(
        "GOODTERMS_SENDER", "address that mail is sent from, in the client's name", default="receivables@goodterms.test"
    ),
    "sms_url": Setting(
        "GOODTERMS_SMS_URL",
        "provider of text messages, https://account:token@host, with the interface of Twilio; empty: no texts leave",
        default="",
        check=validate.Regexp(r"^(https?://[^:@/]+:[^:@/]+@.+)?$", error="must be https://account:token@host"),
    ),
    "sms_sender": Setting("GOODTERMS_SMS_SENDER", "number or name that text messages come from", default="Goodterms"),
    "mailbox": Setting(
        "GOODTERMS_MAILBOX", "folder of the local mailbox that shows sent mail on one machine; empty: none", default=""
    ),
    "provider_name": Setting(
        "GOODTERMS_PROVIDER_NAME", "name of the provider on pages and in mail", default="Goodterms"
    ),
    "staff_second_factor": Setting(
        "GOODTERMS_STAFF_SECOND_FACTOR",
        "the provider's people have to hold a second factor; switch off for demos only",
        kind="bool",
        default=True,
    ),
    "staff_idle_min": Setting(
        "GOODTERMS_STAFF_IDLE_MIN",
        "after how many minutes without a click the provider's people are signed out",
        kind="int",
        default=30,
        check=validate.Range(min=1),
    ),
    "staff_session_h": Setting(
        "GOODTERMS_STAFF_SESSION_H",
        "after how many hours at the latest the provider's people sign in again",
        kind="int",
        default=12,
        check=validate.Range(min=1),
    ),
    "client_idle_min": Setting(
        "GOODTERMS_CLIENT_IDLE_MIN",
        "after how many minutes without a click clients' people are signed out",
        kind="int",
        default=480,
        check=validate.Range(min=1),
    ),
    "client_session_h": Setting(
        "GOODTERMS_CLIENT_SESSION_H",
        "after how many hours at the latest clients' people sign in again",
        kind="int",
        default=24,
        check=validate.Range(min=1),
    ),
    "kept_days": Setting(
        "GOODTERMS_KEPT_DAYS",
        "for how many days clients' people may stay signed in on a device that they call theirs; 0: not at all",
        kind="int",
        default=30,
        check=validate.Range(min=0, max=90),
    ),
    "stolen_passwords": Setting(
        "GOODTERMS_STOLEN_PASSWORDS",
        "file of stolen passwords as Have I Been Pwned gives it out, SHA-1 ordered by hash; empty: the short list that "
        "is shipped",
        default="",
    ),
    "letters_s": _count(
        "GOODTERMS_LETTERS_S",
        "after how many seconds at the latest letters about signing in leave the web face; 0: it sends none",
        default=15,
    ),
    "loopback_peers": Setting(
        "GOODTERMS_LOOPBACK_PEERS",
        "clients' identity providers may stand on this machine, without https; for demos and tests only",
        kind="bool",
        default=False,
    ),
    "pool_size": Setting("GOODTERMS_POOL_SIZE", "database connections of one process", kind="int", default=10),
    "secure_cookies": Setting(
        "GOODTERMS_SECURE_COOKIES", "cookies only over https; switch off on loopback only", kind="bool", default=True
    ),
    "log_json": Setting(
        "GOODTERMS_LOG_JSON", "logs as JSON lines; off gives text for people", kind="bool", default=True
    ),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as one value that everything is built from."""

    database_url: str
    auth_database_url: str
    dispatch_database_url: str
    redis_url: str
    secret_key: str
    public_url: str
    documents: str
    mailer: str
    smtp_url: str
    bounce_domain: str
    sender: str
    mailbox: str
    provider_name: str
    pool_size: int
    secure_cookies: bool
    log_json: bool
    smtp_is_final: bool = False
    aws_region: str = "eu-central-1"
    aws_endpoint: str = ""
    ses_configuration_set: str = ""
    ses_tenants: bool = False
    sns_topics: str = ""
    sns_version_1: bool = False
    loopback_peers: bool = False
    sqs_queue: str = ""
    reply_domain: str = ""
    documents_locked_days: int = 0
    mail_per_second: float = 0.0
    imap_url: str = ""
    networks: str = ""
    own_domains: bool = False
    sealing_keys: str = ""
    api_per_caller: int = 0
    api_per_client: int = 0
    tokens_per_client: int = 0
    portal_per_link: int = 0
    exports_per_hour: int = 0
    api_log_s: int = 0
    staff_second_factor: bool = False
    letters_s: int = 0
    trace_days: int = 30
    sms_url: str = ""
    sms_sender: str = "Goodterms"
    staff_idle_min: int = 30
    staff_session_h: int = 12
    client_idle_min: int = 480
    client_session_h: int = 24
    kept_days: int = 30
    stolen_passwords: str = ""

    @property
    def keyring(self) -> Keyring:
        """The keys that seal columns."""
        return Keyring.of(*(self.sealing_keys.split(",") if self.sealing_keys else [self.secret_key]))


def read() -> Settings:
    """Read every setting. Raises SettingsFault that names all faults at once, never a value of a secret."""
    env = FileAwareEnv(eager=False, strip_whitespace=True)
    found: dict[str, Any] = {}
    faults: list[str] = []
    for field in fields(Settings):
        row = TABLE[field.name]
        extra = {} if row.check is None else {"validate": row.check}
        try:
            found[field.name] = getattr(env, row.kind)(row.variable, row.default, **extra)
        except (ValueError, EnvError) as fault:
            faults.append(f"{row.variable}: {fault}")
    try:
        env.seal()
    except EnvError as fault:
        faults.extend(_faults_of(fault))
    if ENGINE_SWITCH in os.environ and found.get("secure_cookies", True):
        faults.append(f"{ENGINE_SWITCH}: switches off checks of the grant engine; remove it")
    faults += _left_from_a_demo(found)
    if faults:
        raise SettingsFault("These settings are wrong:\n  " + "\n  ".join(sorted(faults)))
    return Settings(**found)


def _left_from_a_demo(found: dict[str, Any]) -> list[str]:
    """What may stand in a demo on one machine and not where people come by https."""
    if not str(found.get("public_url", "")).startswith("https://"):
        return []
    wrong = [
        f"{TABLE[name].variable}: is what stands there for a demo; name your own"
        for name in ("sender", "bounce_domain")
        if found.get("mailer") != "memory" and found.get(name) == TABLE[name].default
    ]
    secret = found.get("secret_key")
    if secret is not None and len(set(secret)) < FEWEST_SIGNS:
        wrong.append(f"{TABLE['secret_key'].variable}: is no secret; make one by chance, of 32 characters and more")
    if not found.get("secure_cookies", True):
        wrong.append(f"{TABLE['secure_cookies'].variable}: is off although people come by https; remove it")
    return wrong


def _faults_of(fault: EnvError) -> list[str]:
    messages = getattr(fault, "error_messages", None)
    if isinstance(messages, dict):
        meanings = {row.variable: row.meaning for row in TABLE.values()}
        return [f"{name}: {' '.join(map(str, texts))} ({meanings.get(name, '')})" for name, texts in messages.items()]
    return [str(fault)]
