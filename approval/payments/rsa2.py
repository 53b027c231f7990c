"""RSA2: SHA256withRSA over the parameters in the order of their names, as payment platforms of this country sign.

A request is signed over all its parameters that say something; of a notice neither `sign` nor `sign_type` belongs to what was
signed; of an answer it is the very text of its node, so that nothing may be read and written again before it is checked.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from core.errors import ConfigError

KEY_BITS_MIN = 2048
NOT_SIGNED = ("sign", "sign_type")


class Rsa2:
    """`own` is our private key, `theirs` the public key of the platform: PEM files, or the bare base64 platforms hand out."""

    def __init__(self, own: Path, theirs: Path) -> None:
        self._own, self._theirs = _private(own), _public(theirs)

    def sign(self, text: str) -> str:
        return base64.b64encode(self._own.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()

    def is_theirs(self, text: str, signature: str) -> bool:
        """Whether the platform signed that text."""
        try:
            self._theirs.verify(base64.b64decode(signature, validate=True), text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def signed_text(parameters: Mapping[str, str], without: tuple[str, ...] = ("sign",)) -> str:
    """a=1&b=2: what of them says something, by name."""
    return "&".join(f"{name}={value}" for name, value in sorted(parameters.items()) if value and name not in without)


def node_of(text: str, name: str) -> str:
    """The text of a member of a JSON object, as it was sent; "" where there is none."""
    place = text.find(f'"{name}"')
    begin = text.find("{", place) if place >= 0 else -1
    if begin < 0:
        return ""
    try:
        return text[begin:json.JSONDecoder().raw_decode(text, begin)[1]]
    except ValueError:
        return ""


def _private(path: Path) -> rsa.RSAPrivateKey:
    key = _read(path, "PRIVATE KEY", lambda pem: serialization.load_pem_private_key(pem, None))
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise ConfigError("payment_key_unusable", file=str(path), remedy=f"an RSA private key of {KEY_BITS_MIN} bits or more")
    return key


def _public(path: Path) -> rsa.RSAPublicKey:
    key = _read(path, "PUBLIC KEY", serialization.load_pem_public_key)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise ConfigError("payment_key_unusable", file=str(path), remedy="the RSA public key of the platform, not our own")
    return key


def _read(path: Path, kind: str, load: object) -> object:
    """PEM, or its base64 alone."""
    try:
        text = path.read_text(encoding="ascii").strip()
        pem = text if text.startswith("-----") else f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----"
        return load(pem.encode())  # type: ignore[operator]
    except (OSError, ValueError, TypeError) as failure:
        raise ConfigError("payment_key_unusable", file=str(path), remedy=f"a readable PEM file of an RSA {kind.lower()}"
                          ) from failure
