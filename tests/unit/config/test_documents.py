"""The YAML reader: what it takes for a text, and what it says about mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.documents import Strict, read_document
from core.errors import ConfigError


class Shape(Strict):
    name: str
    parts: tuple[int, ...] = ()


def _read(folder: Path, text: str, encoding: str = "utf-8"):
    path = folder / "file.yaml"
    path.write_bytes(text.encode(encoding))
    return read_document(path)


@pytest.mark.parametrize("word", ["off", "no", "yes", "08:30", "2024-01-01", "0x10", "007", "12:30:45"])
def test_words_that_other_readers_turn_into_something_else_stay_texts(tmp_path: Path, word: str) -> None:
    assert _read(tmp_path, f"value: {word}").data == {"value": word}


def test_it_knows_numbers_truth_values_and_nothing(tmp_path: Path) -> None:
    document = _read(tmp_path, "a: 5\nb: -2\nc: 0.9\nd: true\ne: null\nf: ~\ng:\n")
    assert document.data == {"a": 5, "b": -2, "c": 0.9, "d": True, "e": None, "f": None, "g": None}


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        _read(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\n")
    assert (refusal.value.code, refusal.value.details["line"], refusal.value.details["key"]) == (
        "config_key_twice", 4, "b.c")


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        _read(tmp_path, "a: 1\nb: [1, 2\n")
    assert refusal.value.code == "config_not_yaml"
    assert refusal.value.details["line"] == 3


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        _read(tmp_path, "名: 值", encoding)
    assert refusal.value.code == "config_unreadable"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="config_unreadable"):
        read_document(tmp_path / "absent.yaml")


def test_a_python_object_tag_builds_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        _read(tmp_path, "!!python/object/apply:os.getcwd []")


@pytest.mark.parametrize(("text", "line", "key"), [
    ("name: a\nprats: [1]\n", 2, "prats"),
    ("name: a\nparts:\n  - 1\n  - x\n", 4, "parts.1"),
    ("parts: [1]\n", 1, "name"),
])
def test_what_does_not_fit_the_shape_is_named_by_line_and_key(tmp_path: Path, text: str, line: int, key: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        _read(tmp_path, text).read_as(Shape)
    details = refusal.value.details
    assert (details["line"], details["key"]) == (line, key)
    assert details["remedy"]
