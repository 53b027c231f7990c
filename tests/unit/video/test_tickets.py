"""Permissions to look: who made them, for what, until when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import FrozenClock
from core.errors import NotAuthenticated, NotPermitted
from video.tickets import Tickets


def test_what_was_issued_is_read_back(frozen_clock: FrozenClock) -> None:
    tickets = Tickets(b"s" * 32, frozen_clock, 15)
    text, expires_ms = tickets.issue(["hall-1", "hall-2"], "zhang", "patrol", unmasked=True)
    ticket = tickets.read(text)
    assert (ticket.cameras, ticket.viewer, ticket.reason, ticket.unmasked) == (("hall-1", "hall-2"), "zhang", "patrol", True)
    assert ticket.expires_ms == expires_ms == frozen_clock.now_us() // 1000 + 15 * 60_000
    ticket.check("hall-2", frozen_clock.now_us() // 1000)


def test_it_ends_and_is_for_its_cameras_only(frozen_clock: FrozenClock) -> None:
    tickets = Tickets(b"s" * 32, frozen_clock, 15)
    ticket = tickets.read(tickets.issue(["hall-1"], "zhang", "patrol", unmasked=False)[0])
    with pytest.raises(NotPermitted, match="video_ticket_other_camera"):
        ticket.check("hall-2", frozen_clock.now_us() // 1000)
    frozen_clock.advance(timedelta(minutes=15))
    with pytest.raises(NotAuthenticated, match="video_ticket_expired"):
        ticket.check("hall-1", frozen_clock.now_us() // 1000)


def test_another_secret_or_a_changed_letter_is_no_ticket(frozen_clock: FrozenClock) -> None:
    ours, others = Tickets(b"s" * 32, frozen_clock, 15), Tickets(b"t" * 32, frozen_clock, 15)
    text, _ = ours.issue(["hall-1"], "zhang", "patrol", unmasked=False)
    body, _, mac = text.partition(".")
    forged = [others.issue(["hall-1"], "zhang", "patrol", unmasked=False)[0], body, f"{body}.", f".{mac}",
              f"{body}.{mac}.{mac}", f"{body[:-2]}AA.{mac}", "", "ü.ü", "a" * 100_000]
    for wrong in forged:
        with pytest.raises(NotAuthenticated, match="video_ticket_invalid"):
            ours.read(wrong)
