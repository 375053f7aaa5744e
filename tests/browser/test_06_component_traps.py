"""Component traps, where only a browser can tell: what the page sends, shows and hides, and how it is read aloud."""

import dataclasses
import json
import re

import gradio as gr
import pytest
from axe_playwright_python.sync_playwright import Axe
from gradio.media import get_image
from playwright.sync_api import Page, expect

from gradio_patterns import collection
from gradio_patterns.testing import until
from gradio_patterns.testing.pages import hold, open_page
from tools.alone import Alone as Program

# Many pages and many programs: `make test` leaves them to `make test-all`.
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
    notebook = collection.load(NOTEBOOK)
    cell = notebook.alone(notebook.cell(cell_id))
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


def test_stale_choice_looks_empty(page: Page, serve):
    cities = {"Austria": ["Graz", "Linz"], "Belgium": ["Bruges", "Ghent"]}
    with gr.Blocks() as app:
        country = gr.Dropdown(list(cities), label="Country")
        city = gr.Dropdown(cities["Austria"], value="Graz", label="City")
        country.input(lambda name: gr.Dropdown(choices=cities[name]), country, city)
        gr.Button("Send").click(lambda *x: f"{x}", [country, city], gr.Textbox(label="Sent to"))
    open_page(page, serve(app))
    field = page.get_by_label("City", exact=True)
    expect(field).to_have_value("Graz")
    choose(page, "Country", "Belgium")
    expect(field).to_have_value("")
    assert sent(page, press(page, "Send")) == ["Belgium", "Graz"]
    expect(page.get_by_test_id("toast-body")).to_contain_text("Value: Graz is not in the list of choices")


def test_new_choices_come_with_an_empty_value(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "empty-choice"))
    assert sent(page, press(page, "Evaluate")) == [None, None, []]
    expect(page.get_by_test_id("toast-body")).to_contain_text("Choose a task first.")
    choose(page, "Task", "Classify images")
    choose(page, "Model", "ViT base, 346 MB")
    choose(page, "Metrics", "top-1")
    choose(page, "Task", "Generate text")
    expect(page.get_by_label("Model", exact=True)).to_have_value("")
    assert sent(page, press(page, "Evaluate")) == ["text", None, []]


def test_a_click_before_the_new_choices_are_there_is_refused(page: Page, shared_recipe):
    url = shared_recipe(NOTEBOOK, "empty-choice")
    open_page(page, url)
    choose(page, "Task", "Classify images")
    choose(page, "Model", "ViT base, 346 MB")
    choose(page, "Metrics", "top-1")
    hold(page, url, "/offer")
    choose(page, "Task", "Generate text")
    assert sent(page, press(page, "Evaluate")) == ["text", "vit-base", ["top-1"]]
    expect(page.get_by_test_id("toast-body")).to_contain_text("This model is not for this task. Choose again.")


def test_a_choice_cannot_be_unmade(page: Page, shared_recipe):
    page.goto(shared_recipe(NOTEBOOK, "empty-choice"))
    choose(page, "Task", "Classify images")
    task = page.get_by_label("Task", exact=True)
    expect(task).to_have_value("Classify images")
    task.fill("")
    task.press("Tab")
    expect(task).to_have_value("Classify images")


def test_pictures_open_at_the_first_click_and_a_broken_one_is_named(page: Page, shared_recipe, tmp_path):
    open_page(page, shared_recipe(NOTEBOOK, "image-types"))
    press(page, "Open")()
    pictures = page.locator("img[src*='/gradio_api/file=']")
    expect(pictures).to_have_count(2)
    page.wait_for_function("document.querySelectorAll('img[src]').values().every(image => image.complete)")
    on_its_side, upright = pictures.evaluate_all(
        "found => found.map(image => image.naturalWidth / image.naturalHeight)"
    )
    assert on_its_side > 1 > upright

    text = tmp_path / "text.png"
    text.write_text("no picture, whatever its name says")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.locator("input[type=file]").first.set_input_files(text)
    expect(page.get_by_text("text.png").or_(page.get_by_label("text.png")).first).to_be_visible()
    press(page, "Open")()
    expect(page.get_by_test_id("toast-body")).to_contain_text("This file cannot be read as a picture.")


def test_history_from_the_page_is_a_list_of_parts(page: Page, serve):
    def prompt(message, history):
        return "".join(turn["role"] + ": " + turn["content"] + "\n" for turn in history) + message

    open_page(page, serve(gr.ChatInterface(prompt, api_name="chat"), show_error=True))
    box = page.get_by_test_id("textbox").first
    for message in ("My name is Ada.", "Who am I?"):
        expect(box).to_be_editable()
        box.fill(message)
        box.press("Enter")
        expect(page.get_by_label(f"user's message: {message}")).to_be_visible()
        if message == "My name is Ada.":
            expect(page.get_by_label(re.compile("bot's message"))).to_contain_text("My name is Ada.")
    expect(page.get_by_test_id("toast-body")).to_contain_text('can only concatenate str (not "list") to str')


def test_chat_recipe_answers_the_second_message_of_a_page(page: Page, shared_recipe, tmp_path):
    open_page(page, shared_recipe(NOTEBOOK, "chat-messages"))
    answers = page.get_by_label(re.compile("bot's message"))
    expect(answers).to_have_count(1)  # the conversation has begun
    box = page.get_by_label("Message", exact=True).or_(page.get_by_test_id("textbox")).first
    expect(box).to_have_value("And of Italy?")
    box.press("Enter")
    expect(answers.last).to_contain_text("Rome")
    expect(answers).to_have_count(2)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)

    notes = tmp_path / "notes.txt"
    notes.write_bytes("\ufeffGr\u00fc\u00dfe".encode())
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Upload a file").click()
    chooser.value.set_files(notes)
    expect(page.get_by_label("Remove file")).to_be_visible()
    box.fill("What is in it?")
    box.press("Enter")
    expect(answers).to_have_count(3)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.get_by_test_id("toast-body")).to_have_count(0)
    page.get_by_label("Undo").last.click()
    expect(box).to_have_value("What is in it?")
    expect(page.get_by_label("Remove file")).to_be_visible()  # it comes back with its text


def test_hidden_is_not_in_the_page_and_still_callable(page: Page, shared_recipe):
    url = shared_recipe(NOTEBOOK, "hidden-is-not-safe")
    page.goto(url)
    expect(page.get_by_label("Receipt")).to_be_visible()
    expect(page.get_by_label("Order number")).to_have_count(0)
    expect(page.get_by_role("button", name="Refund")).to_have_count(0)
    reply = page.request.post(f"{url.rstrip('/')}/gradio_api/run/refund", data={"data": ["17", True]})
    assert reply.json()["error"] == "Enter the staff code first."


def test_what_each_kind_of_hiding_leaves_in_the_page(page: Page, serve):
    with gr.Blocks() as app:
        gr.Textbox(label="Out")
        for number, settings in enumerate([{"visible": False}, {"visible": "hidden"}, {"interactive": False}]):
            gr.Textbox(f"secret-{number}", label="Key", **settings)
    open_page(page, serve(app))
    fields = page.get_by_label("Key", exact=True)
    expect(fields).to_have_count(2)  # visible=False is absent, "hidden" is there
    assert [field.is_visible() for field in fields.all()] == [False, True]
    assert [field.input_value() for field in fields.all()] == ["secret-1", "secret-2"]
    for number in range(3):
        assert f"secret-{number}" in page.content()  # the settings of every component are in the page's source


STORED = "() => JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage})"


@pytest.mark.parametrize("visibility", ["public", "undocumented"])
def test_the_history_keeps_a_password_in_the_clear(page: Page, serve, visibility):
    with gr.Blocks() as app:
        door = gr.Textbox(label="Door")
        secret, plain = gr.Textbox(type="password", label="Code"), gr.Textbox(label="Name")
        secret.submit(lambda typed: "Welcome.", secret, door, api_name="enter", api_visibility=visibility)
        plain.submit(lambda typed: "Noted.", plain, door, api_name="note")
    served = serve(app)
    open_page(page, served)
    page.get_by_label("Code").fill("tulip-42")
    page.get_by_label("Code").press("Enter")
    expect(page.get_by_label("Door")).to_have_value("Welcome.")
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Name").press("Enter")
    page.wait_for_function("() => JSON.stringify({...localStorage}).includes('Ada Lovelace')")  # so it is kept
    assert ("tulip-42" in page.evaluate(STORED)) == (visibility == "public")

    page.goto(f"{served.url}gradio_api/runs")  # anybody at this browser can open it
    runs = page.get_by_test_id("run-history")
    expect(runs).to_contain_text("Ada Lovelace")
    assert ("tulip-42" in runs.inner_text()) == (visibility == "public")


def test_the_shop_leaves_no_code_in_the_browser(page: Page, recipe):
    url = recipe(NOTEBOOK, "hidden-is-not-safe", STAFF_CODE="tulip-42")
    open_page(page, url)
    code, receipt = page.get_by_label("Staff code"), page.get_by_label("Receipt")
    expect(code).to_have_attribute("type", "password")
    code.fill("tulip-41")
    press(page, "Unlock")()
    expect(page.get_by_test_id("toast-body")).to_contain_text("This is not the staff code.")
    expect(page.get_by_role("button", name="Refund")).to_have_count(0)
    code.fill("tulip-42")
    press(page, "Unlock")()
    press(page, "Refund")()
    expect(receipt).to_have_value("Order 17 is refunded.")
    press(page, "Buy")()
    expect(receipt).to_have_value("1 x Mug: 9.50 EUR")
    expect(code).to_have_value("")
    assert "tulip" not in page.evaluate(STORED)
    assert "tulip" not in page.content()
    runs = page.goto(f"{url.rstrip('/')}/gradio_api/runs")
    assert runs.status == 404
    assert "tulip" not in page.content()


def test_untouched_number_is_zero(page: Page, serve):
    with gr.Blocks() as app:
        number = gr.Number(label="Number")
        number.change(repr, number, gr.Textbox(label="Out"))
        gr.Button("Send").click(repr, number, gr.Textbox(label="Sent"))
    open_page(page, serve(app))
    field = page.get_by_label("Number", exact=True)
    expect(field).to_have_value("0")
    assert sent(page, press(page, "Send")) == [0]
    assert sent(page, lambda: field.fill("5")) == [5]
    assert sent(page, lambda: field.fill("")) == [None]


def test_an_emptied_discount_is_named(page: Page, shared_recipe):
    open_page(page, shared_recipe(NOTEBOOK, "numbers-and-tables"))
    discount = page.get_by_label("Discount, %", exact=True)
    expect(discount).to_have_value("10")
    discount.fill("")
    assert sent(page, press(page, "Calculate"))[1] is None
    expect(page.get_by_test_id("toast-body")).to_contain_text("Discount: write a number from 0 to 100.")


def edit(page: Page, item: str, column: int, text: str) -> None:
    """Type into the row of that item, wherever it stands."""
    cell = page.get_by_role("row").filter(has_text=item).first.get_by_role("gridcell").nth(column)
    cell.dblclick()
    editor = page.get_by_label("Edit cell")
    editor.fill(text)
    editor.press("Enter")
    expect(cell).to_contain_text(text)


def test_edited_cell_arrives_as_text(page: Page, shared_recipe):
    open_page(page, shared_recipe(NOTEBOOK, "numbers-and-tables"))
    edit(page, "labelling", 1, "4000")
    table = sent(page, press(page, "Calculate"))[0]
    assert table["data"][0] == ["labelling", "4000", 0.03]
    expect(page.get_by_label("Sum")).to_have_value("347.76 EUR")  # (4000 x 0.03 + 6 x 2.4 + 720 x 0.35) x 0.9


def test_a_bad_cell_of_a_sorted_table_is_named_by_its_item(page: Page, shared_recipe):
    open_page(page, shared_recipe(NOTEBOOK, "numbers-and-tables"))
    header = page.get_by_role("columnheader", name="amount").first
    header.hover()
    header.get_by_label("Open cell menu").click()
    page.get_by_role("menuitem", name="Sort ascending").click()  # 6, 720, 2000, as numbers are
    items = page.get_by_role("grid", name="Costs, EUR").get_by_role("row")
    expect(items.nth(1)).to_contain_text("training")
    expect(items.nth(3)).to_contain_text("labelling")
    edit(page, "labelling", 1, "many")  # the third row on the screen, the first of the table
    press(page, "Calculate")()
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("labelling, amount: write a number from 0 to 1000000.")
    assert "ow 1" not in toast.inner_text()
    edit(page, "labelling", 1, "1000")
    press(page, "Calculate")()
    expect(page.get_by_label("Sum")).to_have_value("266.76 EUR")


def test_slider_asks_once_when_released(page: Page, serve):
    with gr.Blocks() as app:
        slider = gr.Slider(0, 50, value=10, step=5, label="Margin, %")
        slider.release(repr, slider, gr.Textbox(label="Out"))
    open_page(page, serve(app))
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
    expect(page.get_by_label("Out")).not_to_have_value("")
    assert len(joined) == 1


SECRET = "payment.pem"


def leak():
    raise ValueError("cannot open /srv/keys/payment.pem")


def failing(words: str = "Choose a file first.") -> gr.Blocks:
    """A button for each way to fail."""

    def say():
        raise gr.Error(words, duration=None, print_exception=False)

    cases = {
        "exception": leak,
        "gr.Error": say,
        "one value of two": lambda: "a",
        "three of two": lambda: ("a", 2, 3),
        "wrong type": lambda: ("a", "not a number"),
    }
    with gr.Blocks() as app:
        outputs = [gr.Textbox(label="Text"), gr.Number(precision=1, label="Number")]
        for case, handler in cases.items():
            gr.Button(case).click(handler, None, outputs)
    return app


@pytest.mark.filterwarnings("ignore:.*too many output values:UserWarning")
@pytest.mark.parametrize("show_error", [False, True])
def test_what_a_visitor_sees_of_each_exception(page: Page, serve, show_error):
    url = serve(failing(), show_error=show_error).url
    toast = page.get_by_test_id("toast-body")
    for case in ("exception", "gr.Error", "one value of two", "three of two", "wrong type"):
        page.goto(url)  # afresh, or the word Error of the case before would do
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
    open_page(page, running.url)
    press(page, "Calculate")()  # as the page comes
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text(re.compile(r"report error \w{6}\."))
    number = re.search(r"report error (\w{6})", toast.inner_text())[1]
    assert f"error {number} in growth" in running.log()
    assert "ZeroDivisionError: division by zero" in running.log()
    assert "division" not in toast.inner_text()
    page.get_by_label("Before").fill("100")
    press(page, "Calculate")()
    expect(page.get_by_label("Growth")).to_have_value("+20.0%")


def test_words_of_an_error_are_not_run_as_script(page: Page, serve):
    open_page(page, serve(failing("<img src=x onerror='window.ran = true'>No such file")))
    press(page, "gr.Error")()
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("No such file")
    assert toast.locator("[onerror]").count() == 0  # one would run only once its picture has failed to load
    assert page.evaluate("window.ran") is None


def violations(page: Page) -> dict[str, list[str]]:
    expect(page.locator("p.loading")).to_have_count(0)  # Gradio's own "Loading..." lies outside of every landmark
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
    press(page, "Classify")()
    expect(page.get_by_label("In one sentence")).to_have_value(re.compile("cheetah"))
    assert violations(page) == {}


def test_axe_finds_what_the_theme_mends(page: Page, request):
    changes = [("theme=theme, ", ""), ('gr.Markdown("# What', 'gr.Markdown("What')]
    page.goto(changed(request, "labels-for-everybody", *changes).url)
    expect(page.get_by_role("button", name="Classify")).to_be_visible()
    until(lambda: {"color-contrast", "page-has-heading-one"} <= set(violations(page)))


def test_a_shown_image_is_a_button_without_a_name(page: Page, serve):
    photo = get_image("lion.jpg")
    with gr.Blocks() as app:
        gr.Image(photo, label="Photo", interactive=False)
        gr.Gallery([(photo, "A lion")], label="Photos", interactive=False)
    open_page(page, serve(app))
    expect(page.get_by_role("img", name="A lion")).to_be_visible()
    assert len(violations(page)["button-name"]) == 1


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
    lion = page.get_by_role("radio", name="Lion")
    page.keyboard.press("ArrowDown")
    expect(lion).not_to_be_checked()  # Gradio's options are no group of a browser's
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(lion).to_be_checked()
    focused = page.locator("*:focus")
    for _ in range(5):  # the tower, the two numbers of answers, the button
        page.keyboard.press("Tab")
        if "Classify" in focused.inner_text():
            break
    page.keyboard.press("Enter")
    expect(page.get_by_label("In one sentence")).to_have_value(re.compile("lion"))
