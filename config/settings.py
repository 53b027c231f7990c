"""Settings of one installation, read once, refused aloud when wrong, secrets covered.

Later sources win: default.yaml < the installation's file < YANGGUANG_GROUP__KEY < YANGGUANG_GROUP__KEY_FILE (the value
is that file's content, for secrets) < overrides of the command line. Every complaint names key, value and source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from config.documents import Document, read_document
from config.setting_groups import Settings
from core.errors import ConfigError

DEFAULTS = Path(__file__).parent / "default.yaml"
PREFIX = "YANGGUANG_"
FILE_SUFFIX = "_FILE"
SETTINGS_FILE_VARIABLE = "YANGGUANG_CONFIG"
# Names with our prefix that are no settings: the settings file itself, and what the tests and scripts read.
_OTHER_VARIABLES = (SETTINGS_FILE_VARIABLE, "YANGGUANG_DATA")
_OTHER_PREFIXES = ("YANGGUANG_TEST_", "YANGGUANG_BENCH_")

__all__ = ["Settings", "environment_name", "is_secret", "load_settings"]


def load_settings(overrides: Mapping[str, Any] | None = None, file: Path | None = None,
                  env: Mapping[str, str] | None = None) -> Settings:
    """Merge all sources into frozen Settings.

    `overrides` has dotted keys ("server.port") or nested mappings. `file` defaults to $YANGGUANG_CONFIG of `env`.
    Raises ConfigError naming key, value, source and remedy.
    """
    env = env or {}
    merged = _Merged()
    merged.take(_of_document(read_document(DEFAULTS)))
    named_file = file or (Path(env[SETTINGS_FILE_VARIABLE]) if env.get(SETTINGS_FILE_VARIABLE) else None)
    if named_file is not None:
        merged.take(_of_document(read_document(named_file)))
    merged.take(_of_environment(env))
    merged.take((key, value, "command line") for key, value in _flat(overrides or {}))
    return merged.settings()


def environment_name(key: str) -> str:
    """The environment variable of a dotted key: server.port → YANGGUANG_SERVER__PORT."""
    return PREFIX + key.replace(".", "__").upper()


def is_secret(key: str) -> bool:
    """Whether the value of a dotted key must never be shown."""
    group, _, name = key.partition(".")
    model = Settings.model_fields[group].annotation if group in Settings.model_fields else None
    field = getattr(model, "model_fields", {}).get(name)
    return field is not None and SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))


def known_keys() -> list[str]:
    """Every dotted key, in the order of the models."""
    return [f"{group}.{name}" for group, field in Settings.model_fields.items()
            for name in getattr(field.annotation, "model_fields", {})]


Entry = tuple[str, Any, str]  # key, value, source


class _Merged:
    """Values by dotted key, each with the source that had the last word."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._sources: dict[str, str] = {}
        self._known = set(known_keys())

    def take(self, entries: Iterator[Entry]) -> None:
        for key, value, source in entries:
            if key not in self._known:
                raise _unknown(key, value, source, sorted(self._known))
            self._values[key], self._sources[key] = value, source

    def settings(self) -> Settings:
        tree: dict[str, dict[str, Any]] = {group: {} for group in Settings.model_fields}
        for key, value in self._values.items():
            group, _, name = key.partition(".")
            tree[group][name] = value
        try:
            return Settings.model_validate(tree)
        except ValidationError as refusal:
            raise self._explained(refusal) from refusal

    def _explained(self, refusal: ValidationError) -> ConfigError:
        first = refusal.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"][:2])
        return ConfigError("setting_invalid", key=key, value=_shown(key, self._values.get(key)),
                           source=self._sources.get(key, str(DEFAULTS)), problem=first["msg"],
                           remedy="see docs/configuration.md for what the key accepts")


def _of_document(document: Document) -> Iterator[Entry]:
    if not isinstance(document.data, dict):
        raise document.problem([], "the file is not a mapping of groups", "write groups with keys below them")
    for key, value in _flat(document.data):
        yield key, value, f"{document.path}:{document.line(key.split('.'))}"


def _of_environment(env: Mapping[str, str]) -> Iterator[Entry]:
    ours = sorted(name for name in env if _is_setting_name(name))
    for name in ours:
        if _secret_file_of(name) is None:
            yield _key_of(name), _typed(env[name]), f"environment variable {name}"
    for name in ours:
        key = _secret_file_of(name)
        if key is not None:
            yield key, _content(name, env[name]), f"file named by {name}"


def _is_setting_name(name: str) -> bool:
    return name.startswith(PREFIX) and name not in _OTHER_VARIABLES and not name.startswith(_OTHER_PREFIXES)


def _key_of(name: str) -> str:
    return name.removeprefix(PREFIX).lower().replace("__", ".", 1)


def _secret_file_of(name: str) -> str | None:
    """The key whose value a *_FILE variable points to, or None when the name is itself a key."""
    if not name.endswith(FILE_SUFFIX) or _key_of(name) in known_keys():
        return None
    return _key_of(name.removesuffix(FILE_SUFFIX))


def _typed(text: str) -> str | None:
    """An empty variable means "none"; numbers and truth values are read from text by the models."""
    return text or None


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as failure:
        raise ConfigError("setting_file_unreadable", key=name, value=path, source="environment",
                          problem=str(failure), remedy="point it to a readable file") from failure


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping) and not prefix:
            yield from _flat(value, f"{name}.")
        else:
            yield f"{prefix}{name}", value


def _shown(key: str, value: Any) -> str:
    if is_secret(key):
        return "**********"
    return repr(str(value)) if isinstance(value, SecretStr) else repr(value)


def _unknown(key: str, value: Any, source: str, known: list[str]) -> ConfigError:
    near = get_close_matches(key, known, n=1)
    remedy = f"did you mean {near[0]} ({environment_name(near[0])})?" if near else "remove it, or correct its spelling"
    # The value of a misspelt secret is a secret too, so it is not repeated here.
    shown = "**********" if any(word in key for word in ("key", "secret", "password", "token")) else repr(value)
    return ConfigError("setting_unknown", key=key, value=shown, source=source, remedy=remedy)
