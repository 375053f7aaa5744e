"""Chats in the page: errors, Stop, files, chats kept or lost, the buttons under a message, and attacks."""

import contextlib
import html
import http.server
import json
import re
import sqlite3
import threading
from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from gradio_patterns import collection
from gradio_patterns.testing import Gate, ModelServer, Program, until
from gradio_patterns.testing.pages import open_page
from gradio_patterns.testing.waiting import is_free

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


def kept(old: str = "", new: str = "") -> Program:
    """The recipe as a program that can be restarted; with another text in place of `old`, to break it."""
    source = collection.recipe("kept-chats").source
    assert old in source
    return Program(source.replace(old, new) if old else source)


def test_kept_chats_are_there_after_a_restart_and_one_can_go_on(page: Page):
    with kept() as app:
        open_page(page, app)
        send(page, "2.50 tea")
        expect(listed(page)).to_have_text(["2.50 tea"])
        app.restart()
        open_page(page, app)
        listed(page).first.click()
        expect(said(page, "Expense 1: 2.50 in all")).to_be_visible()
        send(page, "tea")
        expect(page.get_by_text("Write an amount and what it was for").first).to_be_visible()
        send(page, "3 bread")
        expect(said(page, "Expense 2: 5.50 in all")).to_be_visible()


def test_without_a_fixed_secret_chats_are_lost_at_a_restart_and_overwritten(page: Page):
    with kept("demo.saved_conversations.secret =", "unused =") as app:
        console = []
        page.on("console", lambda message: console.append(message.text))
        open_page(page, app)
        send(page, "2.50 tea")
        expect(listed(page)).to_have_text(["2.50 tea"])
        stored = page.evaluate("localStorage['chats-of-the-tea-fund']")
        app.restart()
        open_page(page, app)
        until(lambda: page.evaluate("localStorage['chats-of-the-tea-fund']") != stored, "another list to be stored")
        expect(listed(page)).to_have_count(0)
        assert any("Error reading from localStorage" in text for text in console), console


def test_two_tabs_overwrite_each_others_saved_chats(page: Page, imported):
    demo = imported(NOTEBOOK, "kept-chats").demo
    open_page(page, demo)
    second = open_page(page.context.new_page(), demo)
    send(page, "1 tea")
    expect(listed(page)).to_have_text(["1 tea"])
    send(second, "2 bread")
    expect(listed(second)).to_have_text(["2 bread"])
    page.reload()
    expect(listed(page)).to_have_text(["2 bread"])  # the other one is gone


def test_what_exceeds_the_browsers_storage_is_not_kept_and_nobody_is_told(page: Page, serve):
    def answer(message, history):
        return "x" * (6_000_000 if message == "Much." else 10)

    console = []
    page.on("console", lambda message: console.append(message.text))
    open_page(page, serve(gr.ChatInterface(answer, save_history=True, api_name="chat")))
    send(page, "Little.")
    expect(listed(page)).to_have_text(["Little."])
    page.get_by_role("button", name="New chat").click()
    send(page, "Much.")
    expect(listed(page)).to_have_text(["Much.", "Little."])
    until(lambda: any("QuotaExceededError" in text for text in console), lambda: json.dumps(console))
    page.reload()
    expect(listed(page)).to_have_text(["Little."])


# --- a chat of your own, steps, feedback, attacks ---

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


# What is tried: RUN sets window.hit if it runs, FETCH asks the server of `beacons`, LOOK changes the page.
RUN = {
    "event of an image": '<img src=x onerror="window.hit=1">',
    "script": "<script>window.hit=1</script>",
    "event of an svg": '<svg onload="window.hit=1"></svg>',
    "frame": '<iframe srcdoc="<script>parent.hit=1</script>"></iframe>',
    "Markdown link": "[click](javascript:window.hit=1)",
    "HTML link": '<a href="javascript:window.hit=1">click</a>',
    "data link": "[click](data:text/html,<script>window.hit=1</script>)",
    "LaTeX link": r"$$\href{javascript:window.hit=1}{click}$$",
    "nesting": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=hit=1&gt;">',
    "diagram": '```mermaid\ngraph TD\nA["<img src=x onerror=window.hit=1>"]\n```',
    "language of a code block": '```"><img src=x onerror=window.hit=1>\nx\n```',
    "custom element": '<x-y onclick="window.hit=1" style="position:fixed">z</x-y>',
    "template": "${document.body.setAttribute(String.fromCharCode(104),1)}",
    "template in braces": "{{value}} {{#each this}}{{this}}{{/each}}",
    "template with a sum": "price ${5+5}",
}
FETCH = {
    "Markdown image": "![x]({}md.png?secret=1)",
    "HTML image": '<img src="{}html.png">',
    "background": '<div style="background:url({}css.png)">shown</div>',
    "video": '<video src="{}film.mp4" poster="{}poster.png"></video>',
    "audio": '<audio src="{}audio.mp3" autoplay></audio>',
    "style": "<style>body{{background:url({}style.png)}}</style>hello",
    "style sheet": '<link rel="stylesheet" href="{}sheet.css">',
}
LOOK = {
    "cover": '<div id="cover" style="position:fixed;inset:0;z-index:9999;background:white">cover</div>',
    "form": '<form action="/elsewhere"><input name="password"><button>Log in</button></form>',
    "Markdown": "# Head\n\n    indented *code*\n\n1. one\n- two\n> three `four` ~~five~~ | six | https://a.example",
}


@pytest.fixture
def beacons() -> Iterator[tuple[str, set[str]]]:
    """A stranger's server: its address, and the paths that were asked for."""
    asked: set[str] = set()

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # the base class wants this name
            asked.add(self.path.partition("?")[0].lstrip("/"))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()


def attacks(address: str) -> dict[str, str]:
    return {**RUN, **{name: text.replace("{}", address) for name, text in FETCH.items()}, **LOOK}


def has_run(page: Page) -> bool:
    """Click what can be clicked, and tell whether anything ran."""
    for link in page.locator("main .block a, main .html-container a, x-y").all():
        link.dispatch_event("click")
    page.evaluate("() => new Promise(done => setTimeout(done, 500))")  # time for what must not happen
    return page.evaluate("() => Boolean(window.hit) || document.body.hasAttribute('h')")


def fetched(page: Page, beacons: tuple[str, set[str]]) -> set[str]:
    """What was asked for, after an image that is known to be asked for last."""
    address, asked = beacons
    page.context.request.get(f"{address}last")
    until(lambda: "last" in asked)
    page.evaluate("() => new Promise(done => setTimeout(done, 1000))")
    return asked - {"last"}


def test_the_recipe_shows_each_attack_as_it_was_typed(recipe, page: Page, beacons):
    open_page(page, recipe(NOTEBOOK, "shown-not-run"))
    box = page.get_by_role("textbox")
    for number, (name, text) in enumerate(attacks(beacons[0]).items()):
        box.fill(text)
        press(page, "Send")
        shown = page.locator(QUESTIONS).nth(number)
        shown.wait_for()
        lines = [re.sub(r"\s", " ", line) for line in shown.inner_text().splitlines() if line.strip()]
        assert lines == [line for line in text.splitlines() if line.strip()], name
        longest = page.get_by_text("Longest word:").locator("b")
        expect(longest).to_have_text(max(text.split(), key=len))
    assert page.locator(".message").locator("img, a, em, code, .katex, form, video, iframe").count() == 0
    assert not has_run(page)
    assert fetched(page, beacons) == set()


def chat_of(texts, **options) -> gr.Blocks:
    with gr.Blocks() as demo:
        gr.Chatbot([{"role": "assistant", "content": text} for text in texts], label="Chat", height=None, **options)
    return demo


@pytest.mark.parametrize("markdown", [True, False])
def test_a_chat_runs_nothing_and_fetches_a_lot(serve, page: Page, beacons, markdown):
    """Also with render_markdown=False, which leaves Markdown alone and renders HTML."""
    found = attacks(beacons[0])
    open_page(page, serve(chat_of(found.values(), render_markdown=markdown)))
    page.get_by_text("cover", exact=True).wait_for()
    assert not has_run(page)
    files = {"html.png", "css.png", "film.mp4", "poster.png", "audio.mp3"} | ({"md.png"} if markdown else set())
    until(lambda: beacons[1] >= files, lambda: f"{files}, and there are {beacons[1]}")
    assert page.locator(".message input[name=password]").count() == 1
    assert page.evaluate("() => document.elementFromPoint(3, 3).id") == "cover"


def policy() -> dict[str, str]:
    """The options of launch() in the recipe."""
    module: dict = {}
    source = collection.recipe("shown-not-run").source
    exec(source[: source.index("def plain")], module)
    return {"head": module["HEAD"], "css": module["CSS"]}


def test_the_policy_stops_what_a_chat_fetches_and_the_style_what_covers_the_page(serve, page: Page, beacons):
    open_page(page, serve(chat_of(attacks(beacons[0]).values()), **policy()))
    page.get_by_text("hello", exact=True).first.wait_for()
    assert not has_run(page)
    assert fetched(page, beacons) == set()
    assert page.evaluate("() => document.elementFromPoint(3, 3).id") != "cover"
    url = page.url
    page.get_by_role("button", name="Log in").dispatch_event("click")  # click() would wait for the form
    page.evaluate("() => new Promise(done => setTimeout(done, 500))")
    assert page.url == url  # a form of a message is not sent


def test_the_policy_leaves_uploads_and_own_images_alone(serve, page: Page):
    with gr.Blocks() as demo:
        gr.Image(gr.get_image("tower.jpg"), label="Picture")
    open_page(page, serve(demo, **policy()))
    picture = page.locator("main img").first
    picture.wait_for()
    until(lambda: picture.evaluate("image => image.naturalWidth") > 0, "the app's own picture")


@pytest.mark.parametrize("name", ["event of an image", "frame", "HTML link"])
def test_html_runs_what_it_is_given(serve, page: Page, name):
    with gr.Blocks() as demo:
        gr.HTML(RUN[name])
    open_page(page, serve(demo))
    until(lambda: has_run(page), name)


def test_a_template_runs_what_its_value_says(serve, page: Page):
    """Handlebars escapes tags, and the result is run as a JavaScript template."""
    with gr.Blocks() as demo:
        gr.HTML(RUN["template"], html_template="<p>{{value}}</p>")
        gr.HTML(RUN["template with a sum"], html_template="<p>{{value}}</p>")
        gr.HTML(RUN["template with a sum"], html_template="<p>${value}</p>")
    open_page(page, serve(demo))
    until(lambda: has_run(page), "the template")
    expect(page.get_by_text("price 10", exact=True)).to_be_visible()
    expect(page.get_by_text("price ${5+5}", exact=True)).to_be_visible()


def test_escaped_html_runs_nothing(serve, page: Page, beacons):
    found = attacks(beacons[0])
    with gr.Blocks() as demo:
        for text in found.values():
            gr.HTML(html.escape(text))
    open_page(page, serve(demo))
    boxes = page.locator("main .html-container")
    expect(boxes.last).to_contain_text("https://a.example")  # the page fills them one by one
    shown = [re.sub(r"\s+", " ", text) for text in boxes.all_inner_texts()]
    assert [text.strip() for text in shown if text.strip()] == [re.sub(r"\s+", " ", text) for text in found.values()]
    assert not has_run(page)
    assert fetched(page, beacons) == set()


def test_a_file_name_is_shown_as_it_is(serve, page: Page, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("notes")
    name = RUN["event of an image"] + "${5+5}.txt"
    file = {"path": str(path), "orig_name": name, "meta": {"_type": "gradio.FileData"}}
    with gr.Blocks() as demo:
        chat, box = gr.Chatbot(label="Chat"), gr.File(label="File")
        show = gr.Button("Show")
        show.click(lambda: [{"role": "user", "content": {"type": "file", "file": file}}], None, chat, api_name="show")
        show.click(lambda: str(path), None, box, api_name="file")
    open_page(page, serve(demo, allowed_paths=[str(tmp_path)]))
    press(page, "Show")
    expect(page.get_by_label("Chat")).to_contain_text("${5+5}")
    assert not has_run(page)


def test_a_template_that_fails_leaves_an_error_in_the_page(page: Page, serve):
    with gr.Blocks() as demo:
        gr.HTML(html_template="<b>${value.nothing.here}</b>", label="Note")
    open_page(page, serve(demo))
    expect(page.locator("main")).to_contain_text("Error rendering HTML")


TURNING, STEPS = ".loading-spinner", ".thought-group"


def test_steps_are_shown_as_they_happen_and_none_turns_after_stop(page: Page, imported):
    module = imported(NOTEBOOK, "agent-steps")
    with Gate().around((vars(module), "calculate")) as gate:
        open_page(page, module.demo)
        page.get_by_test_id("textbox").fill("1 + 1; 2 + 2; 3 + 3")
        press(page, "Work")
        gate.let(1)
        expect(page.locator(f"{STEPS} {STEPS}")).to_have_count(2)  # inside the plan: one done, one held
        expect(page.locator(TURNING)).to_have_count(2)  # the plan, and the second sum
        page.locator(".stop-button").click()
        until(lambda: module.stopped, "Stop to arrive")
    expect(page.get_by_text("Stopped. 1 + 1 = 2; 2 + 2 = 4", exact=True)).to_be_visible()
    expect(page.locator(TURNING)).to_have_count(0)
    press(page, "Work")  # the box is empty
    expect(page.get_by_text("Type sums first, such as 6 * 7; 1 / 0")).to_be_visible()
    page.locator(".stop-button").click()  # nothing runs
    until(lambda: module.stopped, "Stop to arrive")
    page.get_by_test_id("textbox").fill("2 * 21")
    press(page, "Work")
    expect(page.get_by_text("2 * 21 = 42", exact=True).last).to_be_visible()  # and the chat goes on
    expect(page.locator(TURNING)).to_have_count(0)
    expect(page.locator("main")).to_contain_text('"Stopped. 1 + 1 = 2; 2 + 2 = 4"')  # in quotes: what is sent


def test_stop_of_a_chat_interface_leaves_a_step_turning(serve, page: Page, gate):
    def agent(message, history):
        step = gr.ChatMessage("looking", metadata={"title": "Search", "status": "pending"})
        yield [step]
        gate()
        step.metadata["status"] = "done"
        yield [step, gr.ChatMessage("Found.")]

    open_page(page, serve(gr.ChatInterface(agent, api_name="chat")))
    page.get_by_test_id("textbox").fill("Where is the kettle?")
    page.get_by_test_id("textbox").press("Enter")
    expect(page.locator(TURNING)).to_have_count(1)
    with page.expect_response(lambda response: response.url.endswith("/cancel")):
        page.locator(".stop-button").click()
        gate.open()  # a generator is closed when it comes back
    expect(page.locator(".submit-button")).to_be_visible()  # the event has ended
    page.get_by_test_id("textbox").fill("And the tea?")
    page.get_by_test_id("textbox").press("Enter")
    expect(page.get_by_text("Found.")).to_be_visible()
    expect(page.locator(TURNING)).to_have_count(1)  # that of the first question


@pytest.mark.parametrize(("parent", "beside"), [(1, False), ("a", False), (0, True)])
def test_a_parent_with_the_id_0_has_no_children(serve, page: Page, parent, beside):
    steps = [
        {"title": "Outer", "id": parent, "status": "pending"},
        {"title": "Inner", "id": "inner", "parent_id": parent, "status": "pending"},
    ]
    with gr.Blocks() as demo:
        gr.Chatbot([{"role": "assistant", "content": "x", "metadata": step} for step in steps], label="Chat")
    open_page(page, serve(demo))
    expect(page.get_by_text("Inner")).to_be_visible()
    expect(page.locator(f"{STEPS} {STEPS}")).to_have_count(0 if beside else 1)


def test_votes_are_kept_changed_and_withdrawn(recipe, page: Page, tmp_path):
    url = recipe(NOTEBOOK, "useful-feedback", FEEDBACK_DB=str(tmp_path / "votes.db"))
    open_page(page, url)
    for number, text in enumerate(("12 km", "5 kg")):
        page.get_by_test_id("textbox").fill(text)
        press(page, "Convert")
        expect(page.locator(ANSWERS)).to_have_count(number + 1)

    def votes() -> list:
        with contextlib.closing(sqlite3.connect(tmp_path / "votes.db")) as db:
            return db.execute("SELECT question, vote FROM votes ORDER BY question").fetchall()

    page.get_by_role("button", name="Like", exact=True).nth(0).click()
    page.get_by_role("button", name="Dislike", exact=True).nth(1).click()
    until(lambda: votes() == [("12 km", "Like"), ("5 kg", "Dislike")], lambda: str(votes()))
    page.get_by_role("button", name="Dislike", exact=True).nth(0).click()
    until(lambda: votes() == [("12 km", "Dislike"), ("5 kg", "Dislike")], lambda: str(votes()))
    page.get_by_role("button", name="Disliked", exact=True).nth(0).click()
    until(lambda: votes() == [("5 kg", "Dislike")], lambda: str(votes()))


@pytest.mark.parametrize(("mode", "kept"), [({}, 1), ({"trigger_mode": "multiple"}, 2)])
def test_the_second_of_two_quick_votes(serve, page: Page, gate, mode, kept):
    votes = []

    def vote(event: gr.LikeData):
        gate()
        votes.append(event.index)

    said = [{"role": role, "content": text} for text in ("one", "two") for role in ("user", "assistant")]
    with gr.Blocks() as demo:
        gr.Chatbot(said, label="Chat").like(vote, None, None, api_name="vote", **mode)
    open_page(page, serve(demo))
    likes = page.get_by_role("button", name="Like", exact=True)
    likes.nth(0).click()
    gate.reached(1)
    likes.last.click()
    page.evaluate("() => new Promise(done => setTimeout(done, 1000))")  # time for a second call, if there is one
    gate.open()
    until(lambda: len(votes) == kept, lambda: str(votes))


def test_a_like_after_steps_names_the_first_of_them(serve, page: Page):
    steps = {"role": "assistant", "content": "looking", "metadata": {"title": "Search", "status": "done"}}
    told = []
    with gr.Blocks() as demo:
        chat = gr.Chatbot([{"role": "user", "content": "Tea?"}, steps, {"role": "assistant", "content": "Here."}])

        def like(event: gr.LikeData):
            told.append((event.index, event.value))

        chat.like(like, None, None, api_name="like")
    open_page(page, serve(demo))
    press(page, "Like")
    until(lambda: told == [(1, ["looking", "Here."])], lambda: str(told))


def stored(page: Page) -> dict:
    return page.evaluate("() => Object.fromEntries(Object.entries(localStorage))")


def notes(**options) -> gr.Blocks:
    """Keeps what is typed in a BrowserState, and shows what is kept."""
    with gr.Blocks() as demo:
        kept = gr.BrowserState(None, storage_key="notes", secret="of the first app")
        note = gr.Textbox(label="Note", type=options.pop("type", "text"))
        shows = gr.Textbox(label="Kept")
        keep = gr.Button("Keep")
        keep.click(lambda note: note or None, note, kept, **{"api_name": "keep", **options})
        demo.load(lambda kept: kept, kept, shows, api_visibility="private")
    return demo


def closed(page: Page, app) -> int:
    """Close an app, and give its port when it is free."""
    page.goto("about:blank")
    port = int(app.url.split(":")[-1].strip("/"))
    app.app.close(verbose=False)
    until(lambda: is_free(port), f"port {port}")
    return port


def test_a_next_app_at_the_address_reads_what_the_first_one_kept(serve, page: Page):
    """Its secret stands in /config."""
    app = serve(notes())
    open_page(page, app)
    page.get_by_label("Note").fill("my diagnosis")
    press(page, "Keep")
    until(lambda: len(stored(page)) == 2, "the run, and the note")
    assert [key.startswith("gradio:run-history:v2:") for key in sorted(stored(page))] == [True, False]
    assert "my diagnosis" in str(stored(page))  # as plain text: BrowserState is encrypted, the run that fills it is not
    open_page(page, serve(notes(), server_port=closed(page, app)))
    expect(page.get_by_label("Kept")).to_have_value("my diagnosis")


def test_run_history_of_an_earlier_start_stays_when_it_is_switched_off(serve, page: Page):
    app = serve(notes())
    open_page(page, app)
    page.get_by_label("Note").fill("tulip-42")
    press(page, "Keep")
    until(lambda: "tulip-42" in str(stored(page)), "the run")
    page.goto(f"{app.url}gradio_api/runs")
    expect(page.get_by_text("tulip-42").first).to_be_visible()
    open_page(page, serve(notes(), server_port=closed(page, app), run_history=False))
    page.evaluate("() => new Promise(done => setTimeout(done, 1000))")  # time to delete it
    assert "tulip-42" in str(stored(page))


def test_runs_of_private_events_are_not_kept(serve, page: Page):
    open_page(page, serve(notes(api_name=None, api_visibility="private")))
    page.get_by_label("Note").fill("tulip-42")
    press(page, "Keep")
    until(lambda: "notes" in stored(page), "the note")
    assert "tulip-42" not in str(stored(page))


def test_none_leaves_a_browser_state_as_it_is(serve, page: Page):
    app = serve(notes(), run_history=False)
    open_page(page, app)
    page.get_by_label("Note").fill("my diagnosis")
    press(page, "Keep")
    until(lambda: "notes" in stored(page), "the note")
    page.get_by_label("Note").fill("")
    with page.expect_response(lambda response: "queue/join" in response.url):
        press(page, "Keep")
    page.evaluate("() => new Promise(done => setTimeout(done, 1000))")  # time to delete it
    open_page(page, app)
    expect(page.get_by_label("Kept")).to_have_value("my diagnosis")


def test_what_stays_is_what_the_visitor_wants_to_keep(recipe, page: Page):
    url = recipe(NOTEBOOK, "what-stays")
    for keep in (False, True, False):
        open_page(page, url)
        expect(page.get_by_label("Key", exact=True)).to_have_attribute("type", "password")
        page.get_by_label("Text").first.fill("Pay 5 EUR")
        page.get_by_label("Keep this chat").set_checked(keep)
        page.get_by_role("button", name="Sign").click()
        page.locator(".bot.message").last.wait_for()
        until(lambda keep=keep: (len(stored(page).get("signed-chat", "")) > 150) == keep, lambda: str(stored(page)))
        assert stored(page).keys() <= {"signed-chat"}
        assert "tulip" not in str(stored(page))
        open_page(page, url)
        page.get_by_label("Text").first.fill("")  # possible once the chat is restored
        assert page.locator(".bot.message").count() == keep
