"""The queue, where only a browser can tell: what a refused or waiting visitor reads, and what a closed tab frees."""

import dataclasses
import itertools
import re
import threading
import time

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from playwright.sync_api import Page, expect

from tools import notebooks
from tools.alone import Program

# Many pages and many programs: `make test` leaves them to `make test-all`.
pytestmark = pytest.mark.slow
NOTEBOOK = "03_queue_concurrency"
LONG = "\n".join(f"Line {number} of a long text." for number in range(5000))  # minutes of work
SHORT = "It rains.\nThe rain is heavy.\nI like tea."


def until(condition, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return value


def waiting(url: str) -> int:
    return httpx.get(f"{url.rstrip('/')}/gradio_api/queue/status", timeout=60).json()["queue_size"]


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def box(page: Page, label: str):
    return page.get_by_label(label, exact=True)


@pytest.fixture
def serve():
    """`serve(demo)` runs a demo made in the test; its URL."""
    started = []

    def launch(demo: gr.Blocks) -> str:
        demo.launch(prevent_thread_lock=True, quiet=True)
        started.append(demo)
        return demo.local_url

    yield launch
    for demo in started:
        demo.close(verbose=False)


@pytest.fixture
def occupied(recipe):
    """The recipe with its only slot taken for minutes, after a first run that it can estimate from; its URL."""
    url = recipe(NOTEBOOK, "queue-full")
    client = Client(url, verbose=False)
    client.predict(SHORT, api_name="/central")
    job = client.submit(LONG, api_name="/central")
    until(lambda: job.status().code.name == "PROCESSING")
    return url


# What a visitor reads


def test_a_full_queue_says_when_to_come_back(page, occupied):
    others = [Client(occupied, verbose=False).submit(SHORT, api_name="/central") for _ in range(3)]
    until(lambda: waiting(occupied) == 3)
    page.goto(occupied)
    button(page, "Find the central line").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("This application is currently busy. Please try again.")
    words = re.compile(
        r"^3 people are waiting already\. A place is free in about \d+ s: press the button again then\.$"
    )
    expect(box(page, "Status")).to_have_value(words)
    assert waiting(occupied) == 3
    assert not any(job.done() for job in others)


def test_a_waiting_visitor_sees_place_and_estimate(page, occupied):
    page.goto(occupied)
    button(page, "Find the central line").click()
    expect(page.get_by_text(re.compile(r"queue: 1/1 \|\s*[\d.]+/[\d.]+s")).first).to_be_visible()
    second = Client(occupied, verbose=False).submit(SHORT, api_name="/central")
    until(lambda: second.status().rank == 1)
    assert waiting(occupied) == 2


def test_the_handlers_own_error_is_not_taken_for_a_full_queue(page, recipe):
    page.goto(recipe(NOTEBOOK, "queue-full"))
    box(page, "Text, one sentence a line").fill("One line.")
    button(page, "Find the central line").click()
    expect(page.get_by_text("Paste between 2 and 5000 lines.")).to_be_visible()
    box(page, "Text, one sentence a line").fill(SHORT)
    button(page, "Find the central line").click()
    expect(box(page, "Central line")).not_to_have_value("")
    expect(box(page, "Status")).to_have_value("")


# What Stop and a closed tab free

HELD = """
passes, stopped = [], threading.Event()


def hold(*_):  # before each token: the tenth waits until Stop has been pressed
    passes.append(1)
    if len(passes) == 10:
        stopped.wait(120)


def passed() -> int:
    return len(passes)


chat.model.register_forward_pre_hook(hold)
chat.model.generation_config.eos_token_id = None  # no answer ends of itself before its limit
with demo:
    gr.api(passed, api_name="passes", concurrency_limit=None)
    gr.api(stopped.set, api_name="stopped", concurrency_limit=None)
demo.launch("""


def test_stop_ends_the_generation(page, request):
    cell = notebooks.load(NOTEBOOK).cell("stream")
    program = Program(dataclasses.replace(cell, source=cell.source.replace("demo.launch(", HELD)))
    request.addfinalizer(program.remove)
    program.start()
    page.goto(program.url)
    page.get_by_role("spinbutton").fill("400")
    page.get_by_role("spinbutton").press("Tab")
    button(page, "Ask").click()
    expect(box(page, "Speed")).to_have_value(re.compile(", 9 tokens, "))
    client = Client(program.url, verbose=False)
    other = client.submit("Name three colours.", 8, api_name="/answer")
    until(lambda: waiting(program.url) == 1)
    with page.expect_request("**/cancel"):
        button(page, "Stop").click()
    client.predict(api_name="/stopped")
    reply, speed = other.result(120)
    assert reply
    assert ", 8 tokens, " in speed
    assert 10 + 8 <= client.predict(api_name="/passes") < 400  # both answers: one model thread, so the first has ended


def test_a_closed_tab_frees_the_slot(page, serve):
    closed = threading.Event()

    def count(endless):
        try:
            for number in itertools.count() if endless else range(1):
                yield number
                time.sleep(0.05)
        finally:
            closed.set()

    with gr.Blocks() as demo:
        endless, number = gr.Checkbox(True, label="Endless"), gr.Number(label="Number")
        gr.Button("Count").click(count, endless, number, api_name="count")
    url = serve(demo)
    page.goto(url)
    button(page, "Count").click()
    expect(box(page, "Number")).to_have_value(re.compile("^[1-9]"))
    job = Client(url, verbose=False).submit(False, api_name="/count")
    until(lambda: waiting(url) == 1)
    assert not closed.is_set()
    page.close()
    assert closed.wait(60)
    assert job.result(60) == 0


def test_a_plain_function_keeps_its_slot_after_its_tab_has_closed(page, serve):
    gate, gone, order = threading.Event(), threading.Event(), []

    def work(name):
        order.append(f"{name} starts")
        if name == "first":
            gate.wait(120)
        order.append(f"{name} ends")

    with gr.Blocks() as demo:
        name = gr.Textbox("first", label="Name")
        gr.Button("Work").click(work, name, api_name="work")
        demo.unload(gone.set)
    url = serve(demo)
    page.goto(url)
    button(page, "Work").click()
    until(lambda: order)
    job = Client(url, verbose=False).submit("second", api_name="/work")
    until(lambda: waiting(url) == 1)
    page.close()
    assert gone.wait(60)
    assert waiting(url) == 1
    gate.set()
    job.result(60)
    assert order == ["first starts", "first ends", "second starts", "second ends"]
