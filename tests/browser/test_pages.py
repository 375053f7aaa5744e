"""Pages: opened once their components are there, and the slow answer forced."""

import gradio as gr
import pytest
from playwright.sync_api import expect

from gradio_patterns.testing.pages import hold, open_page


@pytest.fixture
def demo():
    with gr.Blocks() as demo:
        text = gr.Textbox(label="Text")
        gr.Button("Shout").click(str.upper, text, text, api_name="shout")
        demo.load(lambda: "loaded", None, text, api_name="start")
    return demo


def test_an_open_page_takes_clicks(page, serve, demo):
    open_page(page, serve(demo))
    expect(page.get_by_label("Text")).to_have_value("loaded")
    page.get_by_role("button", name="Shout").click()
    expect(page.get_by_label("Text")).to_have_value("LOADED")


@pytest.mark.parametrize("event", ["load", "/start"])
def test_an_answer_comes_as_late_as_wanted(page, serve, demo, event):
    app = serve(demo)
    held = hold(page, app, event)
    open_page(page, app)
    page.get_by_label("Text").fill("typed")
    page.get_by_role("button", name="Shout").click()
    expect(page.get_by_label("Text")).to_have_value("TYPED")  # the other event is not held
    held.release()
    expect(page.get_by_label("Text")).to_have_value("loaded")


def test_an_unknown_event_is_answered_with_those_there_are(page, serve, demo):
    with pytest.raises(ValueError, match=r"'/stat'.*There are: /shout, /start"):
        hold(page, serve(demo), "/stat")


def test_an_event_without_queue_is_held_too(page, serve):
    with gr.Blocks() as demo:
        text = gr.Textbox(label="Text", interactive=True)
        demo.load(lambda: "loaded", None, text, queue=False, api_name="start")
    app = serve(demo)
    held = hold(page, app, "/start")
    open_page(page, app)
    page.get_by_label("Text").fill("typed")
    assert held.routes
    held.release()
    expect(page.get_by_label("Text")).to_have_value("loaded")
