"""The keyed hash chain of each organisation's journal rows, and what it can and cannot show.

`mac` = HMAC-SHA256(key of the chain, previous mac + canonical row). Who can write the database but does not hold the key
cannot edit, remove, insert or fork a row unnoticed. The sealed head notices a removed tail; a public anchor (position and
an unkeyed rolling digest) notices it even if head and rows were rolled back together, and lets a stranger check an
export without the key. What the chain cannot show: that what was written first was true.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

GENESIS = bytes(32)
_encode = msgspec.json.Encoder().encode

# The columns that are sealed, in this order. Changing it breaks every chain: add a new chain version instead.
SEALED = ("seq", "event_id", "case_no", "area", "kind", "claimed_at", "utc_offset", "src_order", "received_at", "source",
          "source_event_id", "source_version", "org", "item", "item_version", "actor", "station", "step", "payload",
          "chain", "chain_pos")


class ChainKeys:
    """Derives one key per chain from the installation's secret, so that one chain's key opens no other."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._keys: dict[str, bytes] = {}

    def key(self, chain: str) -> bytes:
        known = self._keys.get(chain)
        if known is None:
            known = self._keys[chain] = hmac.digest(self._secret, b"yangguang/journal/" + chain.encode(), "sha256")
        return known


def canonical(sealed: Sequence[object]) -> bytes:
    """The bytes that are sealed: a JSON array of the SEALED columns (bytes as base64)."""
    return _encode(sealed)


def mac_of(key: bytes, prev_mac: bytes, row: bytes) -> bytes:
    """The row's own seal."""
    return _hmac(key, prev_mac + row)


def seal_of(key: bytes, pos: int, mac: bytes) -> bytes:
    """The seal of a chain's head: so many rows, ending in this mac."""
    return _hmac(key, b"head" + pos.to_bytes(8) + mac)


def _hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104). What depends on the key alone is worked out once, which saves three quarters of the cost."""
    begun, ending = _begun(key)
    inner, outer = begun.copy(), ending.copy()
    inner.update(message)
    outer.update(inner.digest())
    seal: bytes = outer.digest()
    return seal


@lru_cache(maxsize=4096)
def _begun(key: bytes) -> tuple[Any, Any]:
    """The inner and the outer hash, each having taken in its padded key."""
    padded = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return sha256(padded.translate(_INNER)), sha256(padded.translate(_OUTER))


_BLOCK = 64  # bytes SHA-256 takes in at a time
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def next_digest(digest: bytes, row: bytes, mac: bytes) -> bytes:
    """The unkeyed rolling digest that anchors publish."""
    return sha256(digest + row + mac).digest()
