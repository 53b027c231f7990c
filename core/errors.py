"""One root error, eight categories. Each has a stable code, an HTTP status and a retry meaning.

The sentence a person reads comes from `config/locales` by `error.<code>`; details are JSON-safe values.
"""

from __future__ import annotations

from typing import Any


class SupervisionError(Exception):
    """Root of every error this product raises on purpose."""

    status = 500
    retry_after: int | None = None

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value!r}" for key, value in self.details.items())
        return f"{self.code} ({told})" if told else self.code

    def as_problem(self) -> dict[str, Any]:
        """RFC 9457 problem details of this error (without the localised sentence)."""
        return {"type": f"urn:yangguang:error:{self.code}", "title": self.code, "status": self.status,
                "code": self.code, "details": self.details}


class ConfigError(SupervisionError):
    """The program refuses to start: names the file, the key, the value and the remedy."""


class InvalidInput(SupervisionError):
    """What was given cannot be right; sending it again unchanged cannot help."""

    status = 400


class NotAuthenticated(SupervisionError):
    """Nobody is signed in, or the token is unknown."""

    status = 401


class NotPermitted(SupervisionError):
    """Signed in, but without the role; the same answer whether or not the thing exists."""

    status = 403


class NotFound(SupervisionError):
    """The thing named does not exist."""

    status = 404


class Conflict(SupervisionError):
    """The thing changed since it was read, or the move is not allowed from its state."""

    status = 409


class TooLarge(InvalidInput):
    """More than a setting allows; the setting is named."""

    status = 413


class UpstreamError(SupervisionError):
    """Another system failed. `permanent` is the only thing a retry loop looks at."""

    status = 502

    def __init__(self, code: str, *, permanent: bool = False, **details: Any) -> None:
        super().__init__(code, **details)
        self.permanent = permanent


class Unavailable(SupervisionError):
    """Overload, maintenance or a lock not obtained: try again after `retry_after` seconds."""

    status = 503

    def __init__(self, code: str, *, retry_after: int = 1, **details: Any) -> None:
        super().__init__(code, **details)
        self.retry_after = retry_after
