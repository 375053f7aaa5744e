"""Programs: started, asked, stopped, restarted; and what a failure says."""

import os
import signal
from pathlib import Path

import pytest

from gradio_patterns import collection
from gradio_patterns.testing import Program
from gradio_patterns.testing.programs import NotStarted, is_asgi, mounted_at, source_of
from gradio_patterns.testing.waiting import is_free

APP = """
import os, gradio as gr
print("ready for", os.environ.get("WHOM", "nobody"))
demo = gr.Interface(lambda text: text.upper(), gr.Textbox(label="Text"), gr.Textbox(label="Loud"), api_name="loud")
demo.launch()
"""
ASGI = """
import gradio as gr
from fastapi import FastAPI
demo = gr.Interface(lambda text: text.upper(), gr.Textbox(label="Text"), gr.Textbox(label="Loud"), api_name="loud")
app = gr.mount_gradio_app(FastAPI(), demo, path="/loud")
"""


@pytest.mark.slow
def test_it_answers_logs_restarts_and_stops():
    with Program(APP, env={"WHOM": "Ada"}, files={"data/names.txt": "Ada"}) as app:
        assert app.visitor().predict("milk", api_name="/loud") == "MILK"
        assert "ready for Ada" in app.log()
        assert (app.folder / "data/names.txt").read_text() == "Ada"
        app.restart()
        assert app.visitor().predict("tea", api_name="/loud") == "TEA"
        assert app.log().count("ready for Ada") == 2
        assert app.stop() == 0
        assert is_free(app.port)
    assert not app.scratch.exists()


@pytest.mark.slow
def test_an_asgi_app_runs_under_uvicorn():
    with Program(ASGI) as app:
        assert app.url.endswith("/loud/")
        assert app.visitor().predict("milk", api_name="/loud") == "MILK"
        assert app.stop(signal.SIGTERM) in (0, -signal.SIGTERM)


def test_one_that_ends_says_what_it_printed():
    with pytest.raises(NotStarted, match=r"(?s)exit status 3.*no database"):
        Program("import sys\nprint('no database')\nsys.exit(3)").__enter__()


def test_one_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr("gradio_patterns.testing.programs.START_SECONDS", 1.0)
    program = Program("import signal\nprint('waits', flush=True)\nsignal.pause()")
    with pytest.raises(NotStarted, match=r"did not answer within 1 s"):
        program.__enter__()
    assert program.process.poll() is not None
    assert not program.scratch.exists()


@pytest.mark.slow
def test_what_it_leaves_behind_is_named_and_ended():
    sleeper = "[sys.executable, '-c', 'import signal; signal.pause()'], start_new_session=True"
    child = f"import subprocess, sys\nsubprocess.Popen({sleeper})\n"
    with Program(child + APP) as app:
        app.stop()
        (left,) = app.leftovers(seconds=0.1)
    assert "signal.pause" in left


@pytest.mark.slow
def test_a_killed_one_has_had_no_time():
    with Program(APP) as app:
        app.kill()
        assert app.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kind", ["text", "path", "recipe"])
def test_its_text_comes_from(kind, tmp_path):
    (tmp_path / "app.py").write_text(APP)
    recipe = collection.load_all()[0].recipes[0]
    given = {"text": (APP, APP), "path": (tmp_path / "app.py", APP), "recipe": (recipe, recipe.source)}[kind]
    assert source_of(given[0]) == given[1]


def test_a_demo_outside_of_a_notebook_has_no_text():
    with pytest.raises(TypeError, match=r"notebook\.setup\(\)"):
        source_of(object())


def test_what_it_is_and_where_it_mounts_is_read_from_the_text():
    assert (is_asgi(APP), is_asgi(ASGI)) == (False, True)
    assert mounted_at(ASGI) == "/loud"
    assert mounted_at("gr.mount_gradio_app(app, demo, '/x')") == "/x"


def test_an_environment_is_added_to_this_ones(monkeypatch):
    monkeypatch.setenv("KEPT", "yes")
    program = Program(APP, env={"MORE": "1"})
    assert {program.env["KEPT"], program.env["MORE"]} == {"yes", "1"}
    assert "MORE" not in os.environ
    assert isinstance(program.folder, Path)
    program.remove()
