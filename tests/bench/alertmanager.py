"""Prometheus and Alertmanager of Debian, fed the same events as the product, to say what "at once" means elsewhere.

Two roads: the metric road (an exporter says which cases broke a rule; Prometheus scrapes and evaluates every second, far
oftener than it does by default; Alertmanager with group_wait 0 s calls a webhook), and the short one (the alert is posted
straight to Alertmanager). The receiver is ours, in this process: what it costs is in both.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.services import free_port, wait_until

PROGRAMS = ("prometheus", "prometheus-alertmanager")
PATIENCE_S = 30.0


def is_installed() -> bool:
    return all(shutil.which(program) for program in PROGRAMS)


class Peers:
    """Both programs running, an exporter with what was fed, and the instants at which the webhook heard of it."""

    def __init__(self, alertmanager: str) -> None:
        self.alertmanager = alertmanager
        self.broken: list[str] = []
        self.heard: dict[str, float] = {}
        self._news = threading.Condition()

    def by_metric(self, case_no: str) -> float:
        """Milliseconds from saying it in the exporter to the webhook."""
        began = time.time()
        self.broken.append(case_no)
        return self._until_heard(case_no, began)

    def by_post(self, case_no: str) -> float:
        """Milliseconds from before the POST to Alertmanager to the webhook."""
        began = time.time()
        body = json.dumps([{"labels": {"alertname": "ActViolated", "case": case_no}}]).encode()
        request = urllib.request.Request(f"{self.alertmanager}/api/v2/alerts", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S):
            pass
        return self._until_heard(case_no, began)

    def hear(self, payload: dict[str, Any]) -> None:
        at = time.time()
        with self._news:
            for alert in payload["alerts"]:
                self.heard.setdefault(alert["labels"]["case"], at)
            self._news.notify_all()

    def _until_heard(self, case_no: str, began: float) -> float:
        with self._news:
            if not self._news.wait_for(lambda: case_no in self.heard, PATIENCE_S):
                raise TimeoutError(f"Alertmanager did not tell of {case_no} within {PATIENCE_S} s")
        return (self.heard[case_no] - began) * 1000


@contextmanager
def peers(folder: Path) -> Iterator[Peers]:
    """Start both on free ports with everything below `folder`; stop them at the end."""
    ports = {name: free_port() for name in ("prometheus", "alertmanager")}
    running = Peers(f"http://127.0.0.1:{ports['alertmanager']}")
    with _receiver(running) as receiver:
        _write_configuration(folder, receiver, ports)
        commands = [
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{ports['prometheus']}"],
            ["prometheus-alertmanager", f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'am'}",
             f"--web.listen-address=127.0.0.1:{ports['alertmanager']}", "--cluster.listen-address="]]
        processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for command in commands]
        try:
            for port in ports.values():
                wait_until(lambda port=port: _is_ready(port), timeout_s=PATIENCE_S, what=f"port {port}")
            yield running
        finally:
            for process in processes:
                process.terminate()
                process.wait(timeout=PATIENCE_S)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def _receiver(running: Peers) -> Iterator[int]:
    """The exporter (GET /metrics) and the webhook (POST /hook) on one port."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lines = "".join(f'act_violated{{case="{case_no}"}} 1\n' for case_no in running.broken)
            self._answer(lines.encode())

        def do_POST(self) -> None:
            running.hear(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            return
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _write_configuration(folder: Path, receiver: int, ports: dict[str, int]) -> None:
    """JSON is YAML."""
    alertmanager = {"route": {"receiver": "bench", "group_by": ["case"], "group_wait": "0s", "group_interval": "1s"},
                    "receivers": [{"name": "bench", "webhook_configs": [{"url": f"http://127.0.0.1:{receiver}/hook"}]}]}
    prometheus = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(folder / "rules.yml")],
                  "scrape_configs": [{"job_name": "acts", "static_configs": [{"targets": [f"127.0.0.1:{receiver}"]}]}],
                  "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ports['alertmanager']}"]}]}]}}
    rules = {"groups": [{"name": "acts", "rules": [{"alert": "ActViolated", "expr": "act_violated == 1"}]}]}
    for name, content in (("alertmanager.yml", alertmanager), ("prometheus.yml", prometheus), ("rules.yml", rules)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
