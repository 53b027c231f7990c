"""Everything that tells people of cards, built once: the notifier and the escalation that react, the sender and the auditor
that work, and what pages ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache

from alerts import events as ev
from alerts.alarms import AlarmService
from alerts.card_store import CardStore
from alerts.channels.outlets import Outlets, open_outlets
from alerts.escalation import STARTS, STOPS, Escalation
from alerts.events import CARD_EVENTS, CardBrief
from alerts.notices.actions import NoticeActions
from alerts.notices.auditor import Auditor
from alerts.notices.queries import NoticeQueries
from alerts.notices.quiet import quiet_hours
from alerts.notices.sender import Sender, SenderRules
from alerts.notices.service import NoticeRules, Notifier, RungAddressees
from alerts.notices.texts import Writer
from alerts.roster.queries import Roster
from alerts.wire import CardWriter
from cases.areas import Areas
from config.escalation import ESCALATION_DIR, load_chains
from config.ladders import Preset
from config.notice_policy import NOTICE_DIR, NoticePolicy, load_notice_policy
from config.setting_groups import NoticeSettings
from config.texts import Texts
from core.clock import Clock, SystemClock
from core.unit_of_work import Reaction, UnitOfWorkFactory


@dataclass(frozen=True)
class NoticeOffice:
    """The services of notices and escalation."""

    notifier: Notifier
    escalation: Escalation
    sender: Sender
    auditor: Auditor
    queries: NoticeQueries
    actions: NoticeActions
    policy: NoticePolicy
    outlets: Outlets

    def reactions(self) -> dict[type, list[Reaction]]:
        """Who reacts to which event of a card: the escalation first, so that a step never follows what has just ended it."""
        table: dict[type, list[Reaction]] = {kind: [self.notifier.on_card_events] for kind in CARD_EVENTS}
        for kind in STOPS:
            table[kind].insert(0, self.escalation.stop)
        for kind in STARTS:
            table[kind].insert(0, self.escalation.start)
        table[ev.CardOpened].insert(0, self.notifier.note_duty)
        return table


@dataclass(frozen=True, slots=True)
class OfficeParts:
    """What the office is built from."""

    units: UnitOfWorkFactory
    areas: Areas
    roster: Roster
    alarms: AlarmService
    cards: CardWriter
    texts: Callable[[str], Texts]
    zone: tzinfo
    is_demo: bool
    machine: Clock = field(default_factory=SystemClock)


def build_office(settings: NoticeSettings, parts: OfficeParts, outlets: Outlets | None = None) -> NoticeOffice:
    """Policy, templates and chains are read and the ways out opened. Raises ConfigError for what cannot be right."""
    policy = load_notice_policy(settings.policy_dir or NOTICE_DIR)
    chains = load_chains(settings.escalation_dir or ESCALATION_DIR)
    ways = open_outlets(settings, parts.machine.now_us, is_demo=parts.is_demo) if outlets is None else outlets
    rules = NoticeRules(frozenset(ways), quiet_hours(settings.quiet_from, settings.quiet_until), settings.flood_per_hour)
    words = Writer(policy, parts.cards, parts.texts, settings.base_url, parts.zone)
    notifier = Notifier(policy, parts.roster, parts.areas, rules, words, _rung_addressees(parts.areas))
    escalation = Escalation(parts.units, parts.areas, chains, notifier, parts.alarms, CardStore(parts.cards).brief)
    sender = Sender(parts.units, parts.machine, ways, parts.alarms, _sender_rules(settings), parts.zone)
    return NoticeOffice(notifier, escalation, sender, Auditor(parts.units, parts.alarms, settings.audit_after_min),
                        NoticeQueries(parts.units.database), NoticeActions(parts.units, parts.alarms), policy, ways)


def _sender_rules(settings: NoticeSettings) -> SenderRules:
    return SenderRules(settings.batch, settings.senders, settings.lease_s, settings.attempts_max, settings.backoff_s,
                       settings.backoff_max_s)


def _rung_addressees(areas: Areas) -> RungAddressees:
    """Whom the rule of a card names, as it read when the card was issued: its evidence, else the ladder of that version."""
    def of(card: CardBrief) -> Sequence[str] | None:
        if card.notify is not None:
            return card.notify
        preset = areas.find_preset(card.rule_version)
        return None if preset is None else _named_by(preset).get((card.rule, card.level))
    return of


class _ByIdentity:
    """A preset as a key: the same object is the same ladder."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset

    def __hash__(self) -> int:
        return id(self.preset)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.preset is self.preset


def _named_by(preset: Preset) -> Mapping[tuple[str, int], Sequence[str]]:
    return _remembered(_ByIdentity(preset))


@lru_cache(maxsize=64)
def _remembered(key: _ByIdentity) -> Mapping[tuple[str, int], Sequence[str]]:
    named: dict[tuple[str, int], Sequence[str]] = {(rule.id, rung.level): rung.notify for rule in key.preset.rules
                                                   for rung in rule.rungs}
    named |= {(act.id, act.level): act.notify for act in key.preset.acts}
    return named | {(rule.id, rule.level): rule.notify for rule in key.preset.onsite}
