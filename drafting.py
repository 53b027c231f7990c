"""What the process that reads deliveries is given to work ahead with, and what it is built of there (docs/adr/0022).

`bootstrap` gives it to the reader of deliveries; the second process begins at `drafter_of`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from sqlalchemy import URL, make_url

from cases.areas import Area, Areas
from cases.case_judge import CaseJudge
from cases.drafting import Drafter
from config.calendars import CALENDAR_DIR, load_calendars
from config.catalogue import CITY_DIR, Catalogue, load_catalogue
from config.fingerprint import fingerprint, print_of_packages
from config.ladders import RULES_DIR, load_presets
from config.settings import Settings
from core import collector
from core.database import Database
from core.errors import ConfigError
from core.instants import SECOND_US
from evaluation.marks import CaseMarker
from feeds.delivery_reading import Drafting

# What is judged follows from these.
_CODE = print_of_packages("core", "config", "cases", "evaluation")


class _Setup(msgspec.Struct):
    url: str
    wait_s: float
    calendars: Path
    rules: Path
    city: Path
    default: Area
    judged_by: tuple[str, str]  # what its program was built from: files and code
    stands_us: int


_encode, _decode = msgspec.msgpack.Encoder(enc_hook=str).encode, msgspec.msgpack.Decoder(
    _Setup, dec_hook=lambda kind, value: kind(value)).decode


def drafting_of(settings: Settings, catalogue: Catalogue, printed: str) -> Drafting | None:
    """What the reader of deliveries hands over; None where nothing is to be worked out ahead. `printed`: the print of the
    files from before this program read them."""
    stands_s, url = settings.ingest.drafts_stand_s, make_url(settings.database.url)
    if not stands_s or printed != rules_print(settings) or not _names_its_server(url):
        return None
    calendars, rules, city = _folders(settings)
    setup = _Setup(settings.database.url, settings.database.busy_timeout_s, calendars, rules, city,
                   default_area(settings, catalogue), (printed, _CODE), int(stands_s * SECOND_US))
    return Drafting(f"{__name__}:{drafter_of.__name__}", _encode(setup))


def _names_its_server(url: URL) -> bool:
    """Whether PostgreSQL is found by the address alone: the second process has none of the environment its driver reads."""
    return url.get_backend_name() == "sqlite" or bool((url.host or "host" in url.query) and url.username)


def drafter_of(setup: bytes) -> Drafter:
    """Over there. Raises ConfigError where the files or the code it would judge by are not those of its program."""
    given = _decode(setup)
    catalogue = load_catalogue(given.city)
    areas = Areas(load_calendars(given.calendars), load_presets(given.rules), given.default)
    if (fingerprint((given.calendars, given.rules, given.city)), _CODE) != given.judged_by:
        raise ConfigError("edited_since", remedy="restart the program: calendars, rules, items or its own code were edited")
    judge = CaseJudge(areas, catalogue, CaseMarker(areas, catalogue), raises=True)
    database = Database(given.url, pool_size=1, busy_timeout_s=given.wait_s, only_reads=True)
    collector.settle()
    return Drafter(database, areas, judge, given.stands_us)


def default_area(settings: Settings, catalogue: Catalogue) -> Area:
    """The area of cases that name none."""
    return Area(catalogue.default_area, catalogue.city, settings.areas.default_calendar, settings.areas.default_timezone,
                settings.areas.default_preset)


def rules_print(settings: Settings) -> str:
    """Changes with every calendar, ladder and catalogue file: what could not be judged is then looked at again."""
    return fingerprint(_folders(settings))


def _folders(settings: Settings) -> tuple[Path, Path, Path]:
    paths = settings.paths
    return paths.calendar_dir or CALENDAR_DIR, paths.rules_dir or RULES_DIR, paths.city_dir or CITY_DIR
