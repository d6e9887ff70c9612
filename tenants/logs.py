"""Decides how every process logs: one line for each request and each event, as JSON or for people.

Request, tenant, actor and work item are bound and come along; bodies, addresses and secrets never do.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from tenants.settings import Settings
from tenants.values import hiding


class Output:
    """Standard output as it is when something is said: whoever redirects it later is heard."""

    def write(self, text: str) -> int:
        """Write to wherever standard output leads now."""
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Let nothing wait."""
        sys.stdout.flush()


def configure(chosen: Settings) -> None:
    """Send structured lines to standard output; context fields (tenant, actor, work item) come along by themselves."""
    last = structlog.processors.JSONRenderer() if chosen.log_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_secrets,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Output())),
        cache_logger_on_first_use=True,
    )


def without_secrets(_logger: Any, _method: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last step before a line is written, so that nothing goes round it."""
    told = dict(said)
    fault = told.pop("exc_info", None)
    if fault is True:
        fault = sys.exc_info()[1]
    shown = hiding.line(told)
    if isinstance(fault, BaseException):
        shown["exception"] = _traced(fault)
    return shown


def _traced(fault: BaseException) -> str:
    """Where a fault came from and what it is; of what it says, nothing that it quotes."""
    chain: list[str] = []
    seen: BaseException | None = fault
    while seen is not None and len(chain) < 5:
        frames = traceback.extract_tb(seen.__traceback__)
        ways = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        chain.append("\n".join([*ways, f"{type(seen).__name__}: {hiding.fault(str(seen))}"]))
        seen = seen.__cause__ or seen.__context__
    return "\n… after:\n".join(chain)
