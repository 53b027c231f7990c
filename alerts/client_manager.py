"""Socket.IO's book of clients, safe for threads.

The library's own book creates and drops its inner dictionaries without a lock. In threading mode two pages that connect
at the same instant (every wall, after a restart) may overwrite each other's entry; the loser is connected and never
hears anything.
"""

from __future__ import annotations

import threading
from typing import Any

from socketio import Manager


class LockedManager(Manager):  # type: ignore[misc]
    """Every change of the book under one lock; reading copies, as the library does."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()

    def pre_connect(self, *args: Any, **options: Any) -> Any:
        with self._lock:
            return super().pre_connect(*args, **options)

    def connect(self, *args: Any, **options: Any) -> Any:
        with self._lock:
            return super().connect(*args, **options)

    def pre_disconnect(self, *args: Any, **options: Any) -> Any:
        with self._lock:
            return super().pre_disconnect(*args, **options)

    def basic_disconnect(self, *args: Any, **options: Any) -> Any:
        with self._lock:
            return super().basic_disconnect(*args, **options)

    def basic_enter_room(self, *args: Any, **options: Any) -> Any:
        with self._lock:
            return super().basic_enter_room(*args, **options)

    def basic_leave_room(self, *args: Any, **options: Any) -> Any:
        with self._lock:
            return super().basic_leave_room(*args, **options)
