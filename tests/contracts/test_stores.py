"""What every place for documents promises: what was put is there whole, and no key leads out of it."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from tenants import assembly
from tenants.adapters.buckets import BucketStore
from tenants.adapters.documents import FolderStore, MemoryStore
from tests.contracts import seaweed


def in_bucket(address, url):
    return BucketStore(address, region="us-east-1", endpoint=url)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server that checks keys and holds locks."""
    if seaweed.program() is None:
        pytest.skip("SeaweedFS (weed) is not installed")
    with seaweed.served(tmp_path_factory.mktemp("seaweed")) as address:
        yield address


@pytest.fixture(params=["folder", "bucket", "memory", "seaweed"])
def store(request, tmp_path, credentials):
    if request.param == "seaweed":
        return in_bucket("s3://papers/goodterms", request.getfixturevalue("server"))
    if request.param == "bucket":
        return in_bucket("s3://papers/goodterms", request.getfixturevalue("bucket"))
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


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "alder/../../outside", "alder//1", "alder/./1", ""])
def test_no_key_leads_out_of_the_prefix(bucket, key):
    kept = in_bucket("s3://papers/goodterms", bucket)
    for ask in (lambda: kept.put(key, b"x", media_type="text/plain"), lambda: kept.get(key), lambda: kept.link(key)):
        with pytest.raises(ValueError, match="inside the store"):
            ask()


def test_two_prefixes_of_one_bucket_do_not_meet(bucket):
    in_bucket("s3://papers/one", bucket).put("alder/1", b"one", media_type="text/plain")
    with pytest.raises(KeyError):
        in_bucket("s3://papers/two", bucket).get("alder/1")
    assert in_bucket("s3://papers", bucket).get("one/alder/1") == b"one"


def test_a_link_fetches_one_document_and_lives_five_minutes_at_most(bucket):
    kept = in_bucket("s3://papers/goodterms", bucket)
    kept.put("alder/1.pdf", b"%PDF", media_type="application/pdf")
    address = kept.link("alder/1.pdf")
    with urlopen(address) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"%PDF", "application/pdf")
    assert "X-Amz-Expires=300" in address or "Expires=" in address
    for wrong in (timedelta(minutes=6), timedelta(0)):
        with pytest.raises(ValueError, match="five minutes"):
            kept.link("alder/1.pdf", lifetime=wrong)


def test_a_real_server_opens_a_link_to_its_one_document_and_to_no_other(server, credentials):
    kept = in_bucket("s3://papers/goodterms", server)
    kept.put("alder/1.pdf", b"%PDF", media_type="application/pdf")
    kept.put("birch/1.pdf", b"%PDF of Birch", media_type="application/pdf")
    link = kept.link("alder/1.pdf")
    with urlopen(link) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"%PDF", "application/pdf")
    for wrong in (link.replace("/alder/", "/birch/"), link.partition("?")[0]):
        with pytest.raises(HTTPError) as refused:
            urlopen(wrong)
        assert refused.value.code == 403


def test_what_is_locked_outlives_whoever_has_all_keys(server, credentials):
    owner = seaweed.client(server)
    owner.create_bucket(Bucket="sealed", ObjectLockEnabledForBucket=True)
    kept = BucketStore("s3://sealed/goodterms", region="us-east-1", endpoint=server, locked_for=timedelta(days=1))
    kept.put("alder/1.pdf", b"%PDF", media_type="application/pdf")
    held = owner.head_object(Bucket="sealed", Key="goodterms/alder/1.pdf")
    assert held["ObjectLockMode"] == "COMPLIANCE"
    assert held["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(hours=23)
    with pytest.raises(ClientError, match="AccessDenied"):
        owner.delete_object(Bucket="sealed", Key="goodterms/alder/1.pdf", VersionId=held["VersionId"])
    assert kept.get("alder/1.pdf") == b"%PDF"


def test_a_wrong_key_is_a_store_that_is_away(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "else")
    kept = in_bucket("s3://papers/goodterms", server)
    for ask in (lambda: kept.get("alder/1.pdf"), lambda: kept.put("a/1", b"x", media_type="text/plain")):
        with pytest.raises(OSError, match="away"):
            ask()


def test_a_store_that_is_away_looks_like_a_disk_that_is_away(credentials):
    kept = in_bucket("s3://papers", "http://127.0.0.1:1")
    for ask in (
        lambda: kept.put("a/1", b"x", media_type="text/plain"),
        lambda: kept.get("a/1"),
        lambda: kept.keep("a/1", io.BytesIO(b"x")),
    ):
        with pytest.raises(OSError, match="away"):
            ask()


def test_a_bucket_that_is_not_there_is_away_and_not_an_empty_store(aws, credentials):
    with pytest.raises(OSError, match="away"):
        in_bucket("s3://nobodys/goodterms", aws).get("alder/1")


@pytest.mark.parametrize("address", ["s3://", "s3:///prefix", "/folder"])
def test_an_address_without_a_bucket_is_no_store(address):
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        BucketStore(address)


def test_the_settings_choose_the_store(settings, tmp_path):
    folder = assembly.make_tools(replace(settings, documents=str(tmp_path), mailer="memory"))
    bucket = assembly.make_tools(
        replace(settings, documents="s3://papers/goodterms", documents_locked_days=30, mailer="memory")
    )
    assert (type(folder.documents), type(bucket.files)) == (FolderStore, BucketStore)
    assert bucket.documents._locked_for == timedelta(days=30)
