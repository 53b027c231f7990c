"""What each command does to a card. The table of `transitions` has allowed it before; what depends on who does it is here.

A handler changes the card, notes what it did and gives None, or gives the code of a refusal and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts import events as told
from alerts.card_commands import CardCommand, CommandType, Decision
from alerts.cards import Card
from alerts.lifecycle import STANDING_ORIGINS, Appeal, Closing, Disposition, Level, Signing, Suppression
from alerts.rules import CardRules
from alerts.terms import Terms
from alerts.transitions import Event
from core.access import SYSTEM, Actor, Role
from core.errors import InvalidInput
from core.instants import DAY_US, MINUTE_US, to_us

AS_OFFICER, AS_SHIFT_LEADER = "officer", "shift_leader"


@dataclass(frozen=True, slots=True)
class Doing:
    """A command being carried out: by whom, and at which instant (microseconds UTC).

    `missing_files(card)`: attachments it names that were never uploaded to that card.
    """

    command: CardCommand
    actor: Actor
    now_us: int
    missing_files: Callable[[Card], list[str]] = lambda _card: []

    @property
    def reason(self) -> str:
        return self.command.reason.strip()


Handler = Callable[[Card, Doing], str | None]


class Handling:
    """The commands on one card."""

    def __init__(self, rules: CardRules, terms: Terms, reply_limit_of: Callable[[Card], str]) -> None:
        self._rules, self._terms, self._reply_limit_of = rules, terms, reply_limit_of
        self._handlers: Mapping[CommandType, Handler] = {
            CommandType.ACKNOWLEDGE: self._acknowledge, CommandType.UNACKNOWLEDGE: _unacknowledge,
            CommandType.CONFIRM: self._confirm, CommandType.DISMISS: _dismiss,
            CommandType.SHELVE: self._shelve, CommandType.UNSHELVE: _unshelve,
            CommandType.TAKE_OUT_OF_SERVICE: self._take_out_of_service, CommandType.RETURN_TO_SERVICE: _end_quiet,
            CommandType.STOP_BY_LAW: self._stop_by_law, CommandType.RESUME_BY_LAW: _end_quiet,
            CommandType.REQUEST_REPLY: self._request_reply, CommandType.DISPATCH: self._dispatch,
            CommandType.REPLY: self._reply, CommandType.ACCEPT_REPLY: _accept_reply,
            CommandType.REJECT_REPLY: self._reject_reply,
            CommandType.APPEAL: self._appeal, CommandType.DECIDE_APPEAL: self._decide_appeal,
            CommandType.PROPOSE_REVOKE: _propose_revoke, CommandType.CONFIRM_REVOKE: _confirm_revoke,
            CommandType.REJECT_REVOKE: self._reject_revoke, CommandType.WRITE_OFF: _write_off,
            CommandType.ESCALATE: self._escalate, CommandType.COMMENT: _comment}

    def carry_out(self, kind: CommandType, card: Card, do: Doing) -> str | None:
        """Do it: a new revision, or the code of a refusal."""
        refused = self._handlers[kind](card, do)
        if refused is not None:
            return refused
        card.rev += 1
        if not card.is_closed and kind is not CommandType.COMMENT:
            card.close_if_over(do.now_us, self._rules.history_after_us)
        self.watch_activity(card, do.now_us)
        return None

    def watch_activity(self, card: Card, now_us: int) -> None:
        """Something was done: the time after which a signature no longer counts runs anew."""
        limit = self._rules.ack_again.get(card.level, "")
        if not card.is_acked or card.is_closed or not limit:
            return
        self._arm(card, "ack", limit, now_us)

    def _arm(self, card: Card, kind: str, limit: str, from_us: int) -> None:
        """Give ourselves so much time from then."""
        card.deadlines[kind] = self._terms.due(card.case.area, limit, from_us)

    def owe_reply(self, card: Card, limit: str, now_us: int) -> None:
        """The department owes a reply within `limit` from now."""
        due = self._terms.due(card.case.area, limit, now_us)
        if card.reply_due_at is None:
            card.reply_asked_at = now_us
        card.reply_from_at = now_us
        self._arm_reply(card, limit, due)

    def reply_owed_until(self, card: Card) -> int | None:
        """When the reply that is owed falls due by the calendar as it is today, if that is later than it was told."""
        if card.reply_from_at is None or card.reply_due_at is None:
            return card.reply_due_at
        return max(card.reply_due_at, self._terms.due(card.case.area, card.reply_limit, card.reply_from_at))

    def put_off_reply(self, card: Card, at: int) -> bool:
        """Whether a reply that was to fall due at an instant has more time by the calendar as it is today: a holiday was
        announced since. The new date is told."""
        due = self.reply_owed_until(card)
        if due is None or due <= at:
            return False
        self._arm_reply(card, card.reply_limit, due)
        card.note("reply_put_off", at, told.ReplyRequested, reason="calendar",
                  detail={"reply_limit": card.reply_limit, "due_at": due})
        card.rev += 1
        return True

    def _arm_reply(self, card: Card, limit: str, due: int) -> None:
        card.reply_limit, card.reply_due_at = limit, due
        is_order = card.disposition is Disposition.UNDER_ORDER
        card.deadlines["order" if is_order else "reply"] = due
        if is_order:
            card.deadlines["reply"] = None

    def demand_reply(self, card: Card, now_us: int) -> None:
        """What the rule behind an issued card demands, if it demands a reply. Under an order the order's own term counts."""
        limit = self._reply_limit_of(card)
        if not limit or card.is_closed or card.order_no or card.disposition is Disposition.TO_CONFIRM:
            return
        if card.disposition is Disposition.REPLIED:  # to what the card said before
            card.disposition = Disposition.SIGNED if card.is_acked else Disposition.TO_SIGN
            card.deadlines["review"] = None
        self.owe_reply(card, limit, now_us)

    # Signing ------------------------------------------------------------------------------------------------------

    def _acknowledge(self, card: Card, do: Doing) -> str | None:
        if card.level == Level.RED and self._rules.red_needs_two:
            refused = _second_signature(card, do.actor)
            if refused is not None:
                return refused
            if card.signing is Signing.NONE:
                _sign_first(card, do)
                return None
        _sign(card, do)
        return None

    def _confirm(self, card: Card, do: Doing) -> str | None:
        card.disposition = Disposition.TO_SIGN
        card.issue(do.now_us)
        card.note("confirmed", do.now_us, told.CardOpened, actor=do.actor, reason=do.reason)
        self.demand_reply(card, do.now_us)
        return None

    # Quiet --------------------------------------------------------------------------------------------------------

    def _shelve(self, card: Card, do: Doing) -> str | None:
        if not _may_be_quieted(card, do.actor):
            return "red_shelved_by_leader"
        most = self._rules.shelve_max_minutes
        until = _until(do, most * MINUTE_US, "until_out_of_range", minutes=most) if do.command.until else (
            do.now_us + most * MINUTE_US)
        card.suppression, card.suppressed_until = Suppression.SHELVED, until
        card.suppressed_by, card.suppressed_reason = do.actor.name, do.reason
        card.deadlines["shelf"] = until
        card.note("shelved", do.now_us, told.CardShelved, actor=do.actor, reason=do.reason, detail={"until": until},
                  until=until)
        return None

    def _take_out_of_service(self, card: Card, do: Doing) -> str | None:
        """What it says cannot be relied on for a while, e.g. its feed is being repaired."""
        return _keep_quiet(card, do, Suppression.OUT_OF_SERVICE, self._rules.out_of_service_max_days)

    def _stop_by_law(self, card: Card, do: Doing) -> str | None:
        """The law stops the matter; the reason is the basis."""
        return _keep_quiet(card, do, Suppression.BY_DESIGN, self._rules.stopped_by_law_max_days)

    # Replies and orders -------------------------------------------------------------------------------------------

    def _request_reply(self, card: Card, do: Doing) -> str | None:
        self.owe_reply(card, do.command.reply_limit or card.reply_limit or self._rules.reply_limit, do.now_us)
        card.note("reply_requested", do.now_us, told.ReplyRequested, actor=do.actor, reason=do.reason or do.command.comment,
                  detail={"reply_limit": card.reply_limit, "due_at": card.reply_due_at})
        return None

    def _dispatch(self, card: Card, do: Doing) -> str | None:
        card.disposition, card.order_no = Disposition.UNDER_ORDER, do.command.order_no
        self.owe_reply(card, do.command.reply_limit, do.now_us)
        card.note("dispatched", do.now_us, told.OrderDispatched, actor=do.actor, reason=do.reason,
                  detail={"order_no": card.order_no, "reply_limit": card.reply_limit, "due_at": card.reply_due_at},
                  order_no=do.command.order_no)
        return None

    def _reply(self, card: Card, do: Doing) -> str | None:
        command = do.command
        if do.missing_files(card):
            return "attachment_unknown"
        card.disposition, card.replied_by, card.replied_at = Disposition.REPLIED, do.actor.name, do.now_us
        card.reply_due_at = card.deadlines["reply"] = card.deadlines["order"] = None
        self._arm(card, "review", self._rules.review_limit, do.now_us)
        card.note("replied", do.now_us, told.ReplyReceived, actor=do.actor, reason=command.text,
                  detail={"attachments": command.attachments}, order_no=card.order_no or "", text=command.text,
                  attachments=tuple(command.attachments))
        return None

    def _reject_reply(self, card: Card, do: Doing) -> str | None:
        if card.replied_by == do.actor.name:
            return "own_reply"
        card.deadlines["review"] = None
        if card.order_no:
            card.disposition = Disposition.UNDER_ORDER
        else:
            card.disposition = Disposition.SIGNED if card.is_acked else Disposition.TO_SIGN
        asked_at = card.reply_asked_at
        self.owe_reply(card, do.command.reply_limit or card.reply_limit or self._rules.reply_limit, do.now_us)
        card.reply_asked_at = asked_at or card.reply_asked_at  # the same demand goes on
        card.note("reply_rejected", do.now_us, told.ReplyRejected, actor=do.actor, reason=do.reason,
                  detail={"due_at": card.reply_due_at}, order_no=card.order_no or "")
        return None

    # Appeals and revocations --------------------------------------------------------------------------------------

    def _appeal(self, card: Card, do: Doing) -> str | None:
        if do.missing_files(card):
            return "attachment_unknown"
        since = card.told_at if card.told_at is not None else card.raised_at
        if do.now_us >= self._terms.due(card.case.area, self._rules.appeal_limit, since):
            return "appeal_too_late"
        self._await_decision(card, Appeal.FILED, do.now_us)
        card.appealed_by = do.actor.name
        card.note("appealed", do.now_us, told.AppealFiled, actor=do.actor, reason=do.command.text,
                  detail={"attachments": do.command.attachments})
        return None

    def _await_decision(self, card: Card, appeal: Appeal, now_us: int) -> None:
        card.appeal = appeal
        card.deadlines["appeal"] = self._terms.due(card.case.area, self._rules.appeal_decision_limit, now_us)

    def _decide_appeal(self, card: Card, do: Doing) -> str | None:
        decision = do.command.decision
        if card.appealed_by == do.actor.name:
            return "own_appeal"
        if card.appeal is Appeal.PASSED_UP and not do.actor.has(Role.LEADER):
            return "leader_decides"
        if card.appeal is Appeal.PASSED_UP and decision == Decision.PASS_UP:
            return "passed_up_already"
        card.deadlines["appeal"] = None
        if decision == Decision.PASS_UP:
            self._await_decision(card, Appeal.PASSED_UP, do.now_us)
        else:
            card.appeal = Appeal.UPHELD if decision == Decision.UPHOLD else Appeal.REJECTED
        card.note("appeal_decided", do.now_us, told.AppealDecided, actor=do.actor, reason=do.reason,
                  detail={"decision": decision}, decision=decision)
        if card.appeal is Appeal.UPHELD:  # found for the department: the second person confirms the revocation
            _propose_revoke(card, do)
        return None

    def _reject_revoke(self, card: Card, do: Doing) -> str | None:
        if card.revoke_by == do.actor.name:
            return "second_person_needed"
        card.revoke_by = card.revoke_name = card.revoke_reason = None
        if card.appeal is Appeal.UPHELD:  # the two do not agree: a leader decides
            self._await_decision(card, Appeal.PASSED_UP, do.now_us)
        card.note("revocation_rejected", do.now_us, told.RevocationRejected, actor=do.actor, reason=do.reason)
        return None

    def _escalate(self, card: Card, do: Doing) -> str | None:
        return None if self.escalate(card, do.now_us, do.actor, do.reason) else "escalated_to_the_top"

    def escalate(self, card: Card, at: int, actor: Actor, reason: str) -> bool:
        """One level up; False at the top."""
        if card.escalation >= self._rules.escalation_max:
            return False
        card.escalation += 1
        card.note("escalated", at, told.CardEscalated, actor=actor, reason=reason, detail={"escalation": card.escalation},
                  escalation=card.escalation)
        return True

    # What falls due (the sweeper of `deadlines`; `at` is the instant at which it did) -----------------------------

    def lapse(self, event: Event, card: Card, at: int, now_us: int) -> None:
        """Let pass what the table allows to pass: a new revision."""
        {Event.ACK_LAPSED: _ask_again, Event.SHELF_LAPSED: _end_shelving, Event.SERVICE_LAPSED: _quiet_over,
         Event.LAW_LAPSED: _quiet_over, Event.REPLY_LAPSED: self._reply_overdue,
         Event.ORDER_LAPSED: _order_overdue, Event.REVIEW_LAPSED: self._review_overdue,
         Event.APPEAL_LAPSED: self._appeal_overdue}[event](card, at)
        card.rev += 1
        card.close_if_over(now_us, self._rules.history_after_us)

    def _reply_overdue(self, card: Card, at: int) -> None:
        """D2 of domain.md §5.2: a card unanswered past its date goes up one level."""
        card.note("reply_overdue", at, told.ReplyOverdue)
        self.escalate(card, at, SYSTEM, "reply_overdue")

    def _review_overdue(self, card: Card, at: int) -> None:
        """Asked again after as long, so that a reply nobody reads comes to the top and not to rest."""
        card.note("review_overdue", at, told.ReviewOverdue)
        if self.escalate(card, at, SYSTEM, "review_overdue"):
            self._arm(card, "review", self._rules.review_limit, at)

    def _appeal_overdue(self, card: Card, at: int) -> None:
        card.note("appeal_overdue", at)
        self.escalate(card, at, SYSTEM, "appeal_overdue")


def _ask_again(card: Card, at: int) -> None:
    """Nothing was done since it was signed: it is to be looked at again."""
    signed_by = card.acked_by or ""
    card.forget_acknowledgement()
    card.note("ack_lapsed", at, told.CardAskedAgain, reason="no_activity", acknowledged_by=signed_by)


def _end_shelving(card: Card, at: int) -> None:
    card.unshelve(at, "expired")


def _quiet_over(card: Card, at: int) -> None:
    card.end_quiet(at, "expired")


def _order_overdue(card: Card, at: int) -> None:
    card.note("order_overdue", at, told.OrderOverdue, detail={"order_no": card.order_no}, order_no=card.order_no or "")


def _signs_as(actor: Actor) -> str:
    return AS_SHIFT_LEADER if actor.has(Role.SHIFT_LEADER) else AS_OFFICER


def _second_signature(card: Card, actor: Actor) -> str | None:
    """Why this person cannot give the second signature of a red card; None when he can, or gives the first."""
    if card.signing is not Signing.HALF:
        return None
    if card.first_by == actor.name:
        return "signed_by_you"
    return "shift_leader_must_sign" if {card.first_as, _signs_as(actor)} == {AS_OFFICER} else None


def _sign_first(card: Card, do: Doing) -> None:
    card.first_by, card.first_name = do.actor.name, do.actor.display_name or do.actor.name
    card.first_as, card.first_at, card.first_comment = _signs_as(do.actor), do.now_us, do.command.comment.strip()
    card.note("first_signature", do.now_us, actor=do.actor, reason=card.first_comment)


def _sign(card: Card, do: Doing) -> None:
    """A person has seen this revision. Closes the card when its condition is over and nothing is owed on it."""
    card.acked_rev, card.acked_at, card.ack_comment = card.rev, do.now_us, do.command.comment.strip()
    card.acked_by, card.acked_name = do.actor.name, do.actor.display_name or do.actor.name
    if card.disposition is Disposition.TO_SIGN:
        card.disposition = Disposition.SIGNED
    card.note("acknowledged", do.now_us, told.CardAcknowledged, actor=do.actor, reason=card.ack_comment)
    if not card.condition and not card.is_pending:
        card.close(Closing.ACKNOWLEDGED, do.now_us, actor=do.actor)


def _unacknowledge(card: Card, do: Doing) -> str | None:
    signed_by = card.acked_by or card.first_by or ""
    card.forget_acknowledgement()
    card.note("unacknowledged", do.now_us, told.CardAskedAgain, actor=do.actor, reason=do.reason, acknowledged_by=signed_by)
    return None


def _dismiss(card: Card, do: Doing) -> str | None:
    card.close(f"{Closing.DISMISSED}: {do.reason}", do.now_us, Disposition.DISMISSED, do.actor)
    return None


def _may_be_quieted(card: Card, actor: Actor) -> bool:
    """A red card is put aside by a shift leader or a leader only."""
    return card.level != Level.RED or actor.has(Role.SHIFT_LEADER, Role.LEADER)


def _keep_quiet(card: Card, do: Doing, why: Suppression, most_days: int) -> str | None:
    if not _may_be_quieted(card, do.actor):
        return "red_shelved_by_leader"
    card.keep_quiet(why, do.reason, _until(do, most_days * DAY_US, "until_beyond_days", days=most_days), do.now_us, do.actor)
    return None


def _until(do: Doing, most_us: int, code: str, **most: int) -> int:
    """The instant named, later than now and no later than `most_us` from now. Raises InvalidInput(`code`, `most`)."""
    try:
        moment = datetime.fromisoformat(do.command.until)
    except ValueError:
        raise InvalidInput("until_unreadable", text=do.command.until[:64]) from None
    if moment.tzinfo is None or not do.now_us < to_us(moment) <= do.now_us + most_us:
        raise InvalidInput(code, **most)
    return to_us(moment)


def _end_quiet(card: Card, do: Doing) -> str | None:
    card.end_quiet(do.now_us, do.reason, do.actor)
    return None


def _unshelve(card: Card, do: Doing) -> str | None:
    card.unshelve(do.now_us, do.reason, do.actor)
    return None


def _accept_reply(card: Card, do: Doing) -> str | None:
    if card.replied_by == do.actor.name:
        return "own_reply"
    _end_act(card, do.now_us)
    card.note("reply_accepted", do.now_us, told.ReplyAccepted, actor=do.actor, reason=do.reason,
              order_no=card.order_no or "")
    card.close(Closing.REPLY_ACCEPTED, do.now_us, actor=do.actor)
    return None


def _write_off(card: Card, do: Doing) -> str | None:
    _end_act(card, do.now_us)
    card.close(f"{Closing.WRITTEN_OFF}: {do.reason}", do.now_us, actor=do.actor)
    return None


def _end_act(card: Card, now_us: int) -> None:
    """What was once done stays done; with the answer to it accepted it is over. A standing fact ends by itself."""
    if card.condition and card.origin not in STANDING_ORIGINS:
        card.end_all(now_us)
        card.condition, card.cleared_at = False, now_us


def _propose_revoke(card: Card, do: Doing) -> str | None:
    card.revoke_by, card.revoke_name = do.actor.name, do.actor.display_name or do.actor.name
    card.revoke_reason = do.reason
    card.note("revocation_proposed", do.now_us, told.RevocationProposed, actor=do.actor, reason=do.reason)
    return None


def _confirm_revoke(card: Card, do: Doing) -> str | None:
    proposed_by, reason = card.revoke_by or "", card.revoke_reason or ""
    if proposed_by == do.actor.name:
        return "second_person_needed"
    if card.appealed_by == do.actor.name:
        return "own_appeal"
    card.note("revoked", do.now_us, told.CardRevoked, actor=do.actor, reason=reason, detail={"proposed_by": proposed_by},
              proposed_by=proposed_by)
    card.close(f"{Closing.REVOKED}: {reason}", do.now_us, Disposition.REVOKED, do.actor)
    return None


def _comment(card: Card, do: Doing) -> str | None:
    card.note("comment", do.now_us, actor=do.actor, reason=do.command.comment)
    return None
