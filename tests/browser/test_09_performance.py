"""Performance, where only a browser can tell: who reads an error of a batch, and when a page is there."""

import re

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from gradio_patterns.batching import run_batched
from gradio_patterns.testing import Gate, until
from gradio_patterns.testing.pages import open_page

# Many pages and many programs: `make test` leaves them to `make test-all`.
NOTEBOOK = "09_performance"


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def box(page: Page, label: str):
    return page.get_by_label(label, exact=True)


@pytest.mark.parametrize("queue", [True, False])
def test_one_user_of_a_batch_reads_the_problem(context, serve, gate, queue):
    """Three pages in one batch, held at a gate: two answers and one toast, and no toast with `queue=False`."""
    sizes, told = [], []

    def shout(texts):
        sizes.append(len(texts))
        gate()
        refused = gr.Error("Type a question first.")
        items = [text if text else refused for text in texts]
        return run_batched(lambda group: [text.upper() for text in group], items)

    def tell(problem):
        told.append(problem)
        if problem:
            raise gr.Error(problem, print_exception=False)

    with gr.Blocks() as demo:
        text, loud = gr.Textbox(label="Text"), gr.Textbox(label="Loud")
        problem = gr.Textbox(label="Problem", visible=False)
        run = gr.Button("Run")
        job = run.click(shout, text, [loud, problem], batch=True, max_batch_size=8, api_name="shout")
        job.success(tell, problem, queue=queue, concurrency_limit=None, api_visibility="private")
    app = serve(demo)
    pages = [open_page(context.new_page(), app.url) for _ in range(4)]
    for calls, (page, words) in enumerate(zip(pages, ["first", "one", "", "two"], strict=True), start=1):
        box(page, "Text").fill(words)
        button(page, "Run").click()
        assert gate.inside(of=calls) == 1  # the first alone; the others wait, to be one batch
    gate.open()
    expect(box(pages[1], "Loud")).to_have_value("ONE")
    expect(box(pages[3], "Loud")).to_have_value("TWO")
    until(lambda: sorted(told) == ["", "", "", "Type a question first."], "the problem to be told")
    toast = pages[2].get_by_test_id("toast-body")
    if queue:
        expect(toast).to_contain_text("Type a question first.")
    assert sizes == [1, 3]
    for page in (pages[0], pages[1], pages[3]):
        expect(page.get_by_test_id("toast-body")).to_have_count(0)
    expect(toast).to_have_count(1 if queue else 0)


def test_the_batch_recipe_tells_and_answers(page: Page, recipe):
    open_page(page, recipe(NOTEBOOK, "batch"))
    question = box(page, "Question")
    question.fill("")
    button(page, "Find the desk").click()
    expect(page.get_by_text("Type a question first.").first).to_be_visible()
    expect(box(page, "Desk")).to_have_value("")
    question.fill("Where is my parcel?")
    button(page, "Find the desk").click()
    expect(box(page, "Desk")).to_have_value("delivery")


def test_a_refused_question_leaves_the_chat_as_it_is(page: Page, recipe):
    open_page(page, recipe(NOTEBOOK, "batch-chat"))
    question = box(page, "Question")
    page.get_by_label("10", exact=True).check()
    button(page, "Ask").click()
    expect(question).to_have_value("")  # answered: the box is free for the next one
    bot = page.get_by_test_id("bot")
    expect(bot).to_have_count(1)
    said = bot.inner_text()
    button(page, "Ask").click()
    expect(page.get_by_text("Type a question first.").first).to_be_visible()
    expect(bot).to_have_text(said)
    question.fill("And one more?")
    question.press("Enter")
    expect(bot).to_have_count(2)


def reply(page: Page):
    return page.get_by_role("textbox").last


def test_stop_ends_the_own_answer_alone(context, imported, monkeypatch):
    """Two pages stream at once; Stop in the first frees its place, keeps what it shows, and leaves the other one be."""
    many = imported(NOTEBOOK, "stream-many")
    monkeypatch.setattr(many.streams, "_ends", set())  # private: no answer ends before its limit
    first, second = (open_page(context.new_page(), many.demo) for _ in range(2))
    with Gate().around(many.chat.model) as gate:
        for page in (first, second):
            button(page, "Ask").click()
        until(lambda: many.streams.waiting + many.streams.streaming == 2, "both")
        gate.let(4)
        for page in (first, second):
            expect(reply(page)).to_have_value(re.compile(r"\w"))
        with first.expect_response("**/run/**"):  # the server knows
            button(first, "Stop").click()
        before = gate.entered
        gate.let(1)
        until(lambda: gate.entered > before, "the next step")
        assert many.streams.streaming == 1
        gate.open()
        until(lambda: many.streams.streaming == 0, "the other one's end")
    assert gate.entered >= 120  # all of the second
    expect(reply(first)).to_have_value(re.compile(r"\w"))
    expect(first.get_by_text("Error", exact=True)).to_have_count(0)
    assert len(reply(second).input_value()) > 3 * len(reply(first).input_value())


def test_the_page_says_that_the_model_loads_and_then_that_it_is_ready(page: Page, recipe):
    open_page(page, recipe(NOTEBOOK, "warm-start"))
    state = box(page, "Model")
    expect(state).to_have_value("The model is ready.", timeout=120_000)
    button(page, "Ask").click()
    expect(box(page, "Answer")).not_to_have_value("")


def test_an_example_shows_its_kept_answer(page: Page, recipe):
    open_page(page, recipe(NOTEBOOK, "cache-examples"))
    page.get_by_text("bread", exact=True).click()
    expect(box(page, "Word")).to_have_value("bread")
    expect(box(page, "Meaning")).not_to_have_value("")


def test_the_first_click_shows_the_picture(page: Page, recipe):
    open_page(page, recipe(NOTEBOOK, "light-payloads"))
    button(page, "Sharpen").click()
    expect(page.locator("img[src*='.jpeg'], img[src*='.jpg']").first).to_be_visible()
