"""Evidence at the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from config.settings import Settings
from core.errors import InvalidInput
from papers.keys import KeyRing
from video.footage.manifest import Finding, check

NOT_GENUINE = 3
WORDS = {Finding.GENUINE: "genuine", Finding.ALTERED: "altered", Finding.UNKNOWN: "not ours"}


def check_evidence(settings: Settings, options: argparse.Namespace) -> int:
    """Whether a package of evidence is what was kept here: genuine (exit code 0), altered, or not ours (3). No database."""
    keys = KeyRing(Path(options.keys) if options.keys else settings.papers.key_dir, "")
    if not keys.key_ids():
        raise InvalidInput("paper_key_unusable", file=str(keys.folder), remedy="no public key in this folder")
    verdict = check(Path(options.file), keys)
    about = verdict.manifest or {}
    known = {"clip": about.get("clip"), "card": about.get("card"), "camera": dict(about.get("camera", {})).get("code"),
             "at": about.get("at"), "key": about.get("key_id"), "wrong": verdict.file}
    more = ", ".join(f"{name} {value}" for name, value in known.items() if value)
    print(f"{options.file}: {WORDS[verdict.finding]}{f' ({more})' if more else ''}")
    return 0 if verdict.finding is Finding.GENUINE else NOT_GENUINE
