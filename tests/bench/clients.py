"""Many clients of the live channel in one process: `python -m tests.bench.clients PORT COUNT`.

Each joins like a wall, confirms what it gets and answers pings. "ready" is printed once all have their snapshot; a line on
standard input ends them, and what each got, and when, is printed as JSON: {"cards": {case: [instants]}, "bare": [[instants]]}.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from typing import Any

import msgspec
from wsproto import ConnectionType, WSConnection
from wsproto.events import Message, Request, TextMessage

from alerts.push import NAMESPACE
from tests.bench.serve import FLOOR_EVENT

_decode = msgspec.json.Decoder().decode
_EVENT = f"42{NAMESPACE},"


class Client:
    """One WebSocket, spoken by hand: 200 clients of a library would need 400 threads."""

    def __init__(self) -> None:
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._pieces: list[str] = []
        self.cards: dict[str, float] = {}
        self.bare: list[float] = []
        self.joined = asyncio.Event()

    async def run(self, port: int) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        target = "/socket.io/?EIO=4&transport=websocket"
        self._write(Request(host=f"127.0.0.1:{port}", target=target))
        while data := await reader.read(65536):
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                if isinstance(event, TextMessage):
                    self._take(event)

    def _take(self, event: Message[str]) -> None:
        self._pieces.append(event.data)
        if event.message_finished:
            text, self._pieces = "".join(self._pieces), []
            self._hear(text, time.time())

    def _hear(self, text: str, at: float) -> None:
        if text[:1] == "0":
            self._say(f'40{NAMESPACE},{{"screen":"bench"}}')
        elif text == "2":
            self._say("3")
        elif text.startswith(_EVENT):
            name, *data = _decode(text[len(_EVENT):])
            self._on(name, data[0] if data else {}, at)

    def _on(self, name: str, data: dict[str, Any], at: float) -> None:
        if name == FLOOR_EVENT:
            self.bare.append(at)
        elif name == "snapshot":
            self._confirm(data["as_of_seq"])
            self.joined.set()
        elif name == "events":
            for event in data["events"]:
                if event["card"] is not None:  # a canary carries none
                    self.cards.setdefault(event["card"]["case_no"], at)
            self._confirm(data["events"][-1]["seq"])

    def _confirm(self, seq: int) -> None:
        self._say(f'{_EVENT}["shown",{{"seq":{seq}}}]')

    def _say(self, text: str) -> None:
        self._write(TextMessage(text))

    def _write(self, event: Any) -> None:
        self._writer.write(self._protocol.send(event))


async def main(port: int, count: int) -> None:
    clients = [Client() for _ in range(count)]
    tasks = [asyncio.create_task(client.run(port)) for client in clients]
    await asyncio.wait_for(asyncio.gather(*(client.joined.wait() for client in clients)), timeout=60)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    cards: dict[str, list[float]] = defaultdict(list)
    for client in clients:
        for case_no, at in client.cards.items():
            cards[case_no].append(at)
    print(msgspec.json.encode({"cards": cards, "bare": [client.bare for client in clients]}).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
