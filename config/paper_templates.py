"""The words of the papers given out: title, clauses, closing and remedies of each kind, edited in the browser as versions.

Version 0 are the sentences shipped (config/locales/zh, `receipt.*`). Where the papers of a kind of power have words of their
own (`receipt.of.<power>.*`), those are a template of their own, called `<power>.<kind>`; all others share that of the kind. A
template may name what its kind knows, and must name what the shipped words name: a notice of refusal without its reason would
be none (行政许可法 Art. 38). Texts are Chinese, as official documents are; every line is a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, or_, select

from config.models import paper_template_versions
from config.texts import Texts
from config.versions import EVER_IN_FORCE
from core.errors import InvalidInput, NotFound
from core.instants import day_of
from core.statements import Statement

TITLE_MAX, TEXT_MAX = 60, 2000
COMMON = frozenset({"case_no", "item", "applicant", "about", "org"})  # every kind knows them
_PLACE = re.compile(r"\{([a-z_]+)\}")
_PREFIX = "receipt.text."
_OWN = re.compile(r"receipt\.of\.(\w+)\.(?:kind|text)\.(\w+)")
_V = paper_template_versions.c
_IN_FORCE = Statement(select(_V.version, _V.content).where(
    _V.subject == bindparam("name"), _V.effective_from <= bindparam("day"), or_(*(_V.state == one for one in EVER_IN_FORCE))
    ).order_by(_V.version.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class PaperTemplate:
    """The words of a kind of paper: clauses before the list of what it is about, closing and remedies (救济途径) after."""

    title: str
    clauses: str
    closing: str = ""
    remedies: str = ""

    @property
    def places(self) -> frozenset[str]:
        """The names it uses."""
        return frozenset(_PLACE.findall("\n".join((self.title, self.clauses, self.closing, self.remedies))))

    def filled(self, text: str, values: Mapping[str, Any]) -> str:
        """A text of it with the values put in; what they contain is not read again."""
        return _PLACE.sub(lambda place: str(values.get(place[1], "—")), text)


FIELDS = tuple(PaperTemplate.__dataclass_fields__)


class PaperTemplates:
    """What is shipped, what is right, and which version holds on a day."""

    def __init__(self, chinese: Texts) -> None:
        keys = sorted(chinese.all_keys())
        kinds = [key.removeprefix(_PREFIX) for key in keys if key.startswith(_PREFIX)]
        own = dict.fromkeys(found.groups() for found in map(_OWN.fullmatch, keys) if found)
        self.shipped = {kind: _shipped(chinese, kind) for kind in kinds}
        self.shipped |= {f"{power}.{kind}": _shipped_of(chinese, power, kind) for power, kind in own}
        # By name: what holds on that day as of the last confirmation. Every paper asks, and the words change once a year.
        self._known: dict[str, tuple[tuple[str, date], tuple[str, int, PaperTemplate]]] = {}

    def allowed(self, name: str) -> frozenset[str]:
        """The places a template of that name may use."""
        return COMMON | self.shipped[name].places | self.shipped[power_and_kind(name)[1]].places

    def required(self, name: str) -> frozenset[str]:
        """Those it must use."""
        return self.shipped[name].places - COMMON

    def find(self, conn: Connection, kind: str, power: str, day: date, revision: str) -> tuple[str, int, PaperTemplate]:
        """(its name, version, template) for papers of that kind and power issued on that day, as of that revision of what was
        confirmed. Raises NotFound for a kind there is none of."""
        own = f"{power}.{kind}"
        name = own if own in self.shipped else kind
        if name not in self.shipped:
            raise NotFound("config_subject_unknown", kind="paper", subject=kind)
        moment = (revision, day)
        known = self._known.get(name)
        if known is None or known[0] != moment:
            known = self._known[name] = (moment, self._read(conn, name, day))
        return known[1]

    def _read(self, conn: Connection, name: str, day: date) -> tuple[str, int, PaperTemplate]:
        row = _IN_FORCE.first(conn, name=name, day=day_of(day))
        if row is not None:
            return name, row.version, PaperTemplate(**msgspec.json.decode(row.content))
        return name, 0, self.shipped[name]

    def checked(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content as it is stored. Raises InvalidInput naming the field."""
        template = PaperTemplate(**{name: str(content.get(name) or "").strip() for name in FIELDS})
        if not template.title or len(template.title) > TITLE_MAX or "\n" in template.title:
            raise InvalidInput("template_title_invalid", key="title", most=TITLE_MAX)
        for name in FIELDS:
            self._check_text(kind, name, getattr(template, name))
        missing = self.required(kind) - template.places
        if not template.clauses or missing:
            raise InvalidInput("template_place_missing", key="clauses", places=_written(missing))
        return asdict(template)

    def _check_text(self, kind: str, name: str, text: str) -> None:
        if len(text) > TEXT_MAX:
            raise InvalidInput("template_too_long", key=name, most=TEXT_MAX)
        unknown = set(_PLACE.findall(text)) - self.allowed(kind)
        if unknown or set("{}") & set(_PLACE.sub("", text)):
            raise InvalidInput("template_place_unknown", key=name, places=_written(unknown) or "{ }",
                               allowed=_written(self.allowed(kind)))


def power_and_kind(name: str) -> tuple[str, str]:
    """What a template is for; the power is "" for all that have no words of their own."""
    power, _, kind = name.rpartition(".")
    return power, kind


def _shipped(chinese: Texts, kind: str, group: str = "receipt") -> PaperTemplate:
    def words(part: str) -> str:
        key = f"{group}.{part}.{kind}"
        return chinese.raw(key) if chinese.has(key) else ""

    return PaperTemplate(words("title") or words("kind"), words("text"), words("closing"), words("remedies"))


def _shipped_of(chinese: Texts, power: str, kind: str) -> PaperTemplate:
    """Who words a paper himself words all of it: remedies against another act would be wrong ones. The title alone may
    differ."""
    shared, own = _shipped(chinese, kind), _shipped(chinese, kind, f"receipt.of.{power}")
    title = own.title or shared.title
    return replace(own if own.clauses else shared, title=title)


def _written(places: Any) -> str:
    return " ".join(f"{{{place}}}" for place in sorted(places))
