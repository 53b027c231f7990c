"""Five manual steps in SpiffWorkflow, stored after each: `spiff_run.py FLOW.bpmn DATABASE COUNT` prints cases/s as JSON.

Run by the interpreter of the peers' own environment (tests/bench/peers.py); imports nothing of ours.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from pathlib import Path

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

TABLES = """PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE cases (id INTEGER PRIMARY KEY, body TEXT);
CREATE TABLE events (id INTEGER PRIMARY KEY, case_id INTEGER, step TEXT)"""


def main(flow: str, database: str, count: int) -> None:
    source = Path(flow).read_text(encoding="utf-8").replace('isExecutable="false"', 'isExecutable="true"')
    parser, serializer = BpmnParser(), BpmnWorkflowSerializer()
    parser.add_bpmn_str(source.encode())
    found = re.search(r'process id="([^"]+)', source)
    spec = parser.get_spec(found[1] if found else "")
    link = sqlite3.connect(database, isolation_level=None)
    link.executescript(TABLES)
    wall, cpu = time.perf_counter(), time.process_time()
    steps = sum(_live(link, serializer, BpmnWorkflow(spec), number) for number in range(count))
    print(json.dumps({"cases_s": count / (time.perf_counter() - wall), "cpu_ms": (time.process_time() - cpu) / count * 1e3,
                      "steps": steps}))


def _live(link: sqlite3.Connection, serializer: BpmnWorkflowSerializer, workflow: BpmnWorkflow, number: int) -> int:
    """Every step: load the stored text, do the waiting task, store it with an event, in one transaction."""
    workflow.do_engine_steps()
    _commit(link, ("INSERT INTO cases VALUES (?, ?)", (number, serializer.serialize_json(workflow))))
    steps = 0
    while True:
        body = link.execute("SELECT body FROM cases WHERE id = ?", (number,)).fetchone()[0]
        workflow = serializer.deserialize_json(body)
        ready = workflow.get_tasks(state=TaskState.READY, manual=True)
        if not ready:
            return steps
        ready[0].data["opinion"] = "agreed"
        ready[0].run()
        workflow.do_engine_steps()
        steps += 1
        _commit(link, ("UPDATE cases SET body = ? WHERE id = ?", (serializer.serialize_json(workflow), number)),
                ("INSERT INTO events (case_id, step) VALUES (?, ?)", (number, ready[0].task_spec.bpmn_name)))


def _commit(link: sqlite3.Connection, *statements: tuple[str, tuple[object, ...]]) -> None:
    link.execute("BEGIN IMMEDIATE")
    for sql, values in statements:
        link.execute(sql, values)
    link.execute("COMMIT")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
