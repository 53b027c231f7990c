"""Settings of exports and of the deep history (docs/export.md), and of webhooks (docs/webhooks.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.documents import Strict
from config.setting_types import Count, Natural, Seconds
from core.access import Role


def _roles(text: str) -> str:
    unknown = sorted(set(text.split()) - set(Role))
    if unknown:
        raise ValueError(f"{unknown[0]} is no role: {' '.join(Role)}")
    return text


RoleNames = Annotated[str, AfterValidator(_roles)]


class ExportSettings(Strict):
    """Exports of the journal: where their files lie, for how long, how much at once, what of people leaves."""

    dir: Path = Field(description="Folder of the files; web and worker processes must see the same one.")
    keep_days: Count = Field(description="Days files are kept.")
    room_mib: Count = Field(description="MiB of files kept; beyond, the oldest are deleted before their days are over.")
    rows_max: Count = Field(description="Rows of one export.")
    open_max: Count = Field(description="Exports of one person that may wait or be under way.")
    memory_mib: Annotated[int, Field(ge=64)] = Field(description="MiB that writing Parquet may use.")
    interval_s: Seconds = Field(description="Seconds between two looks whether one waits.")
    applicants: Literal["pseudonym", "omit"] = Field(
        description="What becomes of applicants and of numbers that lead to them, where personal data are not granted.")
    officers: Literal["keep", "pseudonym", "omit"] = Field(description="The same of who acted.")
    attributes: str = Field(
        description="Names of source attributes that name nobody, separated by spaces; others are left out.")
    personal_roles: RoleNames = Field(description="Roles that may ask for personal data, saying what for.")


class HistorySettings(Strict):
    """The deep history: Parquet files per month beside the database, read by DuckDB."""

    enabled: bool = Field(description="Whether a job takes new events in; the command `history` does so in any case.")
    dir: Path = Field(description="Folder of the store.")
    interval_s: Seconds = Field(description="Seconds between two rounds of taking in.")
    round_rows: Count = Field(description="Events taken in by one round.")
    compact_parts: Annotated[int, Field(ge=2)] = Field(
        description="So many loose files of a month, or of cases, are made one.")
    settle_days: Natural = Field(
        description="Days after its end when a month is made one file; later events go to corrections.")
    timeout_s: Seconds = Field(description="Seconds one question may take.")
    memory_mib: Annotated[int, Field(ge=64)] = Field(description="MiB one question, or one compaction, may use.")
    threads: Count = Field(description="Threads of one question.")
    rows_max: Count = Field(description="Rows of one answer; further ones are left out, and the answer says so.")
    at_once: Count = Field(description="Questions one process works on at the same time; others are asked to wait.")


class WebhookSettings(Strict):
    """Published results to other systems as signed CloudEvents."""

    networks: str = Field(description="Private networks receivers may be in, as 10.1.0.0/16, apart by blanks; empty: none.")
    loopback: bool = Field(description="Whether this machine itself may be a receiver, also over http (a relay, tests).")
    subscriptions_max: Count = Field(description="Most subscriptions in use.")
    interval_s: Seconds = Field(description="Seconds between two looks for events to send.")
    timeout_s: Seconds = Field(description="Seconds one attempt may take, from resolving the name to the end of the answer.")
    batch: Count = Field(description="Deliveries one sender takes up at a time.")
    senders: int = Field(ge=1, le=16, description="Deliveries sent at the same time.")
    lease_s: Seconds = Field(description="Seconds after which a delivery taken up by a sender that died is taken up again.")
    attempts_max: Count = Field(description="Failed attempts after which a delivery is put on the dead-letter list.")
    backoff_s: Seconds = Field(description="Seconds until the second attempt; doubled for each one after.")
    backoff_max_s: Seconds = Field(description="Longest time between two attempts, in seconds.")
    keep_days: Count = Field(description="Days for which deliveries that ended are kept.")
    month_settled_days: Natural = Field(description="Days after its end when a month's figures are told as settled.")
