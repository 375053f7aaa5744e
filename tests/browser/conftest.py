"""For every browser test: Chromium, the system's or Playwright's own."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from gradio_patterns.testing.pages import CHROMIUM_ARGS
from tools.programs import CHROMIUM


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, browser_type, need):
    if not Path(browser_type.executable_path).exists():
        need(CHROMIUM)
    return {**browser_type_launch_args, "executable_path": CHROMIUM.path, "args": CHROMIUM_ARGS}


@pytest.fixture(autouse=True)
def _patience(context):
    """A minute for everything that is waited for: the machine may be busy, and what is there is seen at once."""
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)
