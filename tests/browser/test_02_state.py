"""State, where only a browser can tell: refresh, tabs, a restarted server, a visitor who leaves."""

import dataclasses
import re

import gradio as gr
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from gradio_patterns import collection
from gradio_patterns.testing import Gate, until
from gradio_patterns.testing.pages import HeldAnswers, hold, open_page
from tools.alone import Alone as Program

# Many pages and many programs: `make test` leaves them to `make test-all`.
NOTEBOOK = "02_state"
ITEMS = ("Apples", "Bread", "Coffee")
QUESTIONS, ANSWERS, RUNNING = ".user.message", ".bot.message:not(.pending)", ".generating"
MOMENT = 2000  # milliseconds: time for what must not happen


def add(page: Page, item: str) -> None:
    page.get_by_role("listbox", name="Item").or_(page.get_by_label("Item", exact=True)).first.click()
    page.get_by_role("option", name=item).click()
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_label("Last item added")).to_have_value(re.compile(item))


def expect_cart(page: Page, *items: str) -> None:
    for item in ITEMS:
        expect(page.get_by_role("gridcell", name=item, exact=True)).to_have_count(int(item in items))


def test_each_tab_has_a_cart_and_a_refresh_empties_it(shared_recipe, context: BrowserContext):
    url = shared_recipe(NOTEBOOK, "own-cart")
    one, two = context.new_page(), context.new_page()
    one.goto(url)
    two.goto(url)
    add(one, "Coffee")
    add(two, "Bread")
    expect_cart(two, "Bread")
    add(one, "Apples")
    expect_cart(one, "Apples", "Coffee")
    one.reload()
    add(one, "Bread")
    expect_cart(one, "Bread")


def test_each_page_load_starts_with_a_value_of_its_own(shared_recipe, page: Page):
    numbers = set()
    for _ in range(3):
        page.goto(shared_recipe(NOTEBOOK, "fresh-start-value"))
        number = page.get_by_label("Your case number")
        expect(number).to_have_value(re.compile("^[0-9a-f]{8}$"))
        numbers.add(number.input_value())
        page.get_by_label("What went wrong?").fill("No answer")
        page.get_by_role("button", name="Report").click()
        expect(page.get_by_label("Receipt")).to_have_value(re.compile(f"^Case {number.input_value()}, "))
    assert len(numbers) == 3


def test_a_report_waits_for_its_case(recipe, page: Page):
    url = recipe(NOTEBOOK, "fresh-start-value")
    load = hold(page, url, "load")
    open_page(page, url)
    report = page.get_by_role("button", name="Report")
    expect(report).to_be_disabled()  # a click would make a case that the answer then replaces
    load.release()
    report.click()
    receipt = page.get_by_label("Receipt")
    expect(receipt).to_have_value(re.compile("^Case "))
    assert page.get_by_label("Your case number").input_value() in receipt.input_value()


def test_state_change_redraws_the_page(shared_recipe, page: Page):
    page.goto(shared_recipe(NOTEBOOK, "lost-update"))
    page.get_by_role("button", name="Positive").click()
    expect(page.get_by_label("Review", exact=True)).to_have_value("It broke in the first week.")
    page.get_by_role("button", name="Negative").click()
    expect(page.get_by_label("Review", exact=True)).to_have_value("Delivery was late, the phone is fine.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Review", exact=True)).to_have_value("It broke in the first week.")


def shows(page: Page, name: str, tone: str) -> None:
    expect(page.get_by_label("Your name")).to_have_value(name)
    expect(page.get_by_label(tone)).to_be_checked()


def open_settings(page: Page, url: str) -> None:
    """Load the page and wait until `restore` has opened the fields."""
    page.goto(url)
    expect(page.get_by_label("Your name")).to_be_editable()


def set_up(page: Page, url: str) -> None:
    """Type a name, choose a tone, and wait until the browser has stored both, as a new tab tells."""
    open_settings(page, url)
    shows(page, "", "Neutral")
    page.get_by_label("Your name").press_sequentially("Ada Lovelace")
    page.get_by_label("Formal").check()
    probe = page.context.new_page()

    def stored() -> bool:
        open_settings(probe, url)
        name = probe.get_by_label("Your name").input_value()
        return name == "Ada Lovelace" and probe.get_by_label("Formal").is_checked()

    until(stored)
    probe.close()


def settings_app(*, fixed: bool) -> Program:
    """The recipe; or the recipe without its own key and secret, so that Gradio makes them up."""
    cell = collection.load(NOTEBOOK).cell("after-refresh")
    if fixed:
        return Program(cell)
    source, changes = re.subn(r', storage_key="[^"]+", secret="[^"]+"', "", cell.source)
    assert changes == 1
    return Program(dataclasses.replace(cell, source=source))


def test_fields_are_closed_until_they_are_restored(recipe, page: Page):
    url = recipe(NOTEBOOK, "after-refresh")
    load = hold(page, url, "load")
    open_page(page, url)
    expect(page.get_by_label("Your name")).to_be_disabled()  # the answer would overwrite what is typed
    expect(page.get_by_label("Formal")).to_be_disabled()
    load.release()
    expect(page.get_by_label("Your name")).to_be_editable()
    expect(page.get_by_label("Formal")).to_be_enabled()


def test_refresh_keeps_browser_state_and_loses_state(shared_recipe, page: Page):
    set_up(page, shared_recipe(NOTEBOOK, "after-refresh"))
    page.reload()
    shows(page, "Ada Lovelace", "Formal")  # every letter, however fast it was typed

    page.goto(shared_recipe(NOTEBOOK, "own-cart"))
    add(page, "Coffee")
    page.reload()
    expect(page.get_by_label("Last item added")).to_have_value("")
    add(page, "Bread")
    expect_cart(page, "Bread")


def test_a_name_that_is_cut_or_pasted_is_saved(shared_recipe, page: Page):
    url = shared_recipe(NOTEBOOK, "after-refresh")
    set_up(page, url)
    probe, name = page.context.new_page(), page.get_by_label("Your name")

    def stored() -> tuple[str, bool]:
        open_settings(probe, url)
        return probe.get_by_label("Your name").input_value(), probe.get_by_label("Formal").is_checked()

    name.press("Control+A")
    name.press("Control+X")
    until(lambda: stored() == ("", True))
    name.press("Control+V")
    until(lambda: stored() == ("Ada Lovelace", True))


def test_another_tab_reads_settings_when_it_loads(shared_recipe, context: BrowserContext):
    url = shared_recipe(NOTEBOOK, "after-refresh")
    one, two = context.new_page(), context.new_page()
    open_settings(two, url)
    set_up(one, url)
    shows(two, "", "Neutral")
    two.reload()
    shows(two, "Ada Lovelace", "Formal")


def test_settings_survive_a_restart(page: Page):
    with settings_app(fixed=True) as app:
        set_up(page, app.url)
        app.stop()
        app.start()
        page.goto(app.url)
        shows(page, "Ada Lovelace", "Formal")


def test_settings_are_lost_in_a_restart_without_a_fixed_key(page: Page):
    with settings_app(fixed=False) as app:
        set_up(page, app.url)
        page.reload()
        shows(page, "Ada Lovelace", "Formal")
        app.stop()
        app.start()
        open_settings(page, app.url)
        shows(page, "", "Neutral")


def log_in(page: Page, url: str, user: str, password: str) -> None:
    page.goto(url)
    page.get_by_label("username").fill(user)
    page.get_by_label("password").fill(password)
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()


def ask(page: Page, question: str) -> str:
    """Send a message, wait for the complete answer, return it."""
    begin(page, question)
    expect(page.locator(RUNNING)).to_have_count(0)
    return page.locator(ANSWERS).last.inner_text().strip()


def start(page: Page, question: str) -> None:
    """Send a message and wait until its answer, which is a long one, is being written."""
    begin(page, question)
    expect(page.locator(RUNNING)).not_to_have_count(0)


def begin(page: Page, question: str) -> None:
    """Send a message and wait until its answer has begun; a short one may have ended."""
    answers = page.locator(ANSWERS)
    before = answers.count()
    page.get_by_label("Message", exact=True).fill(question)
    page.get_by_label("Message", exact=True).press("Enter")
    expect(answers).to_have_count(before + 1)
    expect(answers.last).to_have_text(re.compile(r"\w"))


def test_chats_survive_refresh_restart_and_reach_another_device(program, browser, page: Page):
    app = program(NOTEBOOK, "remembered-chats")
    log_in(page, app.url, "ada", "lovelace")
    answer = ask(page, "Name a colour.")
    chat = page.get_by_role("radio", name="Name a colour.")
    expect(chat).to_be_checked()

    page.reload()
    chat.check()
    expect(page.locator(".bot.message").last).to_contain_text(answer[:20])

    phone = browser.new_context().new_page()
    phone.set_default_timeout(60_000)
    log_in(phone, app.url, "bob", "builder")
    expect(phone.get_by_role("radio")).to_have_count(1)  # New chat
    phone.get_by_role("link", name="Log out").click()
    log_in(phone, app.url, "ada", "lovelace")
    expect(phone.get_by_role("radio", name="Name a colour.")).to_be_visible()

    app.stop()
    app.start()
    log_in(page, app.url, "ada", "lovelace")
    chat.check()
    expect(page.locator(".bot.message").last).to_contain_text(answer[:20])

    page.get_by_role("button", name="Delete this chat").click()
    expect(chat).to_have_count(0)
    log_in(phone, app.url, "ada", "lovelace")
    expect(phone.get_by_role("radio")).to_have_count(1)


def test_a_late_load_undoes_what_the_visitor_did(serve, page: Page):
    titles, slow = [], Gate()

    def start(title):
        titles.append(title)
        return ", ".join(titles)

    with gr.Blocks() as demo:
        listed, title = gr.Textbox(label="Your chats"), gr.Textbox(label="Title")
        demo.load(lambda: slow(", ".join(titles)), None, listed)
        title.submit(start, title, listed)
    app = serve(demo)
    with slow:
        page.goto(app.url)
        slow.reached(1)  # read, and not yet answered
        page.get_by_label("Title").fill("Verbs")
        page.get_by_label("Title").press("Enter")
        expect(page.get_by_label("Your chats")).to_have_value("Verbs")
    expect(page.get_by_label("Your chats")).to_have_value("")


@pytest.fixture
def chats(imported, monkeypatch, tmp_path):
    """The recipe in this process, with an empty database of its own and a short answer."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/chats.db")
    names = imported(NOTEBOOK, "remembered-chats")
    names.write = lambda messages, stop: iter(["Noted", "Noted."])
    yield names
    names.engine.dispose()


@pytest.mark.parametrize("late", ["request", "answer"])
def test_a_late_list_of_chats_undoes_nothing(chats, page: Page, late: str):
    questions, answers = page.locator(QUESTIONS), page.locator(ANSWERS)
    fruit, new = (page.get_by_role("radio", name=name) for name in ("Name a fruit.", "New chat"))
    page.request.post(f"{chats.demo.local_url}login", form={"username": "ada", "password": "lovelace"})
    drawing = next(number for number, fn in chats.demo.fns.items() if fn.api_name == "open")
    answered, requests = Gate(), None
    if late == "request":
        requests = HeldAnswers(page, drawing)
    else:
        answered.around((gr, "Radio"))  # `show` has read the list, and not yet answered
    with answered:
        page.goto(chats.demo.local_url)
        if late == "answer":
            answered.reached(1)
        page.get_by_label("Message", exact=True).press("Enter")
        expect(answers).to_have_text("Noted.")
    if requests:
        requests.release()
    expect(fruit).to_be_checked()
    expect(questions).to_have_text("Name a fruit.")
    expect(answers).to_have_text("Noted.")
    page.get_by_label("Message", exact=True).fill("And another.")
    page.get_by_label("Message", exact=True).press("Enter")
    expect(answers).to_have_count(2)
    expect(page.get_by_role("radio")).to_have_count(2)  # the same chat, and no other one

    new.check()
    expect(questions).to_have_count(0)
    fruit.check()
    expect(questions).to_have_count(2)


def test_another_chat_stops_the_answer(page: Page):
    cell = collection.load(NOTEBOOK).cell("remembered-chats")
    endless = '"min_new_tokens": 4000, "max_new_tokens": 4000'
    source = cell.source.replace('"max_new_tokens": 160', endless)
    assert endless in source
    colour, story = (page.get_by_role("radio", name=name) for name in ("Name a colour.", "Tell a story."))
    questions, answers, running = (page.locator(css) for css in (QUESTIONS, ANSWERS, RUNNING))
    with Program(dataclasses.replace(cell, source=source)) as app:
        log_in(page, app.url, "ada", "lovelace")
        start(page, "Name a colour.")
        page.get_by_test_id("stop-button").click()
        expect(running).to_have_count(0)
        page.get_by_role("radio", name="New chat").check()
        expect(questions).to_have_count(0)

        start(page, "Tell a story.")
        colour.check()
        expect(running).to_have_count(0)
        expect(questions).to_contain_text("Name a colour.")
        page.wait_for_timeout(MOMENT)
        expect(questions).to_contain_text("Name a colour.")
        expect(colour).to_be_checked()

        story.check()
        expect(questions).to_contain_text("Tell a story.")
        expect(answers).to_have_text(re.compile(r"\w"))  # what was written is stored
        start(page, "Go on.")
        page.get_by_role("radio", name="New chat").check()
        expect(running).to_have_count(0)
        page.wait_for_timeout(MOMENT)
        expect(questions).to_have_count(0)

        story.check()
        expect(questions).to_have_count(2)
        expect(answers).to_have_count(2)
        start(page, "And then?")
        page.get_by_role("button", name="Delete this chat").click()
        expect(story).to_have_count(0)
        expect(running).to_have_count(0)
        page.wait_for_timeout(MOMENT)
        expect(questions).to_have_count(0)


def test_closing_the_tab_frees_at_once(program, context: BrowserContext):
    app = program(NOTEBOOK, "clean-up")

    def folders() -> list[str]:
        return [folder.name for folder in (app.scratch / "tmp").glob("desk-*")]

    one, two = context.new_page(), context.new_page()
    for count, page in enumerate((one, two), 1):
        page.goto(app.url)
        page.get_by_label("Notes, one per line").fill("The kettle is in the kitchen.\nThe cat sleeps.")
        page.get_by_role("button", name="Index").click()
        expect(page.get_by_label("Status")).to_have_value("2 notes indexed")
        assert len(folders()) == count
    one.close()
    until(lambda: len(folders()) == 1)  # half an hour before `time_to_live`
    two.get_by_label("Question").fill("Where is the tea made?")
    two.get_by_role("button", name="Search").click()
    expect(two.get_by_role("gridcell", name="The kettle is in the kitchen.")).to_be_visible()
    two.reload()  # leaves, too
    until(lambda: not folders())
