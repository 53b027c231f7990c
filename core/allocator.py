"""The memory of a process that works on pictures: kept once it was had.

glibc gives a large piece back to the system as soon as it is free, and whoever looks at the next picture a moment later is
given the same amount anew, page by page; a virtual machine asks its host for each of them. That takes longer than looking.
"""

from __future__ import annotations

import ctypes

KEPT_BYTES = 32 << 20     # at the end of the memory of a few threads each: some pictures
LARGE_BYTES = 16 << 20    # what is larger than that is no picture of a camera and goes back at once
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # <malloc.h>


def keep_pictures() -> bool:
    """Whether the library of the system could be told so; another one than glibc has its own ways."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_TRIM_THRESHOLD, KEPT_BYTES) and mallopt(_MMAP_THRESHOLD, LARGE_BYTES))
