"""The ports to which a camera sends its pictures as datagrams, and the order in which it sent them."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

BUFFER = 4 << 20      # asked of the system for each port, which gives what net.core.rmem_max allows: a key frame comes at once
EARLY_MAX = 16        # packets that wait for one before them; after so many it is lost
EARLY_S = 0.15        # that one waits; what took another way through a house is there long before
LATE_MAX = 64         # that come too late one after the other: the camera counts anew
PORTS_TRIED = 64


class Order:
    """Puts packets back into the order in which they were sent, by their numbers (RFC 3550). None twice, none too late.

    One that does not come is lost when so many wait for it, or one so long: a picture of a quiet hall is one packet, and so
    many are seconds."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._early: dict[int, tuple[float, bytes]] = {}   # when they came, the first one first
        self._late = 0

    @property
    def due_s(self) -> float | None:
        """The instant from which on what is waited for is lost; None where nothing waits."""
        return next((came_s + EARLY_S for came_s, _ in self._early.values()), None)

    def add(self, packet: bytes, now_s: float) -> list[bytes]:
        """Those whose turn it is now."""
        number = int.from_bytes(packet[2:4], "big")
        if self._next is None or self._late >= LATE_MAX:
            self._next, self._early = number, {}
        if number - self._next & 0x8000:
            self._late += 1
            return []
        self._late = 0
        self._early.setdefault(number, (now_s, packet))
        return [*self._due(), *self.overdue(now_s)]

    def overdue(self, now_s: float) -> list[bytes]:
        """Those that have waited enough."""
        found = []
        while self.due_s is not None and (len(self._early) > EARLY_MAX or now_s >= self.due_s):
            self._next = min(self._early, key=self._ahead)
            found += self._due()
        return found

    def _ahead(self, number: int) -> int:
        return number - (self._next or 0) & 0xFFFF

    def _due(self) -> list[bytes]:
        found = []
        while self._next in self._early:
            found.append(self._early.pop(self._next)[1])
            self._next = self._next + 1 & 0xFFFF
        return found


@dataclass(slots=True)
class Port:
    """Where the datagrams of a channel come in. `order` is none for reports, which have no numbers."""

    line: socket.socket
    channel: int
    order: Order | None
    theirs: int = 0                               # the port from which the camera sends, where it says so
    number: int = field(init=False)
    _source: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        self.number = int(self.line.getsockname()[1])

    def is_theirs(self, data: bytes, port: int) -> bool:
        """Whether the camera sent this, and not another program at its address. It comes from the port the camera named or,
        where it named none, of the source (RFC 3550, 5.1 and 6.4) that was there first."""
        if self.theirs:
            return port == self.theirs
        source = data[8:12] if self.order is not None else data[4:8]
        self._source = self._source or source
        return source == self._source

    @property
    def due_s(self) -> float | None:
        return self.order.due_s if self.order is not None else None

    def framed(self, data: bytes, now_s: float) -> bytes:
        if self.order is None:
            return self._frames([data])
        return self._frames(self.order.add(data, now_s) if len(data) >= 12 else [])

    def overdue(self, now_s: float) -> bytes:
        """What has waited enough for what is lost."""
        return self._frames(self.order.overdue(now_s)) if self.order is not None else b""

    def _frames(self, packets: list[bytes]) -> bytes:
        return b"".join(b"$" + bytes((self.channel,)) + len(one).to_bytes(2, "big") + one for one in packets)


def two_ports(camera: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Two ports that follow one another, the first an even one, at the address by which the camera is reached."""
    ours = camera.getsockname()[0]
    for _ in range(PORTS_TRIED):
        lines = [socket.socket(camera.family, socket.SOCK_DGRAM) for _ in range(2)]
        try:
            lines[0].bind((ours, 0))
            first = lines[0].getsockname()[1]
            if first % 2 == 0:
                lines[1].bind((ours, first + 1))
                for line in lines:
                    line.setblocking(False)
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                return lines[0], lines[1]
        except OSError:
            pass  # the next one is taken
        for line in lines:
            line.close()
    raise OSError("no two ports in a row")
