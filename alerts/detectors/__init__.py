"""Detectors of gaming G1–G30: statistics over the journal of a period that a person has to judge.

No detector accuses: each finding carries its figures, its threshold, its evidence rows and what it cannot show, and waits for
a person. One module per family; `registry` lists them all, `runner` reads the journal once for all of them, unit by unit.
"""
