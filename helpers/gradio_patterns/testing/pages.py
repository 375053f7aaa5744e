"""Pages for pytest-playwright: open a demo and wait for it, hold an answer of the server, find Chromium."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

from .serving import address
from .waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# No sandbox, since root in a container cannot have one and only pages of this machine are opened; nothing that
# calls home.
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
CHROMIUM_ARGS += ["--disable-background-networking", "--disable-component-update"]
# For everything that is waited for: the machine may be busy, and what is there is seen at once.
SECONDS = min(60.0, PATIENCE)


def system_chromium() -> str | None:
    """The path of an installed Chromium or Chrome, or None: then Playwright's own is used, if it was downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def open_page(page: Page, where: Any, path: str = "") -> Page:
    """Open a demo (running, served, a program, an address) and wait until its components are there and take clicks.

    Raises playwright's `TimeoutError` if they are not within a minute.
    """
    page.set_default_timeout(SECONDS * 1000)
    page.goto(address(where).rstrip("/") + "/" + path.lstrip("/"))
    page.locator(".gradio-container main").locator("visible=true").first.wait_for()
    page.wait_for_function("() => !document.querySelector('.gradio-container .loader:not(.hide)')")
    return page


class HeldAnswers:
    """Hold what the page sends to one endpoint, so that its answer comes as late as wanted; see `hold`."""

    def __init__(self, page: Page, fn_index: int | None):
        self.page, self.fn_index = page, fn_index
        self.routes: list[Route] = []
        self.released = False
        page.route(re.compile(r"/(queue/join|run/[^/?]+)(\?|$)"), self._join)  # `run`: events with queue=False

    def _join(self, route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        if not self.released and self.fn_index in (None, body.get("fn_index")):
            self.routes.append(route)
        else:
            route.continue_()

    def release(self) -> None:
        """Send on what was held, and hold nothing more."""
        self.released = True
        for route in self.routes:
            route.continue_()
        self.routes.clear()


def hold(page: Page, where: Any, event: str | None = None) -> HeldAnswers:
    """Hold the page's calls of an event until `release()`: the slow answer, forced. Call it before `open_page`.

    event: an endpoint (`"/send"`), or a trigger such as `"load"` for what runs when the page loads; None holds all.

    Raises `ValueError`, with the endpoints there are, for an unknown one.
    """
    import httpx

    if event is None:
        return HeldAnswers(page, None)
    dependencies = httpx.get(f"{address(where)}config", timeout=SECONDS).json()["dependencies"]
    for dependency in dependencies:
        if dependency["api_name"] == event.strip("/") or event in [trigger for _, trigger in dependency["targets"]]:
            return HeldAnswers(page, dependency["id"])
    known = ", ".join(f"/{d['api_name']}" for d in dependencies if d["api_name"])
    raise ValueError(f"No endpoint or trigger {event!r} at {address(where)}. There are: {known}.")
