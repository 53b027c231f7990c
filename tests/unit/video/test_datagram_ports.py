"""Packets that overtake one another or do not come, on a clock of the test's own."""

from __future__ import annotations

from video.datagram_ports import EARLY_MAX, EARLY_S, LATE_MAX, Order


def packet(number: int) -> bytes:
    return b"\x80\x60" + (number & 0xFFFF).to_bytes(2, "big") + bytes(9)


def numbers(packets: list[bytes]) -> list[int]:
    return [int.from_bytes(one[2:4], "big") for one in packets]


def test_who_overtakes_waits_for_the_one_before() -> None:
    order = Order()
    assert numbers(order.add(packet(65_535), 0.0)) == [65_535]
    assert order.add(packet(1), 0.0) == []
    assert order.overdue(EARLY_S / 2) == []
    assert numbers(order.add(packet(0), EARLY_S / 2)) == [0, 1]
    assert order.due_s is None


def test_nobody_waits_for_long_in_a_quiet_hall() -> None:
    """One packet a picture, five pictures a second: by their number alone sixteen pictures would wait for a lost one."""
    order = Order()
    order.add(packet(1), 0.0)
    order.add(packet(3), 0.4)
    assert order.due_s == 0.4 + EARLY_S
    assert order.overdue(0.39 + EARLY_S) == []
    assert numbers(order.overdue(0.4 + EARLY_S)) == [3]
    assert order.add(packet(2), 0.6) == []  # too late
    assert numbers(order.add(packet(4), 0.6)) == [4]


def test_each_gap_has_its_own_time() -> None:
    order = Order()
    for number, at in ((1, 0.0), (3, 0.0), (5, 0.1)):
        order.add(packet(number), at)
    assert numbers(order.overdue(EARLY_S)) == [3]
    assert order.due_s == 0.1 + EARLY_S
    assert numbers(order.overdue(0.1 + EARLY_S)) == [5]


def test_in_a_burst_a_loss_is_known_by_those_behind_it() -> None:
    order = Order()
    order.add(packet(1), 0.0)
    found = [one for number in range(3, 4 + EARLY_MAX) for one in order.add(packet(number), 0.0)]
    assert numbers(found) == list(range(3, 4 + EARLY_MAX))


def test_who_counts_anew_is_followed() -> None:
    order = Order()
    order.add(packet(1), 0.0)
    found = [one for number in range(40_000, 40_001 + LATE_MAX) for one in order.add(packet(number), 0.0)]
    assert numbers(found) == [40_000 + LATE_MAX]
