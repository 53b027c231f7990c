"""Builds everything of applicants' accounts once; `bootstrap` gives what it needs and keeps what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from applicants.codes import CodeChannel, CodePolicy, Codes
from applicants.holdings import Holdings
from applicants.service import Applicants, LockPolicy
from applicants.sessions import ApplicantSessions
from config.hosting_settings import ApplicantSettings
from core.clock import Clock
from core.passwords import Passwords
from core.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class ApplicantDesk:
    """The services of applicants' accounts."""

    people: Applicants
    sessions: ApplicantSessions
    holdings: Holdings


def build_applicants(settings: ApplicantSettings, units: UnitOfWorkFactory, clock: Clock, key: bytes, channel: CodeChannel,
                     passwords: Passwords) -> ApplicantDesk:
    """All services on one database; `clock` is the machine's own, `key` seals and hashes contacts."""
    policy = CodePolicy(settings.code_minutes, settings.code_tries, settings.code_pause_s, settings.code_window_minutes,
                        settings.codes_per_contact, settings.codes_per_contact_day, settings.codes_per_day)
    codes = Codes(units, clock, key, channel, policy)
    lock = LockPolicy(settings.lockout_attempts, settings.lockout_minutes)
    return ApplicantDesk(Applicants(units, clock, key, codes, passwords, lock),
                         ApplicantSessions(units, clock, settings.session_idle_minutes, settings.session_hours),
                         Holdings(units, clock, key))
