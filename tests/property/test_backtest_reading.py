"""Facts read by the column are the facts, and what follows from them on arrays is what the engine says case by case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.backtest.arrays import NONE
from alerts.backtest.cards import Names, Rungs, passages_of
from alerts.backtest.folds import Folds
from alerts.backtest.packed import PackedRecords
from alerts.backtest.spans import FactsReader
from alerts.backtest.watches import Clocks, Reader, World
from bootstrap import Services
from cases.act_facts import Extension, StepDone
from cases.areas import Area
from cases.events import Due
from cases.fold import Fold, Moment, Promise, StepDue, Stop, Visit
from cases.judging import judge
from cases.projection import Condition
from config.catalogue import Item
from core.instants import HOUR_US, to_us
from tests.integration.test_backtest import services_on

BEGINS, NOW = to_us(datetime(2025, 1, 6, 1, 0, tzinfo=UTC)), datetime(2025, 3, 27, 3, 0, tzinfo=UTC)
PRESETS = ("kechuang", "chengdu", "yulin")
MOMENTS = st.builds(lambda hours, offset: Moment(BEGINS + hours * HOUR_US, offset), st.integers(0, 60 * 24),
                    st.sampled_from([480, 480, 480, 0, -210]))
MAYBE = st.one_of(st.none(), MOMENTS)
DUES = st.builds(lambda moment, way: Due(moment.at, moment.utc_offset, way), MOMENTS, st.sampled_from(["day", "instant"]))
LIMITS = st.sampled_from(["", "", "", "10wd", "16wh", "30cd", "0wd", "1mo"])
# Areas with calendars, ladders and wall clocks of their own, and one nobody knows.
AREAS = [Area("360502", "甲区", "cn", "Asia/Shanghai", "chengdu"), Area("360521", "乙县", "cn", "Europe/Berlin", "yulin"),
         Area("360599", "丙区", "mf", "Asia/Kolkata", "kechuang")]
IN_AREAS = st.sampled_from(["360500", "360500", *(one.area for one in AREAS), "unknown"])
KINDS_OF_STOPS = st.sampled_from(["hearing", "expert_review", "inspection", "correction", "prerequisite", "reopening"])
CLOSED_BY = st.sampled_from(["concluded", "concluded", "withdrawn", "returned", ""])
Told = set[tuple[int, str, int, int, int, str, str]]


def rarely(strategy: st.SearchStrategy[Any], otherwise: object) -> st.SearchStrategy[Any]:
    """Something that would keep a case from being read at once, in few cases only."""
    return st.integers(0, 24).flatmap(lambda roll: strategy if roll == 24 else st.just(otherwise))


@st.composite
def stops(draw: st.DrawFn) -> Stop:
    start = draw(MOMENTS)
    lasts = draw(st.one_of(st.none(), st.integers(1, 400)))
    end = None if lasts is None else Moment(start.at + lasts * HOUR_US, start.utc_offset)
    return Stop(draw(KINDS_OF_STOPS), start, end, "1", draw(st.one_of(st.none(), st.integers(0, 30))))


@st.composite
def paths(draw: st.DrawFn, steps: tuple[str, ...]) -> list[StepDone]:
    done = draw(st.lists(st.tuples(st.sampled_from(steps), MOMENTS), max_size=6)) if steps else []
    in_order = sorted(done, key=lambda one: one[1].at)
    return [StepDone(step, "甲", "窗口", moment.at, moment.utc_offset) for step, moment in in_order]


@st.composite
def folds(draw: st.DrawFn, items: list[Item | str]) -> Fold:
    item = draw(st.sampled_from(items))
    steps = item.steps if isinstance(item, Item) else ("某步",)
    moments: dict[str, Any] = {name: draw(MAYBE) for name in (
        "submitted", "received", "answered", "accepted", "decided", "closed", "collected", "delivered", "licensed", "forwarded",
        "hearing", "taken")}
    lodged = draw(rarely(MOMENTS, None))
    return Fold(
        area=draw(IN_AREAS), case_no="某-1", source="made", org="gongxin", item=item.code if isinstance(item, Item) else item,
        title="题" * draw(st.sampled_from([0, 3, 20, 200])), **moments, lodged=lodged,
        matter="" if lodged is None else draw(st.sampled_from(["consultation", "complaint"])),
        closed_by="" if moments["closed"] is None else draw(CLOSED_BY),
        promised_limit=draw(LIMITS), statutory_limit=draw(LIMITS),
        stops=draw(st.lists(stops(), max_size=3)), path=draw(paths(steps)), refused=draw(rarely(MOMENTS, None)),
        extensions=draw(rarely(st.just([Extension(BEGINS, BEGINS + 9 * HOUR_US, 5)]), [])), own_due=draw(rarely(DUES, None)),
        promised_due=draw(rarely(DUES, None)), statutory_due=draw(rarely(DUES, None)),
        pinned=draw(rarely(st.integers(0, 3), None)),
        steps=draw(rarely(st.builds(lambda done, due: [StepDue("某步", done, due)], MOMENTS, DUES), [])),
        visits=draw(rarely(st.builds(lambda at: [Visit(steps[-1], at, Moment(at.at + 9 * HOUR_US))], MOMENTS), [])),
        promises=draw(rarely(st.builds(lambda made, due: [Promise(("shenqing",), made, due)], MOMENTS,
                                       st.one_of(st.none(), DUES)), [])),
        hearing_asked=draw(rarely(MOMENTS, None)))


@pytest.fixture(scope="module", params=PRESETS)
def services(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("reading")
    made = services_on(f"sqlite:///{folder / 'none.db'}", Path(folder), NOW, request.param)
    made.database.create_all()
    with made.uow() as uow:
        for one in AREAS:
            made.areas.save(uow, one)
    yield made
    made.database.dispose()


def kinds_of_items(services: Services) -> list[Item | str]:
    """One item of every sort that is watched differently, one nobody knows, and none."""
    sorts = {(one.category, one.kind, one.details.licence, bool(one.details.hearing), bool(one.details.step_limits),
              bool(one.details.ceilings)): one
             for one in services.catalogue.items.values()}
    assert {licence for _category, _kind, licence, *_more in sorts} == {"", "electronic", "paper"}
    assert "forwarded" in {category for category, *_more in sorts}
    return [*sorts.values(), "unknown-99", ""]


def as_told(rungs: Rungs, names: Names) -> Told:
    columns = (rungs.case, rungs.kind, rungs.ordinal, rungs.level, rungs.at, rungs.rule, rungs.code)
    return {(case, kind, ordinal, level, at, "@".join(names.texts[rule]), names.texts[code][0])
            for case, kind, ordinal, level, at, rule, code in zip(*(one.tolist() for one in columns), strict=True)}


@given(data=st.data())
def test_cases_read_at_once_pass_the_rungs_the_engine_says(services: Services, data: st.DataObject) -> None:
    made = data.draw(st.lists(folds(kinds_of_items(services)), min_size=4, max_size=12))
    world, now_us, ids = World(services.areas, services.catalogue), to_us(NOW), list(range(len(made)))
    reader, columns, names = FactsReader(services.catalogue), Folds([msgspec.msgpack.encode(one) for one in made]), Names()
    rungs, unjudged = passages_of(Reader(world, now_us, reader).clocks(reader.read(columns), columns, ids), now_us, names)

    states = [(place, state) for place, fold in enumerate(made)
              for state in judge(fold, place, world.areas, world.catalogue, now_us)]
    one_by_one, _ = passages_of(Clocks(scalar=states), now_us, names)
    assert as_told(rungs, names) == as_told(one_by_one, names)
    assert set(unjudged) == {place for place, state in states if state.condition is Condition.UNJUDGEABLE}


@given(data=st.data())
def test_columns_of_packed_facts_are_the_facts(services: Services, data: st.DataObject) -> None:
    made = data.draw(st.lists(folds(kinds_of_items(services)), min_size=1, max_size=5))
    columns, codes = Folds([msgspec.msgpack.encode(one) for one in made]), dict[bytes, int]()

    assert list(columns) == made
    for name in ("submitted", "closed", "lodged", "hearing_asked"):
        moments = [getattr(one, name) for one in made]
        assert columns.moments(name).each(columns.counts("stops") * 0 + range(len(made))) == moments
        assert columns.known(name).tolist() == [one is not None for one in moments]
    for name in ("stops", "path", "materials", "visits"):
        assert columns.counts(name).tolist() == [len(getattr(one, name)) for one in made]
    assert [list(codes)[number].decode() for number in columns.coded("title", codes)] == [one.title for one in made]
    assert columns.says("closed_by", "concluded").tolist() == [one.closed_by == "concluded" for one in made]


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2**63, 2**64 - 1), st.floats(allow_nan=False), st.text(max_size=300),
                    st.binary(max_size=300))
VALUES = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=20),
                                                       st.dictionaries(st.text(), inner, max_size=5)), max_leaves=30)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8), st.integers(-2**63, 2**63 - 1))
def test_whatever_lies_before_a_field_it_is_found(values: list[tuple[object, object]], number: int) -> None:
    records = PackedRecords([msgspec.msgpack.encode([*pair, number + at if number < 0 else number - at])
                             for at, pair in enumerate(values)])
    *before, last = records.fields(3)
    found = [tuple(map(msgspec.msgpack.decode, pair)) for pair in zip(*map(records.raw, before), strict=True)]
    assert found == values
    assert records.numbers(last).tolist() == [number + at if number < 0 else number - at for at in range(len(values))]


@given(st.lists(st.tuples(st.text(max_size=40), st.integers(-2**63, 2**63 - 1)), min_size=1, max_size=20))
def test_records_written_before_a_field_was_added_have_none_of_it(made: list[tuple[str, int]]) -> None:
    records = PackedRecords([msgspec.msgpack.encode([text, number][:1 + at % 2]) for at, (text, number) in enumerate(made)])
    texts, numbers = records.fields(2)
    assert [text.decode() for text in records.texts(texts)] == [text for text, _number in made]
    assert records.numbers(numbers).tolist() == [number if at % 2 else NONE for at, (_text, number) in enumerate(made)]
