"""A real Chromium that shows the wall or the desk, and says when its pixels changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from tests.bench.serve import FLOOR_EVENT

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-precise-memory-info"]
# Runs before the page's own scripts. `painted(case)` resolves with the instant, on the machine's clock in milliseconds, at
# which the second frame after the change began: the first one has drawn it. With `expect(case, sign)` the change is that a card
# of the case bears the sign. `bare` holds when bare messages came in.
_WATCH = """
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const seen = new Map(), waiting = new Map(), bare = [];
  const settle = (key) => requestAnimationFrame(() => requestAnimationFrame(() => {
    seen.set(key, now());
    waiting.get(key).resolve(seen.get(key));
  }));
  const bears = (node, no, sign) => Boolean(node?.textContent.includes(no) && node.textContent.includes(sign));
  const stands = ({ no, sign }) => {
    const place = document.querySelector("SELECTOR");
    return sign ? [...place?.querySelectorAll(".card") ?? []].some((card) => bears(card, no, sign)) : bears(place, no, "");
  };
  const look = () => {
    for (const [key, change] of waiting) {
      if (seen.has(key) || !stands(change)) continue;
      seen.set(key, 0);
      settle(key);
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
  window.bench = {
    bare,
    expect: (no, sign = "") => {
      window.bench.result = new Promise((resolve) => waiting.set(`${no} ${sign}`, { no, sign, resolve }));
    },
    painted: () => window.bench.result,
  };
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string" && data.includes('["FLOOR"')) bare.push(now());
      });
    }
  };
})();
""".replace("FLOOR", FLOOR_EVENT)


RED_COLUMN, DESK_LIST = "[data-level=red]", "[data-part=list]"


@contextmanager
def wall_page(address: str) -> Iterator[Page]:
    """The wall at 1920 × 1080 with its first snapshot drawn; it watches the column of the red cards."""
    with _page(RED_COLUMN) as page:
        page.goto(f"{address}/wall/")
        page.wait_for_selector('[data-loaded="true"]', state="attached", timeout=60_000)
        yield page


@contextmanager
def desk_page(address: str, username: str, password: str) -> Iterator[Page]:
    """The duty desk of somebody who signed in; it watches the list of cards."""
    with _page(DESK_LIST) as page:
        page.goto(f"{address}/sign-in/?next=/desk/")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_selector('[data-loaded="true"]', state="attached", timeout=60_000)
        yield page


@contextmanager
def _page(watched: str) -> Iterator[Page]:
    chromium = os.environ.get("YANGGUANG_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("no Chromium installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN", timezone_id="Asia/Shanghai")
        page.add_init_script(_WATCH.replace("SELECTOR", watched))
        yield page
        browser.close()
