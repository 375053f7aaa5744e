"""Events, where only a browser can tell: chains after an error, double clicks, typing, ticks, rows, Stop."""

import json
import re
import threading
import time

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.utils import Status
from playwright.sync_api import Page, expect

# Many pages and many programs: `make test` leaves them to `make test-all`.
pytestmark = pytest.mark.slow
NOTEBOOK = "08_events"
MOMENT = 1_500  # milliseconds given to what must not happen


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def cell(page: Page, value: str):
    """Return the table cell that shows `value`."""
    return page.get_by_role("gridcell", name=value, exact=True).first


def until(condition, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return value


def calls(page: Page) -> list[tuple[str, int | None]]:
    """Return a list that grows: each event the page sends, as its path and the handler's number."""
    sent: list[tuple[str, int | None]] = []

    def note(request):
        path = request.url.partition("/gradio_api")[2].partition("?")[0]
        if path in ("/queue/join", "/queue/data", "/run/predict"):
            sent.append((path, json.loads(request.post_data)["fn_index"] if request.post_data else None))

    page.on("request", note)
    return sent


# Chains


def test_then_is_skipped_after_an_exception(page, recipe):
    url = recipe(NOTEBOOK, "chain-trap")
    page.goto(url)
    button(page, "Run").click()
    expect(page.get_by_text("The model is not loaded.")).to_be_visible()
    client = Client(url, verbose=False)
    until(lambda: "failure" in client.predict(api_name="/steps"))
    page.wait_for_timeout(MOMENT)
    assert client.predict(api_name="/steps") == ["lock", "work", "failure"]
    expect(button(page, "Working")).to_be_disabled()  # for ever: `.then` was to enable it


@pytest.mark.parametrize(
    ("outcome", "steps"),
    [
        ("Return", {"success", "then"}),
        ("Raise", {"failure"}),
        ("Stop", {"failure", "then"}),
        ("Refuse", set()),
    ],
)
def test_which_steps_run_after_which_end(page, serve, outcome, steps):
    ran, held = [], threading.Event()

    def work(outcome):
        ran.append("work")
        if outcome == "Raise":
            raise gr.Error("It failed.", print_exception=False)
        while outcome == "Stop" and not held.wait(0.02):
            yield outcome
        yield outcome

    with gr.Blocks() as demo:
        text = gr.Textbox(outcome, label="Outcome")
        go, stop, other = gr.Button("Go"), gr.Button("Halt"), gr.Button("Other")
        job = go.click(work, text, text, validator=lambda outcome: gr.validate(outcome != "Refuse", "Refused."))
        for end in ("then", "success", "failure"):
            getattr(job, end)(lambda end=end: ran.append(end))
        go.click(lambda: ran.append("second handler"))
        stop.click(None, cancels=[job])
        other.click(lambda: ran.append("other"))
    page.goto(serve(demo))
    button(page, "Go").click()
    if outcome == "Refuse":
        expect(page.get_by_text("Refused.")).to_be_visible()
        steps = steps | {"other"}
    else:
        until(lambda: "work" in ran)
        steps = steps | {"work", "second handler", "other"}
    if outcome == "Stop":
        button(page, "Halt").click()
    until(lambda: len(ran) >= len(steps) - 1)
    button(page, "Other").click()  # a refused event holds up nothing but its own followers
    until(lambda: "other" in ran)
    page.wait_for_timeout(MOMENT)
    held.set()
    assert sorted(ran) == sorted(steps)


def test_the_button_comes_back_after_every_end(page, recipe):
    page.goto(recipe(NOTEBOOK, "chain"))
    text, summary = page.get_by_label("Text", exact=True), page.get_by_label("Summary")
    errors = {
        "Too short.": "Paste at least three sentences.",
        "A b. C d. E f.": "paste prose",
    }  # first step, second step
    for wrong, message in errors.items():
        text.fill(wrong)
        button(page, "Summarise").click()
        expect(page.get_by_text(message)).to_be_visible()
        expect(button(page, "Summarise")).to_be_enabled()
    text.fill("Queues wait here. Queues wait there. A dog barks. Queues wait.")
    button(page, "Summarise").click()
    expect(summary).to_have_value("Queues wait there. Queues wait.")
    expect(button(page, "Summarise")).to_be_enabled()


def test_two_handlers_of_one_click_take_turns(page, recipe):
    url = recipe(NOTEBOOK, "chain-order-trap")
    page.goto(url)
    button(page, "Run both").click()
    client = Client(url, verbose=False)
    order = until(lambda: len(log := client.predict(api_name="/order")) == 4 and log)
    assert order == ["first starts", "first ends", "second starts", "second ends"]


# Clicks


@pytest.mark.parametrize(("mode", "orders"), [("once", 1), ("multiple", 3), ("always_last", 2)])
def test_clicks_while_an_order_runs(page, shared_recipe, mode, orders):
    page.goto(url := shared_recipe(NOTEBOOK, "one-click-once-trap"))
    client = Client(url, verbose=False)
    before = client.predict("count", 0, api_name="/multiple")
    page.get_by_label("Seconds an order takes").fill("2")
    page.get_by_label("Seconds an order takes").press("Tab")
    button(page, mode).click(click_count=3)
    expect(page.get_by_label("Orders placed")).to_have_value(str(before + orders))
    page.wait_for_timeout(MOMENT)
    assert client.predict("count", 0, api_name="/multiple") == before + orders + 1


@pytest.mark.parametrize("mode", ["once", "multiple", "always_last"])
def test_clicks_after_the_answer(page, shared_recipe, mode):
    page.goto(url := shared_recipe(NOTEBOOK, "one-click-once-trap"))
    before = Client(url, verbose=False).predict("count", 0, api_name="/multiple")
    for orders in (1, 2, 3):
        button(page, mode).click()
        expect(page.get_by_label("Orders placed")).to_have_value(str(before + orders))


def test_a_double_click_places_one_order(page, recipe):
    page.goto(recipe(NOTEBOOK, "one-click-once"))
    receipt = page.get_by_label("Receipt")
    expect(button(page, "Order")).to_be_enabled()  # there is a key
    # Two clicks that both reach the server: what a slow hand, or a page that lost an answer, sends.
    page.evaluate("""() => {
        const isOrder = (button) => /^Order(ed)?$/.test(button.textContent.trim());
        const click = () => [...document.querySelectorAll("button")].find(isOrder).click();
        click();
        setTimeout(click, 30);
    }""")
    expect(receipt).to_have_value("Order 1: 2 x tea")
    expect(button(page, "Ordered")).to_be_disabled()
    button(page, "New order").click()
    expect(receipt).to_have_value("")
    button(page, "Order").click()
    expect(receipt).to_have_value("Order 2: 2 x tea")


def keys_sent(page: Page) -> list[str]:
    """Return a list that grows: the key of each order the page sends."""
    keys: list[str] = []

    def note(request):
        if request.url.partition("?")[0].endswith("/queue/join"):
            data = json.loads(request.post_data)["data"]
            keys.extend(data[2:] if len(data) == 3 else [])

    page.on("request", note)
    return keys


def test_a_reload_and_a_second_tab_send_the_same_key(context, recipe):
    url = recipe(NOTEBOOK, "one-click-once")
    page = context.new_page()
    keys = keys_sent(page)
    page.goto(url)
    expect(button(page, "Order")).to_be_enabled()
    other = context.new_page()
    keys_of_other = keys_sent(other)
    other.goto(url)
    expect(button(other, "Order")).to_be_enabled()

    page.route("**/queue/data*", lambda route: route.abort())  # the order arrives, its answer does not
    button(page, "Order").click()
    button(other, "Order").click()
    expect(other.get_by_label("Receipt")).to_have_value("Order 1: 2 x tea")
    page.unroute("**/queue/data*")
    page.reload()
    expect(page.get_by_label("Receipt")).to_have_value("Order 1: 2 x tea")
    expect(button(page, "Ordered")).to_be_disabled()
    assert len(keys) == 1
    assert keys_of_other == keys

    button(page, "New order").click()
    expect(button(page, "Order")).to_be_enabled()
    page.reload()  # pending: the key is kept
    expect(button(page, "Order")).to_be_enabled()
    button(page, "Order").click()
    expect(page.get_by_label("Receipt")).to_have_value("Order 2: 2 x tea")
    assert keys[1] != keys[0]


# Typing


def type_during_a_search(page: Page, box, sent: list, text: str):
    """Type the first letter, and the others once the search for it has been sent."""
    box.press_sequentially(text[0])
    while not sent:
        page.wait_for_timeout(10)
    box.press_sequentially(text[1:])


def test_default_mode_drops_keystrokes(page, recipe):
    page.goto(recipe(NOTEBOOK, "typing-trap"))
    found = page.get_by_label("Results for")
    box, sent = page.get_by_label("With .input"), calls(page)
    type_during_a_search(page, box, sent, "hello")
    expect(found).to_have_value("h")
    expect(box).to_have_value("hello")
    page.wait_for_timeout(MOMENT)
    assert [path for path, _ in sent].count("/queue/join") == 1  # the one for `h`


def test_input_misses_what_is_deleted_or_pasted(page, recipe):
    page.goto(recipe(NOTEBOOK, "typing-trap"))
    box, sent = page.get_by_label("With .input"), calls(page)
    box.press("h")
    expect(page.get_by_label("Results for")).to_have_value("h")
    sent.clear()
    for keys in ("Control+A", "Control+X", "Control+V", "End", "Control+V", "Backspace"):
        box.press(keys)
    expect(box).to_have_value("h")
    page.wait_for_timeout(MOMENT)
    assert not sent
    box.press("i")
    expect(page.get_by_label("Results for")).to_have_value("hi")  # only a key with a letter counts


def test_a_handler_that_raises_loses_the_waiting_keystroke(page, recipe):
    page.goto(recipe(NOTEBOOK, "typing-trap"))
    sent = calls(page)
    type_during_a_search(page, page.get_by_label("Handler that raises"), sent, "he")
    expect(page.get_by_text("Type two letters.")).to_be_visible()
    page.wait_for_timeout(MOMENT)
    expect(page.get_by_label("Results for")).to_have_value("")  # nobody asked for `he`
    strict = sent[0][1]
    assert [call for call in sent if call == ("/queue/join", strict)] == [("/queue/join", strict)]


def test_the_last_keystroke_wins(page, recipe):
    page.goto(recipe(NOTEBOOK, "typing"))
    question, sent, held = "when do I get my money back", calls(page), []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    type_during_a_search(page, page.get_by_label("Question"), sent, question)
    page.wait_for_timeout(MOMENT)
    held[0].continue_()  # the search for the first letter has taken this long
    expect(page.get_by_text(f"Results for: {question}")).to_be_visible()
    expect(page.get_by_role("gridcell").first).to_contain_text("Refunds are paid")
    assert [path for path, _ in sent].count("/queue/join") == 2  # the first letter, and all of it
    page.get_by_label("Question").fill("")
    expect(page.get_by_text("Type a question.")).to_be_visible()


# Two fields


def test_change_on_both_fields_overwrites_what_was_typed(page, recipe):
    page.goto(recipe(NOTEBOOK, "no-loop-trap"))
    page.get_by_label("Fahrenheit").fill("69")
    expect(page.get_by_label("Celsius")).to_have_value("21")
    expect(page.get_by_label("Fahrenheit")).to_have_value("70")


def test_two_fields_do_not_loop(page, recipe):
    page.goto(recipe(NOTEBOOK, "no-loop"))
    celsius, fahrenheit, sent = page.get_by_label("Celsius"), page.get_by_label("Fahrenheit"), calls(page)
    fahrenheit.fill("69")
    expect(celsius).to_have_value("20.56")
    page.wait_for_timeout(MOMENT)
    expect(fahrenheit).to_have_value("69")
    assert len([path for path, _ in sent if path == "/queue/join"]) == 1
    celsius.fill("-40")
    expect(fahrenheit).to_have_value("-40")
    celsius.fill("-300")
    expect(page.get_by_text("Nothing is colder than -273.15 degrees.")).to_be_visible()
    expect(fahrenheit).to_have_value("")
    expect(celsius).to_have_value("-300")


# Ticks


def test_a_tick_costs_one_request_a_tab(context, recipe):
    url = recipe(NOTEBOOK, "ticker")
    tabs = [context.new_page() for _ in range(2)]
    sent = [calls(tab) for tab in tabs]
    for tab in tabs:
        tab.goto(url)
        expect(tab.get_by_label("CPU of this server")).not_to_have_value("")
    for tab, requests in zip(tabs, sent, strict=True):
        begin = len(requests)
        while len(requests) < begin + 3:
            tab.wait_for_timeout(100)
        assert {path for path, _ in requests} == {"/run/predict"}  # no queue: one POST a tick, from each tab


def test_ticks_stop_and_change_their_pace(page, recipe):
    def is_tick(response):
        return response.url.endswith("/run/predict") and json.loads(response.request.post_data)["fn_index"] == 0

    def is_setting(response):
        return response.url.endswith("/run/predict") and json.loads(response.request.post_data)["fn_index"] > 0

    page.goto(recipe(NOTEBOOK, "ticker"))
    sent = calls(page)
    with page.expect_response(is_tick):
        pass
    with page.expect_response(is_setting):
        page.get_by_label("Live").uncheck()
    page.wait_for_timeout(MOMENT)
    stopped = len(sent)
    page.wait_for_timeout(2 * MOMENT)
    assert len(sent) == stopped
    page.get_by_label("Live").check()
    with page.expect_response(is_tick):
        pass
    pace = page.get_by_label("number input for Seconds between updates")
    pace.fill("5")
    with page.expect_response(is_setting):
        pace.press("Tab")
    page.wait_for_timeout(MOMENT)
    starts = []
    for _ in range(3):
        with page.expect_response(is_tick) as tick:
            pass
        starts.append(tick.value.request.timing["startTime"])
    assert starts[-1] - starts[0] > 5_000  # milliseconds, by the browser's clock: 10 s, and 2 s at the old pace


@pytest.mark.parametrize(("queue", "requests"), [(True, {"/queue/join", "/queue/data"}), (False, {"/run/predict"})])
def test_ticks_end_with_the_tab(context, serve, queue, requests):
    ticks = []
    with gr.Blocks() as demo:
        count = gr.Number(label="Ticks")
        gr.Timer(0.3).tick(lambda: ticks.append(1) or len(ticks), None, count, queue=queue, show_progress="hidden")
    url = serve(demo)
    page = context.new_page()
    sent = calls(page)
    page.goto(url)
    while len(ticks) < 5:
        page.wait_for_timeout(50)
    assert {path for path, _ in sent} == requests
    per_tick = len(sent) / len(ticks)
    assert abs(per_tick - len(requests)) < 0.5, per_tick
    page.close()
    other = context.new_page()
    other.wait_for_timeout(MOMENT)
    after = len(ticks)
    other.wait_for_timeout(2 * MOMENT)
    assert len(ticks) == after


# Updates


def sort(page: Page, direction: str):
    header = page.locator("th").first
    header.hover()
    header.get_by_label("Open cell menu").click(force=True)
    page.get_by_text(f"Sort {direction}").click()


def test_a_row_drives_the_detail_view(page, recipe):
    page.goto(recipe(NOTEBOOK, "update-anything"))
    query, package = page.get_by_label("Name contains"), page.get_by_label("gradio 6")
    query.fill("gradio")
    query.press("Enter")
    expect(page.get_by_text("packages. Click on one.")).to_be_visible()
    expect(page.get_by_label("Requires")).to_be_hidden()
    cell(page, "gradio").click()
    expect(package).to_have_value("Python library for easily interacting with trained machine learning models")
    query.fill("no-such-package")
    button(page, "Search").click()
    expect(page.get_by_text("No package is called 'no-such-package'.")).to_be_visible()
    expect(cell(page, "gradio")).to_be_visible()  # every output stayed as it was
    expect(package).to_be_visible()
    sort(page, "descending")
    cell(page, "gradio_client").click()
    expect(page.get_by_label("gradio_client ")).to_be_visible()


def test_event_index_survives_sorting(page, serve):
    seen = []

    def select(event: gr.SelectData):
        seen.append((event.index[0], event.row_value[0]))

    with gr.Blocks() as demo:
        gr.Dataframe([["b"], ["c"], ["a"]], headers=["name"], label="Letters", interactive=False).select(select)
    page.goto(serve(demo))
    cell(page, "a").wait_for()
    sort(page, "ascending")
    expect(page.get_by_role("gridcell")).to_have_text(["a", "b", "c"])
    cell(page, "a").click()
    until(lambda: seen)
    assert seen == [(2, "a")]  # first on the screen, third in the data as sent


# Long work


def test_progress_and_stop(page, recipe, tmp_path):
    page.goto(recipe(NOTEBOOK, "long-work", TMPDIR=str(tmp_path)))
    status = page.get_by_label("Status")
    button(page, "Find near duplicates").click()
    expect(page.get_by_text("/240 lines")).to_be_visible()
    assert list(tmp_path.glob("vectors-*"))
    button(page, "Stop").click()
    expect(status).to_have_value(re.compile("^Stopped after"))
    assert not list(tmp_path.glob("vectors-*"))  # what was held is freed
    expect(button(page, "Find near duplicates")).to_be_enabled()
    expect(button(page, "Stop")).to_be_disabled()
    page.get_by_label("Lines").fill("one line")
    button(page, "Find near duplicates").click()
    expect(page.get_by_text("Paste between 2 and 2000 different lines.")).to_be_visible()
    expect(button(page, "Find near duplicates")).to_be_enabled()


def test_stop_while_waiting(page, recipe):
    page.goto(url := recipe(NOTEBOOK, "long-work"))
    clients = [Client(url, verbose=False) for _ in range(2)]
    text = "\n".join(f"{i} " + "word " * 90 for i in range(2000))
    jobs = [client.submit(text, api_name="/duplicates") for client in clients]
    for job in jobs:  # both slots are taken
        until(lambda job=job: job.status().code in (Status.PROCESSING, Status.PROGRESS))
    button(page, "Find near duplicates").click()
    expect(page.get_by_text(re.compile("queue: 1/1"))).to_be_visible()
    button(page, "Stop").click()
    page.wait_for_timeout(MOMENT)
    for client in clients:
        client.predict(api_name="/stop")
    expect(page.get_by_label("Status")).to_have_value("Stopped after 0 of 240 lines.")
    expect(button(page, "Find near duplicates")).to_be_enabled()


def test_a_closed_tab_frees_its_work(context, recipe, tmp_path):
    url = recipe(NOTEBOOK, "long-work", TMPDIR=str(tmp_path))
    stays, leaves = context.new_page(), context.new_page()
    for tab in (leaves, stays):
        tab.goto(url)
        # Not `fill`: Chromium types 2000 lines into a text area for minutes.
        lines = "\n".join(f"Line number {i} of many." for i in range(2000))
        tab.get_by_label("Lines").evaluate(
            "(box, text) => { box.value = text; box.dispatchEvent(new Event('input', {bubbles: true})) }", lines
        )
        button(tab, "Find near duplicates").click()
        expect(tab.get_by_text("/2k lines")).to_be_visible()
    assert len(list(tmp_path.glob("vectors-*"))) == 2
    leaves.close()
    until(lambda: len(list(tmp_path.glob("vectors-*"))) == 1)
    expect(stays.get_by_text("/2k lines")).to_be_visible()  # the other, begun later, is still at it
    button(stays, "Stop").click()
    until(lambda: not list(tmp_path.glob("vectors-*")))


# Validation


def test_the_message_stands_beside_the_field(page, recipe, tmp_path):
    from PIL import Image

    page.goto(recipe(NOTEBOOK, "validate-first"))
    page.get_by_label("Colours").fill("40")
    page.get_by_label("Colours").press("Tab")
    button(page, "Find the palette").click()
    messages = page.get_by_text("Between 2 and 16 colours."), page.get_by_text("Choose a picture.")
    for message in messages:
        expect(message).to_be_visible()
    expect(page.get_by_test_id("toast-body")).to_have_count(0)  # beside the field, not in a toast
    field, message = page.get_by_label("Colours").bounding_box(), messages[0].bounding_box()
    assert abs(message["x"] - field["x"]) < 40
    assert abs(message["y"] - field["y"]) < 80

    Image.new("RGB", (200, 200), "grey").save(tmp_path / "grey.png")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "grey.png")
    page.get_by_label("Colours").fill("4")
    page.get_by_label("Colours").press("Tab")
    expect(page.get_by_label("Remove Image").or_(page.get_by_label("Clear")).first).to_be_visible()
    button(page, "Find the palette").click()
    expect(page.get_by_text("The picture is clustered at 128 pixels.")).to_be_visible()
    expect(page.get_by_text("Colours in the picture: 1, fewer than you asked for.")).to_be_visible()
    for message in messages:
        expect(message).to_be_hidden()
