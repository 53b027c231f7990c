"""Issued papers and their keys at the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from bootstrap import Services, build_services
from config.settings import Settings
from core.child import Children
from core.errors import InvalidInput
from hosting import material_store
from papers.keys import KeyRing
from papers.signature import Finding, Verdict, check_signature
from papers.signing import Signing

NOT_GENUINE = 3


def check_paper(services: Services, options: argparse.Namespace) -> int:
    """Whether a file is a paper issued here: genuine (exit code 0), altered, or not ours (3)."""
    return _told(options.file, services.paper_check.check(_read(options.file)))


def check_alone(settings: Settings, options: argparse.Namespace) -> int:
    """The same by the signature inside a PDF and a folder of certificates, without database and register."""
    keys = KeyRing(Path(options.keys), "")
    if not keys.certificates():
        raise InvalidInput("paper_key_unusable", file=options.keys, remedy="no certificate in this folder")
    return _told(options.file, check_signature(_read(options.file), keys, Children()))


def check(settings: Settings, options: argparse.Namespace) -> int:
    """With `--keys` alone, otherwise with the register of this installation."""
    if options.keys:
        return check_alone(settings, options)
    services = build_services(settings)
    try:
        return check_paper(services, options)
    finally:
        services.database.dispose()


def paper_keys(services: Services, options: argparse.Namespace) -> int:
    """Make the keys of papers where they are missing, show them, or put new ones in their place."""
    signing = services.follow_up.papers.signing
    if signing is None:
        print("papers are not signed: papers.sign is off")
        return 0
    if options.rotate:
        signing.keys.rotate()
    _show(signing)
    return 0


def materials(services: Services, options: argparse.Namespace) -> int:
    """`check` reads every file that is named; `sweep` removes those nobody names; `copy` carries all to the other store."""
    keeper = services.approval.storekeeper
    if options.action == "check":
        found = keeper.check()
        for state, names in (("missing", found.missing), ("damaged", found.damaged)):
            for name in names:
                print(f"{state}: {name}")
        print(f"{found.files} files checked, {len(found.missing)} missing, {len(found.damaged)} damaged")
        return NOT_GENUINE if found.missing or found.damaged else 0
    if options.action == "sweep":
        print(f"{keeper.sweep(is_dry=options.dry_run)} files nobody names{', kept' if options.dry_run else ', removed'}")
        return 0
    if not options.to or options.to == services.settings.approval.material_store:
        raise InvalidInput("store_unnamed", present=services.settings.approval.material_store)
    print(f"{keeper.carry(material_store(services.settings, options.to))} files copied to {options.to}; "
          f"now set approval.material_store to {options.to} and start again")
    return 0


def _show(signing: Signing) -> None:
    keys = signing.keys
    current = keys.current()
    keys.certificate_file("")
    print(f"keys in {keys.folder}")
    for key_id in reversed(keys.key_ids()):
        print(f"  ed25519 {key_id}: {'signs' if key_id == current else 'checks only'}")
    for one in keys.certificate_ids():
        print(f"  certificate {one[:16]}")


def _read(name: str) -> bytes:
    return Path(name).read_bytes()


def _told(name: str, verdict: Verdict) -> int:
    words = {Finding.GENUINE: "genuine", Finding.ALTERED: "altered", Finding.UNKNOWN: "not ours",
             Finding.DOUBTFUL: "doubtful: the register contradicts the signature"}
    known = {"number": verdict.number, "by": verdict.by.value, "key": verdict.key, "signed": verdict.signed_at}
    is_ours = verdict.finding is not Finding.UNKNOWN
    more = ", ".join(f"{key} {value}" for key, value in known.items() if value and is_ours)
    print(f"{name}: {words[verdict.finding]}{f' ({more})' if more else ''}")
    return 0 if verdict.finding is Finding.GENUINE else NOT_GENUINE
