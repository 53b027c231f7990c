"""Reads an XES log with pm4py and prints what it found as JSON. Run in the environment of .venv-pm4py, without our code."""

import contextlib
import io
import json
import sys
import warnings

warnings.simplefilter("ignore")
import pm4py  # noqa: E402 - its warnings are not ours to cure


def main(path):
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
        log = pm4py.read_xes(path)
    follows, starts, ends = pm4py.discover_dfg(log)
    cases = log.groupby("case:concept:name")
    return {"events": len(log), "cases": cases.ngroups, "activities": log["concept:name"].value_counts().to_dict(),
            "first": log["time:timestamp"].min().isoformat(), "last": log["time:timestamp"].max().isoformat(),
            "states": cases["case:yg:case_state"].first().value_counts().to_dict(),
            "follows": sorted([*pair, int(count)] for pair, count in follows.items()),
            "starts": {name: int(count) for name, count in starts.items()},
            "ends": {name: int(count) for name, count in ends.items()}}


print(json.dumps(main(sys.argv[1]), ensure_ascii=False))
