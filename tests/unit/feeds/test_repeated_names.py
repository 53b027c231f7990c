"""A name given twice is found however it is written, and nothing else is taken for one."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from feeds.reasons import Refusal
from feeds.repeated_names import refuse_repeated_names

NAMES = ['"a"', '"b"', '"c"', r'"\u0061"', r'"a\""', r'"\\"', '":a"']
TEXTS = ["1", '"v"', r'"x\":"', r'"\u0022:"', '" :"', '":"', '":a"', r'"\\"', r'"a\\\":"', '"a\\t:"']
COLONS = [":", ":", ": ", " :", "\n:", "\t:", "\r\n:"]


def is_refused(text: str) -> bool:
    try:
        refuse_repeated_names(text.encode(), json.loads(text))
    except Refusal:
        return True
    return False


def repeats(text: str) -> bool:
    """By looking at every object."""
    found: list[bool] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=look)
    return any(found)


def written(random: Random, depth: int = 0) -> str:
    """Some JSON: names with and without escapes, texts that look like names."""
    kind = random.random() if depth < 3 else 1.0
    if kind < 0.5:
        members = [(random.choice(NAMES), random.choice(COLONS), written(random, depth + 1))
                   for _ in range(random.randint(0, 3))]
        return "{" + ",".join(map("".join, members)) + "}"
    if kind < 0.65:
        return "[" + ",".join(written(random, depth + 1) for _ in range(random.randint(0, 3))) + "]"
    return random.choice(TEXTS)


@pytest.mark.parametrize("seed", range(4))
def test_it_says_what_looking_at_every_object_says(seed: int) -> None:
    random = Random(seed)
    texts = [written(random) for _ in range(3_000)]
    assert [is_refused(text) for text in texts] == [repeats(text) for text in texts]
    assert 100 < sum(map(repeats, texts)) < 2_900


@pytest.mark.parametrize(("text", "refused"), [
    ('{"a":1,"a":2}', True), (r'{"a":1,"\u0061":2}', True), ('{"a" :1,"a":2}', True), ('{"a":{"b":1,"b":1}}', True),
    ('{"a":{"a":1}}', False), ('[{"a":1},{"a":1}]', False), ('{"a":":a","b":1}', False), (r'{"a":"\":","b":"\":"}', False),
    (r'{"a":"\u0022:","b":1}', False), (r'{"a":"\u4e2d","b":"\u6587"}', False)])
def test_names_and_what_looks_like_them(text: str, refused: bool) -> None:
    assert is_refused(text) is refused
