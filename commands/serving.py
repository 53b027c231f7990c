"""The long-running commands: the command centre in one process or by role, and a log replayed through it."""

from __future__ import annotations

import argparse
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from bootstrap import Services, build_services
from commands.demo import prepare_demo, show_settings
from commands.listening import Listener, until_told_to_stop
from config.catalogue import CITY_DIR, load_catalogue
from config.settings import Settings
from core import collector
from core.clock import FrozenClock, SwitchedClock
from core.errors import ConfigError
from core.instants import from_us
from dashboard.demo_accounts import create_demo_accounts
from feeds.limits import feed_limits
from feeds.mapping import MAPPING_DIR, find_mapping
from feeds.replay import Replay, replay_clock
from jobs import build_scheduler, jobs_of
from server import Server, build_server
from viewing import Viewing, build_viewing, with_free_port

log = logging.getLogger(__name__)


def _built(settings: Settings) -> Services:
    """The services; refused with a key the record was not begun with (ConfigError), before anything is taken or judged."""
    services = build_services(settings)
    with services.database.read() as conn:
        services.record_name.read(conn)
    return services


def run(settings: Settings, _options: argparse.Namespace) -> int:
    """Web, push and worker in one process, on SQLite or PostgreSQL, with no other service."""
    services = _built(with_free_port(settings))
    return serve(services, build_server(services), with_jobs=True)


def run_web(settings: Settings, _options: argparse.Namespace) -> int:
    """Web and push only; a worker elsewhere sweeps. Needs Redis for the doorbell between the processes."""
    services = _built(_scaled(settings))
    return serve(services, build_server(services), with_jobs=False)


def run_worker(settings: Settings, _options: argparse.Namespace) -> int:
    """Sweeps, feeds and jobs only."""
    services = _built(_scaled(settings))
    scheduler = build_scheduler(services)
    collector.settle()
    scheduler.start(jobs_of(services))
    stopped = until_told_to_stop()
    stopped.wait()
    _leave(scheduler.stop())
    return 0


def run_video(settings: Settings, _options: argparse.Namespace) -> int:
    """The cameras only, at a port of their own. Several share them by lease (docs/video.md)."""
    services = build_services(with_free_port(settings))
    viewing = build_viewing(services)
    collector.settle()
    stopped = until_told_to_stop()
    viewing.start()
    print(f"live pictures at port {viewing.live.port}", flush=True)
    stopped.wait()
    viewing.stop()
    services.database.dispose()
    return 0


def run_demo(settings: Settings, options: argparse.Namespace) -> int:
    """A simulated city in a database of its own, made anew at every start."""
    demo = prepare_demo(with_free_port(settings), has_database=options.database is not None)
    server = build_server(demo.services, demo_duty=demo.duty_name)
    return serve(demo.services, server, with_jobs=True, background=demo.live, greeting=demo.greeting)


def run_replay(settings: Settings, options: argparse.Namespace) -> int:
    """Play a log through the live system, in a database of its own; the wall shows it as it was then."""
    settings = show_settings(with_free_port(settings), "replay", has_database=options.database is not None)
    own = settings.feeds.mapping_dir
    mapping = find_mapping(options.mapping, (own, MAPPING_DIR) if own is not None else (MAPPING_DIR,))
    default_area = load_catalogue(settings.paths.city_dir or CITY_DIR).default_area
    with Replay(Path(options.file), mapping, feed_limits(settings), default_area) as replay:
        _tell_refused(replay)
        clock = SwitchedClock(FrozenClock(from_us(replay.first_us)))  # nothing of the log passes while all is made ready
        services = build_services(settings, clock)
        create_demo_accounts(services.accounts, next(iter(services.catalogue.organisations)))  # the door offers them
        clock.switch_to(replay_clock(replay.first_us, options.speed))
        greeting = f"replaying {options.file} at {options.speed:g} times the speed of life"
        return serve(services, build_server(services), with_jobs=True, greeting=greeting,
                     background=lambda stop: _told(replay.play(services.clock, services.ingest, stop)))


def serve(services: Services, server: Server, *, with_jobs: bool, greeting: str = "",
          background: Callable[[threading.Event], object] | None = None) -> int:
    """Serve until told to stop, then finish what runs."""
    stopped = until_told_to_stop()
    viewing = _viewing(services) if with_jobs else None
    scheduler = build_scheduler(services) if with_jobs else None
    if scheduler is not None:
        scheduler.start([*jobs_of(services), *server.jobs])
    server.push.start()
    worker = threading.Thread(target=background, args=[stopped], name="background", daemon=True) if background else None
    if worker is not None:
        worker.start()
    collector.settle()
    listener = Listener(services.settings, server)
    listener.start()
    print(f"{greeting}\n\n  {listener.address}\n" if greeting else listener.address, flush=True)
    stopped.wait()
    listener.stop()
    if viewing is not None:
        viewing.stop()
    if worker is not None:
        worker.join(timeout=10)
    server.push.stop()
    still = scheduler.stop() if scheduler is not None else []
    _leave(still)
    services.delivery_reader.close()
    services.database.dispose()
    return 0


def _viewing(services: Services) -> Viewing | None:
    """The cameras beside everything else. What keeps them from being read keeps nothing else from running."""
    if not services.settings.video.enabled:
        return None
    try:
        viewing = build_viewing(services)
        viewing.start()
    except ConfigError as refusal:
        log.error("the hall cameras are not read: %s", refusal)
        return None
    return viewing


def _leave(still: Sequence[str]) -> None:
    """Who stops a server does not wait for a detector to read a month of the journal: what runs is left, as at a crash."""
    if still:
        log.warning("stopped while these jobs ran: %s", ", ".join(still))
        logging.shutdown()
        os._exit(0)


def _scaled(settings: Settings) -> Settings:
    if settings.redis.url is None:
        raise ConfigError("redis_needed", key="redis.url", value=None,
                          remedy="set YANGGUANG_REDIS__URL, or run everything in one process with `python app.py`")
    return settings


def _tell_refused(replay: Replay) -> None:
    """What of the file cannot be played, with the reasons of the first records."""
    if replay.rejected:
        log.warning("%d records of %s are refused", replay.rejected, replay.path.name)
    if replay.unread:
        log.warning("%d records of %s are played without a value that cannot be read", replay.unread, replay.path.name)
    for parsed in replay.refused:
        if parsed.rejection is not None:
            outcome = parsed.rejection.outcome
            for one in (outcome, *outcome.others):
                log.warning("%s: %s %s", parsed.position, one.code, one.detail)


def _told(account: object) -> None:
    log.info("replay finished: %s", account)
