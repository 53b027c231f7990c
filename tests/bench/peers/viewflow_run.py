"""Five human steps in django-viewflow, one atomic block each: `viewflow_run.py DATABASE COUNT` prints cases/s as JSON.

Run by the interpreter of the peers' own environment (tests/bench/peers.py); imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

sys.path.insert(0, str(Path(__file__).parent))
PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"


def main(database: str, count: int) -> None:
    settings.configure(
        SECRET_KEY="of a benchmark", USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "viewflow", "viewflow.workflow",
                        "viewflow_steps"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database,
                               "OPTIONS": {"init_command": PRAGMAS, "transaction_mode": "IMMEDIATE"}}})
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User
    user = User.objects.create_user("clerk")
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        _live(user)
    print(json.dumps({"cases_s": count / (time.perf_counter() - wall), "cpu_ms": (time.process_time() - cpu) / count * 1e3,
                      "steps": count * 5}))


def _live(user) -> None:
    from django.db import transaction
    from viewflow_steps.flows import FiveSteps
    with transaction.atomic():
        process = FiveSteps.start.run()
    for _ in range(5):
        with transaction.atomic():
            task = process.task_set.filter(status__in=["NEW", "ASSIGNED"]).first()
            activation = task.flow_task.activation_class(task)
            activation.assign(user)
            activation.start(None)
            activation.execute()
    process.refresh_from_db()
    assert process.status == "DONE", process.status


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
