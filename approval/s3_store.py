"""Materials in an S3-compatible store (MinIO, Ceph, Garage, the object stores of the clouds), by boto3.

An object appears whole or not at all, so a cut-off upload leaves nothing. Checksums newer than the oldest servers are sent only
where the service asks for them; what comes back is verified against its SHA-256 like that of every store.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from approval.stores import CHUNK, IN_MEMORY, Stored, checked_digest, is_digest
from core.errors import NotFound, UpstreamError
from core.instants import to_us


@dataclass(frozen=True, slots=True)
class S3Rules:
    """Address, bucket and keys. `prefix` stands before every name, e.g. `materials/`."""

    endpoint: str
    bucket: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    prefix: str = ""
    timeout_s: float = 20.0
    attempts: int = 3


class S3Store:
    """Connects at its first use, so that a service that is down at the start costs only those who need a file."""

    def __init__(self, rules: S3Rules) -> None:
        self._rules = rules
        self._made: Any = None

    def keep(self, sha256: str, content: IO[bytes], size: int) -> None:
        content.seek(0)
        with _Told("material_not_stored", sha256):
            self._client.put_object(Bucket=self._rules.bucket, Key=self._key(sha256), Body=content, ContentLength=size,
                                    Metadata={"sha256": sha256})

    def open(self, sha256: str) -> IO[bytes]:
        """Read to its end here: a line that breaks midway has exceptions of boto3's own."""
        key = self._key(sha256)
        with ExitStack() as undo, _Told("material_unreachable", sha256):
            found = undo.enter_context(SpooledTemporaryFile(IN_MEMORY))
            with closing(self._client.get_object(Bucket=self._rules.bucket, Key=key)["Body"]) as body:
                shutil.copyfileobj(body, found, CHUNK)
            found.seek(0)
            undo.pop_all()
        return found

    def each(self) -> Iterator[Stored]:
        """What else lies in the bucket is none of ours."""
        with _Told("material_unreachable", ""):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._rules.bucket, Prefix=self._rules.prefix)
            for page in pages:
                for one in page.get("Contents", ()):
                    name = one["Key"].rpartition("/")[2]
                    if is_digest(name) and one["Key"] == self._key(name):
                        yield Stored(name, one["Size"], to_us(one["LastModified"]))

    def forget(self, sha256: str, before_us: int) -> None:
        where = {"Bucket": self._rules.bucket, "Key": self._key(sha256)}
        with _Told("material_unreachable", sha256):
            if to_us(self._client.head_object(**where)["LastModified"]) < before_us:
                self._client.delete_object(**where)

    @property
    def _client(self) -> Any:
        if self._made is None:
            import boto3
            from botocore.config import Config

            rules = self._rules
            how = Config(connect_timeout=rules.timeout_s, read_timeout=rules.timeout_s, s3={"addressing_style": "path"},
                         retries={"max_attempts": rules.attempts, "mode": "standard"},
                         request_checksum_calculation="when_required", response_checksum_validation="when_required")
            self._made = boto3.session.Session().client(
                "s3", endpoint_url=rules.endpoint, region_name=rules.region, aws_access_key_id=rules.access_key,
                aws_secret_access_key=rules.secret_key, config=how)
        return self._made

    def _key(self, sha256: str) -> str:
        return f"{self._rules.prefix}{checked_digest(sha256)[:2]}/{sha256}"


class _Told:
    """What the service or the line says, as our errors; only the kind of failure, never an address or a key."""

    def __init__(self, code: str, sha256: str) -> None:
        self._code, self._name = code, sha256[:12]

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, failure: BaseException | None, _trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(failure, ClientError):
            code = str(failure.response.get("Error", {}).get("Code", ""))
            if code in ("NoSuchKey", "404"):
                raise NotFound("material_not_found", name=self._name) from failure
            raise UpstreamError(self._code, reason=code, name=self._name) from failure
        if isinstance(failure, BotoCoreError | OSError):
            raise UpstreamError(self._code, reason=type(failure).__name__, name=self._name) from failure
