"""Decides how every process logs: one line for each request and each event, as JSON or for people.

Request, tenant, actor and work item are bound and come along; bodies, addresses and secrets never do.
"""

import logging
import sys

import structlog

from tenants.settings import Settings


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
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
