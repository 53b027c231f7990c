"""The settings themselves: one frozen model per group. Values come from default.yaml, so no field has a default here.

Each description is printed in docs/configuration.md, which `python -m scripts.render_docs` writes. A size, a
count or a time carries its unit in its name or in its description.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, HttpUrl, SecretStr

from config.documents import Strict
from config.evaluation_settings import BulletinSettings, EvaluationSettings
from config.export_settings import ExportSettings, HistorySettings, WebhookSettings
from config.forecast_settings import ForecastSettings
from config.hosting_settings import (
    ApplicantSettings,
    ApprovalSettings,
    ExchangeSettings,
    GatewaySettings,
    PaymentSettings,
    PortalSettings,
    S3Settings,
)
from config.recording_settings import RecordingSettings
from config.setting_types import Count, Natural, Seconds
from config.video_settings import VideoSettings
from config.vision_settings import VisionSettings


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the time needs its offset, e.g. 2026-03-02T08:00:00+08:00")
    return moment


Moment = Annotated[datetime, AfterValidator(_aware)]
LimitText = Annotated[str, Field(pattern=r"^(\d{1,4}(wd|cd|wh))?$")]


class ServerSettings(Strict):
    """The web server and the promises its push channel makes."""

    host: str = Field(description="Address to listen on; 0.0.0.0 for every interface.")
    port: int = Field(ge=0, le=65535, description="TCP port; 0 lets the system choose one.")
    admission_cap: Count = Field(description="Live clients admitted at once; one more is refused with a message.")
    heartbeat_s: Seconds = Field(description="Seconds between two heartbeats to every screen.")
    stale_after_s: Seconds = Field(description="A screen without a heartbeat for so many seconds greys its data.")
    ping_interval_s: Seconds = Field(description="Seconds between transport pings.")
    ping_timeout_s: Seconds = Field(description="Seconds until an unanswered ping ends the connection.")
    keep_alive_s: Natural = Field(description="Seconds a connection may wait for its next request; 0: every answer ends it.")
    turn_ms: Natural = Field(description=(
        "On SQLite requests are worked on one at a time, which is quicker for all; one that takes longer than so many "
        "milliseconds goes on beside the next. 0: all at once."))
    trusted_proxies: Natural = Field(description="Reverse proxies in front whose X-Forwarded-* headers are believed.")


class DatabaseSettings(Strict):
    """Where the record is kept."""

    url: str = Field(repr=False, description="sqlite:///FILE or postgresql://USER@HOST/NAME.")
    pool_size: Count = Field(description="Connections kept open; as many again may be opened in a burst.")
    busy_timeout_s: Seconds = Field(description="Seconds a SQLite connection waits for another process's write.")
    together_max: Count = Field(description="Acts on hosted cases that may share one commit when they wait for it (SQLite).")
    one_processor: bool = Field(description="Their threads wait for one another and write on one processor (SQLite): handing "
                                "over to another one costs a tenth of an act.")


class RedisSettings(Strict):
    """Redis, needed only when the program is spread over several processes."""

    url: str | None = Field(repr=False, description="redis://HOST:PORT/DB; empty: everything runs in one process.")
    timeout_s: Seconds = Field(description="Seconds for connecting and for one command.")


class JournalSettings(Strict):
    """The keyed hash chain of the record."""

    key: SecretStr | None = Field(description="Secret of the chain, at least 32 characters; empty: read from key_path.")
    key_path: Path = Field(description="File of the secret; made with a random key (mode 600) if it does not exist.")
    record: str | None = Field(description="Name of this installation's record, as `app.py verify` tells it; once given, "
                               "another record in its place is a fault, even an empty one.")
    anchor_every: Count = Field(description="An anchor is written after so many rows of a chain.")
    anchor_dir: Path = Field(description="Folder of the public anchors; keep a copy outside this machine.")


class IngestSettings(Strict):
    """What one delivery may cost."""

    batch_size: Count = Field(description="Events recorded in one transaction.")
    max_body_bytes: Count = Field(description="Largest body of one request, as received, in bytes.")
    max_events_per_request: Count = Field(description="Most events in one request.")
    max_line_bytes: Count = Field(description="Longest line or record of a file, in bytes.")
    max_decompressed_bytes: Count = Field(description="Largest content of one compressed file or body, in bytes.")
    max_decompression_ratio: Count = Field(description="Most bytes that one compressed byte may become (zip bombs).")
    max_attributes: Natural = Field(description="Most source attributes kept with one event.")
    read_apart_from: Natural = Field(description="Batches of so many events of a delivery are read by a second process; 0: "
                                     "never.")
    read_ahead_bytes: Natural = Field(description="A file of so many bytes is read by a second process while this one records; "
                                      "0: never.")
    reading_timeout_s: Seconds = Field(description="A process that reads and is silent for so long is given up; its work is "
                                       "done here, and for as long no other is started for deliveries.")
    drafts_stand_s: Natural = Field(description="What a second process works out of a delivery before its turn to be recorded "
                                    "holds for so many seconds, by the clock of the cases; 0: it works nothing out.")
    future_tolerance_min: Natural = Field(description="Minutes by which an event may claim to be ahead of our clock.")


class SweepSettings(Strict):
    """The watch over the clocks."""

    interval_s: Seconds = Field(description="Seconds between two sweeps.")
    batch: Count = Field(description="Clocks judged in one transaction.")
    retry_after_s: Seconds = Field(description="Seconds until a clock that failed is tried again.")
    recount_interval_min: Count = Field(description="Minutes between two recounts of the counters from the journal.")
    recount_budget_min: Count = Field(
        description="Minutes a recount may take; a round over all cases that is not through then goes on with the next.")


class PushSettings(Strict):
    """How the wall and the desks are kept up to date."""

    replay_max: Natural = Field(description="A client missing more events than this gets a snapshot instead.")
    gauge_interval_s: Seconds = Field(description="Shortest time between two gauge messages, in seconds.")
    poll_interval_s: Seconds = Field(description="Seconds after which the outbox is read even without a doorbell.")
    shown_within_s: Seconds = Field(description="Seconds a screen has to confirm what it shows; then it is told again.")
    missed_confirmations_max: Count = Field(description="Unconfirmed batches that get a slow client disconnected.")
    command_memory_h: Count = Field(description="Hours for which a repeated command id gets its first answer again.")


class SecuritySettings(Strict):
    """Signing in."""

    session_hours: Count = Field(description="Hours until a session ends.")
    session_idle_minutes: Count = Field(description="Minutes without a request after which it ends too.")
    secret_key: SecretStr | None = Field(description="Signs sessions, at least 32 characters; empty: secret_key_path.")
    secret_key_path: Path = Field(description="File of that secret; made with a random key (mode 600) if absent.")
    cookie_secure: bool = Field(description="Send the session cookie over HTTPS only; true wherever there is HTTPS.")
    lockout_attempts: Count = Field(description="Failed sign-ins in a row after which an account is locked.")
    lockout_minutes: Count = Field(description="Minutes for which it stays locked.")
    sign_in_failures: Count = Field(description="Failed sign-ins one address may make within the window.")
    sign_in_window_minutes: Count = Field(description="Length of that window, in minutes.")
    password_min_length: Count = Field(description="Fewest characters of a password.")
    read_token_per_minute: Count = Field(
        description="Requests one token of a reader of figures may make in a minute, in each web process.")
    read_token_days_max: Count = Field(description="Days for which such a token may be issued at most.")
    two_administrators: Literal["auto", "on", "off"] = Field(
        description="A second administrator confirms edits of rules, calendars, limits, areas, roles; auto: once two exist.")


class OidcSettings(Strict):
    """Signing in of staff by an OpenID provider (docs/security.md): it says who somebody is, his account what he may do."""

    issuer: str | None = Field(description="Address of the issuer, https://; empty: off.")
    client_id: str = Field(description="Name of this installation at the provider.")
    client_secret: SecretStr | None = Field(description="Its secret there; empty for a public client, which PKCE protects.")
    scopes: str = Field(description="Scopes asked for, openid among them.")
    account_claim: str = Field(description="Claim of the ID token that names the account.")
    local_sign_in: bool = Field(description="Also let people in by password; off only while the provider is on.")
    timeout_s: Seconds = Field(description="Seconds for connecting to the provider, and for its answer.")


class DemoSettings(Strict):
    """The simulated city."""

    enabled: bool = Field(description="Show the simulated city; every page then says 演示.")
    seed: Natural = Field(description="The same seed gives the same city, case by case.")
    start: Moment = Field(description="The business instant at which the demonstration opens, with its offset.")
    speed: Seconds = Field(description="Business seconds per real second during office hours.")
    idle_speed: Seconds = Field(description="Business seconds per real second outside office hours.")
    cases_per_day: Count = Field(description="Cases filed per working day in the whole city.")
    history_days: Count = Field(description="Calendar days of life before the start that are loaded at first start.")
    bad_habits: str = Field(description="Units with habits the detectors should find, e.g. shuili=late_entry; empty: none.")
    windows: int = Field(ge=0, le=9, description="Windows of drawn service halls whose cameras are shown; 0: none.")


class FeedsSettings(Strict):
    """Sources of events and the watch over them."""

    drop_dir: Path = Field(description="Folder whose sub-folders (one per source) are watched for files.")
    mapping_dir: Path | None = Field(description="Folder of an installation's own mappings, beside those shipped.")
    poll_interval_s: Seconds = Field(description="Seconds between two looks into the drop folder.")
    settle_s: Seconds = Field(description="A dropped file is read when it has not grown for so many seconds.")
    max_concurrent_requests: Count = Field(description="Deliveries over HTTP handled at once; one more is told to come back.")
    max_concurrent_per_source: Count = Field(description="The same for one source.")
    body_timeout_s: Seconds = Field(description="A delivery whose sender is silent for so many seconds is given up.")
    max_trace_events: Count = Field(description="Events of one XES trace held together; a longer one comes in pieces.")
    max_quarantined_chars: Count = Field(description="Characters of a refused record that are kept.")
    max_quarantined_per_import: Natural = Field(description="Refused records of one file that are kept; the rest are counted.")
    remembered_rows: Count = Field(description="Fingerprints of rows held in memory; further ones go to a temporary file.")
    retry_after_s: Count = Field(description="Seconds after which a refused delivery is asked to come back.")
    late_after_s: Seconds = Field(description="A source without an event for so many office seconds is late.")
    silent_after_s: Seconds = Field(description="A source without an event for so many office seconds is silent.")


class AreasSettings(Strict):
    """What holds for an area that the catalogue does not list (a log's own districts)."""

    default_calendar: str = Field(description="Working calendar: an id of config/calendars.")
    calendar_warn_days: int = Field(ge=0, le=366, description="So many days before a calendar's published years end, the wall "
                                    "asks for the next one.")
    default_preset: str = Field(description="Ladder of signals: an id of config/rules.")
    default_timezone: str = Field(description="IANA time zone of its wall clock.")


class PathsSettings(Strict):
    """Where an installation keeps its own data files; empty means those shipped with the program."""

    city_dir: Path | None = Field(description="Folder with organisations.yaml and items.yaml.")
    calendar_dir: Path | None = Field(description="Folder of working calendars.")
    rules_dir: Path | None = Field(description="Folder of ladders.")
    follow_up_dir: Path | None = Field(description="Folder with papers.yaml and complaints.yaml.")


class PaperSettings(Strict):
    """Official documents as PDF. Without fonts of its own an installation uses those of Debian's fonts-noto-cjk."""

    body_font: Path | None = Field(description="Font file of the body (仿宋_GB2312); empty: Noto Serif CJK.")
    title_font: Path | None = Field(description="Font file of head and title (方正小标宋简体); empty: Noto Serif CJK Bold.")
    heading_font: Path | None = Field(description="Font file of headings (黑体); empty: Noto Sans CJK.")
    font_dir: Path = Field(description="Folder of the small copies made of these fonts; it may be emptied at any time.")
    seal_dir: Path | None = Field(description="Folder of seals, <code of the unit>.png, red on a clear ground; empty: none.")
    sign: bool = Field(description="Sign papers: the PDF by X.509, every file by Ed25519.")
    key_dir: Path = Field(description="Folder of the keys for that; missing ones are made. Back it up apart from the data.")
    visible_signature: bool = Field(description="A PDF reader shows the signature where the seal stands.")
    child_timeout_s: Seconds = Field(description="Seconds a process may take that reads a file from outside.")
    child_memory_mib: Count = Field(description="MiB of memory such a process may use.")
    children_at_once: Count = Field(description="Such processes at a time; one more waits.")
    interval_s: Seconds = Field(description="Seconds between two looks for papers whose files are still to be made.")


class ComplaintSettings(Strict):
    """Who complained is kept apart and sealed."""

    identity_key: SecretStr | None = Field(description="Secret of the seal, at least 32 characters; empty: identity_key_path.")
    identity_key_path: Path = Field(description="File of that secret; made with a random key (mode 600) if it does not exist.")
    interval_s: Seconds = Field(description="Seconds between two looks at the due dates of orders and complaints.")


class PatrolSettings(Strict):
    """The patrol of issued cards (发牌巡检)."""

    closed_days: Count = Field(description="A card closed more than so many days ago is not recomputed any more.")


class CardSettings(Strict):
    """Cards and commands on them."""

    history_after_days: Natural = Field(description="A card learnt so many days after its clock ended is history, not news.")
    attachment_max_bytes: Count = Field(description="Largest file with a reply, in bytes.")
    attachments_per_card: Count = Field(description="Most files with one card.")
    attachment_types: str = Field(description="Endings accepted, apart by blanks; of pdf doc docx xls xlsx jpg jpeg png txt.")
    comment_max: Count = Field(description="Longest comment or reason of a command, in characters.")
    text_max: Count = Field(description="Longest reply, appeal or description of a card by hand, in characters.")
    per_command: Count = Field(description="Most cards one command is about.")
    red_needs_two: bool = Field(description="A red card is acknowledged by an officer and a shift leader, two persons.")
    shelve_max_minutes: Count = Field(description="Longest shelving, in minutes; also what is meant when none is named.")
    out_of_service_max_days: Count = Field(description="Longest time for which a card is taken out of service, in days.")
    stopped_by_law_max_days: Count = Field(description="Longest time for which a card is stopped by law, in days.")
    ack_again_warning: LimitText = Field(description="Working time until an idle signed warning asks again; empty: never.")
    ack_again_yellow: LimitText = Field(description="The same for a yellow card, such as 2wd or 8wh.")
    ack_again_red: LimitText = Field(description="The same for a red card.")
    reply_limit: LimitText = Field(description="Time to reply where neither the rule nor the request names one.")
    review_limit: LimitText = Field(
        description="Time to review a reply; then the card goes up one level, and again after as long, up to the highest.")
    appeal_limit: LimitText = Field(description="Time to appeal against a card, from its issue.")
    appeal_decision_limit: LimitText = Field(description="Time to decide an appeal; then the card goes up one level.")
    escalation_max: Count = Field(description="Highest level of escalation.")
    re_arm_minutes: Natural = Field(description="A card that fires again so many minutes after it closed is the same card.")
    flood_cards: Count = Field(description="More new cards than this within flood_minutes are summed up on screens.")
    flood_minutes: Count = Field(description="Minutes in which new cards are counted for that.")
    deadline_interval_s: Seconds = Field(description="Seconds between two looks at what falls due on cards.")


class RoomSettings(Strict):
    """Sound in the supervision room."""

    speech: Literal["espeak", "off"] = Field(description="Voice that reads new cards aloud; off leaves the tones.")
    speech_program: str = Field(min_length=1, description="Program of that voice (Debian package espeak-ng).")
    speech_words_a_minute: int = Field(ge=80, le=300, description="How fast it speaks.")
    speech_timeout_s: Seconds = Field(description="Seconds after which one sentence is given up.")
    clip_dir: Path = Field(description="Folder of sentences already spoken, made anew when lost.")
    clip_max_mib: Count = Field(description="Most MiB of that folder; the longest unused sentences go first.")
    speaker_lease_s: Seconds = Field(description="Seconds until another screen of a room speaks when one falls silent.")
    silence_max_min: Count = Field(description="Most minutes for which a horn can be silenced at once.")


class MonitorSettings(Strict):
    """The watch over this program itself."""

    canary_interval_s: Seconds = Field(description="Seconds between two canaries: messages timed from commit to screen.")
    canary_patience_s: Seconds = Field(description="Seconds a screen has to paint one before it counts as missed.")
    canary_slow_ms: Count = Field(description="A canary later than so many ms at p95, three times in a row, is an alarm.")
    canary_kept_days: Count = Field(description="Days for which the times of canaries are kept.")
    load_days: int = Field(ge=1, le=366, description="Days over which the health page counts alarms.")
    fleeting_min: Count = Field(description="A card whose condition ends within so many minutes is fleeting, on that page.")
    call_url: HttpUrl | None = Field(description="Address of a monitor outside, called every minute while all is well.")
    call_timeout_s: Seconds = Field(description="Seconds for that call.")


class RosterSettings(Strict):
    """The duty roster."""

    look_ahead_days: int = Field(ge=1, le=31, description="Days ahead in which a gap of the roster is an alarm.")


class NoticeSettings(Strict):
    """Notices about cards and the ways out of the site. A way without an address is off."""

    policy_dir: Path | None = Field(description="Folder with policy.yaml and the templates; empty: config/notices.")
    escalation_dir: Path | None = Field(description="Folder of escalation chains; empty: config/escalation.")
    sandbox: bool = Field(description="Write to the delivery log instead of sending; always so in a demonstration.")
    base_url: str = Field(pattern=r"^https?://[^\s/]+$", description="Address of this site in links, without a path.")
    email_url: SecretStr | None = Field(description="mailto:// or mailtos:// address of the mail server (docs/notices.md).")
    sms_url: SecretStr | None = Field(description="Address of the SMS gateway; {phone}, {text} and {id} are put in.")
    sms_body: str = Field(description="Body of its request with the same places; empty: a GET without a body.")
    sms_content_type: str = Field(description="Media type of that body; it decides how values are escaped.")
    sms_authorization: SecretStr | None = Field(description="Value of the Authorization header of the SMS gateway.")
    sms_success: str = Field(description="Text an answer of the gateway must contain to count as taken; empty: any 2xx.")
    webhook_url: SecretStr | None = Field(description="http(s) address that gets every notice as a signed CloudEvent.")
    webhook_secret: SecretStr | None = Field(description="Key of its HMAC signature, at least 32 characters.")
    wecom_url: SecretStr | None = Field(description="wecombot:// address of a WeCom group robot.")
    dingtalk_url: SecretStr | None = Field(description="dingtalk:// address of a DingTalk group robot.")
    feishu_url: SecretStr | None = Field(description="feishu:// address of a Feishu group robot.")
    interval_s: Seconds = Field(description="Seconds between two looks for notices to send and steps to take.")
    batch: Count = Field(description="Notices one sender takes up at a time.")
    senders: int = Field(ge=1, le=16, description="Notices sent at the same time.")
    timeout_s: Seconds = Field(description="Seconds for connecting to a peer, and for its answer.")
    attempts_max: Count = Field(description="Failed attempts after which a notice is put on the dead-letter list.")
    backoff_s: Seconds = Field(description="Seconds until the second attempt; doubled for each one after.")
    backoff_max_s: Seconds = Field(description="Longest time between two attempts, in seconds.")
    lease_s: Seconds = Field(description="Seconds after which a notice taken up by a sender that died is taken up again.")
    quiet_from: str | None = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                   description="HH:MM from which only red cards leave the site; empty: no quiet hours.")
    quiet_until: str | None = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM at which they end.")
    flood_per_hour: Count = Field(description="Notices below red that may reach one address outside the site in an hour.")
    audit_after_min: Count = Field(description="Minutes after which a notice that has not ended is an alarm.")


class DetectorsSettings(Strict):
    """Detectors of gaming; what each looks for and its parameters stand in docs/detectors.md."""

    file: Path | None = Field(description="Parameters of the detectors; empty: the one shipped (config/detectors.yaml).")
    run_at_hour: int = Field(ge=0, le=23, description="Hour of the default area's clock from which the nightly run is due.")
    check_interval_s: Seconds = Field(description="Real seconds between two looks whether the nightly run is due.")
    settle_days: Natural = Field(description="First days of a month in which the month before is looked at again: late data.")
    max_days: Count = Field(description="Longest period of one run, in days.")


class DisplaySettings(Strict):
    """What people see."""

    language: Literal["zh", "en"] = Field(description="Language of the pages.")
    wall_rows: Count = Field(le=50, description="Most departments in the heat map.")


class LogSettings(Strict):
    """What the program writes about itself."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(description="Least serious message written.")
    format: Literal["text", "json"] = Field(description="One line of text or of JSON per message.")


class Settings(Strict):
    """Every setting of the program, frozen."""

    server: ServerSettings
    database: DatabaseSettings
    redis: RedisSettings
    journal: JournalSettings
    ingest: IngestSettings
    sweep: SweepSettings
    push: PushSettings
    security: SecuritySettings
    oidc: OidcSettings
    demo: DemoSettings
    feeds: FeedsSettings
    areas: AreasSettings
    paths: PathsSettings
    papers: PaperSettings
    complaints: ComplaintSettings
    approval: ApprovalSettings
    s3: S3Settings
    portal: PortalSettings
    payments: PaymentSettings
    gateway: GatewaySettings
    applicants: ApplicantSettings
    exchange: ExchangeSettings
    cards: CardSettings
    patrol: PatrolSettings
    room: RoomSettings
    monitor: MonitorSettings
    roster: RosterSettings
    notices: NoticeSettings
    detectors: DetectorsSettings
    evaluation: EvaluationSettings
    bulletins: BulletinSettings
    video: VideoSettings
    recording: RecordingSettings
    vision: VisionSettings
    exports: ExportSettings
    history: HistorySettings
    forecast: ForecastSettings
    webhooks: WebhookSettings
    display: DisplaySettings
    log: LogSettings
