"""The facts of a chunk of cases: fields of all of them as columns, and any of them whole when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, overload

import msgspec
import numpy as np

from alerts.backtest.arrays import NONE, Bools, Ints
from alerts.backtest.packed import PackedRecords
from cases.fold import Fold, Moment, Stop
from core.instants import MINUTE_US

_FIELDS = {name: place for place, name in enumerate(Fold.__struct_fields__)}
_unpack = msgspec.msgpack.Decoder(Fold).decode
_unpack_stops = msgspec.msgpack.Decoder(tuple[Stop, ...]).decode


class Moments(NamedTuple):
    """Instants of one kind, one per case: microseconds UTC and on the wall clock of the source. NONE: there is none."""

    at: Ints
    local: Ints

    @property
    def known(self) -> Bools:
        known: Bools = self.at != NONE
        return known

    def or_else(self, other: Moments) -> Moments:
        """These, and where there is none the others."""
        return Moments(*(np.where(self.known, mine, its) for mine, its in zip(self, other, strict=True)))

    def where(self, condition: Bools) -> Moments:
        """These where the condition holds, else none."""
        return Moments(*(np.where(condition, mine, NONE) for mine in self))

    def of(self, rows: Ints) -> Moments:
        """Those of some rows."""
        return Moments(*(mine[rows] for mine in self))

    def put(self, places: Ints, others: Moments, chosen: Bools) -> None:
        """Write the chosen ones of others over those that are in their places."""
        for mine, its in zip(self, others, strict=True):
            mine[places[chosen]] = its[chosen]

    def each(self, rows: Ints) -> list[Moment | None]:
        """Those of some rows, one by one."""
        return [None if at == NONE else Moment(at, (local - at) // MINUTE_US)
                for at, local in zip(self.at[rows].tolist(), self.local[rows].tolist(), strict=True)]

    @classmethod
    def none(cls, count: int) -> Moments:
        return cls(np.full(count, NONE), np.full(count, NONE))


class Stops(NamedTuple):
    """One stop of each of some cases. `days` are those approved."""

    places: Ints
    kinds: list[str]
    start: Moments
    end: Moments
    days: Ints


class Steps(NamedTuple):
    """One step done of each of some cases."""

    places: Ints
    step: Ints
    done: Moments


class Folds(Sequence[Fold]):
    """Facts as they are kept packed with their cases. Whoever asks for one whole has it unpacked, once."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        self._packed = packed
        self._whole: dict[int, Fold] = {}

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, place: int) -> Fold: ...
    @overload
    def __getitem__(self, place: slice) -> list[Fold]: ...
    def __getitem__(self, place: int | slice) -> Fold | list[Fold]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        fold = self._whole.get(place)
        if fold is None:
            fold = self._whole[place] = _unpack(self._packed[place])
        return fold

    # As columns -------------------------------------------------------------------------------------------------------

    def moments(self, name: str) -> Moments:
        return self._moments(self._places[_FIELDS[name]])

    def numbers(self, name: str, none: int = NONE) -> Ints:
        return self._records.numbers(self._places[_FIELDS[name]], none)

    def firsts(self, name: str) -> Ints:
        """The first number of each of these records."""
        return self._records.pairs(self._places[_FIELDS[name]])[0]

    def counts(self, name: str) -> Ints:
        """How long the lists are."""
        return self._records.counts(self._places[_FIELDS[name]])

    def known(self, name: str) -> Bools:
        """Where there is such a thing at all."""
        return ~self._records.is_none(self._places[_FIELDS[name]])

    def says(self, name: str, text: str) -> Bools:
        """Where the field is that text."""
        return self._records.is_text(self._places[_FIELDS[name]], text)

    def coded(self, name: str, codes: dict[bytes, int]) -> Ints:
        """The texts of a field as numbers; texts met for the first time are given the next ones."""
        return self._coded(self._places[_FIELDS[name]], codes)

    def stops(self, places: Ints) -> list[tuple[Stop, ...]]:
        """The stops of these cases, whole."""
        return [_unpack_stops(one) for one in self._records.raw(self._places[_FIELDS["stops"]][places])]

    def each_stop(self, places: Ints) -> Iterator[Stops]:
        """The first stops of these cases, then their second ones, and so on: of the cases that have one."""
        for rows, at in self._records.members(self._places[_FIELDS["stops"]][places]):
            kind, start, end, _number, days = self._records.fields(5, at)
            yield Stops(places[rows], [text.decode() for text in self._records.texts(kind)], self._moments(start),
                        self._moments(end), self._records.numbers(days))

    def each_step(self, places: Ints, codes: dict[bytes, int]) -> Iterator[Steps]:
        """The first steps on the path of these cases, then their second ones, and so on."""
        for rows, at in self._records.members(self._places[_FIELDS["path"]][places]):
            step, _actor, _post, done, utc_offset = self._records.fields(5, at)
            done_at = self._records.numbers(done)
            local = done_at + self._records.numbers(utc_offset) * MINUTE_US
            yield Steps(places[rows], self._coded(step, codes), Moments(done_at, local))

    def _moments(self, at: Ints) -> Moments:
        instant, utc_offset = self._records.pairs(at)
        return Moments(instant, np.where(instant == NONE, NONE, instant + utc_offset * MINUTE_US))

    def _coded(self, at: Ints, codes: dict[bytes, int]) -> Ints:
        numbers = np.full(len(at), codes.setdefault(b"", len(codes)), dtype=np.int64)
        filled = np.nonzero(~self._records.is_text(at, ""))[0]  # most fields are empty in all cases or in none
        texts = self._records.texts(at[filled])
        for text in set(texts).difference(codes):
            codes[text] = len(codes)
        numbers[filled] = np.fromiter(map(codes.__getitem__, texts), dtype=np.int64, count=len(texts))
        return numbers

    @cached_property
    def _records(self) -> PackedRecords:
        return PackedRecords(self._packed)

    @cached_property
    def _places(self) -> list[Ints]:
        return self._records.fields(len(_FIELDS))
