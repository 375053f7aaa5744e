"""Component traps, where only a browser can tell: what the page sends, shows and hides, and how it is read aloud."""

import dataclasses
import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from gradio_patterns import collection
from tools.alone import Alone as Program

# Many pages and many programs: `make test` leaves them to `make test-all`.
pytestmark = pytest.mark.slow
NOTEBOOK = "06_component_traps"
# What axe finds in Gradio's own page and no app can change, by the start of the element: two images of the footer
# repeat their text, and an empty gr.Label is a plain <div> with a name.
GRADIO_OWN = {"image-redundant-alt": "<img", "aria-prohibited-attr": '<div aria-label="Empty value"'}


def sent(page: Page, act) -> list:
    """The values that the page sends to the queue when `act` is done."""
    with page.expect_request(lambda request: "/queue/join" in request.url) as request:
        act()
    return json.loads(request.value.post_data)["data"]


def changed(request, cell_id: str, *changes: tuple[str, str]) -> Program:
    """A cell that runs with parts of its text replaced, until the test ends."""
    cell = collection.load(NOTEBOOK).cell(cell_id)
    source = cell.source
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    running = Program(dataclasses.replace(cell, source=source), {})
    request.addfinalizer(running.remove)
    running.start()
    return running


def press(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True).click


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_label(field, exact=True).click()
    page.get_by_role("option", name=option).click()


def test_stale_choice_looks_empty(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "empty-choice-trap"))
    city = page.get_by_label("City", exact=True)
    expect(city).to_have_value("Graz")
    choose(page, "Country", "Belgium")
    expect(city).to_have_value("")
    assert sent(page, press(page, "Send")) == ["Belgium", "Graz"]
    expect(page.get_by_test_id("toast-body")).to_contain_text("Value: Graz is not in the list of choices")


def test_new_choices_come_with_an_empty_value(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "empty-choice"))
    assert sent(page, press(page, "Evaluate")) == [None, None, []]
    expect(page.get_by_test_id("toast-body")).to_contain_text("Choose a task first.")
    choose(page, "Task", "Classify images")
    choose(page, "Model", "ViT base, 346 MB")
    choose(page, "Task", "Generate text")
    expect(page.get_by_label("Model", exact=True)).to_have_value("")
    assert sent(page, press(page, "Evaluate")) == ["text", None, []]


def test_a_choice_cannot_be_unmade(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "empty-choice"))
    choose(page, "Task", "Classify images")
    task = page.get_by_label("Task", exact=True)
    expect(task).to_have_value("Classify images")
    task.fill("")
    task.press("Tab")
    expect(task).to_have_value("Classify images")


def test_page_says_what_is_wrong_with_a_file(page: Page, shared_recipe, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture, whatever its name says")
    page.goto(shared_recipe(NOTEBOOK, "image-types"))
    expect(page.get_by_text("What the model gets")).to_be_visible()
    page.locator("input[type=file]").first.set_input_files(text)
    expect(page.get_by_test_id("toast-body")).to_contain_text("This file cannot be read as a picture.")


def test_history_from_the_page_is_a_list_of_parts(page: Page, program):
    running = program(NOTEBOOK, "chat-messages-trap")
    page.goto(running.url)
    box = page.get_by_test_id("textbox").first
    for message in ("My name is Ada.", "Who am I?"):
        expect(box).to_be_editable()
        box.fill(message)
        box.press("Enter")
        expect(page.get_by_label(f"user's message: {message}")).to_be_visible()
        if message == "My name is Ada.":
            expect(page.get_by_label(re.compile("bot's message"))).to_contain_text("My name is Ada.")
    expect(page.get_by_test_id("toast-body")).to_contain_text('can only concatenate str (not "list") to str')


def test_chat_recipe_answers_a_second_message(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "chat-messages"))
    page.get_by_label(re.compile("number input for Longest answer")).fill("4")
    box = page.get_by_label("Message", exact=True).or_(page.get_by_test_id("textbox")).first
    for number, message in enumerate(["Name a colour.", "And another?"], 1):
        expect(box).to_be_editable()
        box.fill(message)
        box.press("Enter")
        expect(page.get_by_label(re.compile("bot's message"))).to_have_count(number)
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_hidden_is_not_in_the_page_and_still_callable(page: Page, shared_recipe):
    url = shared_recipe(NOTEBOOK, "hidden-is-not-safe")
    page.goto(url)
    expect(page.get_by_label("Receipt")).to_be_visible()
    expect(page.get_by_label("Order number")).to_have_count(0)
    expect(page.get_by_role("button", name="Refund")).to_have_count(0)
    reply = page.request.post(f"{url.rstrip('/')}/gradio_api/run/refund", data={"data": ["17", True]})
    assert reply.json()["error"] == "Enter the staff code first."


def test_what_each_kind_of_hiding_leaves_in_the_page(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "hidden-is-not-safe-demo"))
    expect(page.get_by_label("Out")).to_be_visible()
    fields = page.get_by_label("Key", exact=True)
    expect(fields).to_have_count(2)  # visible=False is absent, "hidden" is there
    assert [field.is_visible() for field in fields.all()] == [False, True]
    assert [field.input_value() for field in fields.all()] == ["secret-1", "secret-2"]
    for number in range(3):
        assert f"secret-{number}" in page.content()  # the settings of every component are in the page's source


def test_untouched_number_is_zero(page: Page, shared_recipe, request):
    page.goto(shared_recipe(NOTEBOOK, "numbers-and-tables-trap"))
    number = page.get_by_label("Number", exact=True)
    expect(number).to_have_value("0")
    assert sent(page, lambda: number.fill("5")) == [5]
    assert sent(page, lambda: number.fill("")) == [None]
    # The recipe without the event that empties the field.
    running = changed(request, "numbers-and-tables", ("    demo.load(", "    0 and demo.load("))
    page.goto(running.url)
    assert sent(page, press(page, "Calculate"))[1] == 0


def test_recipe_number_starts_empty_and_says_so(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "numbers-and-tables"))
    expect(page.get_by_label("Discount, %", exact=True)).to_have_value("")
    assert sent(page, press(page, "Calculate"))[1] is None
    expect(page.get_by_test_id("toast-body")).to_contain_text("Discount: write a number.")


def edit(page: Page, row: int, column: int, text: str) -> None:
    page.get_by_test_id(f"cell-{row}-{column}").first.dblclick()
    editor = page.get_by_label("Edit cell")
    editor.fill(text)
    editor.press("Enter")
    expect(page.get_by_test_id(f"cell-{row}-{column}").first).to_contain_text(text)


def test_edited_cell_arrives_as_text(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "numbers-and-tables"))
    discount = page.get_by_label("Discount, %", exact=True)
    expect(discount).to_have_value("")
    discount.fill("0")
    edit(page, 0, 1, "4000")
    table = sent(page, press(page, "Calculate"))[0]
    assert table["data"][0] == ["labelling", "4000", 0.03]
    expect(page.get_by_label("Sum, EUR")).to_have_value("425.04")  # (4000 x 0.03 + 6 x 2.4 + 720 x 0.35) x 1.1


def test_slider_asks_once_when_released(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "numbers-and-tables"))
    expect(page.get_by_label("Discount, %", exact=True)).to_have_value("")
    page.get_by_label("Discount, %", exact=True).fill("0")
    joined = []
    page.on("request", lambda request: joined.append(request.url) if "/queue/join" in request.url else None)
    box = page.get_by_role("slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.2, middle)
    page.mouse.down()
    for step in range(3, 9):
        page.mouse.move(box["x"] + box["width"] * step / 10, middle)
    assert joined == []
    page.mouse.up()
    expect(page.get_by_label("Sum, EUR")).not_to_have_value("0")
    assert len(joined) == 1


SECRET = "payment.pem"


@pytest.mark.parametrize("show_error", [False, True])
def test_what_a_visitor_sees_of_each_exception(page: Page, request, show_error):
    running = changed(request, "show-the-error-cases", ("quiet=True", f"quiet=True, show_error={show_error}"))
    toast = page.get_by_test_id("toast-body")
    for case in ("exception", "gr.Error", "one value of two", "three of two", "wrong type"):
        page.goto(running.url)  # afresh, or the word Error of the case before would do
        press(page, case)()
        if case == "three of two":  # no error anywhere
            expect(page.get_by_label("Number", exact=True)).to_have_value("2")
            expect(page.get_by_text("Error", exact=True)).to_have_count(0)
            continue
        expect(page.get_by_text("Error", exact=True).first).to_be_visible()
        if case == "gr.Error":
            expect(toast).to_contain_text("Choose a file first.")
        elif show_error:
            expect(toast).to_contain_text(SECRET if case == "exception" else "put")  # output, postprocess
        else:
            expect(toast).to_have_count(0)
            assert SECRET not in page.content()


def test_unexpected_failure_shows_a_number_that_is_in_the_log(page: Page, program):
    running = program(NOTEBOOK, "show-the-error")
    page.goto(running.url)
    page.get_by_label("Numbers").fill("1, secret")
    press(page, "Parse")()
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text(re.compile(r"report error \w{6}\."))
    number = re.search(r"report error (\w{6})", toast.inner_text())[1]
    assert f"error {number} in parse" in running.log()
    assert "could not convert string to float: 'secret'" in running.log()
    assert "convert" not in toast.inner_text()


def test_words_of_an_error_are_not_run_as_script(page: Page, request):
    script = "<img src=x onerror='window.ran = true'>No such file"
    running = changed(request, "show-the-error-cases", ("Choose a file first.", script))
    page.goto(running.url)
    press(page, "gr.Error")()
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("No such file")
    assert toast.locator("[onerror]").count() == 0  # one would run only once its picture has failed to load
    assert page.evaluate("window.ran") is None


def violations(page: Page) -> dict[str, list[str]]:
    found = Axe().run(page).response["violations"]
    nodes = [(v["id"], node["html"][:120]) for v in found for node in v["nodes"]]
    ours = [(rule, html) for rule, html in nodes if not html.startswith(GRADIO_OWN.get(rule, "\0"))]
    return {rule: [html for other, html in ours if other == rule] for rule, _ in ours}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_labelled_app(page: Page, shared_recipe, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(shared_recipe(NOTEBOOK, "labels-for-everybody"))
    expect(page.get_by_role("button", name="Classify")).to_be_visible()
    expect(page.get_by_role("contentinfo")).to_be_visible()
    assert violations(page) == {}


def test_axe_finds_what_the_theme_mends(page: Page, request):
    changes = [("theme=theme, ", ""), ('gr.Markdown("# What', 'gr.Markdown("What')]
    page.goto(changed(request, "labels-for-everybody", *changes).url)
    expect(page.get_by_role("button", name="Classify")).to_be_visible()
    assert {"color-contrast", "page-has-heading-one"} <= set(violations(page))


def test_an_empty_label_names_nothing(page: Page, request):
    more = """gr.Textbox(label="", placeholder="Your question")
            gr.Textbox(label="Kept", show_label=False)
            gr.Dropdown(["a"], label="")
            gr.Button("")
            """
    page.goto(changed(request, "labels-for-everybody", ("button = gr.", f"{more}button = gr.")).url)
    expect(page.get_by_role("button", name="Classify")).to_be_visible()
    expect(page.get_by_role("textbox", name="Kept", exact=True)).to_have_count(1)
    expect(page.get_by_role("textbox", name="Textbox", exact=True)).to_have_count(1)
    expect(page.get_by_role("textbox", name="Your question")).to_have_count(0)
    found = violations(page)
    assert set(found) == {"label", "button-name"}
    assert [html[:22] for html in found["label"]] == ['<input role="combobox"']


def test_the_keyboard_alone_is_enough(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "labels-for-everybody"))
    expect(page.get_by_role("button", name="Classify")).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="5")).not_to_be_checked()  # Gradio's options are no group of a browser's
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="5")).to_be_checked()
    page.keyboard.press("Tab")
    focused = page.locator("*:focus")
    expect(focused).to_have_text(re.compile("Classify"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("toast-body")).to_contain_text("Choose a picture first.")
