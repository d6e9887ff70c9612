"""A real IMAP server on loopback: a private dovecot with one mailbox, where Debian's package and root are at hand."""

import os
import pwd
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.servers import children, host

CONFIG = """
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  client_limit = 10
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
"""


def missing() -> str:
    """Why it cannot be started here; empty when it can."""
    if not shutil.which("dovecot"):
        return "dovecot is not installed (Debian: dovecot-imapd)"
    return "" if os.geteuid() == 0 else "a private dovecot needs root"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve until the block ends; gives the address, and the folder into which new mails are laid."""
    owner = pwd.getpwnam("nobody")
    for name in ("mail/new", "mail/cur", "mail/tmp", "home", "run"):
        (folder / name).mkdir(parents=True)
    for place in [folder, *folder.rglob("*")]:
        place.chmod(0o755)
        if "run" not in place.parts[-1:]:
            os.chown(place, owner.pw_uid, owner.pw_gid)
    port, log = host.free_port(), folder / "log"
    config = folder / "dovecot.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, uid=owner.pw_uid, gid=owner.pw_gid))
    process = children.launch(["dovecot", "-F", "-c", str(config)], log=log)
    try:
        children.wait_until(lambda: _answers(port), process=process, name="dovecot", log=log, patience=60)
        yield f"imap://dana:secret@127.0.0.1:{port}/INBOX", folder / "mail"
    finally:
        children.stop(process, how=signal.SIGTERM, patience=5)


def lay(mail: Path, name: str, raw: bytes) -> None:
    """Deliver one mail."""
    owner = pwd.getpwnam("nobody")
    draft = mail / "tmp" / name
    draft.write_bytes(raw)
    os.chown(draft, owner.pw_uid, owner.pw_gid)
    draft.rename(mail / "new" / name)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
            return line.recv(64).startswith(b"* OK")
    except OSError:
        return False
