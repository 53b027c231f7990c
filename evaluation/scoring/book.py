"""The schemes as they stand: shipped, or the version in force on the first day of a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec
from sqlalchemy import Connection, select

from config.models import scoring_versions
from config.schemes import Schemes
from config.scoring import Scheme
from config.versions import EVER_IN_FORCE
from core.database import Database
from core.errors import NotFound
from core.instants import day_of

_v = scoring_versions.c


@dataclass(frozen=True, slots=True)
class SchemeInForce:
    """A scheme by code and version; version 0 is the shipped one."""

    code: str
    version: int
    scheme: Scheme


class SchemeBook:
    """Reads what `config.service` keeps of Kind.SCORING."""

    def __init__(self, database: Database, schemes: Schemes) -> None:
        self._database, self.schemes = database, schemes

    def all(self, month: date) -> list[SchemeInForce]:
        """Every scheme there is for that month, the shipped ones first. Raises ConfigError for one nobody can read."""
        with self._database.read() as conn:
            found = [self._find(conn, code, month) for code in self._codes(conn)]
        return [one for one in found if one is not None]

    def in_force(self, code: str, month: date) -> SchemeInForce:
        """The newest confirmed version whose first day is not after that of the month. Raises NotFound."""
        with self._database.read() as conn:
            found = self._find(conn, code, month)
        if found is None:
            raise NotFound("scheme_unknown", value=code[:64], accepted=", ".join(one.code for one in self.all(month)))
        return found

    def check_known(self, code: str) -> None:
        """Raises NotFound for a scheme that is not shipped and never was in force, in whatever month."""
        with self._database.read() as conn:
            known = self._codes(conn)
        if code not in known:
            raise NotFound("scheme_unknown", value=code[:64], accepted=", ".join(known))

    def _codes(self, conn: Connection) -> list[str]:
        edited = conn.scalars(select(_v.subject).where(_v.state.in_(EVER_IN_FORCE)).distinct().order_by(_v.subject))
        return list(dict.fromkeys((*self.schemes.shipped, *edited)))

    def _find(self, conn: Connection, code: str, month: date) -> SchemeInForce | None:
        row = conn.execute(select(_v.version, _v.content).where(
            _v.subject == code, _v.state.in_(EVER_IN_FORCE), _v.effective_from <= day_of(month)).order_by(
                _v.version.desc()).limit(1)).first()
        if row is not None:
            content = self.schemes.checked(msgspec.json.decode(row.content), f"{code}, version {row.version}")
            return SchemeInForce(code, row.version, content)
        shipped = self.schemes.shipped.get(code)
        return None if shipped is None else SchemeInForce(code, 0, shipped)
