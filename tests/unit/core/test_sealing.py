"""The seal is AES-256-GCM as published, and what was touched does not open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sealing import SealBroken, Sealer, decrypt, encrypt

# McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 13, 14, 16 (AES-256).
VECTORS = [
    ("00" * 32, "00" * 12, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    ("00" * 32, "00" * 12, "00" * 16, "", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    ("feffe9928665731c6d6a8f9467308308" * 2, "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"),
]


@pytest.mark.parametrize(("key", "nonce", "text", "label", "sealed"), VECTORS)
def test_the_published_vectors_hold(key: str, nonce: str, text: str, label: str, sealed: str):
    parts = [bytes.fromhex(part) for part in (key, nonce, text, label, sealed)]

    assert encrypt(parts[0], parts[1], parts[2], parts[3]) == parts[4]
    assert decrypt(parts[0], parts[1], parts[4], parts[3]) == parts[2]


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_again(text: bytes, label: str):
    sealer = Sealer(b"s" * 32)

    assert sealer.open(sealer.seal(text, label), label) == text


def test_one_text_is_never_sealed_twice_alike():
    sealer = Sealer(b"s" * 32)

    assert len({sealer.seal(b"\xe7\x8e\x8b", "TS2026-000001") for _ in range(50)}) == 50


def test_neither_another_place_nor_another_key_opens_it():
    sealed = Sealer(b"s" * 32).seal(b"name", "TS2026-000001")

    with pytest.raises(SealBroken):
        Sealer(b"s" * 32).open(sealed, "TS2026-000002")
    with pytest.raises(SealBroken):
        Sealer(b"t" * 32).open(sealed, "TS2026-000001")


@given(st.integers(0, 200))
def test_a_single_changed_byte_is_noticed(place: int):
    sealed = bytearray(Sealer(b"s" * 32).seal(b"a name, a phone and an address", "x"))
    sealed[place % len(sealed)] ^= 1

    with pytest.raises(SealBroken):
        Sealer(b"s" * 32).open(bytes(sealed), "x")


def test_a_stump_is_refused():
    with pytest.raises(SealBroken):
        Sealer(b"s" * 32).open(b"\x01abc", "x")
