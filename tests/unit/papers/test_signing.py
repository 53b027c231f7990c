"""Signatures: by our own check, by pyHanko's validator and by poppler's pdfsig; what was changed afterwards is told."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from core.child import ChildLimits, Children
from core.errors import ConfigError, NotFound, UpstreamError
from papers.fonts import Fonts
from papers.keys import KeyRing, Signature
from papers.pdf_file import render
from papers.pdf_signature import sign
from papers.signature import By, Finding, check_signature
from papers.signing import Statement
from tests.ground import font_folder
from tests.unit.papers.specimen import PAPER

CHILDREN = Children()
STATEMENT = Statement("新工信受〔2026〕1号", "pdf", "a" * 64, "hosted:1").as_bytes()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing(tmp_path_factory.mktemp("keys"), "新余市政务服务平台")


@pytest.fixture(scope="module")
def signed(keys: KeyRing) -> bytes:
    fonts = Fonts(folder=font_folder())
    if fonts.missing():
        pytest.skip("no Chinese fonts: scripts/setup test brings them")
    drawn = render(PAPER, fonts)
    made = sign(drawn.content, keys.certificate_file("gongxin"), PAPER.issuer, drawn.seal_at)
    assert made.startswith(drawn.content)
    return made


# Keys -------------------------------------------------------------------------------------------------------------

def test_a_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path):
    keys = KeyRing(tmp_path, "x")
    made = keys.sign(STATEMENT)
    assert KeyRing(tmp_path, "x").sign(STATEMENT) == made
    private = tmp_path / f"ed25519-{made.key_id}.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_another_statement_or_another_signature_is_refused(keys: KeyRing):
    made = keys.sign(STATEMENT)
    assert keys.check(STATEMENT, made)
    assert not keys.check(STATEMENT.replace(b"hosted:1", b"hosted:2"), made)
    assert not keys.check(STATEMENT, Signature(made.key_id, "00" * 64))
    assert not keys.check(STATEMENT, Signature(made.key_id, "no hex"))


@pytest.mark.parametrize("key_id", ["20200101-1", "../installation", ""])
def test_a_key_nobody_knows_is_told(keys: KeyRing, key_id: str):
    with pytest.raises(NotFound, match="paper_key_unknown"):
        keys.check(STATEMENT, Signature(key_id, "00" * 64))


def test_after_a_rotation_new_keys_sign_and_the_old_ones_still_check(tmp_path: Path):
    keys = KeyRing(tmp_path, "x")
    first, old = keys.sign(STATEMENT), keys.certificate_file("gongxin").read_bytes()
    old_id = keys.certificate_ids()[0]
    keys.rotate()
    second = keys.sign(STATEMENT)
    assert second.key_id != first.key_id
    assert keys.check(STATEMENT, first)
    assert keys.check(STATEMENT, second)
    assert keys.key_ids("pem") == [second.key_id]
    assert keys.certificate_file("gongxin").read_bytes() != old
    assert old_id in keys.certificate_ids()
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in (tmp_path / "certificates").iterdir())


def test_the_tenth_key_of_a_day_is_newer_than_the_ninth(tmp_path: Path):
    keys = KeyRing(tmp_path, "x")
    for _ in range(11):
        keys.rotate()
    assert keys.current().endswith("-11")


def test_a_unit_with_a_certificate_of_its_own_signs_with_it(keys: KeyRing, tmp_path: Path):
    own = KeyRing(tmp_path, "新余市工业和信息化局")
    shutil.copy(keys.certificate_file("x"), tmp_path / "gongxin.pem")
    assert own.certificate_file("gongxin").name == "gongxin.pem"
    assert own.certificate_file("fagai").name == "installation.pem"
    assert own.certificate_file("../gongxin").name == "installation.pem"


def test_a_file_without_a_key_is_named(tmp_path: Path, signed: bytes):
    (tmp_path / "installation.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="paper_key_unusable"):
        sign(signed, tmp_path / "installation.pem", "x")


# The PDF ----------------------------------------------------------------------------------------------------------

def test_the_validator_of_pyhanko_finds_it_whole_and_trusted(keys: KeyRing, signed: bytes):
    context = ValidationContext(trust_roots=[load_cert_from_pemder(str(keys.certificate_file("x")))], allow_fetching=False)
    signature, = PdfFileReader(BytesIO(signed)).embedded_signatures
    with ThreadPoolExecutor(1) as beside:  # it runs an event loop, and that of a browser may be in this thread
        status = beside.submit(validate_pdf_signature, signature, context).result()
    assert status.bottom_line
    assert status.trusted
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"  # PAdES


def test_pdfsig_of_poppler_finds_it_valid(signed: bytes, tmp_path: Path):
    if shutil.which("pdfsig") is None:
        pytest.skip("no poppler-utils: scripts/setup test brings it")
    (tmp_path / "signed.pdf").write_bytes(signed)
    told = subprocess.run(["pdfsig", "-nocert", str(tmp_path / "signed.pdf")], capture_output=True, text=True, check=True,
                          env={**os.environ, "HOME": str(tmp_path)}).stdout
    assert "Signature is Valid." in told
    assert "Total document signed" in told
    assert "新余市政务服务平台" in told


def test_what_was_signed_is_told_genuine_without_any_register(keys: KeyRing, signed: bytes):
    verdict = check_signature(signed, keys, CHILDREN)
    assert (verdict.finding, verdict.by, verdict.number) == (Finding.GENUINE, By.SIGNATURE, PAPER.number)


def test_one_byte_changed_is_told(keys: KeyRing, signed: bytes):
    place = signed.index(b"stream") + 40
    changed = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1:]
    verdict = check_signature(changed, keys, CHILDREN)
    assert (verdict.finding, verdict.is_added_to) == (Finding.ALTERED, False)


def test_a_page_rewritten_after_the_signature_is_told_as_added(keys: KeyRing, signed: bytes):
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    writer.root["/Lang"] = pdf_string("zh-CN")
    writer.update_root()
    added = BytesIO()
    writer.write(added)
    verdict = check_signature(added.getvalue(), keys, CHILDREN)
    assert (verdict.finding, verdict.is_added_to) == (Finding.ALTERED, True)


def test_a_signature_of_somebody_elses_certificate_is_not_ours(signed: bytes, tmp_path: Path):
    others = KeyRing(tmp_path, "新余市政务服务平台")  # the same name is not the same key
    others.certificate_file("x")
    assert check_signature(signed, others, CHILDREN).finding is Finding.UNKNOWN


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.7\nnothing more", b"%PDF-1.7\n" + b"<<" * 5000])
def test_what_is_no_paper_is_not_ours(keys: KeyRing, content: bytes):
    assert check_signature(content, keys, CHILDREN).finding is Finding.UNKNOWN


def test_a_reader_that_takes_too_long_is_no_verdict(keys: KeyRing, signed: bytes):
    with pytest.raises(UpstreamError, match="child_failed"):
        check_signature(signed, keys, Children(ChildLimits(seconds=0.05)))
