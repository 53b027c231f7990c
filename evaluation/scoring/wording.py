"""Points as people read them."""

from __future__ import annotations


def number_of(points: int) -> str:
    """8.5 of 850 hundredths: no more places than there are."""
    sign, whole, rest = "−" if points < 0 else "", abs(points) // 100, abs(points) % 100
    return f"{sign}{whole}" + (f".{rest:02d}".rstrip("0") if rest else "")


def total_of(points: int | None) -> str:
    """Always two places, so that totals stand in columns; "—" where there is none."""
    return "—" if points is None else f"{points / 100:.2f}"


def signed(points: int) -> str:
    """−5, +1.5."""
    return f"+{number_of(points)}" if points > 0 else number_of(points)
