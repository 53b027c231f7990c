"""The composition root: builds every service once, says who reacts to what and which work repeats.

Nobody imports this module but `app.py`, `serving.py`, the commands and the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts.acts import ActCards
from alerts.alarms import AlarmService
from alerts.attachments import AttachmentRules, AttachmentStore
from alerts.backtest.previews import Previews
from alerts.backtest.runs import Runs
from alerts.backtest.service import Backtester
from alerts.deadlines import DeadlineSweeper
from alerts.detectors.building import Detectors, build_detectors
from alerts.evidence import CardEvidence
from alerts.handover.queries import HandoverQueries
from alerts.handover.service import HandoverService
from alerts.notices.office import NoticeOffice, OfficeParts, build_office
from alerts.notices.service import Notifier
from alerts.onsite import OnsiteCards
from alerts.patrol.runs import PatrolRuns
from alerts.patrol.service import Patroller
from alerts.queries import CardQueries
from alerts.room.service import Room, build_room
from alerts.roster import Roster
from alerts.roster.service import RosterService
from alerts.rules import CardRules
from alerts.service import CardService
from alerts.terms import Terms
from alerts.wire import CardWriter
from alerts.wording import LadderWording
from applicants.assembly import ApplicantDesk, build_applicants
from applicants.channel import CodesByChannels
from applicants.notices import CaseNotices, CaseWords
from approval.abolition import Abolition
from approval.events import ApplicantConcerned
from cases.anchoring import Anchorer
from cases.areas import Areas
from cases.chain import ChainKeys
from cases.editing_bounds import EditingBounds
from cases.events import ActRedeemed, ActViolated, CaseJudgeable, CaseUnjudgeable, ClockEnded, RungPassed, RungWithdrawn
from cases.history import History
from cases.proof import Proofs
from cases.queries import CaseQueries
from cases.record_name import RecordName
from cases.recount import Recounter
from cases.rejudging import Rejudger
from cases.service import Recorder
from cases.sweep import Sweeper
from config.calendars import CALENDAR_DIR, load_calendar_contents, load_calendars
from config.catalogue import CITY_DIR, Catalogue, load_catalogue
from config.changelog import ChangeLog
from config.editing import Shipped
from config.events import VersionConfirmed
from config.follow_up import FOLLOW_UP_DIR, FollowUp, load_follow_up
from config.ladders import RULES_DIR, Preset, load_presets
from config.living import living
from config.paper_templates import PaperTemplates
from config.people import PeopleService
from config.schemes import Schemes
from config.service import ConfigService
from config.settings import Settings
from config.texts import Texts, load_texts
from config.two_persons import TwoPersons
from config.versions import AreaPlan
from core.accounts import AccountPolicy, Accounts
from core.child import ChildLimits, Children
from core.clock import Clock, SystemClock
from core.database import Database
from core.doorbell import Doorbell, InProcessDoorbell, RedisDoorbell
from core.migration import migrate
from core.read_log import ReadLog
from core.read_tokens import ReadLimits, ReadTokens
from core.secret_files import secret_of
from core.unit_of_work import Reaction, UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from drafting import default_area, drafting_of, rules_print
from evaluating import Evaluation, Scoring, evaluation_of, schemes_of, scoring_of
from evaluation.forecast.assembly import Forecasts, build_forecasts
from evaluation.marks import CaseMarker
from exporting import DeepHistory, Exports, WebhookDesk, build_history, exports_of, webhooks_of
from feeds.delivery_reading import DeliveryReader
from feeds.ingest import Ingest
from feeds.limits import feed_limits
from feeds.mapping import MAPPING_DIR, SourceMapping, find_mapping
from feeds.public_event import EventReader
from feeds.queries import FeedQueries
from feeds.repair import Repairs
from hosting import Approval, approval_of
from issuing import Bulletins, bulletins_of
from papers.checking import PaperCheck
from papers.keys import KeyRing
from papers.marks import Seals
from papers.signing import Signing
from recording import Parts as RecordingParts
from recording import build_recordings
from supervision.assembly import FollowUpDesk, Parts, build_follow_up, fonts_of
from supervision.audit import AuditQueries
from video.analysis import Analysis, build_analysis
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
from video.footage.assembly import Footage
from video.registration import Known
from video.registry import Registry, build_registry


@dataclass(frozen=True)
class Services:
    """Everything a command, a page or a job may ask for."""

    settings: Settings
    follow_up: FollowUpDesk
    clock: Clock
    database: Database
    uow: UnitOfWorkFactory
    doorbell: Doorbell
    calendars: Mapping[str, WorkingCalendar]
    areas: Areas
    catalogue: Catalogue
    presets: Mapping[str, Preset]
    languages: Mapping[str, Texts]
    keys: ChainKeys
    record_name: RecordName
    recorder: Recorder
    sweeper: Sweeper
    recounter: Recounter
    anchorer: Anchorer
    history: History
    proofs: Proofs
    case_queries: CaseQueries
    alerts: CardService
    deadlines: DeadlineSweeper
    alarms: AlarmService
    alert_queries: CardQueries
    card_writer: CardWriter
    attachments: AttachmentStore
    read_log: ReadLog
    read_tokens: ReadTokens
    ingest: Ingest
    feed_queries: FeedQueries
    repairs: Repairs
    event_reader: EventReader
    delivery_reader: DeliveryReader
    accounts: Accounts
    roster: Roster
    roster_service: RosterService
    notices: NoticeOffice
    handovers: HandoverService
    handover_queries: HandoverQueries
    editing: ConfigService
    people: PeopleService
    rejudger: Rejudger
    room: Room
    previews: Previews
    backtester: Backtester
    backtest_runs: Runs
    detectors: Detectors
    patroller: Patroller
    patrol_runs: PatrolRuns
    approval: Approval
    applicants: ApplicantDesk
    audit: AuditQueries
    children: Children
    paper_check: PaperCheck
    video: Registry
    footage: Footage
    card_evidence: CardEvidence
    analysis: Analysis
    evaluation: Evaluation
    scoring: Scoring
    bulletins: Bulletins
    exports: Exports
    deep_history: DeepHistory
    forecasts: Forecasts
    webhooks: WebhookDesk

    @property
    def answering_units(self) -> tuple[str, ...]:
        """Whoever a card may be against and so needs a liaison: the organisations, and bodies that only handle complaints."""
        return _answering_units(self.catalogue, self.follow_up.rules)

    def keep_current(self) -> None:
        """Before a request is answered: what another process confirmed since holds here too."""
        with self.database.read() as conn:
            self.areas.refresh(conn)

    def texts(self, language: str) -> Texts:
        """The texts of a language, Chinese for one we do not speak."""
        return self.languages.get(language, self.languages["zh"])

    def find_mapping(self, name_or_file: str) -> SourceMapping:
        """A mapping by name (the installation's own before those shipped) or by file."""
        return _found(self.settings, name_or_file)


def reactions(alerts: CardService, alarms: AlarmService, rejudger: Rejudger | None = None,
              notices: NoticeOffice | None = None, acts: ActCards | None = None,
              case_notices: CaseNotices | None = None, onsite: OnsiteCards | None = None) -> dict[type, list[Reaction]]:
    """What then? Every domain event with who reacts to it, inside the transaction that made it true."""
    return {
        RungPassed: [alerts.raise_cards],
        RungWithdrawn: [alerts.withdraw],
        ClockEnded: [alerts.clear_conditions],
        CaseUnjudgeable: [alarms.alarm_unjudgeable],
        CaseJudgeable: [alarms.clear_unjudgeable],
        ActRedeemed: [acts.withdraw] if acts is not None else [],
        ActViolated: [acts.raise_cards] if acts is not None else [],
        ApplicantConcerned: [case_notices.tell] if case_notices is not None else [],
        SignalRaised: [onsite.raised] if onsite is not None else [],
        SignalConfirmed: [onsite.confirmed] if onsite is not None else [],
        SignalRejected: [onsite.rejected] if onsite is not None else [],
        SignalEnded: [onsite.ended] if onsite is not None else [],
        SignalWithdrawn: [onsite.withdrawn] if onsite is not None else [],
        ReferencesMissing: [onsite.references_missing] if onsite is not None else [],
        ReferencesFound: [onsite.references_found] if onsite is not None else [],
        FindingsLost: [onsite.findings_lost] if onsite is not None else [],
        FindingsKept: [onsite.findings_kept] if onsite is not None else [],
        VersionConfirmed: [rejudger.ask] if rejudger is not None else [],
        **(notices.reactions() if notices is not None else {}),  # every event of a card: escalation, then who is told
    }


def build_services(settings: Settings, clock: Clock | None = None) -> Services:
    """All services of one process on one database, which is migrated to the newest schema first."""
    clock = clock or SystemClock()
    database = Database(settings.database.url, pool_size=settings.database.pool_size,
                        busy_timeout_s=settings.database.busy_timeout_s, together_max=settings.database.together_max,
                        one_processor=settings.database.one_processor)
    migrate(database)
    doorbell = _doorbell(settings)
    uow = UnitOfWorkFactory(database, clock, doorbell)
    printed = rules_print(settings)
    calendars = load_calendars(settings.paths.calendar_dir or CALENDAR_DIR)
    presets = load_presets(settings.paths.rules_dir or RULES_DIR)
    shipped_catalogue = load_catalogue(settings.paths.city_dir or CITY_DIR)
    languages = load_texts()
    areas = Areas(calendars, presets, default_area(settings, shipped_catalogue))
    catalogue = living(shipped_catalogue, lambda: areas.versions, lambda: areas.default.calendar.today(clock.now_us()))
    with database.read() as conn:
        areas.refresh(conn)
    keys = ChainKeys(secret_of(settings.journal.key, settings.journal.key_path))
    record_name = RecordName(keys)
    record_name.give(uow)
    recorder = Recorder(uow, keys, areas, shipped_catalogue, CaseMarker(areas, shipped_catalogue))
    sweeper = Sweeper(uow, recorder, settings.sweep.batch, settings.sweep.retry_after_s, judged_by=printed)
    case_queries, read_log = CaseQueries(database, areas, catalogue), ReadLog(uow, database)
    writer = _card_writer(settings, case_queries, presets, languages, areas)
    alerts, alarms = CardService(uow, writer, _card_rules(settings), Terms(areas.for_area), catalogue.area_of), AlarmService()
    roster = Roster(database, areas)
    changes, needs_two = ChangeLog(keys.key("config")), TwoPersons(settings.security.two_administrators)
    accounts = Accounts(uow, SystemClock(), _account_policy(settings), factor_key=_factor_key(settings))
    templates = PaperTemplates(languages["zh"])
    schemes = schemes_of(settings)
    shipped = _shipped(settings, presets, catalogue, areas, templates, schemes)
    editing = ConfigService(uow, shipped, changes, needs_two, EditingBounds(areas, catalogue))
    editing.guards.append(Abolition(catalogue))
    backtester = Backtester(database, acts_history_us=_card_rules(settings).history_after_us)
    patroller = Patroller(uow, areas, shipped_catalogue, backtester, alarms, settings.patrol.closed_days)
    rejudger = Rejudger(uow, recorder, areas, settings.sweep.batch)
    notices = build_office(settings.notices, OfficeParts(
        uow, areas, roster, alarms, writer, languages.__getitem__, ZoneInfo(settings.areas.default_timezone),
        settings.demo.enabled))
    acts = ActCards(alerts, areas, _card_rules(settings).history_after_us)
    children = _children(settings)
    signing = Signing(KeyRing(settings.papers.key_dir, languages["zh"].get("paper_check.owner", city=catalogue.city)),
                      is_visible=settings.papers.visible_signature)
    applicants = _applicants(settings, uow, notices, accounts, languages["zh"])
    case_notices = CaseNotices(areas, CaseWords(languages["zh"].get, case_queries.org_name, case_queries.item_name,
                                                settings.notices.base_url),
                               frozenset(notices.outlets), applicants.holdings.told_by, settings.applicants.correction_days)
    uow.reactions.update(reactions(alerts, alarms, rejudger, notices, acts, case_notices, OnsiteCards(alerts, alarms, areas)))
    limits = feed_limits(settings)
    follow_up = _follow_up(settings, uow, recorder, areas, case_queries, alerts, alarms, languages, catalogue, notices.notifier,
                           signing if settings.papers.sign else None)
    for kind, followers in follow_up.reactions().items():  # an order follows its cards before anybody is told of them
        uow.reactions[kind] = [*followers, *uow.reactions.get(kind, ())]
    ingest = Ingest(recorder, uow, clock, areas, limits, default_area=catalogue.default_area)
    event_reader = EventReader(catalogue.default_area, limits.max_attributes)
    alert_queries = CardQueries(database, writer)
    video = build_registry(settings.video, uow, changes, _factor_key(settings), lambda: _known(catalogue), SystemClock())
    recordings = build_recordings(settings, RecordingParts(
        uow, video, signing.keys, _factor_key(settings), catalogue.city, areas.for_area, alerts, alert_queries, alarms))
    recounter = Recounter(uow, sweeper, recorder)
    evaluation = evaluation_of(settings, uow, areas, catalogue, languages[settings.display.language], recounter)
    return Services(
        follow_up=follow_up,
        settings=settings, clock=clock, database=database, uow=uow, doorbell=doorbell, calendars=calendars, areas=areas,
        catalogue=catalogue, presets=presets, languages=languages, keys=keys,
        record_name=record_name, recorder=recorder, sweeper=sweeper,
        recounter=recounter,
        anchorer=Anchorer(uow, settings.journal.anchor_every, settings.journal.anchor_dir, record_name),
        history=History(database, shipped_catalogue, areas), proofs=Proofs(database), case_queries=case_queries, alerts=alerts,
        alarms=alarms, deadlines=DeadlineSweeper(uow, alerts, alarms),
        alert_queries=alert_queries, card_writer=writer,
        attachments=AttachmentStore(uow, database, _attachment_rules(settings)), read_log=read_log,
        read_tokens=ReadTokens(uow, SystemClock(), read_log, ReadLimits(
            settings.security.read_token_per_minute, settings.security.read_token_days_max)),
        ingest=ingest,
        feed_queries=FeedQueries(database, limits, lambda since, until: areas.default.calendar.office_seconds(since, until)),
        event_reader=event_reader, delivery_reader=DeliveryReader(
            event_reader, limits, drafting_of(settings, shipped_catalogue, printed)),
        repairs=Repairs(ingest, database, clock, event_reader, lambda name: _found(settings, name)),
        accounts=accounts, people=PeopleService(uow, accounts, changes, needs_two, catalogue, video.queries.every_hall),
        roster=roster,
        room=build_room(settings, uow, alarms, areas),
        detectors=build_detectors(uow, clock, areas, shipped_catalogue, alerts, languages,
                                  (case_queries.org_name, case_queries.item_name), settings.detectors.file,
                                  settings.detectors.max_days),
        roster_service=RosterService(uow, roster, alarms, lambda: _answering_units(catalogue, follow_up.rules)),
        notices=notices,
        handovers=HandoverService(uow, alerts), handover_queries=HandoverQueries(database),
        editing=editing, rejudger=rejudger, previews=Previews(database, areas, shipped_catalogue, editing),
        backtester=backtester, backtest_runs=Runs(database, backtester, clock.now_us),
        patroller=patroller, patrol_runs=PatrolRuns(patroller),
        approval=approval_of(settings, uow, recorder, areas, catalogue, follow_up, languages["zh"], keys, changes,
                           needs_two, children, templates),
        applicants=applicants, audit=AuditQueries(database), children=children,
        paper_check=PaperCheck(database, signing, children),
        video=video, footage=recordings.footage, card_evidence=recordings.evidence,
        analysis=build_analysis(settings.vision, uow, areas, changes, SystemClock()),
        evaluation=evaluation,
        scoring=scoring_of(settings, uow, evaluation, areas, catalogue, schemes, changes, needs_two, notices.notifier,
                           languages["zh"]),
        bulletins=bulletins_of(settings, uow, areas, evaluation, follow_up, languages["zh"], catalogue, schemes),
        exports=exports_of(settings, uow, case_queries, languages, keys, accounts, areas),
        deep_history=build_history(settings.history, database, clock.now_us),
        forecasts=build_forecasts(settings.forecast, uow, areas, shipped_catalogue),
        webhooks=webhooks_of(settings, uow, changes, alarms, evaluation, areas, catalogue))


def _known(catalogue: Catalogue) -> Known:
    """Where a camera may hang and whose window it may look at."""
    return Known({*catalogue.areas, catalogue.default_area}, frozenset(unit.code for unit in catalogue.units))


def _children(settings: Settings) -> Children:
    given = settings.papers
    return Children(ChildLimits(given.child_timeout_s, given.child_memory_mib, given.children_at_once))


def _applicants(settings: Settings, uow: UnitOfWorkFactory, notices: NoticeOffice, accounts: Accounts,
                chinese: Texts) -> ApplicantDesk:
    machine, given = SystemClock(), settings.applicants
    return build_applicants(given, uow, machine, secret_of(given.key, given.key_path),
                            CodesByChannels(notices.outlets, chinese.get, machine.now_us), accounts.passwords)


def _answering_units(catalogue: Catalogue, rules: FollowUp) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*catalogue.organisations, *rules.complaints.handling_bodies)))


def _shipped(settings: Settings, presets: Mapping[str, Preset], catalogue: Catalogue, areas: Areas,
             templates: PaperTemplates, schemes: Schemes) -> Shipped:
    def plan_of(area: str) -> AreaPlan:
        stored = areas.stored(area)
        return AreaPlan(stored.name, stored.calendar, stored.timezone, stored.preset)

    return Shipped(presets, load_calendar_contents(settings.paths.calendar_dir or CALENDAR_DIR), catalogue, plan_of, templates,
                   schemes)


def _follow_up(settings: Settings, uow: UnitOfWorkFactory, recorder: Recorder, areas: Areas, cases: CaseQueries,
               alerts: CardService, alarms: AlarmService, languages: Mapping[str, Texts], catalogue: Catalogue,
               notifier: Notifier, signing: Signing | None) -> FollowUpDesk:
    secret = secret_of(settings.complaints.identity_key, settings.complaints.identity_key_path)
    names = [organisation.name for organisation in catalogue.organisations.values()]
    rules = load_follow_up(settings.paths.follow_up_dir or FOLLOW_UP_DIR)
    return build_follow_up(Parts(
        units=uow, database=uow.database, recorder=recorder, areas=areas, cases=cases, cards=alerts, alarms=alarms,
        rules=rules, languages=languages, default_area=catalogue.default_area, identity_secret=secret, notifier=notifier,
        fonts=fonts_of(settings.papers, languages, [rules.papers.issuer, *names]),
        seals=Seals(settings.papers.seal_dir), signing=signing))


def _doorbell(settings: Settings) -> Doorbell:
    if settings.redis.url is None:
        return InProcessDoorbell()
    return RedisDoorbell(settings.redis.url, settings.redis.timeout_s)


def _card_writer(settings: Settings, queries: CaseQueries, presets: Mapping[str, Preset],
                 languages: Mapping[str, Texts], areas: Areas) -> CardWriter:
    wordings = {language: LadderWording(queries.org_name, queries.item_name, presets, texts, in_english=language == "en",
                                        find_preset=areas.find_preset) for language, texts in languages.items()}
    own = wordings.pop(settings.display.language)
    return CardWriter(own, ZoneInfo(settings.areas.default_timezone), wordings)


def _card_rules(settings: Settings) -> CardRules:
    cards = settings.cards
    return CardRules(
        history_after_days=cards.history_after_days, comment_max=cards.comment_max, text_max=cards.text_max,
        cards_per_command=cards.per_command, red_needs_two=cards.red_needs_two,
        shelve_max_minutes=cards.shelve_max_minutes, out_of_service_max_days=cards.out_of_service_max_days,
        stopped_by_law_max_days=cards.stopped_by_law_max_days,
        ack_again={1: cards.ack_again_warning, 2: cards.ack_again_yellow, 3: cards.ack_again_red},
        reply_limit=cards.reply_limit, review_limit=cards.review_limit, appeal_limit=cards.appeal_limit,
        appeal_decision_limit=cards.appeal_decision_limit, escalation_max=cards.escalation_max,
        re_arm_minutes=cards.re_arm_minutes, flood_cards=cards.flood_cards, flood_minutes=cards.flood_minutes,
        attachments_per_reply=cards.attachments_per_card)


def _attachment_rules(settings: Settings) -> AttachmentRules:
    cards = settings.cards
    return AttachmentRules(cards.attachment_max_bytes, cards.attachments_per_card, tuple(cards.attachment_types.split()))


def _factor_key(settings: Settings) -> bytes:
    security = settings.security
    return secret_of(security.secret_key, security.secret_key_path)


def _account_policy(settings: Settings) -> AccountPolicy:
    security = settings.security
    return AccountPolicy(lock_after=security.lockout_attempts, lock_minutes=security.lockout_minutes,
                         password_min_length=security.password_min_length)


def _found(settings: Settings, name_or_file: str) -> SourceMapping:
    own = settings.feeds.mapping_dir
    return find_mapping(name_or_file, (own, MAPPING_DIR) if own is not None else (MAPPING_DIR,))
