"""Reading a YAML file so that every complaint about it can name the file, the line, the key and the remedy.

The reader follows YAML 1.2 where 1.1 surprises: `off`, `no` and `08:30` are texts, dates stay texts, and a key written
twice in one mapping is an error instead of a silent override.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import ConfigError

Key = str | int
UNKNOWN_KEY = "extra_forbidden"  # as pydantic calls it
_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "decimal_places")
Model = TypeVar("Model", bound=BaseModel)
_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Strict(BaseModel):
    """Base of every shape read from a file: immutable, and a key it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _PlainLoader(_BaseLoader):  # type: ignore[misc]
    """Safe loader with the few implicit types the files use: null, true/false, decimal numbers."""

    yaml_implicit_resolvers: dict[str, Any] = {}


def _resolve(tag: str, pattern: str, first: str) -> None:
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolve("null", r"^(?:~|null|)$", "~n\0")
_resolve("bool", r"^(?:true|false)$", "tf")
_resolve("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789")
_resolve("float", r"^[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?$", "-+0123456789")
_resolve("merge", r"^<<$", "<")
_PlainLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])


class Document:
    """One parsed file: `data`, and `line(keys)` for the place a value was written."""

    def __init__(self, path: Path, data: Any, lines: dict[tuple[str, ...], int]) -> None:
        self.path, self.data, self._lines = path, data, lines

    def line(self, keys: Iterable[Key]) -> int | None:
        """1-based line of the value at `keys`, or of its nearest enclosing value."""
        place: tuple[str, ...] = ()
        for key in keys:
            # Parts that only the validator knows (names of union members) are stepped over.
            place = (*place, str(key)) if (*place, str(key)) in self._lines else place
        return self._lines.get(place)

    def problem(self, keys: Iterable[Key], problem: str, remedy: str, **details: Any) -> ConfigError:
        """The error to raise about the value at `keys`."""
        place = tuple(keys)
        return ConfigError("config_invalid", file=str(self.path), line=self.line(place),
                           key=".".join(map(str, place)), problem=problem, remedy=remedy, **details)

    def read_as(self, model: type[Model]) -> Model:
        """The data as `model`. Raises ConfigError for the first thing that does not fit, and before all for a key nobody knows:
        a misspelt one is why another is missing."""
        try:
            return model.model_validate(self.data)
        except ValidationError as refusal:
            raise self._explained(refusal) from refusal

    def _explained(self, refusal: ValidationError) -> ConfigError:
        found = refusal.errors(include_url=False)
        first = next((one for one in found if one["type"] == UNKNOWN_KEY), found[0])
        return self.problem(first["loc"], first["msg"], _remedy(first["type"]), reason=first["type"],
                            limit=limit_of(first.get("ctx", {})), more=max(0, refusal.error_count() - 1))


def limit_of(context: Mapping[str, Any]) -> str:
    """The bound a value does not keep to, as pydantic names it; for the words of its refusal in other languages."""
    return next((str(context[name]) for name in _LIMITS if name in context), "")


def read_document(path: Path) -> Document:
    """Parse one YAML file (UTF-8). Raises ConfigError when it is missing, unreadable, broken or has a key twice."""
    try:
        loader = _PlainLoader(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as failure:
        raise ConfigError("config_unreadable", file=str(path), problem=str(failure),
                          remedy="the file must exist, be readable and be written in UTF-8") from failure
    try:
        return _parse(path, loader)
    except yaml.YAMLError as failure:
        mark = getattr(failure, "problem_mark", None)
        raise ConfigError("config_not_yaml", file=str(path), line=mark.line + 1 if mark else None,
                          problem=getattr(failure, "problem", str(failure)),
                          remedy="correct the YAML at that line") from failure
    finally:
        loader.dispose()


def _parse(path: Path, loader: Any) -> Document:
    root = loader.get_single_node()
    lines: dict[tuple[str, ...], int] = {(): 1}  # of a file without anything in it, too
    _note_lines(path, root, (), lines)
    data = loader.construct_document(root) if root is not None else {}
    return Document(path, data, lines)


def _note_lines(path: Path, node: Any, place: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> None:
    if node is None:
        return
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _note_lines(path, child, (*place, str(index)), lines)
    elif isinstance(node, yaml.MappingNode):
        _note_mapping(path, node, place, lines)


def _note_mapping(path: Path, node: Any, place: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> None:
    seen: set[str] = set()
    for key, child in node.value:
        if key.value in seen:
            raise ConfigError("config_key_twice", file=str(path), line=key.start_mark.line + 1,
                              key=".".join(map(str, (*place, key.value))), remedy="keep one of the two")
        seen.add(key.value)
        _note_lines(path, child, (*place, key.value), lines)
        lines[(*place, key.value)] = key.start_mark.line + 1


def _remedy(kind: str) -> str:
    if kind == UNKNOWN_KEY:
        return "remove the key, or correct its spelling"
    if kind == "missing":
        return "add the key"
    return "give a value of the kind the problem names"
