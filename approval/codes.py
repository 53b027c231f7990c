"""The code a paper carries: how it is written, and read again as somebody typed it."""

from __future__ import annotations

import secrets

CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 16  # 80 bits: nobody comes upon somebody else's paper by trying


def made_up_code() -> str:
    """A code nobody can guess. There are 32 letters, so the last five bits of a byte choose one of them evenly."""
    return "".join([CODE_LETTERS[byte % 32] for byte in secrets.token_bytes(CODE_LENGTH)])


def grouped(code: str) -> str:
    """Four letters at a time, as people read them out."""
    return " ".join(code[place:place + 4] for place in range(0, len(code), 4))


def check_address(public_url: str, code: str) -> str:
    """Where anybody may check the paper with that code, which its QR code says; "" without a public site."""
    return f"{public_url}/public/check/{code}" if public_url else ""


def read_code(text: str) -> str:
    """What somebody typed, without blanks, dashes and the letters that are not used."""
    return "".join(character for character in text.upper() if character in CODE_LETTERS)
