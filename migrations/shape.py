"""The shape that the program believes in: every model of every room, gathered once."""

import importlib
import pkgutil

from sqlalchemy import MetaData

import tenants
from tenants.store import db


def metadata() -> MetaData:
    """Import every room so that each model has registered itself, and return what they say together."""
    for room in pkgutil.walk_packages(tenants.__path__, "tenants."):
        if not room.name.startswith("tenants.adapters"):
            importlib.import_module(room.name)
    return db.metadata
