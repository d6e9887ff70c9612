"""`python -m console`: the command line, without an installed script."""

from console.cli import main

main()
