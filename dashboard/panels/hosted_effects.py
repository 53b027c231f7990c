"""What an act will do to step and clocks, said before it is done: days by the clocks themselves (cases.foretelling). Nothing is
said that is not known. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from approval.detail import HostedDetail
from approval.flow import Part, dependents
from approval.licences import months_on, name_of_licence
from cases.events import NO_DATA, EventData, EventKind
from cases.fold import NO_SPECIALS, Fold
from cases.foretelling import Foretelling
from cases.judging import NO_YEAR
from cases.projection import ClockState
from core.instants import date_of, written_due, written_local
from core.limits import Granularity
from dashboard.limit_words import stated_words
from dashboard.panels.case_sentence import number
from dashboard.words import Words

DAYS_MOST = 400  # more are no wish but a slip of the hand


def effects(act: str, values: Mapping[str, Any], detail: HostedDetail, clocks: Sequence[Any], item: Any,
            ahead: Foretelling, t: Words) -> list[str]:
    """Sentences for the form. `clocks` are ClockExplanations."""
    promised = next((clock for clock in clocks if clock.kind == "promised" and clock.ended_at is None), None)
    if act == "ask_extension":
        return _extended(act, values.get("days"), promised, ahead, t)
    if act == "grant_extension":
        is_over = promised is not None and promised.due_at is not None and ahead.now_us >= promised.due_at
        return [t("error.extension_limit_over")] if is_over else _extended(
            act, (detail.extension or {}).get("days"), promised, ahead, t)
    if act == "accept":
        return _accepted(ahead, t)
    if act == "start_special":
        return [*_stopped(values, item, ahead, t), *_again(ahead.fold, t), *_rest(promised, t)]
    if act == "end_special":
        return [t("hosted.effect.goes_on"), *_rest(promised, t), *_until(ahead, (EventKind.SPECIAL_ENDED, NO_DATA), t)]
    if act == "complete":
        return _completed(values, detail, t)
    if act == "conclude":
        return [t("hosted.effect.conclude"), *_licensed(values, detail, item, ahead.today, t)]
    if act == "send_back":
        return _back(str(values.get("to_step") or ""), detail, clocks, promised, t)
    if act == "reopen":
        parts = [Part(part.node, part.item, part.org, part.stage, part.after) for part in detail.parts]
        later = dependents(parts, str(values.get("node") or ""))
        return [t("hosted.effect.reopen"), *([t("hosted.effect.reopen_later", nodes="、".join(later))] if later else [])]
    return [t(f"hosted.effect.{act}")] if t.has(f"hosted.effect.{act}") else []


def _licensed(values: Mapping[str, Any], detail: HostedDetail, item: Any, today: int, t: Words) -> list[str]:
    """What its applicant gets in hand, and until when; nothing of one that is made elsewhere."""
    if item is None or not item.details.licence or detail.fold.refused is not None or values.get("certificate_no"):
        return []
    name, months = name_of_licence(item, t), item.details.guide.valid_months
    until = values.get("until") or (months_on(date_of(today), months).isoformat() if months else "")
    return [t("hosted.effect.conclude_licence", name=name, until=until) if until else
            t("hosted.effect.conclude_licence_open", name=name)]


def _extended(act: str, days: Any, promised: Any, ahead: Foretelling, t: Words) -> list[str]:
    """By the event that grants it, with the one that asks for it where nobody has asked yet."""
    if promised is None or promised.due_at is None or not _is_number_of_days(days):
        return []
    asking = [(EventKind.EXTENSION_REQUESTED, NO_DATA)] if act == "ask_extension" else []
    after = ahead.promised_after(*asking, (EventKind.EXTENDED, EventData(approved_days=days)))
    if after is None or after.due_at is None:
        return _unknown(after, t)
    old = _written(promised.due_at, promised.utc_offset, promised.granularity)
    if after.due_at == promised.due_at:
        return [t("hosted.effect.extension_none", old=old)]
    more = t(f"limit.{promised.unit}", n=days)
    return [t(f"hosted.effect.{act}", old=old, new=_due(after), days=more)]


def _accepted(ahead: Foretelling, t: Words) -> list[str]:
    """By the clock that starts: counted in office hours, one that begins before them has used a day by the evening."""
    after = ahead.promised_after((EventKind.ACCEPTED, NO_DATA))
    if after is None or after.due_at is None:
        return [t("hosted.effect.accept"), *_unknown(after, t)]
    return [t("hosted.effect.accept_until", limit=stated_words(after.limit_text, t), until=_due(after))]


def _stopped(values: Mapping[str, Any], item: Any, ahead: Foretelling, t: Words) -> list[str]:
    """A stop ends by itself with the days that were approved: the day is known that stands if it takes all of them."""
    days, kind = values.get("days"), values.get("kind")
    most = item.details.ceilings.get(kind, 0) if item is not None else 0
    said = [t("hosted.effect.start_special", n=days or "—", most=most)]
    if not _is_number_of_days(days):
        return said
    return [*said, *_until(ahead, (EventKind.SPECIAL_STARTED, EventData(special_kind=kind, approved_days=days)), t)]


def _again(fold: Fold, t: Words) -> list[str]:
    """Each special procedure has the whole ceiling; whoever begins one more is told that it does not go unseen."""
    before = [stop.approved_days or 0 for stop in fold.stops if stop.kind not in NO_SPECIALS]
    return [t("hosted.effect.special_again", n=len(before), days=sum(before))] if before else []


def _until(ahead: Foretelling, deed: tuple[EventKind, EventData], t: Words) -> list[str]:
    """The day on which the promise then ends: after a stop that begins, if it takes all its days; after one that ends."""
    after = ahead.promised_after(deed)
    if after is None or after.due_at is None:
        return _unknown(after, t)
    return [t(f"hosted.effect.{deed[0].value}_until", until=_due(after))]


def _unknown(clock: ClockState | None, t: Words) -> list[str]:
    """Why no day can be named, where it is for want of a calendar."""
    if clock is None or clock.reason != NO_YEAR:
        return []
    return [t("hosted.effect.year_unknown", year=clock.detail.rpartition(" ")[2])]


def _due(clock: ClockState) -> str:
    assert clock.due_at is not None
    return _written(clock.due_at, clock.started.utc_offset, clock.granularity)


def _written(due_at: int, utc_offset: int, granularity: str) -> str:
    """The last day, of a limit that is judged to the second with its time."""
    if granularity == Granularity.INSTANT:
        return written_due(written_local(due_at, utc_offset))
    return f"{written_local(due_at - 1, utc_offset):%Y-%m-%d}"


def _is_number_of_days(days: Any) -> bool:
    return isinstance(days, int) and 0 < days < DAYS_MOST


def _rest(promised: Any, t: Words) -> list[str]:
    if promised is None or promised.days_used is None:
        return []
    rest = number(max(0.0, promised.amount - promised.days_used))
    return [t("hosted.effect.rest", used=number(promised.days_used), rest=rest)]


def _completed(values: Mapping[str, Any], detail: HostedDetail, t: Words) -> list[str]:
    following = detail.following
    if not detail.is_ended_by_next:
        return [t("hosted.effect.sign", step=detail.head.step, n=len(detail.to_sign) - 1)]
    if detail.decides:
        return [t(f"hosted.effect.decide_{values.get('result') or 'granted'}")]
    if not following:
        return [t("hosted.effect.last")]
    posts = "、".join(detail.flow.find(following).entitled)
    return [t("hosted.effect.complete", step=following, posts=posts)]


def _back(to_step: str, detail: HostedDetail, clocks: Sequence[Any], promised: Any, t: Words) -> list[str]:
    inner = detail.stations[1:-1]
    if to_step not in inner:
        return []
    taken = inner[inner.index(to_step):inner.index(detail.head.step) + 1 if detail.head.step else len(inner)]
    said = [t("hosted.effect.send_back", step=to_step, steps="、".join(taken))]
    own = next((clock for clock in clocks if clock.kind == "step" and clock.name == to_step and clock.days_used is not None),
               None)
    if own is not None:
        said.append(t("hosted.effect.step_rest", step=to_step, used=number(own.days_used),
                      rest=number(max(0.0, own.amount - own.days_used))))
    return said + _rest(promised, t)
