"""The keys papers are signed with: files of one folder, never in the database.

`ed25519-<id>.pem` is a private key (PKCS 8, mode 600); the newest by its id signs. `ed25519-<id>.pub` is its public half and is
kept for ever: what an old key signed stays checkable when the private half is long gone. `<unit>.pem` is an X.509 certificate
with its private key and what leads to its issuer, for the PDFs of that unit; `installation.pem` is that of all others.
`certificates/*.pem` are those of earlier years. Keys that are missing are made, the certificate by its own signature.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

from core.clock import SystemClock
from core.errors import ConfigError, NotFound

INSTALLATION = "installation"
VALID_YEARS = 10
_ID = re.compile(r"^ed25519-([0-9A-Za-z-]{1,40})\.(pem|pub)$")
_PLAIN = re.compile(r"^[a-z0-9_-]{1,64}$")


@dataclass(frozen=True, slots=True)
class Signature:
    """64 bytes as hexadecimal, and the id of the key that made it."""

    key_id: str
    value: str


class KeyRing:
    """`owner` is the name in a certificate this program makes for itself."""

    def __init__(self, folder: Path, owner: str) -> None:
        self.folder, self.owner = folder, owner
        self._lock = threading.Lock()

    # Ed25519 ------------------------------------------------------------------------------------------------------

    def sign(self, statement: bytes) -> Signature:
        """By the newest key, which is made when there is none. Raises ConfigError for a file that is none."""
        key_id = self.current()
        return Signature(key_id, self._private(key_id).sign(statement).hex())

    def check(self, statement: bytes, signature: Signature) -> bool:
        """Whether that key signed exactly this. Raises NotFound for a key this folder does not know."""
        path = self.folder / f"ed25519-{signature.key_id}.pub"
        if _ID.match(path.name) is None or not path.is_file():
            raise NotFound("paper_key_unknown", key_id=signature.key_id[:40])
        key = load_pem_public_key(path.read_bytes())
        assert isinstance(key, Ed25519PublicKey)
        try:
            key.verify(bytes.fromhex(signature.value), statement)
        except (InvalidSignature, ValueError):
            return False
        return True

    def current(self) -> str:
        """The id of the key that signs now."""
        with self._lock:
            known = self.key_ids("pem")
            key_id = known[-1] if known else self._make_key(f"{_today():%Y%m%d}-1")
            if not (self.folder / f"ed25519-{key_id}.pub").is_file():
                self._publish(key_id)
            return key_id

    def key_ids(self, ending: str = "pub") -> list[str]:
        """Ids of the keys, oldest first."""
        found = (_ID.match(path.name) for path in self.folder.glob(f"ed25519-*.{ending}"))
        return sorted((match[1] for match in found if match is not None), key=_order)

    def rotate(self) -> tuple[str, str]:
        """A new Ed25519 key and a new certificate of our own; returns their ids. What signed before is kept for checking."""
        with self._lock:
            earlier = self.key_ids("pem")
            day = f"{_today():%Y%m%d}"
            number = 1 + max((int(one.rpartition("-")[2]) for one in self.key_ids() if one.startswith(f"{day}-")), default=0)
            made = self._make_key(f"{day}-{number}")
            for key_id in earlier:
                (self.folder / f"ed25519-{key_id}.pem").unlink()
            self._retire()
            self._make_certificate()
        return made, self.certificate_ids()[0]

    # X.509 --------------------------------------------------------------------------------------------------------

    def certificate_file(self, unit: str) -> Path:
        """Key and certificate for the PDFs of a unit: its own, or those of the installation, which are made when missing."""
        own = self.folder / f"{unit}.pem"
        if _PLAIN.match(unit) and unit != INSTALLATION and own.is_file():
            return own
        ours = self.folder / f"{INSTALLATION}.pem"
        with self._lock:
            if not ours.is_file():
                self._make_certificate()
        return ours

    def certificates(self) -> list[bytes]:
        """Every certificate that signs or ever signed here, as PEM."""
        files = [path for path in sorted(self.folder.glob("*.pem")) if not path.name.startswith("ed25519-")]
        return [signing_certificate(path) for path in [*files, *sorted((self.folder / "certificates").glob("*.pem"))]]

    def certificate_ids(self) -> list[str]:
        """Their SHA-256, those in use first."""
        return [x509.load_pem_x509_certificate(one).fingerprint(hashes.SHA256()).hex() for one in self.certificates()]

    # Inside -------------------------------------------------------------------------------------------------------

    def _private(self, key_id: str) -> Ed25519PrivateKey:
        path = self.folder / f"ed25519-{key_id}.pem"
        try:
            key = load_pem_private_key(path.read_bytes(), None)
            assert isinstance(key, Ed25519PrivateKey)
        except (OSError, ValueError, TypeError, AssertionError) as failure:
            raise ConfigError("paper_key_unusable", file=str(path), remedy=str(failure) or "no Ed25519 key") from failure
        return key

    def _make_key(self, key_id: str) -> str:
        private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write(f"ed25519-{key_id}.pem", private)
        self._publish(key_id)
        return key_id

    def _publish(self, key_id: str) -> None:
        """The public half of what lies in the folder, which may be another process's key."""
        public = self._private(key_id).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._write(f"ed25519-{key_id}.pub", public)

    def _make_certificate(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self._write(f"{INSTALLATION}.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                    + _self_signed(key, self.owner, _today()).public_bytes(Encoding.PEM))

    def _retire(self) -> None:
        """The certificate of our own goes to the earlier ones, without its key."""
        ours = self.folder / f"{INSTALLATION}.pem"
        if not ours.is_file():
            return
        public = signing_certificate(ours)
        name = x509.load_pem_x509_certificate(public).fingerprint(hashes.SHA256()).hex()[:16]
        self._write(f"certificates/{name}.pem", public)
        ours.unlink()

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all, mode 600; when another process was first, its file counts."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, prefix=".key-") as draft:
            draft.write(content)
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, target)


def signing_certificate(path: Path) -> bytes:
    """The first certificate of a PEM file. Raises ConfigError."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as failure:
        raise ConfigError("paper_key_unusable", file=str(path), remedy=str(failure)) from failure
    return found[0].public_bytes(Encoding.PEM)


def _self_signed(key: ec.EllipticCurvePrivateKey, owner: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, owner[:64])])
    usage = x509.KeyUsage(digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
                          key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False)
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365 * VALID_YEARS)).add_extension(usage, critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(key, hashes.SHA256()))


def _order(key_id: str) -> tuple[str, int]:
    """By day, then by number: 20261127-10 is newer than 20261127-9."""
    day, _, number = key_id.rpartition("-")
    return day, int(number) if number.isdigit() else 0


def _today() -> datetime:
    """Certificates are of the real time, also where a demonstration simulates another."""
    return SystemClock().now()
