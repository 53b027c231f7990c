"""The registry of cameras put together: who is registered, who may see what, who looked, one picture of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.changelog import ChangeLog
from config.video_settings import VideoSettings
from core.child import ChildLimits, Children
from core.clock import Clock
from core.sealing import Sealer
from core.unit_of_work import UnitOfWorkFactory
from video.addresses import AddressRules, networks_of
from video.onvif import Discovery
from video.queries import CameraQueries
from video.registration import Known
from video.service import SEAL_PURPOSE, Addresses, CameraService
from video.snapshots import PictureSource, Snapshots
from video.view_log import ViewLog


@dataclass(frozen=True, slots=True)
class Registry:
    """What pages, interfaces and the video process ask for."""

    service: CameraService
    queries: CameraQueries
    views: ViewLog
    discovery: Discovery
    snapshots: Snapshots


def build_registry(given: VideoSettings, units: UnitOfWorkFactory, changes: ChangeLog, secret: bytes,
                   known: Callable[[], Known], machine: Clock,
                   reader: Callable[[], PictureSource | None] = lambda: None) -> Registry:
    """`machine` is the clock of the machine, never a demonstration's; `secret` that of the installation. Raises ConfigError."""
    rules = AddressRules(networks_of(given.networks), given.file_dir)
    addresses = Addresses(Sealer(secret, SEAL_PURPOSE))
    children = Children(ChildLimits(seconds=given.test_s, at_once=given.tests_at_once))
    return Registry(CameraService(units, changes, addresses, rules, known, machine), CameraQueries(units.database, addresses),
                    ViewLog(units, units.database, machine),
                    Discovery(rules, machine, given.discovery_s, ca_file=given.tls_ca_file),
                    Snapshots(children, rules, machine, reader))
