"""Sealing who a reporter or applicant is: AES-256-GCM of OpenSSL, which Python's own `hashlib` and `ssl` are built on.

The standard library hands out no cipher, and writing one would be a fault of its own; OpenSSL is there wherever Python
is, so its EVP interface is called through ctypes (docs/adr/0010). Nothing here but the order of its calls is ours, and the
published vectors of the mode hold it to that (tests/unit/core/test_sealing.py).
"""

from __future__ import annotations

import ctypes
import hmac
import secrets
from functools import cache
from typing import Any

from core.errors import SupervisionError, Unavailable

NONCE, TAG = 12, 16
VERSION = b"\x01"
_SET_NONCE_LENGTH, _GET_TAG, _SET_TAG = 0x9, 0x10, 0x11
_FUNCTIONS = {
    "EVP_CIPHER_CTX_new": (ctypes.c_void_p, []),
    "EVP_CIPHER_CTX_free": (None, [ctypes.c_void_p]),
    "EVP_aes_256_gcm": (ctypes.c_void_p, []),
    "EVP_CIPHER_CTX_ctrl": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]),
    **{f"EVP_{way}Init_ex": (ctypes.c_int, [ctypes.c_void_p] * 3 + [ctypes.c_char_p] * 2)
       for way in ("Encrypt", "Decrypt")},
    **{f"EVP_{way}Update": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int])
       for way in ("Encrypt", "Decrypt")},
    **{f"EVP_{way}Final_ex": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p])
       for way in ("Encrypt", "Decrypt")},
}


class SealBroken(SupervisionError):
    """What is stored was changed, or was sealed with another key or for another place."""


class SealUnavailable(Unavailable):
    """This Python was built without a reachable OpenSSL; identities are then refused, never stored in the open."""


class Sealer:
    """Seals and opens with one key. `label` binds a sealed text to its place: moved elsewhere it does not open.

    `purpose` gives every use of one secret a key of its own.
    """

    def __init__(self, secret: bytes, purpose: bytes = b"reporter identity") -> None:
        # HKDF (RFC 5869) with SHA-256: the secret may be of any length, and other uses of it get other keys.
        early = hmac.digest(b"yangguang", secret, "sha256")
        self._key = hmac.digest(early, purpose + b"\x01", "sha256")

    def seal(self, text: bytes, label: str) -> bytes:
        """Version, nonce, ciphertext and tag. Raises SealUnavailable."""
        nonce = secrets.token_bytes(NONCE)
        return VERSION + nonce + encrypt(self._key, nonce, text, label.encode())

    def open(self, sealed: bytes, label: str) -> bytes:
        """Raises SealBroken or SealUnavailable."""
        if sealed[:1] != VERSION or len(sealed) < 1 + NONCE + TAG:
            raise SealBroken("identity_unreadable", no=label)
        text = decrypt(self._key, sealed[1:1 + NONCE], sealed[1 + NONCE:], label.encode())
        if text is None:
            raise SealBroken("identity_unreadable", no=label)
        return text


def encrypt(key: bytes, nonce: bytes, text: bytes, label: bytes) -> bytes:
    """Ciphertext followed by its 16-byte tag."""
    with _Context("Encrypt", key, nonce, label) as context:
        out = context.update(text)
        context.final()
        tag = ctypes.create_string_buffer(TAG)
        _check(_openssl().EVP_CIPHER_CTX_ctrl(context.pointer, _GET_TAG, TAG, tag))
        return out + tag.raw


def decrypt(key: bytes, nonce: bytes, sealed: bytes, label: bytes) -> bytes | None:
    """The text, or None when tag, key, nonce or label do not fit."""
    with _Context("Decrypt", key, nonce, label) as context:
        text = context.update(sealed[:-TAG])
        _check(_openssl().EVP_CIPHER_CTX_ctrl(context.pointer, _SET_TAG, TAG, ctypes.c_char_p(sealed[-TAG:])))
        return text if context.final() else None


class _Context:
    """One use of the cipher."""

    def __init__(self, way: str, key: bytes, nonce: bytes, label: bytes) -> None:
        self._way, self._key, self._nonce, self._label = way, key, nonce, label

    def __enter__(self) -> _Context:
        library = _openssl()
        self.pointer = library.EVP_CIPHER_CTX_new()
        start = getattr(library, f"EVP_{self._way}Init_ex")
        _check(start(self.pointer, library.EVP_aes_256_gcm(), None, None, None))
        _check(library.EVP_CIPHER_CTX_ctrl(self.pointer, _SET_NONCE_LENGTH, len(self._nonce), None))
        _check(start(self.pointer, None, None, self._key, self._nonce))
        if self._label:
            _check(self._call("Update", None, self._label)[0])
        return self

    def __exit__(self, *_failure: object) -> None:
        _openssl().EVP_CIPHER_CTX_free(self.pointer)

    def update(self, text: bytes) -> bytes:
        out = ctypes.create_string_buffer(len(text) + TAG)
        done, length = self._call("Update", out, text)
        _check(done)
        return out.raw[:length]

    def final(self) -> bool:
        """Whether it ended well; when decrypting, whether the tag fits."""
        out, length = ctypes.create_string_buffer(TAG), ctypes.c_int(0)
        return bool(getattr(_openssl(), f"EVP_{self._way}Final_ex")(self.pointer, out, ctypes.byref(length)) == 1)

    def _call(self, step: str, out: Any, text: bytes) -> tuple[int, int]:
        length = ctypes.c_int(0)
        done = getattr(_openssl(), f"EVP_{self._way}{step}")(self.pointer, out, ctypes.byref(length), text, len(text))
        return int(done), length.value


def _check(done: int) -> None:
    if done != 1:
        raise SealUnavailable("seal_unavailable", retry_after=3600)


@cache
def _openssl() -> Any:
    """The OpenSSL this Python is linked with, reached through its own extension module."""
    import _hashlib

    try:
        library = ctypes.CDLL(_hashlib.__file__)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (AttributeError, OSError) as missing:
        raise SealUnavailable("seal_unavailable", retry_after=3600) from missing
    return library
