"""The command line: finds a command by its file, and turns what stops it into one sentence and an exit code.

Data go to standard output and talk to standard error. Exit codes: 0 done, 1 failed, 2 wrongly asked, 3 partly done,
4 refused by policy.
"""

import importlib
import pkgutil
import sys
from typing import NoReturn

import click

from console import commands
from console.faults import CannotRun

INTERRUPTED = 130


class Commands(click.Group):
    """Imports a command when it is chosen, so that none pays for another's libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"console.commands.{cmd_name.replace('-', '_')}")
        found = module.command
        assert isinstance(found, click.Command)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name=None, version="0.1.0", prog_name="goodterms")
def cli() -> None:
    """Goodterms: managed accounts receivable.

    \b
    ./goodterms demo                     a complete provider on this machine
    ./goodterms demo --once --ledger F   the whole job over one ledger file
    ./goodterms test                     every check and test
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and leave with its exit code."""
    try:
        outcome = cli.main(arguments, prog_name="goodterms", standalone_mode=False)
    except CannotRun as reason:
        leave(str(reason), code=reason.code)
    except click.Abort:
        leave("stopped", code=INTERRUPTED)
    except click.ClickException as fault:
        fault.show(sys.stderr)
        sys.exit(fault.exit_code)
    sys.exit(outcome if isinstance(outcome, int) else 0)


def leave(sentence: str, *, code: int) -> NoReturn:
    click.echo(f"goodterms: {sentence}", err=True)
    sys.exit(code)
