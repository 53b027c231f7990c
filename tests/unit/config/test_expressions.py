"""The small language of formulas: what it works out, what it refuses, and that it can do nothing else."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from config.expressions import DEEPEST, LONGEST, parse_expression
from core.errors import InvalidInput

NUMBERS = {"a": 8, "b": 4, "c": 2, "zero": 0}


def worked(text: str) -> float | None:
    return parse_expression(text, NUMBERS).value(NUMBERS)


@pytest.mark.parametrize(("text", "value"), [
    ("a", 8), ("3", 3), ("2.5 × b", 10), ("a + b × c", 16), ("(a + b) × c", 24), ("a − b − c", 2), ("a − (b − c)", 6),
    ("a ÷ b ÷ c", 1), ("a ÷ (b ÷ c)", 4), ("a*b-c/c", 31), (" ( ( a ) ) ", 8), ("a-b+c", 6)])
def test_signs_bind_as_they_are_written_at_school(text, value):
    assert worked(text) == value


@pytest.mark.parametrize("text", ["a ÷ zero", "a ÷ (b − b)", "1 + a ÷ zero", "zero ÷ zero", "0 × (a ÷ zero)"])
def test_what_is_divided_by_zero_has_no_value(text):
    assert worked(text) is None


@pytest.mark.parametrize(("text", "column", "problem"), [
    ("", 1, "ends where a value is missing"), ("a +", 4, "ends where a value is missing"), ("a b", 3, "one too many"),
    ("(a", 1, "never closed"), ("a)", 2, "one too many"), ("a × d", 5, "no base figure 'd'"), ("+a", 1, "a value is missing"),
    ("a.b", 2, "means nothing here"), ("a ** b", 4, "a value is missing"), ("__import__", 1, "means nothing here"),
    ("a[0]", 2, "means nothing here"), ("A", 1, "means nothing here"), ("a if b else c", 3, "no base figure 'if'"),
    ("a" * (LONGEST + 1), LONGEST + 1, "too long"), ("(" * (DEEPEST + 1) + "a", DEEPEST + 1, "too many parentheses")])
def test_what_cannot_be_read_is_refused_with_its_column_and_a_remedy(text, column, problem):
    with pytest.raises(InvalidInput) as refused:
        parse_expression(text, NUMBERS)
    assert refused.value.code == "formula_unreadable"
    assert (refused.value.details["column"], problem in refused.value.details["problem"]) == (column, True), refused.value
    assert refused.value.details["remedy"]


def test_names_are_told_once_in_their_order():
    assert parse_expression("b + a × (b − c) ÷ a", NUMBERS).names == ("b", "a", "c")


def test_random_formulas_come_out_as_exact_fractions_do():
    """Written down as nested tuples first, so that no parser is needed to know what they are worth."""
    random = Random(6)
    for _ in range(300):
        text, value = _made(random, 4)
        found = worked(text)
        assert found == pytest.approx(float(value)) if value is not None else found is None, text


def _made(random: Random, depth: int) -> tuple[str, Fraction | None]:
    if depth == 0 or random.random() < 0.2:
        name = random.choice(list(NUMBERS))
        return name, Fraction(NUMBERS[name])
    (left, one), (right, other), sign = _made(random, depth - 1), _made(random, depth - 1), random.choice("+−×÷")
    return f"({left} {sign} {right})", _worth(one, sign, other)


def _worth(one: Fraction | None, sign: str, other: Fraction | None) -> Fraction | None:
    if one is None or other is None or (sign == "÷" and other == 0):
        return None
    return {"+": one + other, "−": one - other, "×": one * other, "÷": one / other if other else None}[sign]
