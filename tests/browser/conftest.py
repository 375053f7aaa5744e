"""For every browser test: Chromium, and on demand a slow page far away (`make test-latency`)."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from gradio_patterns.testing.pages import CHROMIUM_ARGS, SECONDS
from tools.offline import seen
from tools.programs import CHROMIUM

# What a page shows for a moment, a toast say, reaches `make ledger` so.
SHOWN = """
const told = new Set();
const tell = text => {
    text = (text || "").trim();
    if (text && text.length < 400 && !told.has(text)) { told.add(text); window.tellTheLedger(text); }
};
new MutationObserver(changes => {
    for (const change of changes) {
        if (change.type === "characterData") tell(change.target.textContent);
        for (const node of change.addedNodes) if (!["SCRIPT", "STYLE"].includes(node.nodeName)) tell(node.textContent);
    }
}).observe(document, {subtree: true, childList: true, characterData: true});
"""

if "SEEN" in os.environ:
    new_context = Browser.new_context

    def _watched(self: Browser, **options):
        context = new_context(self, **options)
        context.on("console", lambda message: seen.keep(message.text))
        context.on("weberror", lambda error: seen.raised(error.error))
        context.expose_binding("tellTheLedger", lambda _, text: seen.keep(text))
        context.add_init_script(SHOWN)
        return context

    Browser.new_context = _watched


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, browser_type, need):
    if not Path(browser_type.executable_path).exists():
        need(CHROMIUM)
    return {**browser_type_launch_args, "executable_path": CHROMIUM.path, "args": CHROMIUM_ARGS}


@pytest.fixture(autouse=True)
def _patience(context):
    """A minute for everything that is waited for: the machine may be busy, and what is there is seen at once."""
    context.set_default_timeout(1000 * SECONDS)
    expect.set_options(timeout=1000 * SECONDS)
    if os.environ.get("GRADIO_PATTERNS_LATENCY"):
        context.on("page", _far_away)
    yield
    expect.set_options(timeout=5_000)


def _far_away(page) -> None:
    """Let the page see this machine from as far as GRADIO_PATTERNS_LATENCY says (milliseconds), on a slow processor."""
    devtools = page.context.new_cdp_session(page)
    latency = float(os.environ["GRADIO_PATTERNS_LATENCY"])
    unlimited = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", {**unlimited, "latency": latency})
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
