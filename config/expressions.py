"""A small language for formulas over named whole numbers: names, numbers, + − × ÷ and parentheses; nothing else exists in it.

    (early + on_due_day) ÷ concluded

`*`, `/` and `-` are read as ×, ÷ and −. An expression is read once into steps of a stack machine and then worked out for any
number of rows; there is no eval and no way from a name to anything but its number. Whatever is divided by zero has no value:
the whole expression is then None, shown as "—", never 0 % or 100 %.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import InvalidInput

LONGEST = 400  # characters
DEEPEST = 20   # parentheses within parentheses
_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[a-z][a-z0-9_]*)|(?P<sign>[-+*/×÷−()]))")
_SIGNS = {"*": "×", "/": "÷", "-": "−"}
_RANKS = {"+": 1, "−": 1, "×": 2, "÷": 2}
Number = int | float
_WORKS: dict[str, Callable[[Number, Number], Number | None]] = {
    "+": lambda left, right: left + right, "−": lambda left, right: left - right, "×": lambda left, right: left * right,
    "÷": lambda left, right: left / right if right else None}


class _Unreadable(InvalidInput):
    """A formula that cannot be read: `column` is the 1-based place, `remedy` what to do."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A step of a formula and where it stands."""

    text: str | Number
    column: int


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula read: its text, the names in it in order, and the steps that work it out."""

    text: str
    names: tuple[str, ...]
    steps: tuple[str | Number, ...]
    columns: tuple[int, ...]  # where each step stands in the text, from 1

    def value(self, numbers: Mapping[str, int]) -> Number | None:
        """The value for these numbers; None where something is divided by zero. Raises KeyError for a name not given."""
        stack: list[Number] = []
        for step in self.steps:
            if not isinstance(step, str):
                stack.append(step)
            elif step in _WORKS:
                right, left = stack.pop(), stack.pop()
                worked = _WORKS[step](left, right)
                if worked is None:
                    return None
                stack.append(worked)
            else:
                stack.append(numbers[step])
        return stack[0]


def parse_expression(text: str, known: Mapping[str, object]) -> Expression:
    """The formula of a text. Raises InvalidInput `formula_unreadable` with column, problem and remedy."""
    if len(text) > LONGEST:
        raise problem(LONGEST + 1, "the formula is too long", f"write at most {LONGEST} characters")
    tokens = _tokens(text)
    for token in tokens:
        if token.kind == "name" and token.text not in known:
            raise problem(token.column, f"there is no base figure {token.text!r}", f"one of {', '.join(known)}")
    reader = _Reader(tokens, len(text) + 1)
    steps = reader.whole()
    names = tuple(dict.fromkeys(token.text for token in tokens if token.kind == "name"))
    return Expression(text, names, tuple(one.text for one in steps), tuple(one.column for one in steps))


def _tokens(text: str) -> list[_Token]:
    tokens, place, end = list[_Token](), 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            column = place + len(text[place:]) - len(text[place:].lstrip()) + 1
            raise problem(column, f"{text[column - 1]!r} means nothing here",
                           "use names in small letters, numbers, + − × ÷ and parentheses")
        kind = found.lastgroup
        written = found.group(kind)
        tokens.append(_Token(kind, _SIGNS.get(written, written), found.start(kind) + 1))
        place = found.end()
    return tokens


class _Reader:
    """Turns tokens into steps, lower ranks last; both signs of a rank bind to the left."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens, self._end, self._place, self._depth = tokens, end, 0, 0

    def whole(self) -> list[Placed]:
        steps = self._of_rank(1)
        if (left := self._next()) is not None:
            raise problem(left.column, f"{left.text!r} is one too many", "put a sign between two values, or remove it")
        return steps

    def _of_rank(self, rank: int) -> list[Placed]:
        steps = self._of_rank(rank + 1) if rank < max(_RANKS.values()) else self._value()
        while (sign := self._next()) is not None and _RANKS.get(sign.text) == rank:
            self._place += 1
            steps += self._of_rank(rank + 1) if rank < max(_RANKS.values()) else self._value()
            steps.append(Placed(sign.text, sign.column))
        return steps

    def _value(self) -> list[Placed]:
        token = self._next()
        if token is None:
            raise problem(self._end, "the formula ends where a value is missing", "add a name, a number or a parenthesis")
        self._place += 1
        if token.kind == "name":
            return [Placed(token.text, token.column)]
        if token.kind == "number":
            return [Placed(float(token.text) if "." in token.text else int(token.text), token.column)]
        if token.text != "(":
            raise problem(token.column, f"{token.text!r} where a value is missing", "add a name or a number before it")
        return self._inside(token)

    def _inside(self, opening: _Token) -> list[Placed]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise problem(opening.column, "too many parentheses within one another", f"nest at most {DEEPEST}")
        steps = self._of_rank(1)
        closing = self._next()
        if closing is None or closing.text != ")":
            raise problem(opening.column, "this parenthesis is never closed", "add a closing one, or remove it")
        self._place, self._depth = self._place + 1, self._depth - 1
        return steps

    def _next(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None


def problem(column: int, what: str, remedy: str) -> InvalidInput:
    """The error of a formula, to be raised."""
    return _Unreadable("formula_unreadable", column=column, problem=what, remedy=remedy)
