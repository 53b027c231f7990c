"""The monthly bulletin at the command line: a draft, and copies of it to read."""

from __future__ import annotations

import argparse
from pathlib import Path

from bootstrap import Services
from commands.detection import OPERATOR
from core.access import SYSTEM
from core.files import written_whole
from evaluation.bulletins.service import FileName
from papers.official import Paragraph

KINDS: tuple[FileName, ...] = ("pdf", "docx", "xlsx")


def bulletin(services: Services, options: argparse.Namespace) -> int:
    """Make the draft of a month, or take its figures anew; print its text, with --dir write its files without a number."""
    desk = services.bulletins
    number = desk.service.produce(options.area, options.month, SYSTEM)
    detail = desk.queries.find(number, OPERATOR)
    paper = desk.service.paper(detail)
    print(f"draft {number}: {paper.title}, figures sha256 {detail.head.figures_sha256}")
    for block in paper.body:
        if isinstance(block, Paragraph):
            print(block.text)
    if options.dir:
        folder = Path(options.dir)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            path = folder / f"bulletin-{options.month}.{kind}"
            with written_whole(path) as file:
                file.write(desk.service.file(detail, kind))
            print(path)
    return 0
