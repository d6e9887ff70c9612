"""A mailbox on a real IMAP server: everything is fetched once it came, and again until it was put away."""

import tempfile
from pathlib import Path

import pytest

from tenants.adapters import imap
from tenants.adapters.imap import ImapBox
from tests.contracts import dovecot

MAIL = b"From: dana@dune.test\r\nSubject: Re: Invoice\r\n\r\nOn Friday.\r\n"


@pytest.fixture(scope="module")
def server():
    if reason := dovecot.missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="goodterms-dovecot-") as folder:
        Path(folder).chmod(0o755)  # the server reads mail as nobody
        with dovecot.served(Path(folder)) as found:
            yield found


def test_what_was_not_put_away_comes_again_and_what_was_does_not(server):
    url, mail = server
    box = ImapBox(url)
    assert box.fetch() == []
    for number in (1, 2):
        dovecot.lay(mail, f"{number}.one", MAIL + b"%d" % number)
    first = box.fetch()
    assert sorted(each.raw.rpartition(b"\n")[2] for each in first) == [b"1", b"2"]
    box.done(first[0])
    assert [each.raw for each in box.fetch()] == [first[1].raw]
    again = ImapBox(url)
    assert [each.raw for each in again.fetch()] == [first[1].raw]
    again.done(first[1])
    assert box.fetch() == [] and len(list((mail / "cur").iterdir())) == 2, "nothing is deleted"


def test_what_is_larger_than_we_take_is_put_away_unread(server, monkeypatch):
    url, mail = server
    monkeypatch.setattr(imap, "LARGEST", 100)
    dovecot.lay(mail, "large", MAIL + b"x" * 200)
    dovecot.lay(mail, "small", MAIL)
    box = ImapBox(url)
    found = box.fetch()
    assert [len(each.raw) for each in found] == [len(MAIL)]
    box.done(found[0])
    assert box.fetch() == []


def test_a_line_that_broke_is_opened_anew(server):
    url, mail = server
    box = ImapBox(url)
    box.fetch()
    box._line.shutdown()
    with pytest.raises(OSError, match="did not answer"):
        box.fetch()
    dovecot.lay(mail, "later", MAIL)
    (found,) = box.fetch()
    box.done(found)


def test_a_wrong_password_or_no_server_is_a_mailbox_that_is_away(server):
    url, _ = server
    for wrong in (url.replace("secret", "guess"), "imap://dana:secret@127.0.0.1:1"):
        with pytest.raises(OSError, match="did not answer"):
            ImapBox(wrong, patience_s=30).fetch()


@pytest.mark.parametrize("url", ["imap://dana:secret@mail.test", "http://x", "imaps://a:b@c.test/a%22b"])
def test_no_password_goes_over_an_open_line_and_no_folder_is_a_command(url):
    with pytest.raises(ValueError, match="named"):
        ImapBox(url)
