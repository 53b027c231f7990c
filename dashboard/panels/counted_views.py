"""The list behind a figure: where it is found, what it says of the figure, and its lines, each with its page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from dash import html

from config.indicators import Indicator, Indicators
from dashboard.panels.case_search import address_of as case_address
from dashboard.panels.comparison_choices import in_words
from dashboard.panels.days_left import light_sign
from dashboard.panels.marks import mark
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words
from evaluation.comparison import WITHIN
from evaluation.counted import Behind, Kind, Line, Part, listed_part
from evaluation.wish import Wish

PAGE = "/counted/"
NameOf = Callable[[str], str]
Lists = Callable[[str, str, Part], str]  # key of a unit, indicator, which number → address of its list, "" for none
_STATES = {Kind.CASE: "state", Kind.CARD: "disposition", Kind.DUTY: "complaint_state"}
LEVEL_NAMES = {"1": "warning", "2": "yellow", "3": "red"}


def address_of(wish: Wish, part: Part, unit: str = "", after: str = "", page: str = PAGE, **changes: str) -> str:
    """The list behind one number of the question; `unit` is the channel or power where those are told apart."""
    more = {name: value for name, value in (("part", part.value), ("unit", unit), ("after", after)) if value}
    return f"{page}{wish.address(**changes)}&{urlencode(more)}"


def lists_of(wish: Wish, drill: str, indicators: Indicators, may_open: Callable[[str], bool]) -> Lists:
    """Where the lists behind the figures of a table are. `drill` is what its units are; areas have none, their departments
    have; `may_open` says of a department whether the person may see its cases."""
    def address(key: str, code: str, part: Part) -> str:
        org = key if drill == "org" else wish.question.org
        listed = listed_part(indicators.find(code), part)
        if not key or not org or listed is None or drill == "area" or not may_open(org):
            return ""
        changes = {"org": {"org": key, "item": "", "by": ""}, "item": {"item": key, "by": ""}}.get(drill, {})
        return address_of(wish, listed, key if drill in WITHIN else "", indicator=code, **changes)
    return address


def parts(wish: Wish, indicators: Indicators, part: Part, unit: str, t: Words) -> html.Nav:
    """The two numbers of the indicator, in words: the one looked at, and the way to the other."""
    one = indicators.find(wish.question.indicator)
    links = [html.A(part_name(one, name, indicators, t), href=address_of(wish, name, unit),
                    className="choice is-here" if name is part else "choice")
             for name in Part if listed_part(one, name) is name]
    return html.Nav(links, className="choice-group")


def part_name(one: Indicator, part: Part, indicators: Indicators, t: Words) -> str:
    """分子：超期办结; of a mere count what is counted."""
    expression = one.numerator if part is Part.ABOVE or one.denominator is None else one.denominator
    words = in_words(expression.text, indicators, t)
    return words if one.denominator is None else t(f"counted_page.{part.value}", words=words)


def about(found: Behind, t: Words) -> list[str]:
    """How many there are, and that this is what the figure says; or that it is not; or that nobody added them up."""
    things = t(f"counted_page.n_{found.kind}", n=f"{found.things:,}")
    if found.amount is None:
        return [t("counted_page.long", figure=number_text(found.figure), things=things)]
    added = "" if found.each_is_one else t("counted_page.adds_up", n=number_text(found.amount))
    if found.is_exact:
        return [t("counted_page.exact", things=things + added)]
    return [t("counted_page.differs", figure=number_text(found.figure), things=things + added)]


def number_text(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def lines_table(found: Behind, item_name: NameOf, t: Words) -> Any:
    """What is counted, the last first."""
    if not found.lines:
        return html.P(t("counted_page.none"), className="case-none")
    heads = heads_of(found, t)
    rows = [html.Tr(_cells(line, found, item_name, t)) for line in found.lines]
    return grid(heads, rows, "counted-grid", right=() if found.each_is_one else (len(heads) - 1,))


def heads_of(found: Behind, t: Words) -> list[str]:
    """The columns of a list, on the page and in its file. What each adds is told where it is not simply one."""
    case = () if found.kind is Kind.CASE else ("case",)
    names = (found.kind.value, *case, "item", "counted_on", f"begun_{found.kind}", f"ended_{found.kind}", "state")
    return [t(f"counted_page.column.{name}") for name in (*names, *(() if found.each_is_one else ("amount",)))]


def _cells(line: Line, found: Behind, item_name: NameOf, t: Words) -> list[html.Td]:
    amount = [] if found.each_is_one else [html.Td(number_text(line.amount), className="num right")]
    case = [] if found.kind is Kind.CASE else [_link(line.case_no, case_address(line.area, line.case_no))]
    signs = {Kind.CASE: lambda: light_sign(line.light, t), Kind.CARD: lambda: mark(LEVEL_NAMES[line.light], t)}
    sign = signs[line.kind]() if line.kind in signs else None
    return [_link(line.number, _page_of(line)), *case, html.Td(item_name(line.item) if line.item else "—"),
            num(line.day.isoformat()), num(stamp(line.opened_at)), num(stamp(line.closed_at)),
            html.Td(html.Span([sign, state_words(line, t)], className="found-state")), *amount]


def state_words(line: Line, t: Words) -> str:
    """How it stands: a case, a card, a duty by the words of its kind."""
    return t(f"{_STATES[line.kind]}.{line.state}")


def _page_of(line: Line) -> str:
    if line.kind is Kind.CARD:
        return f"/card/{line.number}/"
    return f"/complaints/?{urlencode({'no': line.number})}" if line.kind is Kind.DUTY else case_address(line.area, line.number)


def _link(words: str, address: str) -> html.Td:
    return html.Td(html.A(words, href=address) if words else "—", className="num")


def pager(found: Behind, wish: Wish, part: Part, unit: str, after: str, t: Words) -> Any:
    """On to the next page, and back to the first."""
    ways = [(after, "first_page", ""), (found.following, "next_page", found.following)]
    links = [html.A(t(f"counted_page.{name}"), href=address_of(wish, part, unit, to), className="button")
             for given, name, to in ways if given]
    return html.Nav(links, className="counted-pager") if links else None


def told_frozen(said: Sequence[tuple[str, str, float]], figure: float, t: Words) -> list[str]:
    """What issued bulletins said of this number: (number, day of issue, what it was then)."""
    return [t("counted_page.frozen_same" if then == figure else "counted_page.frozen_other", number=number, day=day,
              then=number_text(then), now=number_text(figure)) for number, day, then in said]
