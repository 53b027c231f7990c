"""Hall cameras: what reading and showing them costs, beside Debian's `motion` and the floor `ffmpeg -c copy`, how old the
picture in the browser is, what ten viewers of one camera cost, and whether a hundred restarts leave anything behind."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

from bootstrap import build_services
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import SystemClock
from tests.bench.harness import Line, Options, percentile
from tests.cameras import camera, capture_rules, following
from tests.conftest import CHROMIUM_ARGUMENTS, REPOSITORY
from tests.services import free_port, wait_until
from tests.streams import BITS, Clip, RtspServer, make_clip
from video.cameras import CameraState
from video.registration import CameraForm
from video.tickets import Tickets

SETTLED_S = 60.0  # until what a camera usually shows is known: a baseline, then four looks at its scene
SIZES = {"360p@15": (640, 360, 15, 500_000), "1080p@25": (1920, 1080, 25, 3_000_000)}
SECRET = "s" * 32
ADMIN = Actor("admin", frozenset({Role.ADMINISTRATOR}), "", "管理员")
TILES = (1, 4, 9)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one program while it served: percent of one core, megabytes, pictures per second that viewers got (least, mean)."""

    cpu: float
    memory: float
    least_fps: float
    mean_fps: float

    @property
    def text(self) -> str:
        fps = f", {self.mean_fps:.1f} fps (least {self.least_fps:.1f})" if self.mean_fps else ""
        return f"{self.cpu:.1f} % CPU, {self.memory:.0f} MB{fps}"


def run(options: Options) -> list[Line]:
    lines: list[Line] = []
    for name, (width, height, fps, rate) in SIZES.items():
        clip = make_clip(options.folder, width=width, height=height, fps=fps, seconds=8, gop_s=2, bit_rate=rate)
        for count in options.streams:
            lines.append(_compared(options, name, clip, count))
    small = make_clip(options.folder, fps=15, seconds=8, gop_s=2, bit_rate=500_000)
    lines.append(_ten_viewers(options, small))
    lines += _glass_to_glass(options, small)
    return [*lines, _restarts(options, small)]


def _compared(options: Options, name: str, clip: Clip, count: int) -> Line:
    with _server(clip, count) as server:
        addresses = [server.address(f"/{number}") for number in range(count)]
        floor = _floor(options, addresses)
        motion = _motion(options, addresses, clip)
        ours = _ours(options, addresses)
    wanted = 1 / 8 if name.startswith("1080") and count == 4 else 1 / 4
    limit, holds = "", None
    if motion is not None and (count == 16 or wanted == 1 / 8):
        limit = f"≤ 1/{round(1 / wanted)} of motion's CPU, no picture lost"
        holds = ours.cpu <= motion.cpu * wanted and ours.least_fps >= clip.fps * 0.97
    beside = f"; motion {motion.text}, ours {ours.cpu / motion.cpu:.2f} of its CPU" if motion else "; no motion here"
    return Line(f"{count} × {name}, one viewer each", ours.text + beside, f"ffmpeg -c copy: {floor.text}",
                f"{ours.cpu / max(floor.cpu, 0.1):.1f}", limit, holds, f"{options.seconds:.0f} s")


@contextmanager
def _server(clip: Clip, count: int) -> Iterator[RtspServer]:
    server = RtspServer({f"/{number}": clip for number in range(count)})
    server.start()
    try:
        yield server
    finally:
        server.close()


# --- the programs ------------------------------------------------------------------------------------------------------


def _floor(options: Options, addresses: Sequence[str]) -> Cost:
    """One process that takes every stream and keeps none of it."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-progress", "pipe:1"]
    for address in addresses:
        command += ["-rtsp_transport", "tcp", "-analyzeduration", "500000", "-fpsprobesize", "0", "-i", address]
    for number in range(len(addresses)):
        command += ["-map", f"{number}:v", "-c", "copy", "-f", "null", "-"]
    with _process(command, options.folder, output=subprocess.PIPE) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith(b"frame="):  # all inputs are open, one after the other
            if not line:
                raise RuntimeError("ffmpeg ended before it had a picture")
        return _measured(process.pid, lambda: time.sleep(options.seconds))


def _motion(options: Options, addresses: Sequence[str], clip: Clip) -> Cost | None:
    if shutil.which("motion") is None:
        return None
    folder, port = options.folder / "motion", free_port()
    folder.mkdir(exist_ok=True)
    files = []
    for number, address in enumerate(addresses, start=1):
        files.append(folder / f"camera{number}.conf")
        files[-1].write_text(f"camera_id {number}\nnetcam_url {address}\nwidth {clip.width}\nheight {clip.height}\n"
                             f"framerate {clip.fps}\nnetcam_params rtsp_transport=tcp\n")
    main = folder / "motion.conf"
    main.write_text(f"daemon off\nsetup_mode off\nlog_level 4\npicture_output off\nmovie_output off\nstream_port {port}\n"
                    f"stream_localhost on\nstream_maxrate {clip.fps}\nstream_quality 75\nwebcontrol_port 0\n"
                    f"target_dir {folder}\n" + "".join(f"camera {file}\n" for file in files))
    urls = [f"http://127.0.0.1:{port}/{number}/stream" for number in range(1, len(addresses) + 1)]
    with _process(["motion", "-n", "-c", str(main)], folder) as process:
        time.sleep(6 + len(addresses))  # it opens its cameras one after the other
        return _viewed(process.pid, urls, options.seconds)


def _ours(options: Options, addresses: Sequence[str], viewers_each: int = 1) -> Cost:
    """`python app.py video` with its database, as installed."""
    with _installation(options, addresses) as (process, port):
        tickets = Tickets(SECRET.encode(), SystemClock(), 15)
        urls = [_live(port, number, tickets) for number in range(len(addresses)) for _ in range(viewers_each)]
        time.sleep(SETTLED_S)
        return _viewed(process.pid, urls, options.seconds)


def _live(port: int, number: int, tickets: Tickets) -> str:
    ticket = tickets.issue([f"cam-{number}"], "bench", "wall", unmasked=False)[0]
    return f"ws://127.0.0.1:{port}/live/cam-{number}/main?ticket={ticket}"


@contextmanager
def _installation(options: Options, addresses: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    folder, port = options.folder / f"installation-{time.monotonic_ns()}", free_port()
    folder.mkdir()
    environment = {
        "YANGGUANG_DATABASE__URL": f"sqlite:///{folder / 'y.db'}", "YANGGUANG_JOURNAL__KEY": "j" * 32,
        "YANGGUANG_SECURITY__SECRET_KEY": SECRET, "YANGGUANG_COMPLAINTS__IDENTITY_KEY": "i" * 32,
        "YANGGUANG_APPLICANTS__KEY": "a" * 32, "YANGGUANG_VIDEO__NETWORKS": "127.0.0.0/8", "YANGGUANG_VIDEO__PORT": str(port),
        **{name: str(folder / name.lower()) for name in ("YANGGUANG_JOURNAL__ANCHOR_DIR", "YANGGUANG_FEEDS__DROP_DIR",
                                                      "YANGGUANG_PAPERS__KEY_DIR", "YANGGUANG_APPROVAL__MATERIAL_DIR",
                                                      # else a run takes up what those before it recorded
                                                      "YANGGUANG_RECORDING__DIR", "YANGGUANG_RECORDING__EVIDENCE_DIR",
                                                      "YANGGUANG_RECORDING__COPIES_DIR", "YANGGUANG_VISION__PICTURE_DIR")}}
    services = build_services(load_settings(env=environment))
    for number, address in enumerate(addresses):
        services.video.service.register(CameraForm(
            code=f"cam-{number}", name=f"{number} 号", area=services.catalogue.default_area, hall="大厅", kind="rtsp",
            main=address), reason="bench", actor=ADMIN)
    services.database.dispose()
    with _process([sys.executable, "app.py", "video"], REPOSITORY, environment) as process:
        wait_until(lambda: _live_count(port) == len(addresses), timeout_s=240, what="every camera to be live")
        yield process, port


def _live_count(port: int) -> int:
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
            return int(json.load(answer)["live"])
    except OSError:
        return -1


@contextmanager
def _process(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None,
             output: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                               stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], **(environment or {})})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _viewed(pid: int, urls: Sequence[str], seconds: float) -> Cost:
    """The cost of a program while somebody looks at all of it."""
    viewers = subprocess.Popen([sys.executable, "-m", "tests.bench.video_viewers", str(seconds)], cwd=REPOSITORY,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert viewers.stdin is not None
    assert viewers.stdout is not None
    viewers.stdin.write("\n".join(urls))
    viewers.stdin.close()
    viewers.stdout.readline()
    rates: list[float] = []
    cost = _measured(pid, lambda: rates.extend(json.loads(viewers.stdout.readline())))
    viewers.wait(10)
    return Cost(cost.cpu, cost.memory, min(rates), sum(rates) / len(rates))


def _measured(pid: int, work: Callable[[], object]) -> Cost:
    process = psutil.Process(pid)
    before, began = sum(process.cpu_times()[:2]), time.perf_counter()
    work()
    spent, memory = sum(process.cpu_times()[:2]) - before, process.memory_info().rss / 2**20
    return Cost(spent / (time.perf_counter() - began) * 100, memory, 0.0, 0.0)


# --- ten viewers, the age of the picture, restarts -----------------------------------------------------------------------


def _ten_viewers(options: Options, clip: Clip) -> Line:
    with _server(clip, 1) as server:
        one = _ours(options, [server.address("/0")])
        ten = _ours(options, [server.address("/0")], viewers_each=10)
    return Line("ten viewers of one camera, 360p@15", ten.text, f"one viewer: {one.text}",
                f"{ten.cpu / max(one.cpu, 0.01):.2f}", "≤ 1.5 × one", ten.cpu <= 1.5 * one.cpu, f"{options.seconds:.0f} s")


PAGE = """<!doctype html><meta charset="utf-8"><style>body{margin:0;display:grid;grid-template-columns:repeat(%(columns)d,1fr)}
video{width:100%%}</style><script type="module">
import { liveVideo } from "/modules/live_video.mjs";
const FPS = %(fps)d, COUNT = %(count)d, BITS = %(bits)d;
window.ages = [];
for (const [camera, ticket] of %(tickets)s) {
  const video = document.createElement("video"), canvas = document.createElement("canvas");
  video.muted = true; document.body.append(video);
  canvas.width = BITS * 4; canvas.height = 4;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const look = () => {
    pen.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 9, 0, 0, canvas.width, canvas.height);
    const seen = pen.getImageData(0, 2, canvas.width, 1).data;
    let number = 0;
    for (let bit = 0; bit < BITS; bit += 1) number = number * 2 + (seen[(bit * 4 + 2) * 4] > 128 ? 1 : 0);
    const length = COUNT / FPS, age = (((Date.now() / 1000 - number / FPS) %% length) + length) %% length;
    if (number < COUNT) window.ages.push(age * 1000);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  const ticketOf = async () => ({ address: "%(address)s", ticket });
  liveVideo(video, { camera, stream: "main", ticket: ticketOf, onChange() {}, t: (key) => key }).start();
}
</script>"""


def _glass_to_glass(options: Options, clip: Clip) -> list[Line]:
    lines = []
    with _server(clip, max(TILES)) as server, sync_playwright() as playwright:
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        addresses = [server.address(f"/{number}") for number in range(max(TILES))]
        with _installation(options, addresses) as (_, port):
            for tiles in TILES:
                browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
                ages = _ages(browser, clip, port, tiles, options.seconds)
                browser.close()
                p95 = percentile(ages, 0.95)
                lines.append(Line(
                    f"glass to glass, {tiles} tile{'s' if tiles > 1 else ''} of 360p@15 in Chromium",
                    f"p50 / p95 {percentile(ages, 0.5):.0f} / {p95:.0f} ms", "one picture lasts 67 ms", "",
                    "p95 ≤ 300 ms" if tiles == max(TILES) else "", p95 <= 300 if tiles == max(TILES) else None,
                    f"{len(ages):,} pictures"))
    return lines


def _ages(browser: Any, clip: Clip, port: int, tiles: int, seconds: float) -> list[float]:
    tickets = Tickets(SECRET.encode(), SystemClock(), 15)
    given = [(f"cam-{number}", tickets.issue([f"cam-{number}"], "bench", "wall", unmasked=False)[0]) for number in range(tiles)]
    html = PAGE % {"columns": max(1, round(tiles**0.5)), "fps": clip.fps, "count": clip.count, "bits": BITS,
                   "tickets": json.dumps(given), "address": f"ws://127.0.0.1:{port}"}
    with _page_server(html) as url:
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(url)
        page.wait_for_function(f"() => window.ages.length > {tiles * 15}", timeout=120_000)
        page.wait_for_timeout(3_000)
        page.evaluate("() => { window.ages.length = 0; }")
        page.wait_for_timeout(seconds * 1000)
        found = page.evaluate("() => window.ages")
        page.close()
    return [float(age) for age in found]


@contextmanager
def _page_server(html: str) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_module = self.path.startswith("/modules/")
            body = (REPOSITORY / "assets/js" / self.path[1:]).read_bytes() if is_module else html.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if is_module else "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def _restarts(options: Options, clip: Clip) -> Line:
    """The server is killed and started again and again; what stays behind is counted after the first ten."""
    noticed: list[float] = []
    back: list[float] = []
    marks: list[tuple[int, int, float]] = []
    with ExitStack() as ends:
        server = ends.enter_context(_server(clip, 1))
        capture, seen = ends.enter_context(following(camera(server.address("/0")), capture_rules()))
        seen.until(1)
        for turn in range(options.restarts):
            seen.packets.clear()
            killed = time.monotonic()
            server.kill9()
            wait_until(lambda: capture.state is not CameraState.LIVE, timeout_s=10, what="the loss to be noticed")
            noticed.append(time.monotonic() - killed)
            server.start()
            started = time.monotonic()
            wait_until(lambda: capture.state is CameraState.LIVE, timeout_s=20, what="the picture to be back")
            back.append(time.monotonic() - started)
            if turn in (min(9, options.restarts - 1), options.restarts - 1):
                marks.append(_left_behind())
    grown = [later - earlier for earlier, later in zip(marks[0], marks[-1], strict=True)]
    holds = max(noticed) <= 5 and max(back) <= 5 and grown[0] <= 0 and grown[1] <= 0 and grown[2] < 8
    return Line(f"camera killed and started again, {options.restarts} times",
                f"noticed p95 {percentile(noticed, 0.95):.2f} s, back p95 {percentile(back, 0.95):.2f} s (most "
                f"{max(back):.2f} s); {grown[0]:+.0f} threads, {grown[1]:+.0f} files, {grown[2]:+.1f} MB since the tenth",
                "tries once a second", "", "noticed and back ≤ 5 s, nothing left behind", holds, f"{options.restarts} restarts")


def _left_behind() -> tuple[int, int, float]:
    """Threads, open files, megabytes of this process."""
    return threading.active_count(), len(os.listdir("/proc/self/fd")), psutil.Process().memory_info().rss / 2**20
