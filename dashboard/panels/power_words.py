"""Words that differ by the kind of power an item exercises: a penalty is filed where a licence is accepted. Pure."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.words import Words

_ACTS = {"accepted": "accept", "not_accepted": "refuse", "concluded": "conclude"}


def kind_of(item: Any) -> str:
    """The kind of an item of the catalogue; "" for one that is not listed."""
    return getattr(item, "kind", "")


def act_words(act: str, kind: str, t: Words) -> str:
    """What an act is called in cases of that kind."""
    return t.first(f"act_of.{kind}.{act}", f"work.act.{act}")


def state_words(state: str, kind: str, t: Words) -> str:
    """Where a case of that kind stands."""
    return t.first(f"state_of.{kind}.{state}", f"state.{state}")


def event_words(kind_of_event: str, power: str, t: Words) -> str:
    """What an event of cases of that power is called: as the act that told it where the power has a word for that."""
    act = _ACTS.get(kind_of_event)
    return t.first(*([f"act_of.{power}.{act}"] if act else []), f"event_kind.{kind_of_event}")


def result_words(result: str, power: str, t: Words) -> str:
    """Granted or refused, as cases of that power say it."""
    return t.first(f"receipt.of.{power}.result.{result}", f"hosted.result.{result}")


def paper_words(paper: str, kind: str, t: Words) -> str:
    """What a paper given out is called."""
    return t.first(f"receipt.of.{kind}.kind.{paper}", f"work.receipt.{paper}")


def party_words(kind: str, t: Words) -> str:
    """Who the case is about: applicant, party, petitioner …"""
    return t.first(f"party.{kind}", "party.permit")


def kind_chip(kind: str, t: Words) -> html.Span | None:
    """The kind of power beside an item's name; a licence needs no word."""
    return None if kind in ("", "permit") else html.Span(t(f"item_kind.{kind}"), className="chip")
