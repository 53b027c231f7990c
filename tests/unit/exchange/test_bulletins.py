"""A published bulletin is read on a public site of its own: as it was issued, with its files, and marked once withdrawn."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from core.access import Actor, Role
from core.errors import Unavailable
from evaluation.bulletins.service import FILES
from evaluation.models import figure_days, figure_months
from exchange.envelopes import BulletinTold
from exchange.inner import bulletins as telling
from exchange.inner.bulletins import BulletinRules
from exchange.outer.models import bulletins
from papers.fonts import FontsMissing
from public_site import build_public_site
from tests.comparing import AREA, concluded, count_day
from tests.pair import Pair, Wire, outer_settings
from tests.unit.exchange.test_unapplied import failing, kept, now_due

INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏")
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
TITLE = "关于2026年2月全市行政审批电子监察情况的通报"


@pytest.fixture
def pair(pair: Pair) -> Pair:
    """With two months in the record."""
    for month, n in ((1, 100), (2, 120)):
        count_day(pair.hall.services.database, "gongxin", date(2026, month, 10), **concluded(n, n - 10, 2, yellow=2))
    return pair


@pytest.fixture
def one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """They travel with the file that is made quickest."""
    monkeypatch.setattr(telling, "FILES", ("xlsx",))


def published(pair: Pair, area: str = "") -> int:
    service, find = pair.hall.services.bulletins.service, pair.hall.services.bulletins.queries.find
    number = service.produce(area, "2026-02", INSPECTOR)
    service.submit(number, find(number, INSPECTOR).head.rev, INSPECTOR)
    service.issue(number, find(number, LEADER).head.rev, LEADER)
    service.publish(number, find(number, INSPECTOR).head.rev, INSPECTOR)
    return number


def withdraw(pair: Pair, number: int, reason: str = "附件2数据有误<b>") -> None:
    rev = pair.hall.services.bulletins.queries.find(number, LEADER).head.rev
    pair.hall.services.bulletins.service.withdraw(number, rev, LEADER, reason)


def read(pair: Pair, place: str = "") -> str:
    return pair.site.app.test_client().get(f"/public/bulletins/{place}").text


def told(pair: Pair) -> list[str]:
    with pair.site.database.read() as conn:
        return [row.told for row in conn.execute(bulletins.select().order_by(bulletins.c.id))]


def test_what_was_published_is_read_and_taken_away_there_with_its_digests(pair: Pair):
    number = published(pair)
    assert "还没有公开的通报" in read(pair)
    pair.round()
    page, service = read(pair, f"{number}/"), pair.hall.services.bulletins.service
    assert TITLE in read(pair)
    assert "附件1　各部门办件情况统计表" in page
    for kind in FILES:
        answer = pair.site.app.test_client().get(f"/public/bulletins/{number}/files/{kind}")
        assert answer.data == service.published_file(number, kind)[1]
    hashes = service.hashes(pair.hall.services.bulletins.queries.find_published(number)[0])
    assert len(hashes) == 3
    assert all(digest in page for digest in hashes.values())
    for name in ("李敏", "王建国"):
        assert name not in page + told(pair)[0], "who made and signed it stays inside"


@pytest.mark.usefixtures("one_file")
def test_what_was_not_published_is_not_sent_and_nothing_is_sent_twice(pair: Pair):
    service = pair.hall.services.bulletins.service
    draft = service.produce(AREA, "2026-02", INSPECTOR)
    number = published(pair)
    pair.round(2)
    asked = [path.split("/")[-1] for path in pair.wire.asked]
    assert [path for path in asked if path.startswith("put?")]
    pair.wire.asked.clear()
    pair.round(3)
    assert not [path for path in pair.wire.asked if "put?" in path or "here?" in path]
    client = pair.site.app.test_client()
    assert [client.get(f"/public/bulletins/{one}/").status_code for one in (number, draft, 999)] == [200, 404, 404]
    assert client.get(f"/public/bulletins/{number}/files/exe").status_code == 404


@pytest.mark.usefixtures("one_file")
def test_a_withdrawn_one_says_so_and_why_and_what_is_in_its_place(pair: Pair):
    first = published(pair)
    pair.round()
    withdraw(pair, first)
    pair.round()
    client, page = pair.site.app.test_client(), read(pair, f"{first}/")
    assert "附件2数据有误&lt;b&gt;" in page
    assert "各部门办件情况统计表" not in page
    assert "附件2数据有误&lt;b&gt;" in read(pair)
    assert "取代" not in page
    assert client.get(f"/public/bulletins/{first}/files/pdf").status_code == 404
    assert msgspec.json.decode(told(pair)[0], type=BulletinTold).paper is None, "nor does the site keep what it said"
    published(pair)
    pair.round()
    assert "已由 新监通报〔2026〕2号 取代" in read(pair, f"{first}/")
    assert "已由 新监通报〔2026〕2号 取代" in read(pair)
    inside = pair.hall.services.bulletins.queries
    assert [row.id for row in inside.published("2026")] == [2, 1]


@pytest.mark.usefixtures("one_file")
def test_figures_corrected_later_are_told_in_the_language_of_the_reader(pair: Pair):
    number = published(pair)
    pair.round()
    with pair.hall.services.database.transaction() as conn:
        for table in (figure_days, figure_months):
            conn.execute(update(table).where(table.c.day >= 20485).values(late=1, on_due_day=9))
    assert pair.hall.services.bulletins.service.compare(13) == 1
    pair.round()
    assert "项数据已更正" in read(pair, f"{number}/")
    assert "figures were corrected since it was issued" in read(pair, f"{number}/?lang=en")


@pytest.mark.usefixtures("one_file")
def test_a_file_that_arrives_damaged_is_asked_for_again_and_nothing_is_shown_before(pair: Pair):
    number, real = published(pair), pair.wire.put

    def damaged(sha256: str, offset: int, part: bytes, *, is_last: bool) -> None:
        real(sha256, offset, b"\0" * len(part), is_last=is_last)

    pair.wire.put = damaged  # type: ignore[method-assign]
    pair.round()
    assert pair.exchange.rounds.problem is not None
    assert "exchange_file_damaged" in str(pair.exchange.rounds.problem.code)
    assert "还没有公开的通报" in read(pair)
    pair.wire.put = real  # type: ignore[method-assign]
    pair.round(2)
    assert TITLE in read(pair, f"{number}/")


@pytest.mark.usefixtures("one_file")
def test_an_envelope_without_its_file_is_not_shown_and_told_anew(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    number, service = published(pair), pair.hall.services.bulletins.service
    with monkeypatch.context() as lost:
        pair.wire.before = lambda path: lost.setattr(service, "published_file", _unavailable) if "here?" in path else None
        pair.round()
    assert "还没有公开的通报" in read(pair)
    assert [kind for kind, *_ in kept(pair)] == ["bulletin"]
    assert pair.exchange.rounds.untold == 0, "it was told; what is wrong is known there"
    pair.wire.before = lambda _path: None
    pair.round(2)
    assert TITLE in read(pair, f"{number}/")
    assert kept(pair) == [], "the later telling says everything that the earlier one said"


@pytest.mark.usefixtures("one_file")
def test_a_bulletin_that_lacks_a_file_is_not_told_anew_by_each_look_of_the_comparison(pair: Pair):
    published(pair)
    pair.bulletin_rules = BulletinRules(file_max_bytes=10)
    pair.exchange = pair.build()
    pair.round()
    given = pair.exchange.queries.standing().given_at
    pair.wire.asked.clear()
    for _ in range(3):
        pair.hall.later(days=1)
        pair.hall.services.bulletins.service.compare(13)
        pair.round()
    assert pair.exchange.queries.standing().given_at > given
    assert len(told(pair)) == 1
    assert msgspec.json.decode(told(pair)[0], type=BulletinTold).compared_at is None, "what was told first stands"


def test_one_that_lacks_a_file_waits_also_when_another_of_its_files_is_asked_for_in_vain(
        pair: Pair, monkeypatch: pytest.MonkeyPatch):
    number, service = published(pair), pair.hall.services.bulletins.service
    limit = max(len(service.published_file(number, kind)[1]) for kind in FILES) - 1
    pair.bulletin_rules = BulletinRules(file_max_bytes=limit)
    pair.exchange = pair.build()
    pair.round()
    teller = pair.exchange.feedback.bulletins
    told_file = msgspec.json.decode(told(pair)[0], type=BulletinTold).files[0]
    with monkeypatch.context() as lost:
        lost.setattr(service, "published_file", _unavailable)
        with pytest.raises(Unavailable):
            teller.content_of(number, told_file)
    assert [teller.compose() for _ in range(3)] == [0, 0, 0], "it is looked at again later, not with every round"


@pytest.mark.usefixtures("one_file")
def test_one_that_is_tried_again_late_overwrites_nothing_told_since(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    number = published(pair)
    mend = failing(pair, monkeypatch, "bulletin")
    pair.round()
    withdraw(pair, number)
    mend()
    monkeypatch.setattr(pair.site.mirror.unapplied, "superseded", lambda *_given, **_more: None)
    pair.round()
    assert "附件2数据有误" in read(pair, f"{number}/")
    now_due(pair)
    pair.round()
    assert "附件2数据有误" in read(pair, f"{number}/")
    assert kept(pair) == []


def test_a_file_that_cannot_be_made_now_follows_and_its_lack_is_an_alarm(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    number, service = published(pair), pair.hall.services.bulletins.service
    real = service.published_file
    with monkeypatch.context() as busy:
        busy.setattr(service, "published_file", lambda one, kind: _unavailable() if kind == "pdf" else real(one, kind))
        pair.round()
        assert pair.alarms()["exchange_untold"] == {"n": 1}
        assert [file.kind for file in msgspec.json.decode(told(pair)[0], type=BulletinTold).files] == ["docx", "xlsx"]
    pair.round()
    assert f"/public/bulletins/{number}/files/pdf" in read(pair, f"{number}/")
    assert "exchange_untold" not in pair.alarms()


def test_without_fonts_the_other_files_go_and_nothing_waits(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    published(pair)
    service = pair.hall.services.bulletins.service
    real = service.published_file

    def without_fonts(number: int, kind: Any) -> tuple[str, bytes]:
        if kind != "xlsx":
            raise FontsMissing("fonts_missing")
        return real(number, kind)

    monkeypatch.setattr(service, "published_file", without_fonts)
    pair.round()
    assert [file.kind for file in msgspec.json.decode(told(pair)[0], type=BulletinTold).files] == ["xlsx"]
    assert "exchange_untold" not in pair.alarms()


@pytest.mark.usefixtures("one_file")
def test_a_fault_of_one_bulletin_keeps_no_other(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    first, second = published(pair), published(pair, AREA)
    teller = pair.exchange.feedback.bulletins
    real = teller._composed
    monkeypatch.setattr(teller, "_composed", lambda number: 1 / 0 if number == first else real(number))  # type: ignore[arg-type]
    pair.round()
    assert [f"/public/bulletins/{one}/" in read(pair) for one in (first, second)] == [False, True]
    assert pair.alarms()["exchange_untold"] == {"n": 1}


def test_a_file_above_the_limit_is_not_sent_and_not_taken(pair: Pair):
    number = published(pair)
    service = pair.hall.services.bulletins.service
    sizes = {kind: len(service.published_file(number, kind)[1]) for kind in FILES}
    limit = max(sizes.values()) - 1
    pair.bulletin_rules = BulletinRules(file_max_bytes=limit)
    pair.exchange = pair.build()
    pair.round()
    small = [kind for kind in FILES if sizes[kind] <= limit]
    assert [file.kind for file in msgspec.json.decode(told(pair)[0], type=BulletinTold).files] == small
    assert pair.alarms()["exchange_untold"] == {"n": 1}


@pytest.mark.usefixtures("one_file")
def test_the_public_site_takes_no_file_above_its_own_limit(tmp_path):
    pair = Pair(tmp_path, **{"exchange.bulletin_max_bytes": 1000})
    count_day(pair.hall.services.database, "gongxin", date(2026, 1, 10), **concluded(1))
    count_day(pair.hall.services.database, "gongxin", date(2026, 2, 10), **concluded(20, 10))
    published(pair)
    pair.round(2)
    assert "还没有公开的通报" in read(pair)
    with pair.site.database.read() as conn:
        assert "exchange_bulletin_too_large" in str(conn.exec_driver_sql("SELECT problem FROM unapplied").scalar())


@pytest.mark.usefixtures("one_file")
def test_one_published_long_ago_is_shown_no_more_and_its_files_go(pair: Pair):
    published(pair)
    pair.round()
    pair.site.tidy()
    assert TITLE in read(pair)
    with pair.site.database.transaction() as conn:
        conn.execute(update(bulletins).values(published_at=0))
    pair.site.tidy()
    assert "还没有公开的通报" in read(pair)
    pair.bulletin_rules = BulletinRules(shown_days=1)
    pair.exchange = pair.build()
    pair.hall.later(days=2)
    with pair.hall.services.uow() as uow:
        pair.exchange.feedback.bulletins.tell_anew(uow.conn)
    pair.round()
    assert told(pair) == [], "nor does the inside tell it anew"


@pytest.mark.usefixtures("one_file")
def test_a_site_made_anew_is_told_all_of_them_again(pair: Pair, tmp_path):
    number = published(pair)
    pair.round()
    pair.site = build_public_site(outer_settings(tmp_path / "another"))
    pair.wire = Wire(pair.site)
    pair.exchange = pair.build()
    pair.round(3)
    assert TITLE in read(pair, f"{number}/")


@pytest.mark.usefixtures("one_file")
def test_the_files_of_a_bulletin_that_is_shown_are_swept_with_no_other(pair: Pair):
    published(pair)
    pair.round()
    store = pair.site.drafts._materials.store
    before = {one.sha256 for one in store.each()}
    named = {file.sha256 for file in msgspec.json.decode(told(pair)[0], type=BulletinTold).files}
    assert named <= before & set(pair.site.sweeping._named())


@pytest.mark.usefixtures("one_file")
def test_two_bulletins_are_never_shown_under_one_number(pair: Pair):
    """The inside went back to a copy and gave the number to another bulletin."""
    number = published(pair)
    pair.round()
    with pair.site.database.transaction() as conn:
        conn.execute(update(bulletins).values(id=number + 40))
    with pair.hall.services.uow() as uow:
        pair.exchange.feedback.bulletins.tell_anew(uow.conn)
    pair.round()
    assert [msgspec.json.decode(one, type=BulletinTold).id for one in told(pair)] == [number]
    assert pair.site.app.test_client().get(f"/public/bulletins/{number + 40}/").status_code == 404


def _unavailable(*_given: Any) -> Any:
    raise Unavailable("paper_not_made", number="1", retry_after=1)
