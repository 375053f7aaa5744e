"""Chromium for every browser test: the system's, else Playwright's own."""

import pytest

from tools.lab import CHROMIUM_ARGS
from tools.programs import CHROMIUM


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM.path, "args": CHROMIUM_ARGS}
