"""One file per command, each exposing `command`; a file added here is a command from then on."""
