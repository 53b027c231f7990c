"""The seals of the chain: HMAC-SHA256 as everybody computes it, for keys of any length."""

from __future__ import annotations

import hmac

import pytest

from cases.chain import ChainKeys, mac_of, seal_of


@pytest.mark.parametrize("key", [b"", b"k", b"k" * 32, b"k" * 64, b"k" * 65, bytes(range(200))])
def test_a_seal_is_the_hmac_of_the_standard_library(key: bytes) -> None:
    mac, row = bytes(range(32)), b'[1,"accepted"]'
    assert mac_of(key, mac, row) == hmac.digest(key, mac + row, "sha256")
    assert seal_of(key, 7, mac) == hmac.digest(key, b"head" + (7).to_bytes(8) + mac, "sha256")


def test_every_chain_is_sealed_with_a_key_of_its_own() -> None:
    keys = ChainKeys(b"secret" * 6)
    one, other = (mac_of(keys.key(chain), bytes(32), b"[]") for chain in ("fagai", "jiaoyu"))
    assert one != other
