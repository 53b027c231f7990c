"""Settings of hosted approval, of the public site and of the accounts of applicants (docs/approval.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr

from config.documents import Strict
from config.setting_types import Count, Natural, Seconds


class ApprovalSettings(Strict):
    """Cases this installation handles itself."""

    extension_posts: tuple[str, ...] = Field(min_length=1, description="Posts that decide on more days, waivers and voiding.")
    extension_notice_days: Natural = Field(description="Working days before the promised end by which more must be asked for.")
    extension_days_max: Count = Field(description="The most working days one extension may add.")
    migration_cases_max: Count = Field(description="Most running cases one plan moves to another version of their item.")
    material_store: Literal["disk", "s3"] = Field(description="Where files of applications lie: material_dir, or s3.")
    material_dir: Path = Field(description="Folder of the files sent with applications.")
    material_max_bytes: Count = Field(description="Largest file with an application, in bytes; below ingest.max_body_bytes.")
    materials_per_case: Count = Field(description="Most files with one case.")
    materials_max_mib: Count = Field(description="What all files of one case may weigh, in MiB.")
    orphan_days: Count = Field(description="Days after which a file no case and no draft names is removed.")
    reuse_days: Count = Field(description="Days for which a file may be used again for another case of the same applicant.")
    preview_dir: Path = Field(description="Folder of the pictures of files; it may be emptied at any time.")
    preview_pages: Count = Field(description="Pages of a file that are shown as pictures.")
    preview_mib: Count = Field(description="Most MiB of those pictures; the longest unused ones go first.")
    material_types: str = Field(description="Endings accepted, apart by blanks; of pdf doc docx xls xlsx jpg jpeg png txt.")
    clamd: str = Field(description="clamd that scans files: HOST:PORT or the path of its socket; empty: none is scanned.")
    clamd_timeout_s: Seconds = Field(description="Seconds until an unanswered scan refuses the file.")
    draft_kept_days: Count = Field(description="Days after which an application begun and not filed is forgotten.")
    silence_interval_s: Seconds = Field(description="Seconds between two looks for units whose silence is consent.")


class S3Settings(Strict):
    """An S3-compatible store for the files of applications, used where approval.material_store is s3."""

    endpoint: HttpUrl | None = Field(description="Address of the service, e.g. https://s3.example.gov.cn.")
    region: str = Field(description="Region the service wants to hear.")
    bucket: str = Field(description="Bucket; it must exist.")
    prefix: str = Field(description="Put before every name, e.g. materials/.")
    access_key: str = Field(repr=False, description="Id of the key.")
    secret_key: SecretStr | None = Field(description="The key itself.")
    timeout_s: Seconds = Field(description="Seconds for connecting and for each answer.")
    attempts: Count = Field(description="Attempts of one request.")


class PortalSettings(Strict):
    """The public pages. What is limited is counted in each process."""

    base_url: str = Field(pattern=r"^https?://[^\s/]+$", description="Its address as in QR codes, without a path.")
    case_session_minutes: Count = Field(description="Minutes without a request after which a case opened by password closes.")
    window_minutes: Count = Field(description="Length of the windows below, in minutes.")
    failures_per_address: Count = Field(description="Wrong numbers or passwords one address may enter within the window.")
    failures_per_case: Count = Field(description="Wrong passwords for one number, of a case or of a letter, within the window.")
    forms_per_window: Count = Field(description="Applications begun or filed and letters sent by one address.")
    files_per_window: Count = Field(description="Files sent by one address.")
    checks_per_window: Count = Field(description="Papers checked by one address.")
    database_url: str = Field(repr=False, description="Own database of `app.py portal`, never that of the inside.")
    file_dir: Path = Field(description="Folder of `app.py portal` for files sent by applicants and papers given out.")


class PaymentSettings(Strict):
    """Orders of payments, here and on a public site of its own (docs/approval.md)."""

    gateway: Literal["sandbox", "open_platform", "none"] = Field(
        description="none: fees are paid at a window; open_platform: a real one, of group gateway; sandbox, for "
        "demonstrations: a click settles a fee, and no money moves.")
    interval_s: Seconds = Field(description="Seconds between two looks for orders to ask the gateway about.")
    batch: Count = Field(description="Most orders asked about in one look.")
    first_look_s: Seconds = Field(description="Seconds after which an order is asked about first; doubled each time.")
    longest_wait_s: Seconds = Field(description="Longest wait between two questions about one order, in seconds.")
    order_minutes: Count = Field(description="Minutes an order can be paid with; then it is closed at the gateway.")
    alarm_minutes: Count = Field(description="Minutes of silence, or of money neither booked nor back, that are an alarm.")
    give_up_hours: Count = Field(description="Hours of silence after which an order is given up; a late answer still counts.")
    shown_days: Count = Field(description="Days for which a payer is shown what became of an order.")
    cashier_posts: tuple[str, ...] = Field(min_length=1, description="Posts that settle fees paid outside, by hand.")
    second_person_from: int = Field(
        ge=-1, description="Yuan from which a payment settled by hand is confirmed by a second person; 0: all, -1: none.")
    notice_max_bytes: Count = Field(description="Largest notice of the gateway's server, in bytes.")


class GatewaySettings(Strict):
    """The payment platform, used where payments.gateway is open_platform (docs/approval.md)."""

    url: HttpUrl | None = Field(description="Address that takes its requests.")
    app_id: str = Field(description="Our id there.")
    mode: Literal["address", "code"] = Field(description="The payer follows a signed address, or scans a code.")
    private_key_path: Path | None = Field(description="Our RSA key of 2,048 bits or more, PEM or its base64 alone.")
    platform_key_path: Path | None = Field(description="The public key of the platform, not our own.")
    method_page: str = Field(description="Its name of: a page to pay at.")
    method_code: str = Field(description="Its name of: a code to pay by.")
    method_query: str = Field(description="Its name of: what became of an order.")
    method_close: str = Field(description="Its name of: take no payment for an order any more.")
    method_refund: str = Field(description="Its name of: give back.")
    method_statement: str = Field(description="Its name of: where the statement of a day lies.")
    subject: str = Field(min_length=1, description="What the payer reads, before the number of his case.")
    receipt_member: str = Field(min_length=1, description="Member of its answers that is the number of the receipt.")
    members: str = Field(
        pattern=r"^(\S+=\S+( \S+=\S+)*)?$",
        description="Further members of every order, NAME=VALUE apart by blanks, e.g. the code of the collecting unit.")
    timeout_s: Seconds = Field(description="Seconds until an unanswered request is given up.")
    statement_hour: int = Field(ge=0, le=23, description="Hour from which the statement of the day before is fetched.")
    statement_days: Count = Field(description="Days before today whose statements are compared, anew each day.")


class ExchangeSettings(Strict):
    """The exchange with a public site of its own (docs/exchange.md). The inside opens every connection."""

    url: HttpUrl | None = Field(description="Inside: address of the public site; empty: there is none, and no exchange.")
    key: SecretStr | None = Field(description="Secret both ends sign with, at least 32 characters.")
    interval_s: Seconds = Field(description="Inside: seconds between two rounds.")
    timeout_s: Seconds = Field(description="Inside: seconds until an unanswered request is given up.")
    batch: Count = Field(description="Most envelopes in one request.")
    batch_bytes: Count = Field(description="Most bytes of envelopes in one request; a single one may be larger.")
    chunk_bytes: Count = Field(le=8 * 1024 * 1024, description="Bytes of a file in one request.")
    part_dir: Path = Field(description="Folder of files that are not whole yet.")
    waiting_max: Count = Field(description="Public site: envelopes that may wait; then filing is refused for the moment.")
    kept_days: Count = Field(description="Public site: days for which fetched envelopes are kept; letters are not.")
    bulletin_days: Count = Field(description="Both: days after publication for which a monthly bulletin is shown outside.")
    bulletin_max_bytes: Count = Field(description="Both: largest file of a monthly bulletin; larger ones are not sent.")
    attempts_max: Count = Field(description="Tries of an envelope that fails of itself before an administrator is asked.")
    backoff_s: Seconds = Field(description="Seconds until the first new try of an envelope; doubled each time.")
    backoff_max_s: Seconds = Field(description="Longest wait between two tries, of an envelope or of a silent site.")
    clock_skew_s: Count = Field(description="Most seconds by which the two clocks may differ.")
    stale_after_min: Count = Field(description="Minutes without a successful round after which it is an alarm.")


class ApplicantSettings(Strict):
    """Accounts of applicants on the public pages. The codes sent are counted in the database, for all processes together."""

    key: SecretStr | None = Field(description="Seals and hashes their contacts, at least 32 characters; empty: key_path.")
    key_path: Path = Field(description="File of that secret; made with a random key (mode 600) if absent. Keep a copy.")
    session_hours: Count = Field(description="Hours until an applicant's session ends.")
    session_idle_minutes: Count = Field(description="Minutes without a request after which it ends too.")
    code_minutes: Count = Field(description="Minutes a code is good for.")
    code_tries: Count = Field(description="Wrong codes after which the code sent is worth nothing.")
    code_pause_s: Natural = Field(description="Seconds between two codes to one contact.")
    code_window_minutes: Count = Field(description="Length of the window of the two below, in minutes.")
    codes_per_contact: Count = Field(description="Codes sent to one number or address within the window.")
    codes_per_address: Count = Field(description="Codes asked for by one network address within it, in each process.")
    codes_per_contact_day: Count = Field(description="Codes sent to one number or address within a day.")
    codes_per_day: Count = Field(description="Codes the installation sends within a day: what a flood may cost.")
    correction_days: Natural = Field(description="Working days a notice names for handing in what is missing; 0: none named.")
    lockout_attempts: Count = Field(description="Wrong passwords in a row after which only a code opens the account.")
    lockout_minutes: Count = Field(description="Minutes for which that holds.")
