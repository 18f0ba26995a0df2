"""P-02, P-13 and T-26: how soon a scan is a row that can be seen, and how soon the counter page is there.

A whole terminal runs as a process of its own; its scanner writes bytes on a pseudo-terminal, 20 codes a second. In a
real browser each row is timed twice: when it is in the page, and when the frame that shows it has been painted. The
floor is a bare page on the same stream that puts one line of text on top of a list, in the same run.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.figure import Figure, Target, at_most, figure, not_run
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.terminal import RunningTerminal, pack_codes, running_terminal

PER_SECOND = 20
SECONDS = 15
WARM_UP = 20
SLOW_DOWN = 4
PAINTS = 5

WATCH = """() => {
  window.seen = [];
  const list = document.getElementById("c-fresh") ?? document.getElementById("c-list");
  const now = () => performance.timeOrigin + performance.now();
  new MutationObserver(changes => {
    const inPage = now();
    for (const change of changes) for (const row of change.addedNodes) {
      const entry = { code: row.querySelector(".c-row__code")?.textContent ?? row.textContent, inPage };
      window.seen.push(entry);
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => { entry.painted = now(); };
        channel.port2.postMessage(0);
      });
    }
  }).observe(list, { childList: true });
}"""

BARE = """<!doctype html><title>floor</title><ol id="c-list"></ol><script>
const list = document.getElementById("c-list");
new EventSource("/api/v1/live").addEventListener("scan", event => {
  const row = document.createElement("li");
  row.textContent = JSON.parse(event.data).code;
  list.prepend(row);
});
document.documentElement.dataset.ready = "yes";
</script>"""


def run() -> list[Figure]:
    """Return the figures; none, with the reason, where there is no Chromium."""
    chromium = find_chromium()
    if chromium is None:
        return [not_run("P-02", "scan to visible row", "no Chromium")]
    codes = pack_codes(2 * PER_SECOND * SECONDS)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_terminal(Path(folder)) as terminal,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page()
        terminal.sign_in(page)
        ours = _time_rows(page, terminal, codes[: PER_SECOND * SECONDS])
        page.close()
        floor = _time_rows(_bare_page(browser, terminal), terminal, codes[PER_SECOND * SECONDS :])
        paint, floor_paint = _first_paint(browser, terminal, "counter"), _first_paint(browser, terminal, "healthz")
        browser.close()
    return [
        *_rows("P-02", "commit to row in the page", ours, floor, way="in_page", targets=(at_most(10), at_most(50))),
        *_rows("P-02", "commit to row painted", ours, floor, way="painted", targets=(None, at_most(50))),
        *_rows("T-26", "last byte to row painted, offline", ours, floor, way="from_byte", targets=(None, at_most(100))),
        figure(
            "P-13",
            f"first paint of the counter, {SLOW_DOWN}x throttled",
            paint,
            "ms",
            floor=floor_paint,
            target=at_most(1_500),
            note=f"median of {PAINTS}; floor: a page of one word",
        ),
    ]


def _bare_page(browser: Browser, terminal: RunningTerminal) -> Page:
    page = browser.new_page()
    page.route("**/bare", lambda route: route.fulfill(body=BARE, content_type="text/html"))
    page.goto(f"{terminal.address}bare")
    page.wait_for_selector("html[data-ready]")
    return page


def _time_rows(page: Page, terminal: RunningTerminal, codes: Sequence[str]) -> dict[str, list[float]]:
    """Return milliseconds by kind of way, without the first rows, which warm the browser up."""
    page.evaluate(WATCH)
    page.evaluate(LISTEN)
    written = dict(zip(codes, terminal.start_scanning(codes, per_second=PER_SECOND).result(), strict=True))
    page.wait_for_function("count => window.seen.filter(row => row.painted).length === count", arg=len(codes))
    seen: dict[str, dict[str, float]] = {row["code"]: row for row in page.evaluate("window.seen")}
    committed: dict[str, float] = page.evaluate("window.committed")
    measured = list(codes)[WARM_UP:]
    return {
        "in_page": [seen[code]["inPage"] - committed[code] * 1_000 for code in measured],
        "painted": [seen[code]["painted"] - committed[code] * 1_000 for code in measured],
        "from_byte": [seen[code]["painted"] - written[code] * 1_000 for code in measured],
    }


LISTEN = """() => {
  window.committed = {};
  new EventSource("/api/v1/live").addEventListener("scan", event => {
    const scan = JSON.parse(event.data);
    window.committed[scan.code] = scan.committed_at;
  });
}"""


def _rows(
    id_: str,
    what: str,
    ours: dict[str, list[float]],
    floor: dict[str, list[float]],
    *,
    way: str,
    targets: tuple[Target | None, Target | None],
) -> list[Figure]:
    """Return the figures of one way; `targets` are those of its middle and of its 99th percentile."""
    return [
        figure(
            id_,
            f"{what}, {name}",
            _percentile(ours[way], share),
            "ms",
            floor=_percentile(floor[way], share),
            target=target,
            note=f"{PER_SECOND} scans/s for {SECONDS} s; floor: one line of text",
        )
        for (name, share), target in zip((("p50", 0.50), ("p99", 0.99)), targets, strict=True)
    ]


def _percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def _first_paint(browser: Browser, terminal: RunningTerminal, path: str) -> float:
    return statistics.median(_paint_once(browser, terminal, path) for _ in range(PAINTS))


def _paint_once(browser: Browser, terminal: RunningTerminal, path: str) -> float:
    context = browser.new_context()
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOW_DOWN})
    page.goto(f"{terminal.address}{path}")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
    painted = float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    context.close()
    return painted
