"""Bring a database to the newest shape, as its owner and nobody else."""

from pathlib import Path

from alembic import command
from alembic.config import Config

HERE = Path(__file__).parent


def config(owner_url: str) -> Config:
    """Return the Alembic settings for one database; there is no .ini file to drift from this."""
    settings = Config()
    settings.set_main_option("script_location", str(HERE))
    settings.set_main_option("version_path_separator", "os")
    settings.attributes["owner_url"] = owner_url
    return settings


def upgrade(owner_url: str, to: str = "head") -> None:
    """Run every migration that is missing; each runs in its own short transaction."""
    command.upgrade(config(owner_url), to)
