"""A real mail relay on loopback: a private Postfix that relays, bounces and delays, where Debian's package and root are
at hand. Its recipients' server and the place to which bounces go are servers of the test's own."""

import os
import pwd
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from console.servers import host

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}/log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.goodterms.test
mydestination =
local_transport = error:nobody lives here
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
disable_dns_lookups = yes
smtp_host_lookup = native
transport_maps = texthash:{folder}/transport
default_transport = smtp:[127.0.0.1]:{mx}
relayhost =
biff = no
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
maximal_queue_lifetime = {lifetime}
bounce_queue_lifetime = {lifetime}
delay_warning_time = 0
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_discard_ehlo_keywords = chunking
"""
SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str:
    """Why it cannot be started here; empty when it can."""
    if not shutil.which("postfix"):
        return "postfix is not installed (Debian: postfix)"
    return "" if os.geteuid() == 0 else "a private postfix needs root"


@dataclass
class Server:
    """A mail server of the test's own: what it says to a recipient, and what it took."""

    says: Callable[[str], str] = lambda recipient: "250 2.1.5 ok"
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    def wait(self, count: int = 1, *, patience_s: float = 60.0) -> list[tuple[str, bytes]]:
        """What it took, as soon as there is so much of it."""
        deadline = time.monotonic() + patience_s
        while len(self.taken) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.taken


@contextmanager
def server(**over: Callable[[str], str]) -> Iterator[Server]:
    """Serve until the block ends."""
    one = Server(**over)

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            recipient = ""
            self.wfile.write(b"220 server\r\n")
            for words in iter(self.rfile.readline, b""):
                verb, answer = words[:4].upper(), "250 ok"
                if verb == b"RCPT":
                    recipient = words.partition(b"<")[2].partition(b">")[0].decode()
                    answer = one.says(recipient)
                elif verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    one.taken.append((recipient, b"".join(iter(self.rfile.readline, b".\r\n"))))
                elif verb == b"QUIT":
                    answer = "221 bye"
                self.wfile.write(f"{answer}\r\n".encode())

    class Threads(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with Threads(("127.0.0.1", 0), Talk) as running:
        one.port = running.server_address[1]
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        yield one
        running.shutdown()


@contextmanager
def relay(*, mx: int, bounces: tuple[str, int], lifetime: str = "3s") -> Iterator[str]:
    """Serve until the block ends; mail for the domain of `bounces` goes to its port, all other to `mx`."""
    folder, port = Path(tempfile.mkdtemp(prefix="relay-")), host.free_port()
    try:
        folder.chmod(0o755)
        for name in ("queue", "data", "log", "etc"):
            (folder / name).mkdir(mode=0o755)
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        (folder / "transport").write_text(f"{bounces[0]} smtp:[127.0.0.1]:{bounces[1]}\n")
        (folder / "etc/main.cf").write_text(MAIN.format(folder=folder, mx=mx, lifetime=lifetime))
        (folder / "etc/master.cf").write_text(SERVICES.format(port=port))
        _postfix(folder, "start")
        try:
            yield f"smtp://127.0.0.1:{port}"
        finally:
            _postfix(folder, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postfix(folder: Path, act: str) -> None:
    done = subprocess.run(
        ["postfix", "-c", str(folder / "etc"), act], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise RuntimeError(f"postfix did not {act}: {(done.stderr or done.stdout)[-500:]}")
