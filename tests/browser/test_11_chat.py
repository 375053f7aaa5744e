"""Chats in the page: what an error does to it, Stop, a visitor who leaves, files, and chats that are kept or lost."""

import json

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from gradio_patterns import collection
from gradio_patterns.testing import ModelServer, Program, until
from gradio_patterns.testing.pages import open_page

NOTEBOOK = "11_chat"


@pytest.fixture
def strict(monkeypatch):
    """A strict model server, and the environment that leads to it."""
    with ModelServer() as server:
        for name, value in server.client_env.items():
            monkeypatch.setenv(name, value)
        yield server


def box_of(page: Page):
    return page.locator("textarea[data-testid=textbox]")


def send(page: Page, text: str) -> None:
    expect(box_of(page)).to_be_enabled()
    box_of(page).fill(text)
    box_of(page).press("Enter")


def said(page: Page, text: str):
    return page.get_by_test_id("bot").filter(has_text=text)


# --- a model server ---


def test_an_error_leaves_the_box_of_a_chat_disabled(page: Page, serve):
    """`.then()` does not run after it, and ChatInterface enables the box there."""

    def fail(message, history):
        raise gr.Error("The model server does not answer.", print_exception=False)

    open_page(page, serve(gr.ChatInterface(fail, api_name="chat")))
    send(page, "Hello")
    expect(page.get_by_text("The model server does not answer.")).to_be_visible()
    with pytest.raises(AssertionError):
        expect(box_of(page)).to_be_enabled(timeout=3_000)
    assert page.get_by_role("button", name="Retry").count() == 0


def test_model_server_a_problem_leaves_the_page_usable_and_nothing_is_lost(page: Page, imported, strict):
    open_page(page, imported(NOTEBOOK, "model-server").demo)
    strict.stop()
    send(page, "My name is Ada.")
    expect(said(page, "does not answer")).to_be_visible()
    expect(box_of(page)).to_be_enabled()
    strict.start()
    page.get_by_role("button", name="Retry").click()
    expect(said(page, "You said: My name is Ada.")).to_be_visible()
    strict.breaks_off = 2
    send(page, "Who am I?")
    expect(said(page, "broken off")).to_be_visible()
    expect(said(page, "You said:")).to_have_count(2)  # what came is still there
    strict.breaks_off = None
    send(page, "Again, please.")
    expect(said(page, "You said: Again, please.")).to_be_visible()
    contents = [turn["content"] for turn in strict.requests[-1]["messages"]]
    assert contents == ["My name is Ada.", "You said: My name is Ada.", "Who am I?", "You said:", "Again, please."]
    assert strict.refusals == []  # neither metadata nor lists of parts


def test_model_server_an_empty_message_is_refused_in_words(page: Page, imported, strict):
    open_page(page, imported(NOTEBOOK, "model-server").demo)
    send(page, " ")
    expect(page.get_by_text("Write a message first.").first).to_be_visible()
    send(page, "Hello")
    expect(said(page, "You said: Hello")).to_be_visible()


def test_model_server_stop_reaches_the_server_and_keeps_the_words(page: Page, imported, strict):
    open_page(page, imported(NOTEBOOK, "model-server").demo)
    with strict.gate:
        send(page, "Count to a thousand.")
        strict.gate.reached(1)
        strict.gate.let(2)
        expect(said(page, "You said:")).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        until(lambda: strict.left == 1, "the page to hang up")
    send(page, "Thank you.")
    expect(said(page, "You said: Thank you.")).to_be_visible()
    assert [turn["content"] for turn in strict.requests[-1]["messages"]][1] == "You said:"


def test_model_server_hangs_up_on_a_visitor_who_leaves_with_the_next_piece(page: Page, imported, strict):
    open_page(page, imported(NOTEBOOK, "model-server").demo)
    with strict.gate:
        send(page, "Count to a thousand.")
        strict.gate.reached(1)
        strict.gate.let(1)
        expect(said(page, "You")).to_be_visible()
        strict.gate.reached(1)
        page.close()

        with pytest.raises(TimeoutError):
            until(lambda: strict.left == 1, "the hanging up", seconds=3)  # Gradio looks when a piece comes
        strict.gate.let(1)
        until(lambda: strict.left == 1, "the hanging up with the next piece")


# --- files and settings ---


def test_chat_files_refusals_keep_what_was_written(page: Page, imported, strict, tmp_path):
    for name in ("one.txt", "two.txt"):  # beside the example, which is attached
        (tmp_path / name).write_text(f"This is {name}.")
    open_page(page, imported(NOTEBOOK, "chat-files").demo)
    page.locator("input[type=file]").first.set_input_files(sorted(tmp_path.iterdir()))
    expect(page.get_by_role("button", name="Remove file")).to_have_count(3)
    send(page, "Compare them.")
    expect(page.get_by_text("Attach at most 2 files.").first).to_be_visible()
    expect(box_of(page)).to_have_value("Compare them.")
    page.get_by_role("button", name="Remove file").first.click()
    box_of(page).press("Enter")
    expect(said(page, "Compare them.")).to_be_visible()
    assert strict.requests[-1]["messages"][-1]["content"].count(".txt:") == 2


def test_chat_files_example_fills_message_and_settings(page: Page, imported, strict):
    open_page(page, imported(NOTEBOOK, "chat-files").demo)
    page.get_by_text("Answer in one word.").first.click()
    expect(box_of(page)).to_have_value("Name a fruit.")
    box_of(page).press("Enter")
    expect(said(page, "You said: Name a fruit.")).to_be_visible()
    (request,) = strict.requests
    assert (request["max_tokens"], request["messages"][0]["content"]) == (10, "Answer in one word.")


# --- kept chats ---


def listed(page: Page):
    """The saved chats in the panel."""
    return page.locator("table tbody tr")


def kept(strict: ModelServer, old: str = "", new: str = "") -> Program:
    """The recipe as a program that can be restarted; with another text in place of `old`, to break it."""
    source = collection.recipe("kept-chats").source
    assert old in source
    return Program(source.replace(old, new) if old else source, env=strict.client_env)


def test_kept_chats_are_there_after_a_restart_and_one_can_go_on(page: Page, strict):
    with kept(strict) as app:
        open_page(page, app)
        send(page, "My name is Ada.")
        expect(listed(page)).to_have_text(["My name is Ada."])
        app.restart()
        open_page(page, app)
        listed(page).first.click()
        expect(said(page, "You said: My name is Ada.")).to_be_visible()
        send(page, "Who am I?")
        expect(said(page, "You said: Who am I?")).to_be_visible()
        assert len(strict.requests[-1]["messages"]) == 3


def test_without_a_fixed_secret_chats_are_lost_at_a_restart_and_overwritten(page: Page, strict):
    with kept(strict, "demo.saved_conversations.secret =", "unused =") as app:
        console = []
        page.on("console", lambda message: console.append(message.text))
        open_page(page, app)
        send(page, "My name is Ada.")
        expect(listed(page)).to_have_text(["My name is Ada."])
        stored = page.evaluate("localStorage['chats-of-the-fruit-shop']")
        app.restart()
        open_page(page, app)
        until(lambda: page.evaluate("localStorage['chats-of-the-fruit-shop']") != stored, "another list to be stored")
        expect(listed(page)).to_have_count(0)
        assert any("Error reading from localStorage" in text for text in console), console


def test_two_tabs_overwrite_each_others_saved_chats(page: Page, imported, strict):
    demo = imported(NOTEBOOK, "kept-chats").demo
    open_page(page, demo)
    second = open_page(page.context.new_page(), demo)
    send(page, "In the first tab.")
    expect(listed(page)).to_have_text(["In the first tab."])
    send(second, "In the second tab.")
    expect(listed(second)).to_have_text(["In the second tab."])
    page.reload()
    expect(listed(page)).to_have_text(["In the second tab."])  # the other one is gone


def test_what_exceeds_the_browsers_storage_is_not_kept_and_nobody_is_told(page: Page, imported, strict):
    strict.answer = lambda messages: "x" * (6_000_000 if messages[-1]["content"] == "Much." else 10)
    console = []
    page.on("console", lambda message: console.append(message.text))
    open_page(page, imported(NOTEBOOK, "kept-chats").demo)
    send(page, "Little.")
    expect(listed(page)).to_have_text(["Little."])
    page.get_by_role("button", name="New chat").click()
    send(page, "Much.")
    expect(listed(page)).to_have_text(["Much.", "Little."])
    until(lambda: any("QuotaExceededError" in text for text in console), lambda: json.dumps(console))
    page.reload()
    expect(listed(page)).to_have_text(["Little."])
