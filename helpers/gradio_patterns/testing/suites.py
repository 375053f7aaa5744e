"""Run pytest on an app and its tests, both given as texts, in a process and a folder of their own.

green = run_tests(demo, TESTS)                  # in a notebook: the cell that made this demo is app.py
assert green.counts == {"passed": 2}
red = run_tests(source_of(demo).replace("if not", "if"), TESTS)
print(red.text)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .programs import end_processes, source_of

SECONDS = 300.0

# For tests that open a page: the system's Chromium if there is one, and patience, since what is there is seen at once.
CONFTEST = """
from pathlib import Path

import pytest

from gradio_patterns.testing.pages import CHROMIUM_ARGS, SECONDS, system_chromium


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type, browser_type_launch_args):
    from playwright.sync_api import expect

    if not (system_chromium() or Path(browser_type.executable_path).exists()):
        pytest.skip("no Chromium here: playwright install --with-deps chromium")
    expect.set_options(timeout=1000 * SECONDS)
    return {**browser_type_launch_args, "executable_path": system_chromium(), "args": CHROMIUM_ARGS}
"""


@dataclass(frozen=True)
class Outcome:
    """How a run of pytest ended.

    counts: how many tests passed, failed, were skipped or had an error, such as {"passed": 2}; what did not occur is
        left out. text: what pytest printed. status: its exit status, 0 if nothing failed.
    """

    counts: dict[str, int]
    text: str
    status: int


def run_tests(
    app: Any,
    tests: str,
    *,
    files: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Outcome:
    """Write app.py and test_app.py to an empty folder, run pytest there, and remove the folder.

    app: a text, a path, a recipe of the collection, or in a notebook a demo: see `Program`. tests: the text of
    test_app.py. files: what lies beside them, names and texts. options: of pytest. env: environment variables beside
    those of this process.

    Beside the tests lies a conftest.py, unless `files` has one: pages open in the system's Chromium where there is one,
    and where there is none a test of a page is skipped, with the reason.

    Raises `TimeoutError`, with what was printed, if pytest does not end within `seconds`; all it started is ended.
    """
    with tempfile.TemporaryDirectory(prefix="suite-") as folder:
        texts = {"app.py": f"{source_of(app)}\n", "test_app.py": tests, "conftest.py": CONFTEST, **(files or {})}
        for name, text in texts.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        report, log = Path(folder) / "report.xml", Path(folder) / "log"
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "--tb=short", "--no-header", "--color=no"]
        command += ["-p", "no:cacheprovider", "-p", "no:nbmake", f"--rootdir={folder}"]
        if "hypothesis" not in "".join([tests, *options, *(files or {}).values()]):
            command += ["-p", "no:hypothesispytest"]  # it imports Hypothesis: a second and more for nothing
        command += [f"--junit-xml={report}", *options]
        command += ["-W", "ignore:Session-scoped fixtures defined as instance methods"]  # pytest-playwright, of pytest
        own = {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_PATTERNS_SUITE": folder, **(env or {})}
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command, cwd=folder, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise TimeoutError(f"pytest did not end within {seconds:g} s:\n{log.read_text()}") from None
            finally:  # also what a test has started and left behind
                end_processes("GRADIO_PATTERNS_SUITE", folder, 0)
        return Outcome(_counts(report), log.read_text(encoding="utf-8", errors="replace"), status)


def _counts(report: Path) -> dict[str, int]:
    """The counts of pytest's JUnit report; empty if pytest ended before it wrote one."""
    if not report.exists():
        return {}
    (suite,) = ElementTree.parse(report).getroot().iter("testsuite")
    kinds = {"failed": "failures", "error": "errors", "skipped": "skipped"}
    counts = {kind: int(suite.get(name, 0)) for kind, name in kinds.items()}
    counts = {"passed": int(suite.get("tests", 0)) - sum(counts.values()), **counts}
    return {kind: count for kind, count in counts.items() if count}
