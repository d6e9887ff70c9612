"""`bench`: hand over to one of the benchmarks in bench/."""

import importlib
import pkgutil

import click

from console.faults import USAGE, CannotRun

REST = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": ["-h", "--help"]}


@click.command("bench", context_settings=REST)
@click.argument("name", required=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def command(name: str | None, options: tuple[str, ...]) -> int:
    """Measure one part against its floor; prints JSON lines.

    \b
    ./goodterms bench              list what can be measured
    ./goodterms bench rules --n 1000000
    """
    # By name only: the benchmarks stand on the command line's servers, so it must not stand on them.
    known = sorted(module.name for module in pkgutil.iter_modules(importlib.import_module("bench").__path__))
    runnable = [one for one in known if not one.startswith("_")]
    if name is None:
        click.echo("\n".join(runnable))
        return 0
    if name not in runnable:
        raise CannotRun(f"there is no benchmark {name!r}; there are: {', '.join(runnable) or 'none'}.", code=USAGE)
    module = importlib.import_module(f"bench.{name}")
    if not hasattr(module, "main"):
        raise CannotRun(f"bench/{name}.py serves other benchmarks and measures nothing itself.", code=USAGE)
    return int(module.main(list(options)) or 0)
