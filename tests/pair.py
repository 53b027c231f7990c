"""A public site of its own and an inside, joined by a wire that can be cut; both are real, on databases of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts.alarms import standing_alarms
from approval.matters import Application
from config.settings import Settings, load_settings
from core.clock import FrozenClock, SystemClock
from core.errors import UpstreamError
from exchange.inner.assembly import Exchange, Means, build_exchange
from exchange.inner.bulletins import BulletinRules
from exchange.inner.rounds import RoundRules
from exchange.inner.service import ReceivingRules
from exchange.inner.transport import HttpTransport
from exchange.signing import SIGNATURE, Signing
from exchanging import inside_of, published_of
from portal.desk import Handed
from portal.limits import Allowance
from public_site import PublicSite, build_public_site
from tests.hosting import APPLICANT, ITEM, MONDAY, Hall

KEY = "k" * 32
PDF = b"%PDF-1.4\n" + b"x" * 3000


class Wire(HttpTransport):
    """HTTP into the site's own application, without a socket; `before` and `after` may cut it. Signatures are real."""

    def __init__(self, site: PublicSite) -> None:
        super().__init__("http://public.test", Signing(KEY.encode(), SystemClock(), 300), 5)
        self._client = site.app.test_client()
        self.before: Callable[[str], None] = lambda _path: None
        self.after: Callable[[str], None] = lambda _path: None
        self.asked: list[str] = []

    def _ask(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        self.asked.append(path)
        self.before(path)
        answer = self._client.post(path, data=body, headers=headers)
        self.after(path)
        return answer.status_code, answer.headers.get(SIGNATURE, ""), answer.data


class Cut(UpstreamError):
    """The cable was pulled."""

    def __init__(self) -> None:
        super().__init__("exchange_silent", url="http://public.test", reason="cut")


def outer_settings(folder: Path, url: str = "", **more: Any) -> Settings:
    return load_settings({
        "portal.database_url": url or f"sqlite:///{folder / 'portal.db'}", "portal.file_dir": str(folder / "files"),
        "exchange.part_dir": str(folder / "parts"), "approval.preview_dir": str(folder / "previews"),
        "papers.key_dir": str(folder / "keys"), "recording.dir": str(folder / "recordings"),
        "recording.evidence_dir": str(folder / "evidence"), "exchange.key": KEY, "security.secret_key": "s" * 32,
        "payments.gateway": "sandbox",
        "database.url": "postgresql://nobody@nowhere.invalid/none", **more})


class Pair:
    """Short ways to what the tests do again and again."""

    def __init__(self, folder: Path, inner_url: str = "", outer_url: str = "", **more: Any) -> None:
        (folder / "inner").mkdir(parents=True)
        self.folder = folder
        self.hall = Hall(folder / "inner", inner_url)
        self.site = build_public_site(outer_settings(folder / "outer", outer_url, **more))
        self.desk, self.clock = self.site.desk, FrozenClock(MONDAY)
        self.wire = Wire(self.site)
        self.bulletin_rules = BulletinRules()
        self.exchange = self.build()

    def build(self) -> Exchange:
        """The inner end as after a start of its process."""
        return build_exchange(Means(
            units=self.hall.services.uow, inside=inside_of(self.hall.services), alarms=self.hall.services.alarms,
            folder=self.folder / "inner" / "parts", transport=self.wire, clock=self.clock,
            receiving=ReceivingRules(2, 1, 60), rounds=RoundRules(3, 100_000, 1000, 1, 60),
            published=published_of(self.hall.services), bulletins=self.bulletin_rules,
            guesses=Allowance(self.clock, 5, 15), stale_after_min=10))

    def round(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(timedelta(minutes=2))
            self.exchange.run()

    def alarms(self) -> dict[str, Any]:
        with self.hall.services.database.read() as conn:
            return {alarm.code: alarm.args for alarm in standing_alarms(conn)}

    def apply(self, title: str = "城南基站", item: str = ITEM, files: tuple[str, ...] = ("shenqing",), content: bytes = PDF,
              name: str = "申请.pdf", fields: dict[str, str] | None = None) -> Handed:
        key = self.desk.drafts.begin(item)
        uploads = tuple(self.desk.drafts.attach(key, code, name, content) for code in files)
        return self.desk.file(Application(item, APPLICANT, title, fields or {}, uploads=uploads), key)

    def carried(self, **given: Any) -> tuple[Handed, str]:
        """An application that is inside, and its case number."""
        handed = self.apply(**given)
        self.round()
        return handed, self.desk.find(handed.number).head.case_no  # type: ignore[union-attr]
