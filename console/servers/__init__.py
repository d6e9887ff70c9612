"""Private PostgreSQL and Valkey servers for one machine: real ones, from wheels, on loopback, gone with their parent.

For the demo, the tests and development only; production points the same settings at managed servers.
"""

from console.servers.postgres import Postgres, start_postgres
from console.servers.valkey import Redis, start_redis

__all__ = ["Postgres", "Redis", "start_postgres", "start_redis"]
