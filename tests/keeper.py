"""Keeps the servers of one test session: starts both, writes down where they are, and ends with the session.

A process of its own, because the workers of pytest-xdist share the servers and come and go.
Use: python -m tests.keeper NOTE PID
"""

import json
import os
import secrets
import select
import shutil
import sys
import tempfile
from pathlib import Path

from console.home import SYSTEM
from console.servers import start_postgres, start_redis
from migrations.roles import ALL as ROLES


def keep(note: Path, *, watched: int) -> None:
    """Serve until the watched process ends, however it ends."""
    session = os.pidfd_open(watched)
    home = Path(tempfile.mkdtemp(prefix="goodterms-tests-"))
    home.chmod(0o755)  # the servers' user must be able to pass; their own folders are closed
    try:
        postgres = start_postgres(home, durable=False, keep=copies())
        redis = start_redis(home, durable=False, keep=copies())
        passwords = {role: secrets.token_urlsafe(12) for role in ROLES}
        unfinished = note.with_suffix(".new")
        unfinished.write_text(json.dumps({"admin_url": postgres.admin_url, "redis": redis.url, "passwords": passwords}))
        unfinished.rename(note)
        select.select([session], [], [])
        redis.stop()
        postgres.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def copies() -> Path | None:
    """Return where copies of the server programs stay between sessions, should the environment be closed to others."""
    return SYSTEM / "programs" if os.access(SYSTEM.parent, os.W_OK) else None


if __name__ == "__main__":
    keep(Path(sys.argv[1]), watched=int(sys.argv[2]))
