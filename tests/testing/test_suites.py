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
