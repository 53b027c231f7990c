"""What a clip of evidence is, in a file that is signed: hashes, instants, camera, who asked. And whether a package still
agrees.

`manifest.sig` is the Ed25519 signature (64 bytes) over the bytes of `manifest.json`, by the key papers are signed with; its
public half goes with every package, so that OpenSSL alone can check it. Whether the key is this installation's is for `check`
to say.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import ConfigError, InvalidInput, NotFound
from core.instants import from_us
from papers.keys import KeyRing, Signature

KIND = "yangguang-evidence-1"
CLIP, SNAPSHOT, MANIFEST, SIGNATURE, HOW_TO = "clip.mp4", "snapshot.jpg", "manifest.json", "manifest.sig", "VERIFY.txt"
MANIFEST_MAX, PACKAGE_MAX = 1 << 20, 4 << 30
_CHUNK = 1 << 20
_KEY_ID = re.compile(r"^[0-9A-Za-z-]{1,40}$")


def iso(us: int | None) -> str | None:
    """An instant as a manifest writes it: UTC with microseconds."""
    return None if us is None else from_us(us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def encoded(content: Mapping[str, Any]) -> bytes:
    """The manifest as the bytes that are signed."""
    return (json.dumps({"kind": KIND, **content}, ensure_ascii=False, indent=1) + "\n").encode()


def sign(manifest: bytes, keys: KeyRing) -> tuple[bytes, str]:
    """The signature and the id of its key. Raises ConfigError for a key that cannot be used."""
    made = keys.sign(manifest)
    return bytes.fromhex(made.value), made.key_id


def package(folder: Path, keys: KeyRing, how_to: str) -> io.BytesIO:
    """The clip with all it takes to check it, as a zip. Pictures do not shrink, so nothing is compressed."""
    out = io.BytesIO()
    key_id = json.loads((folder / MANIFEST).read_bytes())["key_id"]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        for name in (CLIP, SNAPSHOT, MANIFEST, SIGNATURE):
            if (folder / name).is_file():
                made.write(folder / name, name)
        public = keys.folder / f"ed25519-{key_id}.pub"
        if public.is_file():
            made.write(public, public.name)
        made.writestr(HOW_TO, how_to)
    out.seek(0)
    return out


class Finding(StrEnum):
    GENUINE = "genuine"
    ALTERED = "altered"
    UNKNOWN = "unknown"  # by no key of ours, or no package of evidence at all


@dataclass(frozen=True, slots=True)
class Verdict:
    """`file` names the part that does not agree; `manifest` is there as soon as its signature is good."""

    finding: Finding
    file: str = ""
    manifest: Mapping[str, Any] | None = None


def check(path: Path, keys: KeyRing) -> Verdict:
    """Whether a package is what was made here. Raises InvalidInput for a file that is no package, OSError for none at all."""
    try:
        with zipfile.ZipFile(path) as given:
            return _checked(given, keys)
    except zipfile.BadZipFile as fault:
        raise InvalidInput("evidence_no_package", file=path.name[:80]) from fault


def _checked(given: zipfile.ZipFile, keys: KeyRing) -> Verdict:
    manifest, signature = _small(given, MANIFEST), _small(given, SIGNATURE)
    if manifest is None or signature is None:
        return Verdict(Finding.UNKNOWN, MANIFEST if manifest is None else SIGNATURE)
    try:
        content = json.loads(manifest)
        is_ours = content["kind"] == KIND and bool(_KEY_ID.match(content["key_id"]))
        files = dict(content["files"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Verdict(Finding.UNKNOWN, MANIFEST)
    try:
        is_signed = is_ours and keys.check(manifest, Signature(content["key_id"], signature.hex()))
    except (NotFound, ConfigError):
        return Verdict(Finding.UNKNOWN, SIGNATURE)
    if not is_signed:
        return Verdict(Finding.ALTERED if is_ours else Finding.UNKNOWN, MANIFEST)
    wrong = next((name for name, told in files.items() if not _agrees(given, name, told)), "")
    return Verdict(Finding.ALTERED if wrong else Finding.GENUINE, wrong, content)


def _small(given: zipfile.ZipFile, name: str) -> bytes | None:
    try:
        with given.open(name) as file:
            content = file.read(MANIFEST_MAX + 1)
    except (KeyError, RuntimeError, NotImplementedError):  # not there, encrypted, packed in a way nobody here packs
        return None
    return content if len(content) <= MANIFEST_MAX else None


def _agrees(given: zipfile.ZipFile, name: str, told: Any) -> bool:
    try:
        with given.open(name) as file:
            return isinstance(told, dict) and _digest(file, told.get("bytes")) == told.get("sha256")
    except (KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return False


def _digest(file: BinaryIO | Any, most: Any) -> str | None:
    """SHA-256 of what is unpacked, given up as soon as it is more than was told (a zip can promise the moon)."""
    if not isinstance(most, int) or not 0 <= most <= PACKAGE_MAX:
        return None
    digest, read = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        read += len(chunk)
        if read > most:
            return None
        digest.update(chunk)
    return digest.hexdigest() if read == most else None
