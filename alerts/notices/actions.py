"""What people do with notices: read their inbox, and send again what was given up."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from alerts.alarms import AlarmService
from alerts.notices.models import notices
from alerts.notices.sender import tell_dead
from alerts.notices.words import NoticeState, Reason
from alerts.roster.contacts import Channel
from core.access import Actor, Role, require
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from core.unit_of_work import UnitOfWorkFactory

RESENDERS = (Role.DUTY_OFFICER, *(role for role in Role if role.value == "shift_leader"), Role.ADMINISTRATOR)
READ_MAX = 500


class NoticeActions:
    """Each call is one transaction."""

    def __init__(self, units: UnitOfWorkFactory, alarms: AlarmService) -> None:
        self._units, self._alarms = units, alarms

    def resend(self, notice_id: int, actor: Actor | None) -> None:
        """Put a dead notice back, with its attempts counted anew and under the same id. Raises NotFound, also for one of an
        area this person does not see, or Conflict."""
        person = require(actor, *RESENDERS)
        with self._units() as uow:
            found = uow.conn.execute(select(notices.c.state, notices.c.area).where(notices.c.id == notice_id)).first()
            if found is None or person.area not in ("", found.area):
                raise NotFound("notice_not_found", id=notice_id)
            done = uow.conn.execute(update(notices).where(
                notices.c.id == notice_id, notices.c.state == NoticeState.DEAD).values(
                    state=NoticeState.QUEUED, reason=Reason.RESENT, attempts=0, claims=notices.c.claims,
                    next_at=uow.now_us, ended_at=None))
            if done.rowcount == 0:
                raise Conflict("notice_not_dead", id=notice_id, state=found.state)
            tell_dead(uow, self._alarms)

    def mark_read(self, ids: Sequence[int] | None, actor: Actor | None) -> int:
        """The owner has read these notices of his inbox; all of them when None. Returns how many were unread."""
        if actor is None:
            raise NotAuthenticated("sign_in_required")
        if ids is not None and len(ids) > READ_MAX:
            raise InvalidInput("too_many_notices", max=READ_MAX)
        mine = [notices.c.username == actor.name, notices.c.channel == Channel.IN_SITE.value, notices.c.read_at.is_(None)]
        if ids is not None:
            mine.append(notices.c.id.in_(ids))
        with self._units() as uow:
            return uow.conn.execute(update(notices).where(*mine).values(read_at=uow.now_us)).rowcount
