"""The composition root: what reacts to what, where secrets come from, what a wrong setting says, which jobs repeat."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import inspect, select

from alerts.alarms import standing_alarms
from approval.events import ApplicantConcerned
from bootstrap import Services, build_services, feed_limits, reactions, secret_of
from cases.events import (
    ActRedeemed,
    ActViolated,
    CaseJudgeable,
    CaseUnjudgeable,
    ClockEnded,
    EventKind,
    RungPassed,
    RungWithdrawn,
)
from config.events import VersionConfirmed
from config.settings import Settings, load_settings
from core.clock import FrozenClock, SystemClock
from core.database import import_models
from core.doorbell import InProcessDoorbell, RedisDoorbell
from core.errors import ConfigError, UpstreamError
from core.models import leases
from core.scheduling import Job
from jobs import build_scheduler, jobs_of
from tests.unit.cases.record import event, shanghai
from video.events import (
    FindingsKept,
    FindingsLost,
    ReferencesFound,
    ReferencesMissing,
    SignalConfirmed,
    SignalEnded,
    SignalRaised,
    SignalRejected,
    SignalWithdrawn,
)

K = EventKind


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"database.url": f"sqlite:///{tmp_path / 'record.db'}", "journal.key_path": tmp_path / "journal.key",
                          "journal.anchor_dir": tmp_path / "anchors", "feeds.drop_dir": tmp_path / "drop"})


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    services = build_services(settings, FrozenClock(shanghai("10-26 10:00")))
    yield services
    services.database.dispose()


def test_a_fresh_installation_has_the_newest_schema_and_an_empty_record(services):
    with services.database.read() as conn:
        tables = set(inspect(conn).get_table_names())
    assert tables >= set(import_models().tables)
    assert services.case_queries.board(0).rows == []


def test_an_event_goes_all_the_way_from_the_recorder_to_a_card_that_is_told(services):
    services.recorder.record([event(K.ACCEPTED, "10-15 10:00", item="", own_due=None, promised_limit="7wd")])
    [card] = services.alert_queries.active(None, 10).cards
    assert (card.level, card.case_no, card.condition) == ("yellow", "1", True)
    assert card.limit_text
    services.recorder.record([event(K.CONCLUDED, "10-26 09:00", item="")])
    [card] = services.alert_queries.active(None, 10).cards
    assert card.state == "rtn_unack"


def test_every_domain_event_of_the_record_has_a_reaction(services):
    assert set(reactions(services.alerts, services.alarms)) == {RungPassed, RungWithdrawn, ClockEnded, CaseUnjudgeable,
                                                               CaseJudgeable, VersionConfirmed, ActViolated, ActRedeemed,
                                                               ApplicantConcerned, SignalRaised, SignalConfirmed,
                                                               SignalRejected, SignalWithdrawn, SignalEnded,
                                                               ReferencesMissing, ReferencesFound, FindingsLost, FindingsKept}
    assert set(services.uow.reactions) >= {RungPassed, RungWithdrawn, ClockEnded, CaseUnjudgeable, CaseJudgeable}


def test_the_clock_is_the_machines_unless_another_is_given(settings, services):
    assert services.clock.now() == shanghai("10-26 10:00")
    again = build_services(settings)
    assert isinstance(again.clock, SystemClock)
    again.database.dispose()


def test_a_chinese_page_is_the_answer_to_a_language_we_do_not_speak(services):
    assert services.texts("fr") is services.texts("zh") is not services.texts("en")


# Secrets ----------------------------------------------------------------------------------------------------------

def test_a_missing_secret_is_made_once_for_this_user_only_and_kept(tmp_path):
    path = tmp_path / "new" / "folder" / "secret"
    first = secret_of(None, path)
    assert len(first) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret_of(None, path) == first


def test_a_secret_that_is_given_is_used_and_no_file_is_made(tmp_path):
    assert secret_of(SecretStr("s" * 32), tmp_path / "secret") == b"s" * 32
    assert not (tmp_path / "secret").exists()


def test_two_installations_have_different_secrets(tmp_path):
    assert secret_of(None, tmp_path / "a") != secret_of(None, tmp_path / "b")


# Settings that cannot be ------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("key", "value", "code"), [
    ("areas.default_calendar", "moon", "calendar_unknown"), ("areas.default_preset", "moon", "preset_unknown"),
    ("database.url", "mysql://h/n", "database_unsupported")])
def test_a_setting_that_names_nothing_we_have_is_refused_with_a_remedy(settings, key, value, code):
    group, name = key.split(".")
    wrong = settings.model_copy(update={group: getattr(settings, group).model_copy(update={name: value})})
    with pytest.raises(ConfigError) as refused:
        build_services(wrong)
    assert refused.value.code == code
    assert value.split(":")[0] in str(refused.value)
    assert refused.value.details["remedy"]


def test_redis_is_used_only_when_it_is_named(settings, services, redis_url):
    assert isinstance(services.doorbell, InProcessDoorbell)
    spread = settings.model_copy(update={"redis": settings.redis.model_copy(update={"url": redis_url})})
    built = build_services(spread)
    assert isinstance(built.doorbell, RedisDoorbell)
    built.database.dispose()


def test_the_limits_of_the_feeds_are_those_of_the_settings(settings):
    limits = feed_limits(settings)
    assert (limits.batch_size, limits.max_body_bytes) == (settings.ingest.batch_size, settings.ingest.max_body_bytes)
    assert limits.future_tolerance_s == settings.ingest.future_tolerance_min * 60


# Jobs -------------------------------------------------------------------------------------------------------------

def standing(services: Services) -> list[tuple[str, str]]:
    with services.database.read() as conn:
        return [(alarm.code, alarm.subject) for alarm in standing_alarms(conn)]


def test_the_jobs_of_a_worker_all_run_on_an_empty_installation(services):
    jobs = {job.name: job for job in jobs_of(services)}
    assert set(jobs) >= {"sweep", "file_drop", "anchor", "recount", "tidy"}
    for job in jobs.values():
        job.work()
    assert {code for code, _ in standing(services)} <= {"disk_nearly_full"}


def test_a_store_that_is_away_costs_no_other_tidying(services, monkeypatch):
    def away() -> None:
        raise UpstreamError("material_unreachable", reason="away", name="")

    monkeypatch.setattr(services.approval.storekeeper, "sweep", away)
    jobs = {job.name: job for job in jobs_of(services)}
    jobs["tidy"].work()
    with pytest.raises(UpstreamError):
        jobs["materials"].work()


def test_a_failing_job_stands_as_an_alarm_until_it_succeeds(services):
    scheduler = build_scheduler(services)
    scheduler.renew()
    work: list[Exception] = [ValueError("no")]

    def do() -> None:
        if work:
            raise work[0]

    scheduler.run(Job("sweep", 1, do))
    assert standing(services) == [("job_failed", "sweep")]
    work.clear()
    scheduler.run(Job("sweep", 1, do))
    assert standing(services) == []
    with services.database.read() as conn:
        assert conn.scalar(select(leases.c.owner)) == scheduler.owner


def test_every_job_has_a_name_people_read(services):
    names = {job.name for job in jobs_of(services)} | {"screens", "outside_monitor", "exchange"}
    for language in ("zh", "en"):
        known = services.texts(language)
        assert [name for name in sorted(names) if not known.has(f"health.job.{name}")] == []
