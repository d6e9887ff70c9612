"""Every file store keeps what it is given, and gives it back as a stream."""

import io

import pytest

from tenants.adapters.documents import FolderStore, MemoryStore


@pytest.fixture(params=["folder", "memory"])
def files(request, tmp_path):
    return FolderStore(str(tmp_path)) if request.param == "folder" else MemoryStore()


def test_a_file_is_given_back_and_can_be_read_again(files):
    files.keep("alder/imports/1", io.BytesIO(b"No,Name\n"))
    with files.open("alder/imports/1") as file:
        assert file.read() == b"No,Name\n"
        file.seek(0)
        assert file.read(2) == b"No"


def test_keeping_again_replaces(files):
    for words in (b"old", b"new"):
        files.keep("alder/imports/1", io.BytesIO(words))
    with files.open("alder/imports/1") as file:
        assert file.read() == b"new"


def test_an_unknown_key_is_said_so(files):
    with pytest.raises(KeyError):
        files.open("alder/imports/2")


def test_a_key_stays_inside_the_store(tmp_path):
    with pytest.raises(ValueError, match="inside"):
        FolderStore(str(tmp_path)).keep("../elsewhere", io.BytesIO(b""))
