"""A mail server that follows a script: what it says at each stage, and at which stage it goes away or falls silent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

GREETINGS = {
    "connect": "220 script",
    "EHLO": "250-script\r\n250 DSN",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "body": "250 2.0.0 kept",
    "QUIT": "221 bye",
}
GONE, SILENT = "gone", "silent"


@dataclass
class Script:
    """What the server says; GONE closes the line instead of answering, SILENT never answers."""

    says: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""
    lines: list[socket.socket] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def hang_up(self) -> None:
        """Cut every line at once, as a server does that is restarted."""
        for line in self.lines:
            line.shutdown(socket.SHUT_RDWR)


@contextmanager
def scripted(**says: str) -> Iterator[Script]:
    """Serve one script on loopback until the block ends."""
    script = Script({**GREETINGS, **says})
    with socket.create_server(("127.0.0.1", 0)) as door:
        script.url = f"smtp://127.0.0.1:{door.getsockname()[1]}"
        host = threading.Thread(target=_welcome, args=(door, script), daemon=True)
        host.start()
        try:
            yield script
        finally:
            script.over.set()
            # A thread that still waits at a closed door would take the calls of whoever gets its number next.
            door.shutdown(socket.SHUT_RDWR)
            host.join()


def _welcome(door: socket.socket, script: Script) -> None:
    while True:
        try:
            line, _ = door.accept()
        except OSError:
            return
        script.lines.append(line)
        threading.Thread(target=_talk, args=(line, script), daemon=True).start()


def _talk(line: socket.socket, script: Script) -> None:
    with suppress(ConnectionError), line, line.makefile("rb") as words:
        if not _say(line, script, script.says["connect"]):
            return
        while word := words.readline():
            script.heard.append(word.decode().strip())
            verb = word[:4].decode().upper()
            if not _say(line, script, script.says.get(verb, "250 ok")) or verb == "QUIT":
                return
            if verb == "DATA" and script.says["DATA"].startswith("354"):
                script.bodies.append(b"".join(iter(words.readline, b".\r\n")))
                if not _say(line, script, script.says["body"]):
                    return


def _say(line: socket.socket, script: Script, words: str) -> bool:
    if words == SILENT:
        script.over.wait()
    if words in (GONE, SILENT):
        line.shutdown(socket.SHUT_RDWR)
        return False
    line.sendall(words.encode() + b"\r\n")
    return True
