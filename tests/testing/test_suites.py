"""Running somebody's tests from a notebook: what is counted, and that nothing stays behind."""

import psutil
import pytest

from gradio_patterns.testing import run_tests

APP = "def double(number):\n    return 2 * number\n"


@pytest.mark.slow
def test_each_outcome_is_counted():
    tests = """
import pytest
from app import double

@pytest.fixture
def broken():
    raise RuntimeError

def test_right():
    assert double(2) == 4

def test_wrong():
    assert double(2) == 5

def test_left_out():
    pytest.skip("no Chromium here")

def test_broken(broken):
    pass
"""
    outcome = run_tests(APP, tests)
    assert outcome.counts == {"passed": 1, "failed": 1, "skipped": 1, "error": 1}
    assert outcome.status == 1
    assert "assert 4 == 5" in outcome.text
    assert "no Chromium here" in outcome.text


@pytest.mark.slow
def test_files_options_and_environment_reach_the_tests():
    tests = (
        "import os, helper\n\ndef test_it():\n    assert helper.WORD == os.environ['WORD']\n\ndef test_other(): 1 / 0\n"
    )
    outcome = run_tests(APP, tests, files={"helper.py": "WORD = 'tea'"}, options=["-k", "it"], env={"WORD": "tea"})
    assert (outcome.counts, outcome.status) == ({"passed": 1}, 0)


@pytest.mark.slow
@pytest.mark.parametrize("named", ["", "import hypothesis"])
def test_hypothesis_comes_for_who_names_it(named):
    tests = f"""
{named}

def test_it(pytestconfig):
    assert pytestconfig.pluginmanager.hasplugin("hypo" + "thesispytest") is {bool(named)}
"""
    outcome = run_tests(APP, tests)
    assert outcome.counts == {"passed": 1}, outcome.text


@pytest.mark.slow
def test_a_page_needs_a_browser_or_is_skipped_with_the_reason():
    tests = """
from pathlib import Path

def test_the_name_of_the_browser(browser_type_launch_args, browser_type):
    assert Path(browser_type_launch_args["executable_path"] or browser_type.executable_path).exists()
"""
    there = run_tests(APP, tests)
    assert there.counts in ({"passed": 1}, {"skipped": 1}), there.text
    nowhere = {"PATH": "", "PLAYWRIGHT_BROWSERS_PATH": "/nowhere"}
    without = run_tests(APP, tests, env=nowhere)
    assert without.counts == {"skipped": 1}
    assert "no Chromium here: playwright install" in without.text


@pytest.mark.slow
def test_a_conftest_of_ones_own_takes_the_place_of_that_one():
    own = "import pytest\n\n@pytest.fixture\ndef word():\n    return 'tea'\n"
    outcome = run_tests(APP, "def test_it(word):\n    assert word == 'tea'\n", files={"conftest.py": own})
    assert outcome.counts == {"passed": 1}, outcome.text


@pytest.mark.slow
def test_a_wrong_option_is_shown():
    outcome = run_tests(APP, "", options=["--nonsense"])
    assert (outcome.counts, outcome.status) == ({}, 4)
    assert "unrecognized arguments: --nonsense" in outcome.text


def test_one_that_hangs_is_ended_with_all_it_started():
    tests = """
import subprocess, sys

def test_it():
    subprocess.run([sys.executable, "-c", "import time; time.sleep(987)"])
"""
    with pytest.raises(TimeoutError, match="did not end within 3 s"):
        run_tests(APP, tests, seconds=3)
    assert not [
        one for one in psutil.process_iter(["cmdline"]) if "import time; time.sleep(987)" in (one.info["cmdline"] or [])
    ]
