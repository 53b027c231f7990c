"""A line between browser and server that a test can cut: nothing passes, and nobody is told."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self


class Cable:
    """Listens on `port` and passes bytes on to `server_port` while it is whole.

    Cut, it behaves like a pulled network cable: connections stay as they are and new ones begin, but no byte arrives.
    Mended, what was on its way arrives late, as TCP repeats it. `reach(port)` plugs it into another server.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._whole = threading.Event()
        self._whole.set()
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, name="cable", daemon=True).start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._door.close()
        self.mend()
        self._end_all()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def reach(self, server_port: int) -> None:
        """From now on every connection leads to another server; those that stand are ended."""
        self._server_port = server_port
        self._end_all()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return  # the door was closed: the test is over
            threading.Thread(target=self._join, args=[near], daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        self._whole.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self._server_port), timeout=10)
        except OSError:
            near.close()  # a server that is away refuses; so does the line to it
            return
        far.settimeout(None)
        with self._lock:
            self._ends |= {near, far}
        threading.Thread(target=self._pass, args=[near, far], daemon=True).start()
        self._pass(far, near)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                self._whole.wait()
                target.sendall(data)
        except OSError:
            return  # either side hung up; the other is told below
        finally:
            self._end(source, target)

    def _end(self, *ends: socket.socket) -> None:
        for end in ends:
            with self._lock:
                known = end in self._ends
                self._ends.discard(end)
            if known:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it had hung up already
                finally:
                    end.close()

    def _end_all(self) -> None:
        with self._lock:
            ends = list(self._ends)
        self._end(*ends)
