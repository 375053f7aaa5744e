"""The queue: what counts as waiting, what older versions said, and limits that nobody reaches in the notebook."""

import inspect
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import httpx
import pytest
import torch
from gradio.media import get_image
from gradio_client import handle_file
from gradio_client.exceptions import AppError

from gradio_patterns.testing import Browser, Gate, send, until, visitor

NOTEBOOK = "03_queue_concurrency"


def test_what_gradio_3_said_is_refused():
    assert inspect.signature(gr.Blocks.launch).parameters["max_threads"].default == 40
    with gr.Blocks() as demo, pytest.raises(TypeError, match="concurrency_count"):
        demo.queue(concurrency_count=4)


def test_max_size_counts_those_who_wait_over_all_functions(serve, gate):
    with gr.Blocks() as demo:
        gr.api(lambda: gate(), api_name="busy")
        gr.api(lambda: gate(), api_name="idle")
    demo.queue(max_size=1)
    app = serve(demo)
    jobs = []
    for calls in (1, 2):
        jobs.append(app.submit("/busy"))
        assert gate.inside(of=calls) == 1  # the second one waits
    refused = send(app.url, "idle", users=1).iloc[0]  # though its function is idle
    assert (refused.status, refused.error) == ("refused", "503: Queue is full. Max size is 1 and size is 1.")
    gate.open()
    assert all(job.result(60) is not None or job.done() for job in jobs)


def test_closed_doors_leave_those_open_that_have_no_queue(serve):
    with gr.Blocks() as demo:
        gr.api(lambda: None, queue=False, api_name="cheap")
    demo.queue(api_open=False)
    answer = httpx.post(f"{serve(demo).url}gradio_api/run/cheap", json={"data": []}, timeout=60)
    assert answer.status_code == 200


def test_twenty_places_are_twenty(imported):
    recipe = imported(NOTEBOOK, "no-back-door")
    picture = handle_file(get_image("cheetah1.jpg"))
    with Gate().around(recipe.label.model) as gate:
        jobs = [visitor(recipe.demo).submit(picture, api_name="/classify")]
        gate.reached(1)
        jobs += [visitor(recipe.demo).submit(picture, api_name="/classify") for _ in range(20)]
        until(lambda: gate.waiting() == 20, lambda: f"20 in the queue; there are {gate.waiting()}")
        assert send(recipe.demo.local_url, "classify", [[None]], users=1).status.tolist() == ["refused"]
    assert all(len(job.result()["confidences"]) == 3 for job in jobs)


def test_each_use_of_one_function_has_a_group_of_its_own(imported):
    """The scripts' limit of 1 is no reason for visitors to wait, nor are the visitors for scripts."""
    recipe = imported(NOTEBOOK, "same-function-twice")
    with Gate().around(recipe.embed.model) as gate:
        visits = [visitor(recipe.demo).submit("Open?", api_name="/search") for _ in range(5)]
        assert gate.inside(of=5) == 4
        script = visitor(recipe.demo).submit("Open?", api_name="/bulk")
        assert gate.inside(of=6) == 5
    assert {job.result() for job in [*visits, script]} == {recipe.ANSWERS[3]}


def test_same_function_twice_answers_by_meaning(imported):
    recipe = imported(NOTEBOOK, "same-function-twice")
    for endpoint in ("/search", "/bulk"):
        answer = visitor(recipe.demo).predict("When is the money back?", api_name=endpoint)
        assert answer == recipe.ANSWERS[0]


def test_no_back_door_is_left_under_another_name(imported):
    demo = imported(NOTEBOOK, "no-back-door").demo
    [event] = [d["id"] for d in demo.config["dependencies"] if d["api_name"] == "classify"]
    body = {"data": [None], "fn_index": event, "session_hash": "somebody"}
    doors = ["run/classify", "api/classify", "run/predict", "call/classify", "queue/join"]
    answers = Browser(demo).attack([("POST", f"gradio_api/{door}", body) for door in doors])
    assert list(answers.values()) == [404, 404, 404, 200, 200]


def test_too_many_lines_are_refused_before_they_are_read(imported):
    demo = imported(NOTEBOOK, "queue-full").demo
    for text in (None, "One line.", "line\n" * 5001):
        with pytest.raises(AppError, match="between 2 and 5000 lines"):
            visitor(demo).predict(text, api_name="/central")

    assert visitor(demo).predict("One line.\nAnother one.", api_name="/central")[0]


def test_who_waits_takes_0_to_30_seconds(imported):
    module = imported(NOTEBOOK, "who-waits")
    module.service = lambda seconds: None
    ada = visitor(module.demo)
    for wrong, words in {-1: "less than minimum value 0", 31: "greater than maximum value 30"}.items():
        with pytest.raises(AppError, match=words):
            ada.predict(wrong, api_name="/ask_all")
        with pytest.raises(gr.Error, match="Ask for 0 to 30 seconds"):  # where no component has looked before
            module.ask(wrong)
    assert all(ada.predict(right, api_name="/ask_all").startswith("Answered after 0.") for right in (0, 30))


@pytest.mark.parametrize(
    ("name", "endpoint", "most"), [("never-block-the-loop", "/nearest", 100), ("several-gpus", "/rank", 1000)]
)
def test_no_more_lines_are_read_than_the_recipe_allows(imported, name, endpoint, most):
    module, read = imported(NOTEBOOK, name), []

    def embed(text, **_):
        read.append(text)
        return torch.ones(1, 2, 3)

    module.embed = embed
    for _ in getattr(module, "workers", []):
        module.idle.get()
        module.idle.put(("fake", embed))
    visitor(module.demo).predict("Which?", "line\n" * 1500, api_name=endpoint)
    assert len(read) == 1 + most


def test_stream_takes_8_to_400_tokens(imported):
    ada = visitor(imported(NOTEBOOK, "stream").demo)
    for wrong, words in {7: "less than minimum value 8", 401: "greater than maximum value 400"}.items():
        with pytest.raises(AppError, match=words):
            ada.predict("Name three colours.", wrong, api_name="/answer")
    assert ada.predict("Name three colours.", 8.5, api_name="/answer")


def test_a_pool_of_workers_waits_for_none_that_failed(imported):
    recipe = imported(NOTEBOOK, "several-gpus")
    with ThreadPoolExecutor() as pool:
        for _ in range(2 * len(recipe.workers)):
            with pytest.raises(AppError, match="at least one line"):
                pool.submit(visitor(recipe.demo).predict, "Which?", None, api_name="/rank").result(60)
    assert recipe.idle.qsize() == len(recipe.workers)


def test_queue_takes_no_concurrency_count():
    with gr.Blocks() as demo:
        gr.Textbox(label="Text")
    wanted = r"Blocks\.queue\(\) got an unexpected keyword argument 'concurrency_count'"
    with pytest.raises(TypeError, match=wanted):
        demo.queue(concurrency_count=4)  # ty: ignore[unknown-argument]
