"""A second look at notices and escalation: what should have ended or been taken by now, and was not, is an alarm.

It trusts neither sender nor escalation: it reads the tables only. Its patience is real time, so that a demonstration whose
clock runs faster than life does not accuse itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from alerts.alarms import AlarmService
from alerts.notices.models import WAITING, escalations, notices
from alerts.notices.sender import tell_dead
from core.instants import MINUTE_US
from core.unit_of_work import UnitOfWorkFactory

STUCK_CODE, MISSED_CODE = "notices_stuck", "escalation_missed"
MISSED_AFTER_MIN = 1


class Auditor:
    """`after_min`: real minutes after which a notice that is due must have ended (sent, dead or withheld)."""

    def __init__(self, units: UnitOfWorkFactory, alarms: AlarmService, after_min: int) -> None:
        self._units, self._alarms, self._after_min = units, alarms, after_min

    def audit(self) -> dict[str, int]:
        """How many notices are stuck and how many steps were missed; each is an alarm while it is not 0."""
        speed = max(1.0, self._units.clock.speed)
        with self._units() as uow:
            found = {STUCK_CODE: _stuck(uow.conn, uow.now_us - int(self._after_min * MINUTE_US * speed)),
                     MISSED_CODE: _missed(uow.conn, uow.now_us - int(MISSED_AFTER_MIN * MINUTE_US * speed))}
            for code, number in found.items():
                if number:
                    self._alarms.renew_alarm(uow.conn, code, "", uow.now_us, n=number)
                else:
                    self._alarms.clear_alarm(uow.conn, code, "", uow.now_us)
            tell_dead(uow, self._alarms)
        return found


def _stuck(conn: Connection, before: int) -> int:
    """Notices whose time to be sent came before then and that nobody has tried since; a retry to come is no fault."""
    return _count(conn, select(func.count()).select_from(notices).where(WAITING, notices.c.next_at < before))


def _missed(conn: Connection, before: int) -> int:
    return _count(conn, select(func.count()).select_from(escalations).where(
        escalations.c.stopped_at.is_(None), escalations.c.next_at < before))


def _count(conn: Connection, statement: Any) -> int:
    return int(conn.execute(statement).scalar_one())
