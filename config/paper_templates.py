"""The words of the papers given out: title, clauses, closing and remedies of each kind, edited in the browser as versions.

Version 0 are the sentences shipped (config/locales/zh, `receipt.*`). A template may name what its kind knows, and must name
what the shipped words name: a notice of refusal without its reason would be none (行政许可法 Art. 38). Texts are Chinese, as
official documents are; every line is a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from config.models import paper_template_versions
from config.texts import Texts
from config.versions import EVER_IN_FORCE
from core.errors import InvalidInput, NotFound
from core.instants import day_of

TITLE_MAX, TEXT_MAX = 60, 2000
COMMON = frozenset({"case_no", "item", "applicant", "about", "org"})  # every kind knows them
_PLACE = re.compile(r"\{([a-z_]+)\}")
_PREFIX = "receipt.text."
_IN_FORCE = select(paper_template_versions.c["version", "content"]).where(
    paper_template_versions.c.subject == bindparam("kind"), paper_template_versions.c.effective_from <= bindparam("day"),
    paper_template_versions.c.state.in_(EVER_IN_FORCE)).order_by(paper_template_versions.c.version.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class PaperTemplate:
    """The words of a kind of paper: clauses before the list of what it is about, closing and remedies (救济途径) after it."""

    title: str
    clauses: str
    closing: str = ""
    remedies: str = ""

    @property
    def places(self) -> frozenset[str]:
        """The names it uses."""
        return frozenset(_PLACE.findall("\n".join((self.clauses, self.closing, self.remedies))))

    def filled(self, text: str, values: Mapping[str, Any]) -> str:
        """A text of it with the values put in; what they contain is not read again."""
        return _PLACE.sub(lambda place: str(values.get(place[1], "—")), text)


FIELDS = tuple(PaperTemplate.__dataclass_fields__)


class PaperTemplates:
    """What is shipped, what is right, and which version holds on a day."""

    def __init__(self, chinese: Texts) -> None:
        kinds = sorted(key.removeprefix(_PREFIX) for key in chinese.all_keys() if key.startswith(_PREFIX))
        self.shipped = {kind: _shipped(chinese, kind) for kind in kinds}

    def allowed(self, kind: str) -> frozenset[str]:
        """The names a template of that kind may use."""
        return COMMON | self.shipped[kind].places

    def required(self, kind: str) -> frozenset[str]:
        """Those it must use."""
        return self.shipped[kind].places - COMMON

    def find(self, conn: Connection, kind: str, day: date) -> tuple[int, PaperTemplate]:
        """(version, template) for papers of that kind issued on that day. Raises NotFound for a kind there is none of."""
        row = conn.execute(_IN_FORCE, {"kind": kind, "day": day_of(day)}).first()
        if row is not None:
            return row.version, PaperTemplate(**msgspec.json.decode(row.content))
        if kind not in self.shipped:
            raise NotFound("config_subject_unknown", kind="paper", subject=kind)
        return 0, self.shipped[kind]

    def checked(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content as it is stored. Raises InvalidInput naming the field."""
        template = PaperTemplate(**{name: str(content.get(name) or "").strip() for name in FIELDS})
        if not template.title or len(template.title) > TITLE_MAX or "\n" in template.title:
            raise InvalidInput("template_title_invalid", key="title", most=TITLE_MAX)
        for name in ("clauses", "closing", "remedies"):
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


def _shipped(chinese: Texts, kind: str) -> PaperTemplate:
    def words(part: str) -> str:
        key = f"receipt.{part}.{kind}"
        return chinese.raw(key) if chinese.has(key) else ""

    return PaperTemplate(words("kind"), words("text"), words("closing"), words("remedies"))


def _written(places: Any) -> str:
    return " ".join(f"{{{place}}}" for place in sorted(places))
