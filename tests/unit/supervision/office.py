"""A whole installation standing still, with people to work in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cases.events import CaseEvent, EventKind
from core.access import Actor, Role
from core.clock import FrozenClock
from supervision.assembly import FollowUpDesk
from supervision.complaints.matters import Filing, Reporter
from tests.staff import OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site, make_site

OFFICER = Actor("zhou", frozenset({Role.DUTY_OFFICER}), display_name="周立新")
SHIFT_LEADER = Actor("sun", frozenset({Role.SHIFT_LEADER}), display_name="孙国华")
INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏")
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
UNIT = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), OWN_ORG, "赵晓燕")
OTHER_UNIT = Actor("qian", frozenset({Role.DEPARTMENT_USER}), OTHER_ORG, "钱进")
AREA = "360500"
REPORTER = Reporter(name="欧阳守正", phone="13979001234", address="渝水区胜利南路八十八号")


class Office:
    """Short ways to what the tests do again and again."""

    def __init__(self, site: Site) -> None:
        self.site, self.services = site, site.services
        self.desk: FollowUpDesk = site.services.follow_up
        clock = site.services.clock
        assert isinstance(clock, FrozenClock)
        self.clock = clock

    def later(self, **span: float) -> int:
        self.clock.advance(timedelta(**span))
        return self.clock.now_us()

    def complain(self, category: str = "attitude", org: str = OWN_ORG, **more: Any) -> str:
        values = {"kind": "complaint", "title": "窗口人员态度恶劣", "content": "三次去都让我回去等。", **more}
        return self.desk.complaints.file(Filing(category=category, org=org, **values), REPORTER, OFFICER)

    def ask(self, org: str = OWN_ORG) -> str:
        filing = Filing("consultation", "handling", org, "如何办理施工许可", "需要哪些材料？")
        return self.desk.complaints.file(filing, Reporter(), OFFICER)

    def rev(self, no: str) -> int:
        return self.desk.complaint_queries.find(no, INSPECTOR).head.rev

    def order(self, order_id: int) -> Any:
        return self.desk.order_queries.find(order_id, INSPECTOR)

    def conclude(self, case_no: str, org: str = OWN_ORG) -> None:
        self.services.recorder.record([CaseEvent(
            source="hall", source_event_id=f"{case_no}-end", kind=EventKind.CONCLUDED, case_no=case_no, area=AREA,
            claimed_at=self.clock.now_us(), org=org)])

    def card_on(self, org: str = OWN_ORG, case_no: str = "A-1") -> Any:
        """A card that stands on an overdue case of the unit, acknowledged by everybody it needs."""
        self.site.record_case(case_no, org)
        self.services.sweeper.sweep_all()
        return next(card for card in self.services.alert_queries.active(None, 100, 0, None).cards if card.case_no == case_no)


def post(client: FlaskClient, address: str, body: Any) -> TestResponse:
    return client.post(address, json=body, headers=SAME_ORIGIN)


@contextmanager
def opened(folder: Path) -> Iterator[Office]:
    yield Office(make_site(folder))
