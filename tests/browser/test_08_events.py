"""Events, where only a browser can tell: chains after an error, double clicks, typing, ticks, rows, Stop."""

import json
import re
import threading

import gradio as gr
import pytest
from gradio.media import get_image
from playwright.sync_api import Page, expect

from gradio_patterns.testing import Gate, until, visitor, visitors
from gradio_patterns.testing.pages import hold, open_page

# Many pages and many programs: `make test` leaves them to `make test-all`.
NOTEBOOK = "08_events"
MOMENT = 1_500  # milliseconds given to what must not happen


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def cell(page: Page, value: str):
    """Return the table cell that shows `value`."""
    return page.get_by_role("gridcell", name=value, exact=True).first


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


def test_then_is_skipped_after_an_exception(page, serve):
    def work():
        raise gr.Error("The model is not loaded.", print_exception=False)

    with gr.Blocks() as demo:
        go, ended = gr.Button("Run"), gr.Textbox(label="Ended")
        locked = go.click(lambda: gr.Button("Working", interactive=False), None, go)
        job = locked.then(work)
        job.then(lambda: gr.Button("Run", interactive=True), None, go)
        job.failure(lambda: "failure", None, ended)
    page.goto(serve(demo).url)
    button(page, "Run").click()
    expect(page.get_by_text("The model is not loaded.")).to_be_visible()
    expect(page.get_by_label("Ended")).to_have_value("failure")
    page.wait_for_timeout(MOMENT)
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
    page.goto(serve(demo).url)
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
    text, summary = page.get_by_role("textbox", name="Text"), page.get_by_label("Summary")
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


def test_the_button_is_locked_while_the_steps_run(page, recipe):
    url = recipe(NOTEBOOK, "chain")
    held = hold(page, url, "success")  # the first step after the lock
    open_page(page, url)
    button(page, "Summarise").click()
    until(lambda: page.wait_for_timeout(50) or held.routes)
    expect(button(page, "Summarise")).to_be_disabled()
    held.release()
    expect(page.get_by_label("Summary")).to_have_value(re.compile("A queue keeps"))
    expect(button(page, "Summarise")).to_be_enabled()


def test_two_handlers_of_one_click_take_turns(page, serve, gate):
    with gr.Blocks() as demo:
        both, order = gr.Button("Run both"), []
        both.click(lambda: order.append("first starts") or gate() or order.append("first ends"))
        both.click(lambda: order.append("second"))
    page.goto(serve(demo).url)
    button(page, "Run both").click()
    gate.reached()
    page.wait_for_timeout(MOMENT)
    gate.open()
    until(lambda: "second" in order)
    assert order == ["first starts", "first ends", "second"]


# Clicks


def shop(gate, mode: str) -> tuple[gr.Blocks, list]:
    """Return a demo whose orders stand at a gate, and the list of them."""
    orders = []

    def order():
        orders.append(1)
        gate()
        return len(orders)

    with gr.Blocks() as demo:
        count = gr.Number(label="Orders placed")
        gr.Button("Order").click(order, None, count, trigger_mode=mode, concurrency_limit=None)
    return demo, orders


@pytest.mark.parametrize(("mode", "placed"), [("once", 1), ("multiple", 3), ("always_last", 2)])
def test_clicks_while_an_order_runs(page, serve, gate, mode, placed):
    demo, orders = shop(gate, mode)
    page.goto(serve(demo).url)
    button(page, "Order").click()
    gate.reached()
    button(page, "Order").click(click_count=2)
    page.wait_for_timeout(MOMENT)
    gate.open()
    until(lambda: len(orders) == placed)
    page.wait_for_timeout(MOMENT)
    assert len(orders) == placed


@pytest.mark.parametrize("mode", ["once", "multiple", "always_last"])
def test_clicks_after_the_answer(page, serve, mode):
    demo, _ = shop(Gate(), mode)
    page.goto(serve(demo).url)
    for orders in (1, 2, 3):
        button(page, "Order").click()
        expect(page.get_by_label("Orders placed")).to_have_value(str(orders))


def test_a_double_click_places_one_order(page, recipe):
    page.goto(recipe(NOTEBOOK, "one-click-once"))
    receipt = page.get_by_label("Receipt")
    expect(button(page, "Order")).to_be_enabled()  # there is a key
    # Two clicks that both reach the server: what a slow hand, or a page that lost an answer, sends.
    page.evaluate("""() => {
        const isOrder = (button) => button.textContent.trim() === "Order";
        const click = () => [...document.querySelectorAll("button")].find(isOrder).click();
        click();
        setTimeout(click, 30);
    }""")
    expect(receipt).to_have_value("Order 1: 2 x tea")
    expect(button(page, "Order")).to_be_disabled()
    button(page, "New order").click()
    expect(receipt).to_have_value("")
    expect(button(page, "New order")).to_be_disabled()
    button(page, "Order").click()
    expect(receipt).to_have_value("Order 2: 2 x tea")


def test_nothing_is_ordered_before_the_page_has_its_key(page, recipe):
    url = recipe(NOTEBOOK, "one-click-once")
    held = hold(page, url, "load")
    open_page(page, url)
    until(lambda: page.wait_for_timeout(50) or held.routes)
    page.wait_for_timeout(MOMENT)
    expect(button(page, "Order")).to_be_disabled()  # so the answer cannot come after the first order
    expect(button(page, "New order")).to_be_disabled()
    held.release()
    button(page, "Order").click()
    expect(page.get_by_label("Receipt")).to_have_value("Order 1: 2 x tea")


def test_a_key_that_has_placed_another_order_says_what_to_do(context, recipe):
    url = recipe(NOTEBOOK, "one-click-once")
    page, other = context.new_page(), context.new_page()
    for tab in (page, other):
        tab.goto(url)
        expect(button(tab, "Order")).to_be_enabled()
    button(page, "Order").click()
    expect(page.get_by_label("Receipt")).to_have_value("Order 1: 2 x tea")
    other.get_by_label("Drink").fill("coffee")
    button(other, "Order").click()
    expect(other.get_by_text("This key has placed order 1 already. Reload the page")).to_be_visible()
    other.reload()
    expect(other.get_by_label("Receipt")).to_have_value("Order 1: 2 x tea")
    button(other, "New order").click()
    other.get_by_label("Drink").fill("coffee")
    button(other, "Order").click()
    expect(other.get_by_label("Receipt")).to_have_value("Order 2: 2 x coffee")


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
    expect(button(page, "Order")).to_be_disabled()
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


def test_default_mode_drops_keystrokes(page, serve, gate):
    with gr.Blocks() as demo:
        box, found = gr.Textbox(label="Question"), gr.Textbox(label="Results for")
        box.input(lambda query: gate(query), box, found)
    page.goto(serve(demo).url)
    box, sent = page.get_by_label("Question"), calls(page)
    type_during_a_search(page, box, sent, "hello")
    gate.open()
    expect(page.get_by_label("Results for")).to_have_value("h")
    expect(box).to_have_value("hello")
    page.wait_for_timeout(MOMENT)
    assert [path for path, _ in sent].count("/queue/join") == 1  # the one for `h`


def test_input_misses_what_is_deleted_or_pasted(page, serve):
    with gr.Blocks() as demo:
        box, found = gr.Textbox(label="Question"), gr.Textbox(label="Results for")
        box.input(lambda query: query, box, found)
    page.goto(serve(demo).url)
    box, sent = page.get_by_label("Question"), calls(page)
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


def test_a_handler_that_raises_loses_the_waiting_keystroke(page, serve, gate):
    def search(query):
        if len(gate(query)) < 2:
            raise gr.Error("Type two letters.", print_exception=False)
        return query

    with gr.Blocks() as demo:
        box, found = gr.Textbox(label="Question"), gr.Textbox(label="Results for")
        box.change(search, box, found)
    page.goto(serve(demo).url)
    sent = calls(page)
    type_during_a_search(page, page.get_by_label("Question"), sent, "he")
    gate.open()
    expect(page.get_by_text("Type two letters.")).to_be_visible()
    page.wait_for_timeout(MOMENT)
    expect(page.get_by_label("Results for")).to_have_value("")  # nobody asked for `he`
    assert [path for path, _ in sent].count("/queue/join") == 1


def test_the_last_keystroke_wins(page, recipe):
    page.goto(recipe(NOTEBOOK, "typing"))
    box, first = page.get_by_label("Question"), page.get_by_role("gridcell").first
    expect(first).to_contain_text("Refunds are paid")  # there before anybody types
    page.wait_for_timeout(MOMENT)
    question, sent, held = "how late are you open", calls(page), []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    box.press("Control+A")
    type_during_a_search(page, box, sent, question)
    page.wait_for_timeout(MOMENT)
    held[0].continue_()  # the search for the first letter has taken this long
    expect(page.get_by_text(f"Results for: {question}")).to_be_visible()
    expect(first).to_contain_text("We open at nine")
    assert [path for path, _ in sent].count("/queue/join") == 2  # the first letter, and all of it
    box.fill("")
    expect(page.get_by_text("Type a question.")).to_be_visible()


# Two fields


def test_change_on_both_fields_overwrites_what_was_typed(page, serve):
    with gr.Blocks() as demo:
        celsius, fahrenheit = gr.Number(label="Celsius"), gr.Number(label="Fahrenheit")
        celsius.change(lambda c: round(c * 9 / 5 + 32), celsius, fahrenheit)
        fahrenheit.change(lambda f: round((f - 32) * 5 / 9), fahrenheit, celsius)
    page.goto(serve(demo).url)
    page.get_by_label("Fahrenheit").fill("69")
    expect(page.get_by_label("Celsius")).to_have_value("21")
    expect(page.get_by_label("Fahrenheit")).to_have_value("70")


def test_a_late_answer_overwrites_what_is_typed_meanwhile(page, serve, gate):
    with gr.Blocks() as demo:
        celsius, fahrenheit = gr.Number(label="Celsius"), gr.Number(label="Fahrenheit")
        celsius.input(lambda c: gate(c) * 9 / 5 + 32, celsius, fahrenheit)
        fahrenheit.input(lambda f: round((f - 32) * 5 / 9), fahrenheit, celsius)
    page.goto(serve(demo).url)
    page.get_by_label("Celsius").fill("100")
    gate.reached()
    page.get_by_label("Fahrenheit").fill("50")
    expect(page.get_by_label("Celsius")).to_have_value("10")
    gate.open()
    expect(page.get_by_label("Fahrenheit")).to_have_value("212")  # beside 10 degrees Celsius


def test_two_fields_do_not_loop(page, recipe):
    page.goto(url := recipe(NOTEBOOK, "no-loop"))
    celsius, fahrenheit, sent = page.get_by_label("Celsius"), page.get_by_label("Fahrenheit"), calls(page)
    script = visitor(url)
    for typed in ("69", "0", "-40", "98.6", "-459.67"):  # the page and the endpoint agree
        fahrenheit.fill(typed)
        expect(celsius).to_have_value(f"{script.predict(float(typed), api_name='/to_celsius'):g}")
        expect(fahrenheit).to_have_value(typed)
    fahrenheit.fill("-460")
    expect(celsius).to_have_value("")
    for typed, answer in {"-40": "-40", "-273.15": "-459.67", "-300": "", "100": "212"}.items():
        celsius.fill(typed)
        expect(fahrenheit).to_have_value(answer)
        expect(celsius).to_have_value(typed)
    celsius.fill("")
    expect(fahrenheit).to_have_value("")
    page.wait_for_timeout(MOMENT)
    assert not sent  # the server is not asked


# Ticks


def test_a_tick_costs_one_request_a_tab(context, recipe):
    url = recipe(NOTEBOOK, "ticker")
    tabs = [context.new_page() for _ in range(2)]
    sent = [calls(tab) for tab in tabs]
    for tab in tabs:
        open_page(tab, url)
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


def test_the_last_setting_wins(page, recipe):
    url = recipe(NOTEBOOK, "ticker")
    held = hold(page, url, "input")
    open_page(page, url)
    page.get_by_label("Live").uncheck()
    until(lambda: page.wait_for_timeout(50) or held.routes)
    page.get_by_label("Live").check()  # before the first one is answered
    page.wait_for_timeout(MOMENT)
    with page.expect_request(lambda request: json.loads(request.post_data or "{}").get("data") == [True, 1]):
        held.release()


@pytest.mark.parametrize(("queue", "requests"), [(True, {"/queue/join", "/queue/data"}), (False, {"/run/predict"})])
def test_ticks_end_with_the_tab(context, serve, queue, requests):
    ticks = []
    with gr.Blocks() as demo:
        count = gr.Number(label="Ticks")
        gr.Timer(0.3).tick(lambda: ticks.append(1) or len(ticks), None, count, queue=queue, show_progress="hidden")
    url = serve(demo).url
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
    expect(page.get_by_text("found. Click on one.")).to_be_visible()
    expect(page.get_by_label("Requires")).to_be_hidden()
    cell(page, "gradio").click()
    expect(package).to_have_value("Python library for easily interacting with trained machine learning models")
    expect(page.get_by_label("Requires")).to_have_value(re.compile("gradio-client"))
    query.fill("no-such-package")
    expect(page.get_by_text("No package has 'no-such-package' in it.")).to_be_visible()
    expect(cell(page, "gradio_client")).to_be_visible()  # the table stayed as it was
    expect(package).to_be_visible()
    sort(page, "descending")
    cell(page, "gradio_client").click()
    expect(page.get_by_label("gradio_client ")).to_be_visible()
    query.fill("easily interacting")
    page.get_by_label("Search the summaries, too").check()  # a field by its parameter's name
    expect(page.get_by_text(re.compile(r"^[1-9]\d* found"))).to_be_visible()


def test_a_slow_load_does_not_overwrite_what_is_typed(page, recipe):
    url = recipe(NOTEBOOK, "update-anything")
    held = hold(page, url, "load")
    open_page(page, url)
    until(lambda: page.wait_for_timeout(50) or held.routes)
    page.get_by_label("Name contains").fill("no-such-package")
    page.wait_for_timeout(MOMENT)
    held.release()
    expect(page.get_by_text("No package has 'no-such-package' in it.")).to_be_visible()
    page.wait_for_timeout(MOMENT)
    expect(page.get_by_text("No package has 'no-such-package' in it.")).to_be_visible()


def test_event_index_survives_sorting(page, serve):
    seen = []

    def select(event: gr.SelectData):
        seen.append((event.index[0], event.row_value[0]))

    with gr.Blocks() as demo:
        gr.Dataframe([["b"], ["c"], ["a"]], headers=["name"], label="Letters", interactive=False).select(select)
    page.goto(serve(demo).url)
    cell(page, "a").wait_for()
    sort(page, "ascending")
    expect(page.get_by_role("gridcell")).to_have_text(["a", "b", "c"])
    cell(page, "a").click()
    until(lambda: seen)
    assert seen == [(2, "a")]  # first on the screen, third in the data as sent


# Long work


def test_progress_and_stop(page, imported):
    module = imported(NOTEBOOK, "long-work")
    page.goto(module.demo.local_url)
    with Gate().around(module.embed.model) as gate:
        button(page, "Find near duplicates").click()
        gate.reached()
        expect(page.get_by_text("/240 lines")).to_be_visible()
        button(page, "Stop").click()
        until(lambda: all(stop.is_set() for stop in module.stops.values()))
    expect(page.get_by_label("Status")).to_have_value("Stopped after 1 of 240 lines.")
    assert not module.busy  # what was held is freed
    assert not module.stops
    expect(button(page, "Find near duplicates")).to_be_enabled()
    expect(button(page, "Stop")).to_be_disabled()
    page.get_by_label("Lines").fill("one line")
    button(page, "Find near duplicates").click()
    expect(page.get_by_text("Paste between 2 and 2000 different lines.")).to_be_visible()
    expect(button(page, "Find near duplicates")).to_be_enabled()


def test_stop_while_waiting(page, imported):
    module = imported(NOTEBOOK, "long-work")
    page.goto(module.demo.local_url)
    with Gate().around(module.embed.model) as gate:
        jobs = [client.submit("a\nb", api_name="/duplicates") for client in visitors(module.demo, 2)]
        gate.reached(2)  # both places are taken
        button(page, "Find near duplicates").click()
        expect(page.get_by_text(re.compile("queue: 1/1"))).to_be_visible()
        button(page, "Stop").click()
        until(lambda: any(stop.is_set() for stop in module.stops.values()))
    assert [job.result()[0] for job in jobs] == ["2 lines compared."] * 2
    expect(page.get_by_label("Status")).to_have_value("Stopped after 0 of 240 lines.")
    expect(button(page, "Find near duplicates")).to_be_enabled()


def test_a_closed_tab_frees_its_work(context, imported):
    module = imported(NOTEBOOK, "long-work")
    stays, leaves = context.new_page(), context.new_page()
    with Gate().around(module.embed.model) as gate:
        for number, tab in enumerate((leaves, stays), start=1):
            tab.goto(module.demo.local_url)
            button(tab, "Find near duplicates").click()
            gate.reached(number)
        leaves.close()
        until(lambda: len(module.stops) == 1, "one of the two jobs to be told to end")
        gate.open()
        expect(stays.get_by_label("Status")).to_have_value("240 lines compared.")  # the other goes on
        until(lambda: not module.busy)
        assert gate.entered == 240 + 1


# Validation


def test_the_message_stands_beside_the_field(page, recipe):
    page.goto(recipe(NOTEBOOK, "validate-first"))
    page.get_by_label("Colours").fill("40")
    page.get_by_label("Colours").press("Tab")
    page.get_by_label("Clear").or_(page.get_by_label("Remove Image")).first.click()
    button(page, "Reduce the colours").click()
    messages = (
        page.get_by_text("Between 2 and 16 colours.", exact=True),
        page.get_by_text("Choose a picture.", exact=True),
    )
    for message in messages:
        expect(message).to_be_visible()
    expect(page.get_by_test_id("toast-body")).to_have_count(0)  # beside the field, not in a toast
    field, message = page.get_by_label("Colours").bounding_box(), messages[0].bounding_box()
    assert abs(message["x"] - field["x"]) < 40
    assert abs(message["y"] - field["y"]) < 80

    page.locator("input[type=file]").first.set_input_files(get_image("tower.jpg"))
    page.get_by_label("Colours").fill("4")
    page.get_by_label("Colours").press("Tab")
    expect(page.get_by_label("Remove Image").or_(page.get_by_label("Clear")).first).to_be_visible()
    button(page, "Reduce the colours").click()
    expect(page.get_by_label("Palette")).to_have_value(re.compile(r"^(#[0-9a-f]{6} ?){4}$"))
    for message in messages:
        expect(message).to_be_hidden()
