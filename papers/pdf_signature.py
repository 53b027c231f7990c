"""Signing a PDF as PAdES baseline B: an incremental update, so what was drawn stands before the signature byte for byte."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from papers.pdf_file import PAGE, PT, Place

FIELD = "Signature"
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def sign(content: bytes, certificate: Path, name: str, seal_at: Place | None = None) -> bytes:
    """The PDF with a signature that allows no change afterwards. `seal_at`: the square that shows the signature when a reader
    points at it; without one it stands in the list of signatures only.

    Raises ConfigError for a file without key or certificate.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    meta = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES, name=name, signer_key_usage={"digital_signature"})
    field = fields.SigFieldSpec(FIELD, on_page=seal_at.page if seal_at else 0, box=_box(seal_at) if seal_at else None)
    signer = signers.PdfSigner(meta, _signer(certificate), stamp_style=_clear(), new_field_spec=field)
    signed = BytesIO()
    # pyHanko starts an event loop, which a thread that runs one already may not: so it gets a thread of its own.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(signer.sign_pdf, IncrementalPdfFileWriter(BytesIO(content)), output=signed).result()
    return signed.getvalue()


def _signer(path: Path) -> Any:
    from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    try:
        content = path.read_bytes()
        certificates = list(load_certs_from_pemder_data(_certificates_of(content)))
        key = load_private_key_from_pemder_data(_key_of(content), None)
    except (OSError, ValueError, IndexError) as failure:
        raise ConfigError("paper_key_unusable", file=str(path), remedy=str(failure)) from failure
    leading = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    leading.register_multiple(certificates[1:])
    return SimpleSigner(signing_cert=certificates[0], signing_key=key, cert_registry=leading)


def _key_of(pem: bytes) -> bytes:
    return _parts(pem, b"PRIVATE KEY-----")[0]


def _certificates_of(pem: bytes) -> bytes:
    return b"\n".join(_parts(pem, b"CERTIFICATE-----"))


def _parts(pem: bytes, ending: bytes) -> list[bytes]:
    """The blocks of a PEM file of that kind. Raises ValueError when there is none."""
    found, part = [], b""
    for line in pem.splitlines():
        part = line if line.startswith(b"-----BEGIN ") else part + b"\n" + line
        if line.startswith(b"-----END ") and line.endswith(ending):
            found.append(part)
    if not found:
        raise ValueError(f"no {ending.decode().rstrip('-')} in it")
    return found


def _box(at: Place) -> tuple[int, int, int, int]:
    """In points from the lower left corner."""
    bottom = PAGE[1] - at.y - at.size
    left, low, right, high = (edge / PT for edge in (at.x, bottom, at.x + at.size, bottom + at.size))
    return round(left), round(low), round(right), round(high)


def _clear() -> Any:
    """The seal is drawn in the page already; the field above it is to be pointed at, not seen."""
    from pyhanko.stamp import TextStampStyle

    return TextStampStyle(border_width=0, stamp_text=" ", background_opacity=0.0)
