"""Testing an app: what the notebook says of other ways, what its checks leave to a test, and its workflow."""

import ast
import socket
import subprocess
import sys
import threading

import gradio as gr
import pytest
import yaml
from fastapi.testclient import TestClient
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from gradio_patterns import collection
from gradio_patterns.testing import Gate, run_tests, until, visitor

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


def test_limits_without_sleep_refuses_no_picture(imported):
    demo = imported(NOTEBOOK, "limits-without-sleep").demo
    for button in ("/classify", "/name"):
        with pytest.raises(AppError, match="Choose a picture first"):
            visitor(demo).predict(None, api_name=button)


def test_errors_and_refusals_refuses_no_file_and_no_question(imported, tmp_path):
    demo, upload = imported(NOTEBOOK, "errors-and-refusals").demo, tmp_path / "notes.txt"
    upload.write_text("It rains.")
    for file, question in [(None, "Tea?"), (upload, " ")]:
        with pytest.raises(AppError, match="Choose a text file and write a question"):
            visitor(demo).predict(file and handle_file(file), question, api_name="/nearest")


STORY = "Tell me a story about a cat."


@pytest.fixture
def told(imported):
    """A story that is held at its ninth token: the recipe's module, the gate and the job."""
    module = imported(NOTEBOOK, "streams-and-stop")
    with Gate().around(module.chat.model) as gate:
        job = visitor(module.demo).submit(STORY, api_name="/answer")
        gate.let(8)
        until(lambda: gate.entered == 9 and job.outputs(), "a piece, while the model is held")
        yield module, gate, job


def test_streams_and_stop_ends_nobody_elses_answer(told):
    module, gate, job = told
    visitor(module.demo).predict(api_name="/stop")
    gate.open()
    assert job.result() == job.outputs()[-1]
    assert gate.entered == 80
    until(lambda: not module.under_way, "the answer to be forgotten")


def test_streams_and_stop_a_cancelled_job_stops_the_model(told):
    module, gate, job = told
    leaving = threading.Thread(target=job.cancel)
    leaving.start()
    while leaving.is_alive():  # the generator cannot be closed while it waits for a token
        gate.let(1)
        leaving.join(0.1)
    gate.open()
    module.in_model_thread(len, "").result()  # when this has its turn, the model has stopped
    assert gate.entered < 80


def test_in_ci_is_green_on_the_recipe_as_it_is():
    tree = ast.parse(collection.load(NOTEBOOK).cell("in-ci-check").source)
    (tests,) = [node.value for node in tree.body if ast.unparse(node).startswith("TESTS = ")]
    green = run_tests(collection.recipe("in-ci"), ast.literal_eval(tests))
    assert green.counts == {"passed": 1}, green.text


def test_in_ci_refuses_a_bill_without_a_sum(imported):
    demo = imported(NOTEBOOK, "in-ci").demo
    for total in (None, 0):
        with pytest.raises(AppError, match="what the bill comes to"):
            visitor(demo).predict(total, 4, api_name="/split")


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
