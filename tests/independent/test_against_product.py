"""The product's command line and the independent calculation agree on every cell and every figure.

On the real logs against plain loops over the raw files; on the hand-made logs against answers worked out on paper.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import postgres_database
from tests.independent import handmade, plain
from tests.independent.plain import Case, Question
from tests.independent.product import Product, cell_differences, figure_differences

RECEIPT_MONTHS = ("2010-10-01", "2012-02-10")
RECEIPT_AS_OF = "2011-12-31"
TOWN_MONTHS = ("2010-10-01", "2015-08-15")
TOWN_AS_OF, TOWN_AS_OF_NET = "2013-06-30", "2015-03-31"  # the second lies after the end of one of the two logs

RECEIPT_QUESTIONS = [
    *[Question(limit, "mf", net) for limit in ("own", "promised", "statutory") for net in (False, True)],
    Question("own", "cn"), Question("56cd", "mf"), Question("20wd", "cn"), Question("40wd", "mf", net=True),
]
TOWN_QUESTIONS = [
    *[Question(limit, calendar, net) for limit in ("20wd", "40wd") for calendar in ("mf", "cn") for net in (False, True)],
    *[Question("56cd", calendar, net) for calendar in ("mf", "cn") for net in (False, True)],
    Question("own", "mf"),
]


def spoken(question: Question) -> str:
    return f"{question.limit}-{question.calendar}-{'net' if question.net else 'gross'}"


# The raw logs and what the product makes of them, each once for the whole run -------------------------------------

@pytest.fixture(scope="module")
def calendars(data_dir: Path) -> dict[str, plain.IsWorkingDay]:
    return {"mf": plain.monday_to_friday, "cn": plain.chinese_calendar(data_dir / "holiday_cn")}


@pytest.fixture(scope="module")
def receipt(data_dir: Path) -> list[Case]:
    return plain.read_receipt_xes(data_dir / "receipt_wabo" / "08_receipt.xes.gz")


@pytest.fixture(scope="module")
def towns(data_dir: Path) -> list[Case]:
    return [case for log in town_logs(data_dir) for case in plain.read_bpic15(log)]


def town_logs(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "bpic15_m1_m2").glob("BPIC15_*.xes.gz"))


@pytest.fixture(scope="module")
def receipt_product(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Product:
    product = Product(tmp_path_factory.mktemp("receipt"))
    product.load(data_dir / "receipt_wabo" / "08_receipt.xes.gz", "receipt_wabo")
    return product


@pytest.fixture(scope="module")
def town_product(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Product:
    product = Product(tmp_path_factory.mktemp("towns"))
    for log in town_logs(data_dir):
        product.load(log, "bpic15")
    return product


@pytest.fixture(scope="module", params=["flat", "tables", "tables by their own mappings"])
def csv_product(request: pytest.FixtureRequest, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Product:
    """The receipt log as one flat file, and as a table of cases with a table of events."""
    product, folder = Product(tmp_path_factory.mktemp("csv")), data_dir / "receipt_wabo"
    if request.param == "flat":
        product.load(folder / "receipt.csv", "receipt_wabo")
    elif request.param == "tables":
        product.load(folder / "events.csv.gz", "receipt_wabo")
        product.load(folder / "cases.csv.gz", "receipt_wabo")
    else:
        product.load(folder / "cases.csv.gz", "receipt_wabo_cases")
        product.load(folder / "events.csv.gz", "receipt_wabo_events")
    return product


# Real logs ------------------------------------------------------------------------------------------------------

def expected_heat_map(cases: list[Case], question: Question, calendars, months: tuple[str, str]) -> list[list[str]]:
    days = plain.month_ends(*(date.fromisoformat(day) for day in months))
    return plain.heat_map(cases, question, calendars[question.calendar], days)


def expected_statistics(cases: list[Case], question: Question, calendars, as_of: str) -> dict[str, Any]:
    return plain.statistics(cases, question, calendars[question.calendar], date.fromisoformat(as_of))


@pytest.mark.parametrize("question", RECEIPT_QUESTIONS, ids=spoken)
def test_every_cell_of_the_receipt_log_agrees(question, receipt, receipt_product, calendars):
    expected = expected_heat_map(receipt, question, calendars, RECEIPT_MONTHS)
    assert cell_differences(receipt_product.heat_map(question, *RECEIPT_MONTHS), expected) == []


@pytest.mark.parametrize("question", RECEIPT_QUESTIONS, ids=spoken)
def test_every_figure_of_the_receipt_log_agrees(question, receipt, receipt_product, calendars):
    expected = expected_statistics(receipt, question, calendars, RECEIPT_AS_OF)
    assert figure_differences(receipt_product.statistics(question, RECEIPT_AS_OF), expected) == []


@pytest.mark.parametrize("question", TOWN_QUESTIONS, ids=spoken)
def test_every_cell_of_the_two_municipalities_agrees(question, towns, town_product, calendars):
    expected = expected_heat_map(towns, question, calendars, TOWN_MONTHS)
    assert cell_differences(town_product.heat_map(question, *TOWN_MONTHS), expected) == []


@pytest.mark.parametrize("question", TOWN_QUESTIONS, ids=spoken)
def test_every_figure_of_the_two_municipalities_agrees(question, towns, town_product, calendars):
    as_of = TOWN_AS_OF_NET if question.net else TOWN_AS_OF
    expected = expected_statistics(towns, question, calendars, as_of)
    assert figure_differences(town_product.statistics(question, as_of), expected) == []


def test_the_receipt_log_as_csv_says_the_same(csv_product, receipt, calendars):
    question = Question("own", "mf")
    heat_map = csv_product.heat_map(question, *RECEIPT_MONTHS)
    assert cell_differences(heat_map, expected_heat_map(receipt, question, calendars, RECEIPT_MONTHS)) == []
    statistics = csv_product.statistics(question, RECEIPT_AS_OF)
    assert figure_differences(statistics, expected_statistics(receipt, question, calendars, RECEIPT_AS_OF)) == []


# On PostgreSQL ----------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def on_postgres(data_dir: Path, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Both kinds of log in one record, each in areas of its own."""
    with postgres_database(postgres_url) as url:
        product = Product(tmp_path_factory.mktemp("postgres"), url)
        product.load(data_dir / "receipt_wabo" / "08_receipt.xes.gz", "receipt_wabo")
        for log in town_logs(data_dir):
            product.load(log, "bpic15")
        yield product


@pytest.mark.parametrize("question", [Question("own", "mf"), Question("20wd", "cn"), Question("20wd", "mf", net=True)],
                         ids=spoken)
def test_the_reports_on_postgresql_agree_as_well(question, receipt, towns, on_postgres, calendars):
    cases = [*receipt, *towns]
    heat_map = on_postgres.heat_map(question, *TOWN_MONTHS)
    assert cell_differences(heat_map, expected_heat_map(cases, question, calendars, TOWN_MONTHS)) == []
    statistics = on_postgres.statistics(question, TOWN_AS_OF_NET)
    assert figure_differences(statistics, expected_statistics(cases, question, calendars, TOWN_AS_OF_NET)) == []


# Fines ----------------------------------------------------------------------------------------------------------

FINES_MONTHS, FINES_AS_OF = ("2005-06-01", "2013-06-18"), "2012-12-31"
EVERY_SO_MANY = 50


@pytest.fixture(scope="module")
def some_fines(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every fiftieth fine: three thousand of all years."""
    chosen: dict[str, bool] = {}
    path = tmp_path_factory.mktemp("fines") / "fines.csv.gz"
    with gzip.open(data_dir / "traffic_fines" / "traffic_fines.csv.gz", "rt", encoding="utf-8") as all_fines, \
            gzip.open(path, "wt", encoding="utf-8") as some:
        some.write(next(all_fines))
        some.writelines(line for line in all_fines
                        if chosen.setdefault(line.split(",", 1)[0], len(chosen) % EVERY_SO_MANY == 0))
    return path


@pytest.fixture(scope="module")
def fines(some_fines: Path) -> list[Case]:
    return plain.read_traffic_fines(some_fines)


@pytest.fixture(scope="module")
def fines_product(some_fines: Path, tmp_path_factory: pytest.TempPathFactory) -> Product:
    product = Product(tmp_path_factory.mktemp("fines_product"))
    product.load(some_fines, "traffic_fines")
    return product


@pytest.mark.parametrize("question", [Question("56cd", "cn"), Question("60wd", "mf"), Question("90cd", "mf", net=True)],
                         ids=spoken)
def test_every_cell_of_the_fines_agrees(question, fines, fines_product, calendars):
    expected = expected_heat_map(fines, question, calendars, FINES_MONTHS)
    assert cell_differences(fines_product.heat_map(question, *FINES_MONTHS), expected) == []


def test_every_figure_of_the_fines_agrees(fines, fines_product, calendars):
    question = Question("60wd", "mf")
    statistics = fines_product.statistics(question, FINES_AS_OF)
    assert figure_differences(statistics, expected_statistics(fines, question, calendars, FINES_AS_OF)) == []


def test_fines_of_years_without_a_published_calendar_are_not_judged_and_the_others_are(fines, fines_product, calendars):
    """The Chinese calendar begins with 2007, the fines with 2000."""
    question, first_known = Question("60wd", "cn"), date(2007, 1, 1)
    later = [case for case in fines if case.opened >= first_known]
    heat_map = fines_product.heat_map(question, *FINES_MONTHS)
    assert cell_differences(heat_map, expected_heat_map(later, question, calendars, FINES_MONTHS)) == []
    found, expected = (fines_product.statistics(question, FINES_AS_OF)["all"],
                       expected_statistics(later, question, calendars, FINES_AS_OF)["all"])
    as_of = date.fromisoformat(FINES_AS_OF)
    known = [case for case in fines if case.opened <= as_of]
    assert found["unjudgeable"] == sum(case.opened < first_known for case in known) > 0
    assert (found["cases"], found["closed"]) == (len(known), sum(not plain.is_open(case, as_of) for case in known))
    judged = ("closed_early", "closed_on_due_day", "closed_late", "open_overdue", "early_rate", "ontime_rate")
    assert {name: found[name] for name in judged} == {name: expected[name] for name in judged}
    assert (found["median_working_days"], found["median_duration"]) == (None, None)


# Hand-made logs -------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module", params=handmade.FORMS)
def handmade_towns(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Product:
    product = Product(tmp_path_factory.mktemp("handmade_towns"))
    for path in handmade.write_towns(product.folder, request.param):
        product.load(path, "bpic15")
    return product


@pytest.fixture(scope="module", params=handmade.FORMS)
def handmade_receipt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Product:
    product = Product(tmp_path_factory.mktemp("handmade_receipt"))
    for path in handmade.write_receipt(product.folder, request.param):
        product.load(path, "receipt_wabo")
    return product


def _told(asked: tuple[Any, ...]) -> str:
    return "-".join(map(str, asked))


@pytest.mark.parametrize("asked", handmade.TOWN_HEAT_MAPS, ids=_told)
def test_every_trap_in_a_municipality_is_seen_in_the_heat_map(asked, handmade_towns):
    limit, calendar, net, first, last = asked
    found = handmade_towns.heat_map(Question(limit, calendar, net), first, last)
    assert cell_differences(found, handmade.TOWN_HEAT_MAPS[asked]) == []


@pytest.mark.parametrize("asked", handmade.RECEIPT_HEAT_MAPS, ids=_told)
def test_every_trap_in_a_receipt_log_is_seen_in_the_heat_map(asked, handmade_receipt):
    limit, calendar, net, first, last = asked
    found = handmade_receipt.heat_map(Question(limit, calendar, net), first, last)
    assert cell_differences(found, handmade.RECEIPT_HEAT_MAPS[asked]) == []


def _on_paper(asked: tuple[str, str, bool], answers: handmade.Answers) -> dict[str, Any]:
    (limit, calendar, net), (everything, departments) = asked, answers[asked]
    return {"as_of": handmade.AS_OF, "limit": limit, "calendar": calendar, "net": net, "all": everything,
            "departments": departments}


@pytest.mark.parametrize("asked", handmade.TOWN_STATISTICS, ids=_told)
def test_every_trap_in_a_municipality_is_seen_in_the_statistics(asked, handmade_towns):
    found = handmade_towns.statistics(Question(*asked), handmade.AS_OF)
    assert figure_differences(found, _on_paper(asked, handmade.TOWN_STATISTICS)) == []


@pytest.mark.parametrize("asked", handmade.RECEIPT_STATISTICS, ids=_told)
def test_every_trap_in_a_receipt_log_is_seen_in_the_statistics(asked, handmade_receipt):
    found = handmade_receipt.statistics(Question(*asked), handmade.AS_OF)
    assert figure_differences(found, _on_paper(asked, handmade.RECEIPT_STATISTICS)) == []
