"""A web-like process for the kill tests: records work for a client, one commit each, and says what was acknowledged.

Use: python -m tests.chaos.writer TENANT PREFIX HOW_MANY
"""

import sys
from datetime import UTC, datetime
from uuid import UUID

from tenants import assembly, settings
from tenants.events import recording
from tenants.isolation import scope
from tenants.work import unit_of_work


def main(tenant: str, prefix: str, how_many: str) -> None:
    with assembly.make_shell(settings.read()).app_context():
        for number in range(int(how_many)):
            key = f"{prefix}{number}"
            with unit_of_work(scope.tenant(UUID(tenant), actor="writer")):
                recording.record("work.tried", key=key, now=datetime.now(UTC), mark=1)
            sys.stdout.write(key + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
