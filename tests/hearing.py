"""Hearing what is logged, whatever other tests of the process have set."""

import logging
import sys
from contextlib import contextmanager

import structlog


@contextmanager
def heard_by(*processors):
    """Everything that is logged goes to these."""
    kept = structlog.get_config()
    _forget_what_loggers_remember()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *processors],
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**kept)
        _forget_what_loggers_remember()


def _forget_what_loggers_remember():
    """A logger keeps the settings of its first use, which may have been another test's."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("service", "tenants", "jobs"):
            for each in vars(module).values():
                if type(each).__name__ == "BoundLoggerLazyProxy":
                    vars(each).pop("bind", None)
