"""HTTP Digest (RFC 7616): the answer to a device that asks for it. Basic is never given: it would say the password."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from urllib.request import parse_http_list, parse_keqv_list

from video.addresses import Login

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}   # what devices know; MD5 is what the older RFC says
LONGEST = 2_048


def answer_to(challenges: Iterable[str], login: Login, method: str, path: str) -> str | None:
    """The Authorization header for the strongest challenge that can be answered; None where none can."""
    asked = [found for one in challenges if (found := _parsed(one)) is not None]
    if not asked:
        return None
    return _answer(max(asked, key=lambda one: _base(one) == "SHA-256"), login, method, path)


def _parsed(challenge: str) -> dict[str, str] | None:
    scheme, _, rest = challenge.strip()[:LONGEST].partition(" ")
    if scheme.lower() != "digest":
        return None
    try:
        told = {name.lower(): value for name, value in parse_keqv_list(parse_http_list(rest)).items()}
    except (ValueError, IndexError):  # a name without "=", or with nothing behind it
        return None
    knows = _base(told) in HASHES and {"realm", "nonce"} <= told.keys()
    return told if knows and ("qop" not in told or "auth" in _listed(told["qop"])) else None


def _base(asked: dict[str, str]) -> str:
    return asked.get("algorithm", "MD5").upper().removesuffix("-SESS")


def _listed(words: str) -> list[str]:
    return [word.strip().lower() for word in words.split(",")]


def _answer(asked: dict[str, str], login: Login, method: str, path: str) -> str:
    algorithm, own, count = asked.get("algorithm", "MD5"), secrets.token_hex(16), "00000001"
    secret = _hash(asked, f"{login.user}:{asked['realm']}:{login.password}")
    if algorithm.upper().endswith("-SESS"):
        secret = _hash(asked, f"{secret}:{asked['nonce']}:{own}")
    said = _hash(asked, f"{method}:{path}")
    middle = f"{asked['nonce']}:{count}:{own}:auth" if "qop" in asked else asked["nonce"]
    parts = {"username": login.user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": path,
             "response": _hash(asked, f"{secret}:{middle}:{said}")}
    if "opaque" in asked:
        parts["opaque"] = asked["opaque"]
    quoted = [f'{name}="{_quoted(value)}"' for name, value in parts.items()]
    counted = ["qop=auth", f"nc={count}", f'cnonce="{own}"'] if "qop" in asked else []
    return "Digest " + ", ".join([*quoted, f"algorithm={algorithm}", *counted])


def _hash(asked: dict[str, str], text: str) -> str:
    return HASHES[_base(asked)](text.encode(), usedforsecurity=False).hexdigest()


def _quoted(value: str) -> str:
    """Nothing a device says may begin a header of its own."""
    return "".join(sign for sign in value if sign.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
