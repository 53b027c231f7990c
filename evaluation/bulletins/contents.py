"""A bulletin as an official paper: the figures in, the whole document out. The same on paper, on the screen and in public."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from config.indicators import Indicators
from evaluation.bulletins import pictures
from evaluation.bulletins.figures import Figures, digest
from evaluation.bulletins.findings import findings
from evaluation.bulletins.phrases import Say, Telling
from evaluation.bulletins.sentences import about_cards, about_cases, about_efficiency, about_people, about_scores
from evaluation.bulletins.tables import RATES, annexes, rates_of
from papers.official import Block, Chart, Heading, OfficialPaper, Paragraph

EXPLAINED = ("finish_rate", *RATES, "cards_per_1000", "satisfaction")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who issues it, and to whom."""

    issuer: str
    addressee: str
    copies_to: str


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes bulletins. `say` gives the Chinese sentences, `written` an instant (microseconds UTC) on the clock of an area."""

    indicators: Indicators
    say: Say
    letterhead: Letterhead
    written: Callable[[str, int], str]

    def compose(self, figures: Figures, number: str, day: date) -> OfficialPaper:
        """The paper. A draft has no number."""
        t = Telling(figures, self.indicators, self.say)
        as_of = self.written(figures.area, figures.as_of)
        head, first = self.letterhead, figures.period.first
        body = (*map(Paragraph, _lead(t, as_of, first)), *_sections(t))
        ranks = pictures.of_places(t, 1 + sum(isinstance(block, Chart) for block in body))
        return OfficialPaper(
            title=self.title(figures), number=number, issuer=head.issuer, addressee=head.addressee, body=body, date=day,
            copies_to=head.copies_to, printed_by=head.issuer, annexes=annexes(t, ranks, _notes(t, as_of)))

    def title(self, figures: Figures) -> str:
        first = figures.period.first
        return self.say("bulletin.title", year=first.year, month=first.month, area=figures.area_name)


def _lead(t: Telling, as_of: str, first: date) -> list[str]:
    said = [t.say("bulletin.lead", year=first.year, month=first.month, area=t.figures.area_name, as_of=as_of)]
    if t.figures.begins:
        said.append(t.say("bulletin.begins", day=_day(t.figures.begins)))
    elif not t.figures.has_before:
        said.append(t.say("bulletin.no_before"))
    return said


def _day(written: str) -> str:
    day = date.fromisoformat(written)
    return f"{day.year}年{day.month}月{day.day}日"


def _sections(t: Telling) -> list[Block]:
    """一、二、三 …: those with something to say, numbered as they come."""
    blocks: list[Block] = []
    told: list[tuple[str, list[str], Callable[[Telling, int], Chart | None] | None]] = [
        ("cases", about_cases(t), pictures.of_months), ("cards", about_cards(t), pictures.of_cards),
        ("efficiency", about_efficiency(t), None), ("people", about_people(t), None), ("scores", about_scores(t), None),
        *_problems(t)]
    for place, (name, sentences, picture) in enumerate(one for one in told if one[1]):
        number = t.say("bulletin.head.numbers")[place]
        blocks += [Heading(t.say("bulletin.head.numbered", n=number, head=t.say(f"bulletin.head.{name}"))),
                   *map(Paragraph, sentences)]
        chart = None if picture is None else picture(t, 1 + sum(isinstance(block, Chart) for block in blocks))
        blocks += [] if chart is None else [chart]
    return blocks


def _problems(t: Telling) -> list[tuple[str, list[str], None]]:
    """Without a problem there is no section on problems, and one demand."""
    found = findings(t)
    if not found:
        return [("demands", [t.say("bulletin.demand.none")], None)]
    return [("problems", _listed([problem for problem, _ in found]), None),
            ("demands", _listed([demand for _, demand in found]), None)]


def _listed(said: list[str]) -> list[str]:
    """（一）…（二）…, unless there is only one."""
    if len(said) == 1:
        return said
    return [f"（{'一二三四五六七八九'[place]}）{one}" for place, one in enumerate(said)]


def _notes(t: Telling, as_of: str) -> list[str]:
    """What a reader must know to check the figures, and the hash by which they are known again."""
    ranking = t.indicators.find(t.figures.rank_by)
    codes = dict.fromkeys((*EXPLAINED, *rates_of(t)))
    said = [t.say("bulletin.note.basis", as_of=as_of, version=t.figures.version), t.say("bulletin.note.dash"),
            t.say("bulletin.note.ranks", indicator=ranking.label.zh, minimum=ranking.minimum),
            t.say(f"bulletin.note.{'ratings_elsewhere' if t.figures.area else 'ratings'}", least=t.figures.least)]
    said += [_definition(t, code) for code in codes]
    return [f"{place}. {one}" for place, one in enumerate([*said, t.say("bulletin.note.digest", digest=digest(t.figures))], 1)]


def _definition(t: Telling, code: str) -> str:
    """An indicator as the catalogue explains it."""
    one = t.indicators.find(code)
    return t.say("bulletin.note.definition", label=one.label.zh, definition=one.definition.zh, unit=one.measure.zh)
