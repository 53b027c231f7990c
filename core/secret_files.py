"""Secrets of an installation: given by its settings, or made once and kept in a file only its owner reads."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from core.errors import ConfigError

SECRET_MIN = 32


class Given(Protocol):
    """A secret of the settings, which covers itself when it is printed (pydantic's SecretStr)."""

    def get_secret_value(self) -> str: ...


def secret_of(given: Given | None, path: Path) -> bytes:
    """The secret given, else that of the file, which is made with a random one (mode 600) if it does not exist."""
    if given is not None:
        return given.get_secret_value().encode()
    if not path.exists():
        _make_secret(path)
    secret = path.read_text(encoding="ascii").strip().encode()
    if len(secret) < SECRET_MIN:
        raise ConfigError("secret_too_short", file=str(path), remedy="restore the file from its copy")
    return secret


def _make_secret(path: Path) -> None:
    """Written whole under another name first: a process starting at the same time must never read half a secret."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=".secret-", encoding="ascii") as draft:
        draft.write(secrets.token_hex(32))
        draft.flush()
        with suppress(FileExistsError):  # the other process was first: its secret counts
            os.link(draft.name, path)
