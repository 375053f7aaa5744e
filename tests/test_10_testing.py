"""Testing an app: what the notebook says of other ways, and the workflow that it shows."""

import socket
import subprocess
import sys
import threading

import gradio as gr
import pytest
import yaml
from fastapi.testclient import TestClient

from gradio_patterns import collection
from gradio_patterns.testing import Gate

NOTEBOOK = "10_testing"


def test_messages_outside_an_event(capsys):
    with pytest.warns(UserWarning, match=r"Only the first five\."):
        gr.Warning("Only the first five.")
    gr.Info("Two notes kept.")
    assert capsys.readouterr().out == "Two notes kept.\n"


def test_a_request_and_a_progress_need_no_server():
    ada = gr.Request(username="ada", session_hash="s1", headers={"accept-language": "de"})
    assert (ada.username, ada.session_hash, ada.headers["accept-language"]) == ("ada", "s1", "de")
    progress = gr.Progress()
    progress(0.5, "half")
    assert list(progress.tqdm([1, 2])) == [1, 2]


def test_a_test_client_goes_past_the_limit():
    """Two calls of a function with a limit of 1 are in it at the same time."""
    gate, statuses = Gate(), []
    with gr.Blocks() as demo:
        gr.Button("Ask").click(lambda: gate(), concurrency_limit=1, api_name="ask")
    app = gr.routes.App.create_app(demo)

    def ask():
        statuses.append(TestClient(app).post("/gradio_api/run/ask", json={"data": []}).status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    with gate:
        for thread in threads:
            thread.start()
        gate.reached(2)
    for thread in threads:
        thread.join()
    assert statuses == [200, 200]


def test_a_demo_launched_in_a_test_outlives_it():
    """What a test does that launches and asserts, and closes nothing."""

    def test() -> gr.Blocks:
        demo = gr.Interface(len, gr.Textbox(label="Text"), gr.Number(label="Characters"))
        demo.launch(prevent_thread_lock=True, quiet=True)
        return demo

    demo = test()
    try:
        assert demo.is_running
        socket.create_connection(("127.0.0.1", demo.server_port)).close()
    finally:
        demo.close(verbose=False)


def workflow() -> str:
    return collection.load(NOTEBOOK).cell("in-ci-about").source.partition("```yaml\n")[2].partition("```")[0]


def test_the_workflow_runs_the_tests_and_ends():
    job = yaml.safe_load(workflow())["jobs"]["test"]
    assert 5 <= job["timeout-minutes"] <= 30
    commands = [step.get("run", "") for step in job["steps"]]
    assert [command.split()[0] for command in commands if command] == ["pip", "playwright", "pytest"]


def test_the_workflow_is_valid(tmp_path):
    """By the schema that GitHub's own is checked with, which comes with check-jsonschema."""
    path = tmp_path / "test.yml"
    path.write_text(workflow())
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
