"""Chats in a browser: what the buttons under a message do, and what a page does with what it is given."""

import re

import gradio as gr
from playwright.sync_api import BrowserContext, Page, expect

from gradio_patterns.testing import until
from gradio_patterns.testing.pages import open_page

NOTEBOOK = "11_chat"
QUESTIONS, ANSWERS = ".user.message", ".bot.message:not(.pending)"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def test_retry_undo_and_edit_in_the_page(recipe, page: Page):
    open_page(page, recipe(NOTEBOOK, "retry-undo-edit"))
    box = page.get_by_test_id("textbox")
    for dice in ("2d6 + 1d1", "9d999 + 9d999"):
        box.fill(dice)
        press(page, "Roll")
        expect(page.get_by_text(f"{dice} is")).to_be_visible()
    assert page.get_by_role("button", name="Retry").count() == 1  # under the last answer only

    before = page.get_by_text("9d999 + 9d999 is").inner_text()
    press(page, "Retry")
    expect(page.get_by_text("9d999 + 9d999 is")).not_to_have_text(before)
    expect(page.locator(QUESTIONS)).to_have_text(["2d6 + 1d1", "9d999 + 9d999"])

    press(page, "Undo")
    expect(box).to_have_value("9d999 + 9d999")
    expect(page.locator(QUESTIONS)).to_have_text(["2d6 + 1d1"])
    expect(page.get_by_text("2d6 + 1d1 is")).to_be_visible()

    press(page, "Edit")
    page.locator(f"{QUESTIONS} textarea").fill("1d1 + 2")
    press(page, "Submit")
    expect(page.get_by_text("1d1 + 2 is 3.")).to_be_visible()
    expect(page.locator(QUESTIONS)).to_have_text(["1d1 + 2"])

    press(page, "Edit")
    page.locator(f"{QUESTIONS} textarea").fill("many")
    press(page, "Submit")
    expect(page.get_by_text("Write dice such as 2d6 + 3.")).to_be_visible()
    expect(page.get_by_text("1d1 + 2 is 3.")).to_be_visible()  # and nothing is lost


def test_each_tab_cuts_its_own_chat(recipe, context: BrowserContext):
    url = recipe(NOTEBOOK, "retry-undo-edit")
    tabs = context.new_page(), context.new_page()
    for page, dice in zip(tabs, ("1d1 + 1", "1d1 + 2"), strict=True):
        open_page(page, url)
        page.get_by_test_id("textbox").fill(dice)
        press(page, "Roll")
        expect(page.get_by_text(f"{dice} is")).to_be_visible()
    press(tabs[0], "Undo")
    expect(tabs[0].get_by_test_id("textbox")).to_have_value("1d1 + 1")
    expect(tabs[0].locator(QUESTIONS)).to_have_count(0)
    expect(tabs[1].get_by_text("1d1 + 2 is 3.")).to_be_visible()


def events(serve, page: Page, said: list[tuple]) -> list:
    """A page with a chat whose events only write down what they are told."""
    told = []

    def write_down(name):
        def handler(event: gr.EventData):
            told.append((name, event.index))

        return handler

    with gr.Blocks() as demo:
        chat = gr.Chatbot([{"role": role, "content": text} for role, text in said], label="Chat", editable="user")
        for name in ("retry", "undo", "edit", "like"):
            getattr(chat, name)(write_down(name), None, None, api_name=name)
    open_page(page, serve(demo))
    return told


def test_after_a_system_message_the_index_is_no_question(serve, page: Page):
    told = events(serve, page, [("user", "Hi"), ("system", "Be brief."), ("assistant", "Hello")])
    press(page, "Retry")
    until(lambda: told == [("retry", 1)], "the index of the system message")


def test_undo_of_a_greeting_raises_in_the_page(serve, page: Page):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    told = events(serve, page, [("assistant", "How can I help?")])
    assert page.get_by_role("button", name="Retry", exact=True).count() == 0
    press(page, "Undo")
    expect(page.get_by_text("How can I help?")).to_be_visible()
    until(lambda: any("undefined (reading 'role')" in error for error in errors), "the error")
    assert told == []


def test_a_question_without_an_answer_has_no_retry(serve, page: Page):
    events(serve, page, [("user", "Hi"), ("assistant", "Hello"), ("user", "And now?")])
    expect(page.get_by_text("And now?")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^(Retry|Undo)$"))).to_have_count(0)


def test_an_edit_of_two_parts_is_two_events(serve, page: Page):
    told = events(serve, page, [("user", ["One.", "Two."]), ("assistant", "Hello")])
    press(page, "Edit")
    press(page, "Submit")
    until(lambda: told == [("edit", 0)] * 2, "an event for each part, with the same index")
