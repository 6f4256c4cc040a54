"""What a bucket does that is not well: every answer becomes a sentence that names the cause, and nothing is lost."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import obstore
import pytest

from tests.mailbox import certificate
from tests.storage import buckets
from tests.storage.bytes_of import MIB, some
from tests.storage.failing_server import Answer, Reply, answering, complaint
from tests.storage.faulty import Faults, between
from wharfinger.storage.bucket import Bucket
from wharfinger.storage.connect import Account, open_bucket
from wharfinger.storage.ledger import MemoryLedger
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.store import BytesMissing, StoreFailed

BODY = b"0123456789" * 100


def bucket_at(address: str, **known: timedelta) -> Bucket:
    account = replace(buckets.s3_account(address), **{"retry_for": timedelta(seconds=1)} | known)
    return open_bucket("s3://bucket", account)


def put(bucket: Bucket, data: bytes = BODY) -> None:
    writer = bucket.writer("objects/ab/name", 5 * MIB)
    writer.write(data)
    writer.finish()


def get(bucket: Bucket) -> bytes:
    return b"".join(bucket.read("objects/ab/name", 0, len(BODY)))


def always(reply: Reply) -> Answer:
    return lambda method, path: reply


COMPLAINTS = [
    (404, "NoSuchBucket", r"no such bucket.*\[storage\] url"),
    (403, "InvalidAccessKeyId", r"access key.*\[storage\] access_key"),
    (403, "SignatureDoesNotMatch", r"secret key.*\[storage\] secret_key"),
    (403, "RequestTimeTooSkewed", r"clock is wrong.*NTP"),
    (400, "AuthorizationHeaderMalformed", r"another region.*\[storage\] region"),
    (301, "PermanentRedirect", r"another region.*\[storage\] region"),
    (403, "AccessDenied", r"access is denied"),
    (400, "KMS.NotFoundException", r"server-side encryption.*encryption_key"),
    (403, "AuthenticationFailed", r"secret_key.*clock"),
    (503, "SlowDown", r"overloaded"),
    (500, "InternalError", r"usually passes"),
    (418, "NeverHeardOfThis", r"NeverHeardOfThis|418"),
]


@pytest.mark.parametrize(("status", "code", "says"), COMPLAINTS, ids=[code for _, code, _ in COMPLAINTS])
def test_what_the_provider_says_is_put_in_words(status: int, code: str, says: str) -> None:
    """While writing, reading and deleting; the client hears none of it."""
    reply = Reply(status, complaint(code, "StringToSign lovelace"))
    with answering(always(reply)) as address:
        bucket = bucket_at(address)
        acts: list[Callable[[], object]] = [lambda: put(bucket), lambda: get(bucket), lambda: bucket.delete(["name"])]
        for act in acts:
            with pytest.raises(StoreFailed, match=says) as refused:
                act()
            assert "s3://bucket" in str(refused.value)
            assert "lovelace" not in str(refused.value)
            assert refused.value.outward == "the registry's storage is failing: try again later"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_passes_is_tried_again(status: int) -> None:
    tries = list[str]()

    def twice(method: str, path: str) -> Reply:
        tries.append(method)
        if len(tries) < 3:
            return Reply(status)
        return Reply(206, BODY, _range(len(BODY))) if method == "GET" else Reply()

    for act in (put, get):
        tries.clear()
        with answering(twice) as address:
            act(bucket_at(address, retry_for=timedelta(seconds=10)))
        assert len(tries) == 3


def test_nobody_there() -> None:
    bucket = bucket_at("http://127.0.0.1:1")
    for act in (put, get):
        with pytest.raises(StoreFailed, match=r"cannot be reached.*endpoint"):
            act(bucket)


def check(bucket: Bucket) -> None:
    """As `doctor` does."""
    ObjectStore(MemoryLedger(), Shelf(bucket)).check()


def test_a_name_that_is_not_known() -> None:
    with pytest.raises(StoreFailed, match=r"its name is not known here.*endpoint"):
        check(bucket_at("http://objects.invalid"))


def test_a_port_where_nobody_listens() -> None:
    with pytest.raises(StoreFailed, match=r"nobody listens at that address.*endpoint"):
        check(bucket_at("http://127.0.0.1:1"))


def test_an_endpoint_without_tls() -> None:
    with answering(always(Reply())) as address, pytest.raises(StoreFailed, match=r"does not speak TLS.*http://"):
        check(bucket_at(address.replace("http:", "https:")))


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    untrusted = pytest.raises(StoreFailed, match=r"certificate is not trusted.*ca_file")
    with answering(always(Reply()), tls=context) as address, untrusted:
        check(bucket_at(address))


def test_google_is_told_of_by_its_own_settings() -> None:
    with answering(always(Reply(403, complaint("AccessDenied")))) as address:
        bucket = open_bucket("gs://bucket", buckets.quick(endpoint=address, session_token="token"))
        with pytest.raises(StoreFailed, match=r"check \[storage\] key_file, and"):
            put(bucket)
    with pytest.raises(StoreFailed, match="key_file is to be the JSON key of a service account"):
        open_bucket("gs://bucket", buckets.quick(key_text="no key"))


def test_an_answer_that_does_not_come() -> None:
    quick = {"timeout": timedelta(milliseconds=300), "retry_for": timedelta(milliseconds=100)}
    with answering(always(Reply(200, BODY, after_seconds=3))) as address:
        bucket = bucket_at(address, **quick)
        for act in (put, get):
            with pytest.raises(StoreFailed, match=r"in time.*network"):
                act(bucket)


def test_an_answer_that_breaks_off() -> None:
    """The provider promised more than it sent, again and again."""
    broken = Reply(206, BODY[:300], _range(len(BODY)), promised=len(BODY))
    with answering(always(broken)) as address, pytest.raises(StoreFailed, match="cannot read"):
        get(bucket_at(address))


def test_an_object_that_is_too_short() -> None:
    with answering(always(Reply(206, BODY[:300], _range(300)))) as address:
        pieces = bucket_at(address).read("objects/ab/name", 0, len(BODY))
        assert next(pieces) == BODY[:300]
        with pytest.raises(BytesMissing, match="700 bytes too early"):
            next(pieces)


def _range(size: int) -> dict[str, str]:
    return {"content-range": f"bytes 0-{size - 1}/{size}"}


def test_an_object_that_is_not_there() -> None:
    bucket = buckets.on_s3()
    with pytest.raises(BytesMissing, match="push it again"):
        get(bucket)
    put(bucket, BODY[:10])
    with pytest.raises(BytesMissing):
        list(bucket.read("objects/ab/name", 20, 30))
    bucket.delete(["objects/ab/name", "objects/ab/never"])
    with pytest.raises(BytesMissing):
        get(bucket)


@pytest.mark.parametrize("make", [buckets.on_s3, buckets.on_azure, buckets.on_google], ids=["s3", "azure", "google"])
def test_giving_up_leaves_nothing(make: Callable[[], Bucket]) -> None:
    bucket = make()
    writer = bucket.writer("objects/ab/name", 5 * MIB)
    for number in range(12):
        writer.write(some(MIB, number))
    writer.abandon()
    assert not [it for page in obstore.list(bucket.reading) for it in page]


def test_the_bucket_of_another_cloud_is_named_too() -> None:
    account = buckets.azure_account()
    with pytest.raises(StoreFailed, match="no such bucket"):
        put(open_bucket("az://absent", account))
    wrong = replace(account, secret_key=b64encode(bytes(64)).decode())
    with pytest.raises(StoreFailed, match="secret_key"):
        put(open_bucket("az://absent", wrong))


@pytest.mark.parametrize("url", ["", "s3://", "ftp://bucket", "bucket"])
def test_what_is_no_bucket(url: str) -> None:
    with pytest.raises(StoreFailed, match="is no bucket"):
        open_bucket(url, Account())


@pytest.mark.parametrize(
    ("known", "headers"),
    [
        ({"encryption": "AES256"}, {"x-amz-server-side-encryption": "AES256"}),
        (
            {"encryption": "aws:kms", "encryption_key": "key-1"},
            {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "key-1"},
        ),
    ],
    ids=["SSE-S3", "SSE-KMS"],
)
def test_server_side_encryption_is_asked_for(known: dict[str, str], headers: dict[str, str]) -> None:
    """Of objects in one part and in many; moto keeps what it was asked."""
    name = buckets.new_bucket()
    bucket = open_bucket(f"s3://{name}", buckets.s3_account(**known))
    for number, size in enumerate([10, 11 * MIB]):
        writer = bucket.writer(f"object{number}", 5 * MIB)
        writer.write(some(size))
        writer.finish()
        link = bucket.link(f"object{number}", timedelta(minutes=1))
        assert link is not None
        answer = httpx.get(link)
        assert len(answer.content) == size
        assert {key: answer.headers.get(key) for key in headers} == headers


def test_google_is_asked_for_a_key_of_ones_own_with_what_makes_objects_and_nothing_else() -> None:
    """Every request that begins, fills or ends an object names it; those that read, list and delete do not."""
    key, faults, name = "projects/p/locations/eu/keyRings/r/cryptoKeys/k", Faults(), buckets.new_bucket()
    with between(buckets.moto(), faults) as address:
        account = buckets.quick(endpoint=address, session_token=buckets.SCOPE, encryption_key=key)
        bucket = open_bucket(f"gs://{name}", account)
        for number, size in enumerate([10, 11 * MIB]):
            writer = bucket.writer(f"objects/{number}", 5 * MIB)
            writer.write(some(size))
            writer.finish()
        assert [found.size_bytes for found in bucket.list("objects")] == [10, 11 * MIB]
        assert b"".join(bucket.read("objects/0", 0, 10)) == some(10)
        bucket.size("objects/1")
        bucket.rename("objects/1", "objects/2")
        bucket.delete(["objects/0", "objects/2"])
    told = {(method, "uploadId" in path): set[str | None]() for method, path in faults.asked}
    for (method, path), headers in zip(faults.asked, faults.heard, strict=True):
        told[method, "uploadId" in path].add(headers.get("x-goog-encryption-kms-key-name"))
    assert told.pop(("PUT", True)) == told.pop(("POST", True)) == told.pop(("PUT", False)) == {key}
    assert told.pop(("POST", False)) == {key}, "the beginning of many parts"
    assert set().union(*told.values()) == {None}, told


def test_a_key_that_google_may_not_use_is_told_from_a_bucket_that_we_may_not_use() -> None:
    denied = complaint("AccessDenied", "Permission denied on Cloud KMS key. Authorize your service account to use it.")
    with answering(always(Reply(403, denied))) as address:
        bucket = open_bucket("gs://bucket", buckets.quick(endpoint=address, session_token="token"))
        with pytest.raises(StoreFailed, match=r"encryption_key, and who may use it \(AccessDenied\)"):
            put(bucket)


def test_memory_stays_bounded_while_a_large_layer_flows() -> None:
    """A writer waits for the parts that are on their way, so a slow bucket slows the client and fills nothing."""
    arrived = list[str]()

    def slow(method: str, path: str) -> Reply:
        if method == "POST" and "uploads" in path:
            body = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
            return Reply(200, body)
        if method == "POST":
            return Reply(200, b'<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>')
        arrived.append(path)
        return Reply(200, after_seconds=0.05)

    with answering(slow) as address:
        store = ObjectStore(MemoryLedger(), Shelf(bucket_at(address), part_bytes=5 * MIB))
        store.begin("ab" * 16)
        piece = some(MIB)
        with store.open("ab" * 16) as upload:
            for number in range(100):
                upload.write(piece)
                assert (number + 1) // 5 - len(arrived) <= 6, "four on their way, one being filled, one being counted"
    assert len(arrived) == 20
