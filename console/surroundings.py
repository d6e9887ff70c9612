"""What surrounds the program on one machine: its servers, its database roles, and the settings that name them."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.faults import USAGE, CannotRun
from console.home import Home
from console.servers import Postgres, host, start_postgres, start_redis
from console.talk import say

DATABASE = "goodterms"
ROLE_OF = {
    "GOODTERMS_DATABASE_URL": "gt_app",
    "GOODTERMS_WORKER_DATABASE_URL": "gt_worker",
    "GOODTERMS_DISPATCH_DATABASE_URL": "gt_dispatch",
    "GOODTERMS_AUTH_DATABASE_URL": "gt_auth",
    "GOODTERMS_OWNER_DATABASE_URL": "gt_owner",
}
KEPT_OUT = ("PYTHONHOME",)


@dataclass(frozen=True)
class Surroundings:
    """The settings of one machine, all of them; a process is given only those that are its own."""

    settings: Mapping[str, str]

    @property
    def owner_url(self) -> str:
        return self.settings["GOODTERMS_OWNER_DATABASE_URL"]

    def for_web(self) -> dict[str, str]:
        return self._only("GOODTERMS_DATABASE_URL", "GOODTERMS_AUTH_DATABASE_URL")

    def for_worker(self) -> dict[str, str]:
        return self._only("GOODTERMS_WORKER_DATABASE_URL", acts_as="GOODTERMS_WORKER_DATABASE_URL")

    def for_dispatcher(self) -> dict[str, str]:
        return self._only("GOODTERMS_DISPATCH_DATABASE_URL", acts_as="GOODTERMS_DISPATCH_DATABASE_URL")

    def for_mailbox(self) -> dict[str, str]:
        """The mailbox hands what comes back to the clients' inboxes, as a worker would."""
        return self.for_worker()

    def for_loading(self) -> dict[str, str]:
        """Settings for loading data as the web face and the workers would: every role but the owner."""
        return self._only(*(name for name in ROLE_OF if name != "GOODTERMS_OWNER_DATABASE_URL"))

    def _only(self, *addresses: str, acts_as: str | None = None) -> dict[str, str]:
        """Leave out the roles that the process is not; GOODTERMS_DATABASE_URL always names the one that it is."""
        kept = {name: value for name, value in self.settings.items() if name not in ROLE_OF or name in addresses}
        outside = {name: value for name, value in os.environ.items() if name not in ROLE_OF and name not in KEPT_OUT}
        return outside | kept | ({"GOODTERMS_DATABASE_URL": self.settings[acts_as]} if acts_as else {})


@contextmanager
def open_temporary() -> Iterator[Surroundings]:
    """Start a migrated database and a queue that are gone afterwards, durable like real ones, to measure on."""
    import migrations

    with tempfile.TemporaryDirectory(prefix="goodterms-") as folder:
        home = Home(Path(folder) / "home")
        home.folder.parent.chmod(0o755)  # the servers' user must be able to pass
        home.make()
        with open_surroundings(home, port=host.free_port()) as around:
            migrations.upgrade(around.owner_url)
            yield around


@contextmanager
def open_surroundings(home: Home, *, port: int) -> Iterator[Surroundings]:
    """Start the servers that are not already given by settings, and stop them at the end."""
    with ExitStack() as ends:
        database = given_database() or start_database(home, ends)
        redis = os.environ.get("GOODTERMS_REDIS_URL") or start_queue(home, ends)
        yield Surroundings(settings=database | {"GOODTERMS_REDIS_URL": redis} | own_settings(home, port=port))


def own_settings(home: Home, *, port: int) -> dict[str, str]:
    """Return the settings that are not addresses of servers; what the person has set already stays."""
    ours = {
        "GOODTERMS_SECRET_KEY": home.secrets(("secret_key",))["secret_key"],
        "GOODTERMS_DOCUMENTS": str(home.documents),
        "GOODTERMS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "GOODTERMS_PROVIDER_NAME": "Tallowmere Receivables",
        "GOODTERMS_MAILER": "smtp",
        "GOODTERMS_SMTP_URL": f"smtp://127.0.0.1:{host.free_port()}",
        "GOODTERMS_SMTP_IS_FINAL": "true",  # the mailbox is every recipient's own server
        "GOODTERMS_MAILBOX": str(home.mailbox),
        "GOODTERMS_SECURE_COOKIES": "false",
        "GOODTERMS_STAFF_SECOND_FACTOR": "false",  # nobody of the sample has a telephone
        "GOODTERMS_LOG_JSON": "false",
    }
    return {name: os.environ.get(name) or value for name, value in ours.items()}


def given_database() -> dict[str, str]:
    """Return the addresses that the environment gives, or nothing. Given in part, they are a mistake."""
    given = {name: os.environ[name] for name in ROLE_OF if os.environ.get(name)}
    missing = [name for name in ROLE_OF if name not in given]
    if given and missing:
        sentence = f"A database of your own needs an address for each role; missing: {', '.join(missing)}."
        raise CannotRun(sentence, code=USAGE)
    return given


def start_database(home: Home, ends: ExitStack) -> dict[str, str]:
    """Start the private PostgreSQL and make its roles."""
    from migrations import roles

    say("starting PostgreSQL ...")
    server: Postgres = start_postgres(home.folder, durable=True, keep=home.copies)
    ends.callback(server.stop)
    passwords = home.secrets(roles.ALL)
    roles.prepare(server.admin_url, passwords=passwords, database=DATABASE)
    return {name: server.url(role, passwords[role], database=DATABASE) for name, role in ROLE_OF.items()}


def start_queue(home: Home, ends: ExitStack) -> str:
    """Start the private Redis-protocol server."""
    say("starting Valkey ...")
    server = start_redis(home.folder, keep=home.copies)
    ends.callback(server.stop)
    return server.url
