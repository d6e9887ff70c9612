"""Decides how every process logs: one line for each request and each event, as JSON or for people.

Request, tenant, actor and work item are bound and come along; bodies, addresses and secrets never do.
"""

import logging
import sys
from typing import TextIO, cast

import structlog

from tenants.settings import Settings


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
    before: list[structlog.typing.Processor] = [structlog.processors.format_exc_info] if chosen.log_json else []
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *before,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Output())),
        cache_logger_on_first_use=True,
    )
