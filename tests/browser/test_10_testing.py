"""Testing an app in a browser: the notebook's own test must pass here and fail on a broken page, and what it says."""

import ast

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from gradio_patterns import collection
from gradio_patterns.testing import Gate, run_tests, until
from gradio_patterns.testing.pages import open_page

NOTEBOOK = "10_testing"


def page_tests() -> str:
    """The tests that the notebook's check runs, from its text."""
    tree = ast.parse(collection.load(NOTEBOOK).cell("page-in-a-browser-check").source)
    (text,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PAGE_TESTS"
    ]
    return text


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        pytest.param(None, {"passed": 1}, id="as it is"),
        pytest.param(("[room, fault], receipt", "[fault, room], receipt"), {"failed": 1}, id="fields swapped"),
        pytest.param(("primary", 'stop", link="/'), {"failed": 1}, id="a link for a button"),
        pytest.param(('label="Room"', 'label="Raum"'), {"failed": 1}, id="another label"),
        pytest.param(("interactive=False)\n    receipt", "interactive=True)\n    receipt"), {"failed": 1}, id="open"),
    ],
)
def test_the_page_test_of_the_notebook(change, counts):
    source = collection.recipe("page-in-a-browser").source
    if change:
        assert source.count(change[0]) == 1
        source = source.replace(*change)
    tests = page_tests()
    if change:  # what is not there need not be waited for that long
        less = "    page.set_default_timeout(3_000)\n    expect.set_options(timeout=3_000)\n"
        tests = tests.replace("    expect(", f"{less}    expect(", 1)
        assert less in tests
    ran = run_tests(source, tests)
    assert ran.counts == counts, ran.text


def test_swapped_fields_show_in_the_page_only(page: Page, serve):
    with gr.Blocks() as demo:
        room, drink, receipt = (gr.Textbox(label=name) for name in ("Room", "Drink", "Receipt"))
        gr.Button("Order").click(lambda room, drink: f"Room {room}: {drink}", [drink, room], receipt, api_name="order")
    app = serve(demo)
    assert app.visitor().predict("12", "tea", api_name="/order") == "Room 12: tea"
    open_page(page, app)
    page.get_by_label("Room").fill("12")
    page.get_by_label("Drink").fill("tea")
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_label("Receipt")).to_have_value("Room tea: 12")


# The answer of /cancel, if the page asks for one, comes after the message that the event has ended: see test_upstream.
LATE_CANCEL = """
const asked = window.fetch;
window.fetch = async (...call) => {
  const response = await asked(...call);
  return response.url.endsWith("/cancel") ? new Promise(() => {}) : response;
};
"""


def test_streams_and_stop_keeps_the_words_and_shows_no_error(page: Page, imported):
    module = imported(NOTEBOOK, "streams-and-stop")
    page.add_init_script(LATE_CANCEL)
    reply = page.get_by_label("Reply")
    with Gate().around(module.chat.model) as gate:
        open_page(page, module.demo)
        page.get_by_label("Question").press("Enter")
        gate.let(8)
        until(lambda: gate.entered == 9, "the ninth token")
        expect(reply).not_to_have_value("")
        with page.expect_request(lambda request: request.method == "POST"):
            page.get_by_test_id("stop-button").click()
        gate.open()
    expect(page.locator(".generating")).to_have_count(0)
    page.wait_for_timeout(2000)  # time for what must not happen
    expect(page.get_by_text("Error", exact=True)).to_have_count(0)
    expect(reply).not_to_have_value("")
    assert gate.entered < 80


def test_a_warning_is_in_the_page(page: Page, serve):
    def cut(text):
        gr.Warning("Only the first word was read.")
        return text.split()[0]

    text = gr.Textbox("tea with milk", label="Text")
    app = serve(gr.Interface(cut, text, gr.Textbox(label="Word"), api_name="cut"))
    assert app.visitor().predict("tea with milk", api_name="/cut") == "tea"
    open_page(page, app)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("Only the first word was read.")


def fill(page: Page) -> None:
    page.get_by_label("Text").fill("tea")


def insert(page: Page) -> None:
    """As an input method or dictation does."""
    page.get_by_label("Text").focus()
    page.keyboard.insert_text("tea")


def paste(page: Page) -> None:
    page.get_by_label("Copy this").press("ControlOrMeta+a")
    page.get_by_label("Copy this").press("ControlOrMeta+c")
    page.get_by_label("Text").press("ControlOrMeta+v")


def type_in(page: Page) -> None:
    page.get_by_label("Text").press_sequentially("t")
    expect(page.get_by_label("Seen")).to_have_value("t")


@pytest.mark.parametrize("put_in", [fill, insert, paste, type_in])
def test_fill_fires_change_and_typing_fires_input(page: Page, serve, put_in):
    heard = []
    with gr.Blocks() as demo:
        gr.Textbox("tea", label="Copy this")
        text, seen, last = gr.Textbox(label="Text"), gr.Textbox(label="Seen"), gr.Textbox(label="Last")
        text.input(lambda text: heard.append("input"), text, api_name="input")
        text.change(lambda text: heard.append("change") or text, text, seen, api_name="change")
        gr.Button("Done").click(lambda text: text, text, last, api_name="done")
    open_page(page, serve(demo))
    put_in(page)
    expect(page.get_by_label("Seen")).not_to_have_value("")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_label("Last")).not_to_have_value("")  # what was sent before has come by now
    assert set(heard) == ({"change", "input"} if put_in is type_in else {"change"})
