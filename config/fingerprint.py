"""What tells one state of files from another: of the configuration's, and of the program's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def fingerprint(folders: Iterable[Path], pattern: str = "*.yaml") -> str:
    """Changes with every file of that pattern in these folders."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.glob(pattern)):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def print_of_packages(*packages: str) -> str:
    """Changes with every source of these packages of ours."""
    return fingerprint([_ROOT / package for package in packages], "**/*.py")
