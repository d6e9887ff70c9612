"""Calls to clients' programs: to the open internet only, to the address that was judged, never with an exception."""

import contextlib
import socket
import threading

import pytest

from tenants.adapters import hooks, identity_providers
from tenants.directory.ports import Unreachable
from tenants.rules.ports import Heard, Hook

HOOK = Hook("https://erp.example.com/a?b=1", {"webhook-id": "1"}, b"{}")
PUBLIC = "93.184.215.14"


def resolving(*addresses):
    return lambda _host, _port: list(addresses)


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:a00:1::",
        "fec0::1",
        "192.0.0.8",
    ],
)
def test_a_name_that_leads_inside_is_not_called_even_beside_one_that_leads_outside(inside):
    for found in ((inside,), (PUBLIC, inside)):
        with pytest.raises(hooks.Forbidden):
            hooks.judged(HOOK.url, lookup=resolving(*found))
        assert hooks.Caller(lookup=resolving(*found)).call(HOOK).status == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example.com/",
        "https://erp.example.com:22/",
        "https://user:word@erp.example.com/",
        "https:///nowhere",
        "file:///etc/passwd",
        "https://erp.example.com:99999/",
    ],
)
def test_only_plain_https_addresses_are_called(url):
    answer = hooks.Caller(lookup=resolving(PUBLIC)).call(Hook(url, {}, b""))
    assert answer.status == 0 and answer.detail.startswith("not called")


def test_the_address_that_was_judged_is_the_one_that_is_called():
    assert hooks.judged(HOOK.url, lookup=resolving(PUBLIC)) == ("erp.example.com", 443, PUBLIC)
    assert hooks.judged("https://erp.example.com:8443/", lookup=resolving(PUBLIC))[1] == 8443


def test_a_name_without_an_address_and_one_that_cannot_be_looked_up_become_answers():
    def away(_host, _port):
        raise OSError("no name service")

    assert hooks.Caller(lookup=resolving()).call(HOOK).status == 0
    assert "no name service" in hooks.Caller(lookup=away).call(HOOK).detail


def test_a_host_that_does_not_answer_becomes_an_answer(monkeypatch):
    monkeypatch.setattr(hooks, "PATIENCE_S", 0.2)
    monkeypatch.setattr(hooks, "judged", lambda url, lookup: ("localhost", 9, "127.0.0.1"))
    assert hooks.Caller().call(HOOK).detail.startswith("no answer")


def test_an_answer_that_comes_a_sign_at_a_time_is_cut_off(monkeypatch):
    """Each sign comes in time, so patience with each would never end, and a client's host would hold us."""
    monkeypatch.setattr(identity_providers, "PATIENCE_S", 0.3)
    over = threading.Event()

    def trickle(door):
        with contextlib.suppress(OSError), door.accept()[0] as wire:  # nobody listens to the end
            wire.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not over.wait(0.05):
                wire.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=trickle, args=(door,), daemon=True).start()
        with pytest.raises(Unreachable):
            identity_providers.Providers(loopback=True).document(f"http://127.0.0.1:{door.getsockname()[1]}/x")
        over.set()


def test_an_address_of_the_open_internet_is_one():
    assert all(hooks.is_outside(each) for each in (PUBLIC, "2606:4700::1111", "::ffff:93.184.215.14"))


def test_the_memory_twin_remembers_and_answers_as_told():
    twin = hooks.MemoryCaller(Heard(503))
    assert [twin.call(HOOK).status, twin.call(HOOK).status] == [503, 200]
    assert twin.calls == [HOOK, HOOK]
