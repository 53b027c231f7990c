"""Why a picture cannot be had. None of these says more of an address than its host: it carries credentials."""

from __future__ import annotations

from typing import Any

from core.errors import UpstreamError


class SourceFault(UpstreamError):
    """The camera, or the way to it, failed. `permanent`: trying again soon is no use, or would lock the camera's account."""


def passing(code: str, **details: Any) -> SourceFault:
    """A fault that may be gone at the next try."""
    return SourceFault(code, permanent=False, **details)


def refused(code: str, **details: Any) -> SourceFault:
    """A fault that only a person mends: credentials, network, format."""
    return SourceFault(code, permanent=True, **details)
