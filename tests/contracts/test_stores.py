"""What every place for documents promises: what was put is there whole, and no key leads out of it."""

import io

import pytest

from tenants.adapters.documents import FolderStore, MemoryStore


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return FolderStore(str(tmp_path / "documents")) if request.param == "folder" else MemoryStore()


def test_what_was_put_comes_back(store):
    store.put("alder/documents/1.pdf", b"%PDF", media_type="application/pdf")
    assert store.get("alder/documents/1.pdf") == b"%PDF"


def test_putting_again_replaces_the_whole(store):
    store.put("alder/1", b"a long first version", media_type="text/plain")
    store.put("alder/1", b"short", media_type="text/plain")
    assert store.get("alder/1") == b"short"


def test_what_was_never_put_is_a_missing_key(store):
    with pytest.raises(KeyError):
        store.get("alder/nothing")
    with pytest.raises(KeyError):
        store.open("alder/nothing")


def test_a_file_is_kept_from_where_it_stands(store):
    file = io.BytesIO(b"head,body")
    file.seek(5)
    store.keep("alder/ledger.csv", file)
    with store.open("alder/ledger.csv") as kept:
        assert (kept.read(2), kept.seek(0), kept.read()) == (b"bo", 0, b"body")


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "alder/../../outside", ""])
def test_no_key_leads_out_of_the_folder(tmp_path, key):
    folder = FolderStore(str(tmp_path / "documents"))
    with pytest.raises(ValueError, match="inside the store"):
        folder.put(key, b"x", media_type="text/plain")
    with pytest.raises(ValueError, match="inside the store"):
        folder.get(key)
