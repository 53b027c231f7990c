"""The work that repeats: what, how often, and by one process at a time or by each slot once."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable

from alerts.alarms import standing_alarms
from alerts.backtest.worker import BacktestCancelled
from bootstrap import Services
from core.instants import DAY_US, HOUR_US, date_of
from core.scheduling import Job, Scheduler
from evaluating import Filling
from exchanging import exchange_of
from exporting import evaluation_jobs
from feeds.file_drop import FileDrop
from issuing import bulletin_jobs
from papers.draughtsman import Draughtsman
from paying import payments_of, reconcile, statements_of
from recording import recording_jobs

log = logging.getLogger(__name__)
WATCH_INTERVAL_S = 10.0
REJUDGE_INTERVAL_S = 1.0
PATROL_LOOK_S = 600.0
PATROL_HOURS = range(1, 5)  # on the wall clock of the installation
ANCHOR_INTERVAL_S = 60.0
TIDY_INTERVAL_S = 3600.0
CALENDAR_ENDS = "calendar_ends"
SILENCE_FAILED = "silence_failed"
ROSTER_INTERVAL_S = 60.0
STATEMENT_LOOK_S = 900.0
AUDIT_INTERVAL_S = 20.0
FIGURES_INTERVAL_S = 30.0
PAPERS_A_LOOK = 200  # drawn apart, so that a look may be long: what a rush left is caught up with as quickly as the machine can


def jobs_of(services: Services) -> list[Job]:
    """The jobs of a worker. All recompute from the clock: one that came late changes nothing but lateness."""
    settings = services.settings
    exchange, payments = exchange_of(services), payments_of(services)
    papers = services.follow_up.papers
    draughtsman = Draughtsman(papers.fonts, papers.signing)  # begins with the first paper
    leaving = threading.Event()
    drop = FileDrop(settings.feeds.drop_dir, services.ingest, services.clock, services.find_mapping)
    return [
        Job("follow_up", settings.complaints.interval_s, services.follow_up.watch),
        Job("silence", settings.approval.silence_interval_s, lambda: take_silence(services)),
        Job("payments", settings.payments.interval_s, lambda: reconcile(services, payments)),
        Job("statement", STATEMENT_LOOK_S, statements_of(services, payments).run),
        Job("papers", settings.papers.interval_s, lambda: papers.make_files(PAPERS_A_LOOK, draughtsman, leaving.is_set),
            leave=leaving.set),
        Job("sweep", settings.sweep.interval_s, services.sweeper.sweep_all),
        Job("deadlines", settings.cards.deadline_interval_s, services.deadlines.sweep),
        Job("file_drop", settings.feeds.poll_interval_s, drop.poll),
        Job("feed_watch", WATCH_INTERVAL_S, lambda: watch_feeds(services)),
        Job("rejudge", REJUDGE_INTERVAL_S, services.rejudger.work),
        Job("patrol", PATROL_LOOK_S, lambda: patrol_at_night(services, leaving.is_set), slot=True, leave=leaving.set),
        Job("anchor", ANCHOR_INTERVAL_S, services.anchorer.anchor, slot=True),
        Job("recount", settings.sweep.recount_interval_min * 60.0, lambda: recount(services), slot=True),
        Job("figures", FIGURES_INTERVAL_S, Filling(services.recounter, services.evaluation, services.areas).work, slot=True),
        Job("canary", settings.monitor.canary_interval_s, services.room.sender.send, slot=True),
        Job("calendar_watch", TIDY_INTERVAL_S, lambda: watch_calendars(services), slot=True),
        Job("speech_watch", TIDY_INTERVAL_S, lambda: watch_speech(services)),
        Job("escalation", settings.notices.interval_s, services.notices.escalation.step_due),
        Job("notices", settings.notices.interval_s, services.notices.sender.send_due),
        Job("notice_audit", AUDIT_INTERVAL_S, services.notices.auditor.audit),
        Job("roster_watch", ROSTER_INTERVAL_S, lambda: services.roster_service.watch(
            settings.roster.look_ahead_days, services.case_queries.org_name), slot=True),
        Job("detect", settings.detectors.check_interval_s, lambda: detect(services), slot=True),
        Job("tidy", TIDY_INTERVAL_S, lambda: tidy(services), slot=True),
        Job("materials", TIDY_INTERVAL_S, services.approval.storekeeper.sweep, slot=True),
        *evaluation_jobs(services),
        *bulletin_jobs(services),
        *recording_jobs(services),
        *([Job("exchange", settings.exchange.interval_s, exchange.run, slot=True)] if exchange is not None else []),
    ]


def build_scheduler(services: Services) -> Scheduler:
    """A scheduler whose failing jobs stand on the wall as alarms until they succeed again."""
    def failed(name: str, error: Exception | None) -> None:
        with services.uow() as uow:
            if error is None:
                services.alarms.clear_alarm(uow.conn, "job_failed", name, uow.now_us)
            else:
                services.alarms.set_alarm(uow.conn, "job_failed", name, uow.now_us, detail=name)
    return Scheduler(services.database, on_change=failed)


def watch_feeds(services: Services) -> None:
    """The cards of a source that fell silent say that they may be out of date; they are never cleared for it."""
    health = services.feed_queries.health(services.clock.now_us())
    with services.uow() as uow:
        services.alerts.watch_feeds(uow, {feed.source for feed in health if feed.state == "silent"})


def patrol_at_night(services: Services, is_leaving: Callable[[], bool] = lambda: False) -> None:
    """Once a night; by day only when the last one is older than a day and a half, as after a machine stood still."""
    now, last = services.clock.now_us(), services.patroller.queries.last()
    age = now - last.began_at if last is not None else 2 * DAY_US
    hour = services.areas.default.calendar.to_local(now) % DAY_US // HOUR_US
    if age > DAY_US * 3 // 2 or (hour in PATROL_HOURS and age > DAY_US // 2):
        try:
            services.patroller.patrol("nightly", is_cancelled=is_leaving)
        except BacktestCancelled:
            log.info("patrol: ended with the program; done anew at the next look")


def recount(services: Services) -> None:
    """Compare the counters with the journal, or the next part of it; a difference is an alarm, and is repaired. The alarm ends
    with a round over all cases in which nothing differed."""
    result = services.recounter.proceed(repair=True, budget_s=services.settings.sweep.recount_budget_min * 60)
    if result.differences:
        log.error("recount: %d differences, first %s", len(result.differences), result.differences[0])
    with services.uow() as uow:
        if result.in_round:
            services.alarms.set_alarm(uow.conn, "counters_differ", "", uow.now_us, n=result.in_round)
        elif result.is_round_over:
            services.alarms.clear_alarm(uow.conn, "counters_differ", "", uow.now_us)


def take_silence(services: Services) -> None:
    """超时默许. One that fails by a fault of ours is a legal consequence that does not happen: somebody has to look."""
    projects = services.approval.projects
    projects.consent_by_silence()
    failed = projects.unconsented
    with services.database.read() as conn:
        is_told = any(alarm.code == SILENCE_FAILED for alarm in standing_alarms(conn))
    if not failed and not is_told:
        return
    with services.uow() as uow:
        if failed:
            services.alarms.renew_alarm(uow.conn, SILENCE_FAILED, "", uow.now_us, n=len(failed), detail=failed[0])
        else:
            services.alarms.clear_alarm(uow.conn, SILENCE_FAILED, "", uow.now_us)


def watch_calendars(services: Services) -> None:
    """Limits soon reach into a year whose holidays are not known: somebody has to enter them while there is time."""
    warned = services.settings.areas.calendar_warn_days
    with services.uow() as uow:
        services.areas.refresh_in(uow)
        in_use = {calendar.id for calendar in services.areas.calendars_in_use()}
        for alarm in standing_alarms(uow.conn):
            if alarm.code == CALENDAR_ENDS and alarm.subject not in in_use:
                services.alarms.clear_alarm(uow.conn, CALENDAR_ENDS, alarm.subject, uow.now_us)
        for calendar in services.areas.calendars_in_use():
            last = calendar.known_days[1]
            subject, missing = calendar.id, date_of(last + 1).year
            if calendar.today(uow.now_us) + warned > last:
                services.alarms.set_alarm(uow.conn, CALENDAR_ENDS, subject, uow.now_us, detail=f"{calendar.id} {missing}")
            else:
                services.alarms.clear_alarm(uow.conn, CALENDAR_ENDS, subject, uow.now_us)


def watch_speech(services: Services) -> None:
    """A room that is to be spoken to and has no voice says so; it hears the tones all the same."""
    with services.uow() as uow:
        if services.room.engine.is_there():
            services.alarms.clear_alarm(uow.conn, "speech_missing", "", uow.now_us)
        else:
            services.alarms.set_alarm(uow.conn, "speech_missing", "", uow.now_us,
                                      program=services.settings.room.speech_program)


def detect(services: Services) -> None:
    """The nightly run of the detectors; one that raised stands as an alarm until it runs through again."""
    settings = services.settings.detectors
    for report in services.detectors.detection.run_due(settings.run_at_hour, settings.settle_days):
        log.info("detectors: %d findings of %d rows in %.1f s, %d new, %d ended", len(report.findings), report.rows_read,
                 report.seconds, report.found, report.ended)
        with services.uow() as uow:
            if report.failed:
                services.alarms.set_alarm(uow.conn, "detector_failed", "", uow.now_us, detail="、".join(report.failed))
            else:
                services.alarms.clear_alarm(uow.conn, "detector_failed", "", uow.now_us)


def tidy(services: Services) -> None:
    """Forget answers to old commands, drafts and pictures nobody looks at, and say when the disk is nearly full."""
    hours = services.settings.push.command_memory_h
    services.approval.drafts.forget_old()
    services.approval.previews.tidy()
    services.analysis.forget(services.card_evidence.needed_signals)
    services.alerts.forget_commands(services.clock.now_us() - hours * HOUR_US)
    folder = services.settings.journal.anchor_dir.parent
    free = shutil.disk_usage(folder if folder.exists() else ".").free
    with services.uow() as uow:
        if free < 1024**3:
            services.alarms.set_alarm(uow.conn, "disk_nearly_full", "", uow.now_us, mib=free // 1024**2)
        else:
            services.alarms.clear_alarm(uow.conn, "disk_nearly_full", "", uow.now_us)
