"""The stores of materials, a folder and a real S3 server, held to the same: nothing half done, unverified or lost."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from approval.materials import MaterialRules, Materials
from approval.matters import Application
from approval.s3_store import S3Rules, S3Store
from approval.storekeeping import Storekeeper
from approval.stores import FolderStore, Store, Stored
from config.settings import load_settings
from core.clock import FrozenClock, SystemClock
from core.errors import ConfigError, NotFound, UpstreamError
from hosting import material_store
from tests.hosting import APPLICANT, ITEM, Hall

PDF = b"%PDF-1.4\n" + os.urandom(3 << 20)  # more than fits into a piece, and than is held in memory
SHA256 = hashlib.sha256(PDF).hexdigest()
BUCKET = "materials"


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    """moto's S3 server on a socket of this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def rules(address: str, prefix: str = "", **more: object) -> S3Rules:
    return S3Rules(address, BUCKET, "us-east-1", "key", "secret", prefix, **more)  # type: ignore[arg-type]


@pytest.fixture
def bucket(s3_address: str) -> Iterator[boto3.resources.base.ServiceResource]:
    made = boto3.resource("s3", endpoint_url=s3_address, region_name="us-east-1", aws_access_key_id="key",
                          aws_secret_access_key="secret").Bucket(BUCKET)
    made.create()
    yield made
    made.objects.delete()
    made.delete()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    request.getfixturevalue("bucket")
    return S3Store(rules(request.getfixturevalue("s3_address"), "city/"))


def read(materials: Materials, sha256: str = SHA256) -> bytes:
    with materials.open(sha256) as file:
        return file.read()


def test_what_is_kept_comes_back_and_is_one_file(store: Store):
    materials = Materials(store, MaterialRules())
    assert materials.keep("a", "x.pdf", BytesIO(PDF)).sha256 == materials.keep("b", "y.pdf", PDF).sha256 == SHA256
    assert read(materials) == PDF
    assert [(one.sha256, one.size) for one in store.each()] == [(SHA256, len(PDF))]


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "A" * 64, "0" * 64, "*"])
def test_nothing_but_a_digest_names_a_file(store: Store, digest: str):
    with pytest.raises(NotFound, match="material_not_found"):
        Materials(store, MaterialRules()).open(digest)


def test_bytes_that_changed_in_the_store_are_not_given_out(store: Store):
    materials = Materials(store, MaterialRules())
    store.keep(SHA256, BytesIO(PDF[:-1] + b"!"), len(PDF))
    with pytest.raises(UpstreamError, match="material_damaged"):
        materials.open(SHA256)


def test_a_file_kept_again_counts_as_new_and_is_not_forgotten(store: Store):
    store.keep(SHA256, BytesIO(PDF), len(PDF))
    first = next(iter(store.each())).at_us
    store.forget(SHA256, first)
    assert [one.sha256 for one in store.each()] == [SHA256]
    store.forget(SHA256, SystemClock().now_us() + 10_000_000)
    assert list(store.each()) == []


def test_a_line_that_breaks_within_a_file_is_told():
    class Breaks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(PDF)))
            self.end_headers()
            self.wfile.write(PDF[:100_000])

        def log_message(self, *_told: object) -> None:
            """Nothing on the terminal."""

    with HTTPServer(("127.0.0.1", 0), Breaks) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        broken = Materials(S3Store(rules(f"http://127.0.0.1:{server.server_port}", attempts=1)), MaterialRules())
        with pytest.raises(UpstreamError, match="material_unreachable"):
            broken.open(SHA256)
        server.shutdown()


def test_a_service_that_is_away_is_told_and_the_file_not_taken_in():
    away = Materials(S3Store(rules("http://127.0.0.1:9", timeout_s=0.5, attempts=1)), MaterialRules())
    with pytest.raises(UpstreamError, match="material_not_stored") as failure:
        away.keep("a", "x.pdf", PDF)
    assert "secret" not in str(failure.value)


def test_the_keys_of_the_store_are_in_no_message(s3_address: str):
    assert "secret" not in repr(rules(s3_address))
    with pytest.raises(ConfigError, match="s3_incomplete"):
        material_store(load_settings({"s3.endpoint": s3_address}), "s3")


# A disk that is full ----------------------------------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte."""
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0 or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here; the next test fills the disk by a fault instead")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full_leaves_nothing_and_takes_what_still_fits(small_disk: Path):
    materials = Materials(FolderStore(small_disk), MaterialRules())
    with pytest.raises(UpstreamError, match="material_not_stored") as failure:
        materials.keep("a", "x.pdf", PDF)
    assert "space" in failure.value.details["reason"]
    assert [path for path in small_disk.rglob("*") if path.is_file()] == []
    assert materials.keep("a", "small.pdf", b"%PDF-1.4\n1").size == 10


def test_a_disk_that_fills_while_it_is_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fills(source: object, target: object, _length: int = 0) -> None:
        target.write(PDF[:1000])  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", fills)
    with pytest.raises(UpstreamError, match="material_not_stored"):
        Materials(FolderStore(tmp_path), MaterialRules()).keep("a", "x.pdf", PDF)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# Storekeeping -----------------------------------------------------------------------------------------------------

def keeper(hall: Hall, **later: float) -> Storekeeper:
    """Its clock is the real one, moved on."""
    clock = FrozenClock(SystemClock().now() + timedelta(**later))
    return Storekeeper(hall.services.database, hall.approval.materials, 7, clock)


def filed(hall: Hall, content: bytes = PDF) -> str:
    upload = hall.approval.materials.keep("jishu", "x.pdf", content)
    return hall.approval.intake.file(Application(ITEM, APPLICANT, "城南基站", uploads=(upload,)), "web").case_no


def test_only_what_no_case_and_no_draft_names_is_swept_and_only_when_it_is_old(tmp_path: Path):
    hall = Hall(tmp_path)
    filed(hall)
    drafts = hall.approval.drafts
    in_draft = drafts.attach(drafts.begin(ITEM), "jishu", "d.pdf", b"%PDF-draft")
    orphan = hall.approval.materials.keep("jishu", "o.pdf", b"%PDF-orphan")
    part = next((tmp_path / "materials").glob("??")) / ".part-crash"
    part.write_bytes(b"half")
    assert keeper(hall, days=6).sweep() == 0
    assert keeper(hall, days=8).sweep(is_dry=True) == 2
    assert keeper(hall, days=8).sweep() == 2
    assert read(hall.approval.materials, in_draft.sha256) == b"%PDF-draft"
    assert read(hall.approval.materials) == PDF
    assert not part.exists()
    with pytest.raises(NotFound):
        hall.approval.materials.open(orphan.sha256)


def test_what_others_put_into_the_bucket_stops_no_sweep(tmp_path: Path, s3_address: str, bucket: Any):
    hall = Hall(tmp_path)
    materials = Materials(S3Store(rules(s3_address, "city/")), MaterialRules())
    materials.keep("jishu", "x.pdf", PDF)
    others = ["city/readme.txt", f"city/backup/{SHA256}", "city/zz/"]
    for name in others:
        bucket.put_object(Key=name, Body=b"of somebody else")
    clock = FrozenClock(SystemClock().now() + timedelta(days=8))
    assert Storekeeper(hall.services.database, materials, 7, clock).sweep() == 1
    assert sorted(one.key for one in bucket.objects.all()) == sorted(others)


@pytest.mark.usefixtures("bucket")
def test_a_file_that_went_meanwhile_stops_no_sweep(tmp_path: Path, s3_address: str, monkeypatch: pytest.MonkeyPatch):
    store = S3Store(rules(s3_address))
    monkeypatch.setattr(store, "each", lambda: iter([Stored(digest * 64, 1, 0) for digest in "ab"]))
    hall = Hall(tmp_path)
    assert Storekeeper(hall.services.database, Materials(store, MaterialRules()), 7).sweep() == 2


def test_the_check_names_what_is_missing_and_what_is_damaged(tmp_path: Path):
    hall = Hall(tmp_path)
    for content in (PDF, b"%PDF-gone", b"%PDF-bad"):
        filed(hall, content)
    place = {one: tmp_path / "materials" / one[:2] / one for one in
             (hashlib.sha256(content).hexdigest() for content in (b"%PDF-gone", b"%PDF-bad"))}
    gone, bad = place
    place[gone].unlink()
    place[bad].write_bytes(b"%PDF-worse")
    found = keeper(hall).check()
    assert (found.files, found.missing, found.damaged) == (3, (gone,), (bad,))


def test_a_store_is_carried_to_the_other_and_serves_there(tmp_path: Path, s3_address: str, bucket: object):
    hall = Hall(tmp_path)
    filed(hall)
    to = S3Store(rules(s3_address))
    assert keeper(hall).carry(to) == 1
    assert keeper(hall).carry(to) == 1  # begun anew after it was broken off
    assert read(Materials(to, MaterialRules())) == PDF
