"""The queue, where only a browser can tell: what a refused or waiting visitor reads, and what a closed tab frees."""

import itertools
import re
import threading
import time

import gradio as gr
import httpx
import pytest
from playwright.sync_api import Page, TimeoutError, expect

from gradio_patterns.testing import Gate, until, visitor
from gradio_patterns.testing.pages import open_page

# Many pages and many programs: `make test` leaves them to `make test-all`.
NOTEBOOK = "03_queue_concurrency"
LONG = "\n".join(f"Line {number} of a long text." for number in range(5000))  # minutes of work
SHORT = "It rains.\nThe rain is heavy.\nI like tea."


def waiting(url: str) -> int:
    return httpx.get(f"{url.rstrip('/')}/gradio_api/queue/status", timeout=60).json()["queue_size"]


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def box(page: Page, label: str):
    return page.get_by_label(label, exact=True)


@pytest.fixture
def occupied(recipe):
    """The recipe with its only slot taken for minutes, after a first run that it can estimate from; its URL."""
    url = recipe(NOTEBOOK, "queue-full")
    client = visitor(url)
    client.predict(SHORT, api_name="/central")
    job = client.submit(LONG, api_name="/central")
    until(lambda: job.status().code.name == "PROCESSING")
    return url


# What a visitor reads


def test_a_full_queue_says_when_to_come_back(page, occupied):
    others = [visitor(occupied).submit(SHORT, api_name="/central") for _ in range(3)]
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
    second = visitor(occupied).submit(SHORT, api_name="/central")
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


@pytest.fixture
def stream(imported, monkeypatch):
    """The recipe in this process, with a model that ends no answer before its limit."""
    module = imported(NOTEBOOK, "stream")
    monkeypatch.setattr(module.chat.model.generation_config, "eos_token_id", None)
    return module


def reply(page: Page):
    return page.get_by_role("textbox").last


def stop(page: Page):
    with page.expect_response("**/run/**"):  # the server knows
        button(page, "Stop").click()


def test_stop_ends_the_generation(page, stream):
    page.goto(stream.demo.local_url)
    with Gate().around(stream.chat.model) as gate:
        for _ in ("click", "click again"):
            with page.expect_response("**/run/**"):
                button(page, "Ask").click()
            gate.reached(1)
        gate.let(9)
        until(lambda: gate.entered == 10, "the tenth token")
        expect(reply(page)).to_have_value(re.compile(r"\w"))
        other = visitor(stream.demo).submit("Name three colours.", 8, api_name="/answer")
        until(lambda: gate.waiting() == 1, "the other visitor in line, and no second answer of the first one")
        stop(page)
        gate.open()
        assert other.result(120)
        assert gate.entered == 10 + 8
        expect(reply(page)).to_have_value(re.compile(r"\w"))  # what there was is kept
        expect(page.get_by_text("Error", exact=True)).to_have_count(0)
        button(page, "Ask").click()
        until(lambda: gate.entered > 10 + 8, "the next answer")


def test_stop_ends_the_own_answer_alone_also_before_its_turn(context, stream):
    first, second = (open_page(context.new_page(), stream.demo) for _ in range(2))
    with Gate().around(stream.chat.model) as gate:
        for tab in (first, second):
            tab.get_by_role("spinbutton").fill("12")
            tab.get_by_role("spinbutton").press("Tab")
            button(tab, "Ask").click()
            gate.reached(1)
        until(lambda: gate.waiting() == 1, "the second visitor in line")
        stop(second)
        gate.open()
        expect(second.get_by_text("queue:")).to_have_count(0)
        assert gate.entered == 12  # the whole of the first answer, and nothing of the second
        expect(reply(first)).to_have_value(re.compile(r"\w"))
        expect(reply(second)).to_have_value("")
        button(second, "Ask").click()
        expect(reply(second)).to_have_value(re.compile(r"\w"))


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
    url = serve(demo).url
    page.goto(url)
    button(page, "Count").click()
    expect(box(page, "Number")).to_have_value(re.compile("^[1-9]"))
    job = visitor(url).submit(False, api_name="/count")
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
    url = serve(demo).url
    page.goto(url)
    button(page, "Work").click()
    until(lambda: order)
    job = visitor(url).submit("second", api_name="/work")
    until(lambda: waiting(url) == 1)
    page.close()
    assert gone.wait(60)
    assert waiting(url) == 1
    gate.set()
    job.result(60)
    assert order == ["first starts", "first ends", "second starts", "second ends"]


def test_a_browser_runs_out_of_connections_before_the_queue_does(context, serve):
    """Over plain HTTP six connections a host, and each page that has something to clean up keeps one of them."""
    with gr.Blocks() as demo:
        name = gr.Textbox("Ada", label="Name")
        gr.Button("Greet").click(lambda name: f"Hello {name}", name, name, concurrency_limit=None, api_name="greet")
        demo.unload(lambda: None)  # as `gr.State` does, it makes the page keep a connection
    url = serve(demo).url
    tabs = [open_page(context.new_page(), url) for _ in range(5)]
    for tab in tabs:
        button(tab, "Greet").click()
        expect(box(tab, "Name")).to_have_value("Hello Ada")
    with pytest.raises(TimeoutError):
        for _ in range(2):  # the sixth or the seventh
            late = context.new_page()
            tabs.append(late)
            late.goto(url, timeout=5_000)
            button(late, "Greet").click(timeout=5_000)
            expect(box(late, "Name")).to_have_value("Hello Ada", timeout=5_000)
    assert httpx.get(url, timeout=60).status_code == 200  # the server has no trouble
    tabs[0].close()
    expect(box(open_page(tabs[-1], url), "Name")).to_have_value("Ada")
