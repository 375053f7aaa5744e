"""Interface and Blocks, where only a browser can tell: buttons that wake, values that stay, pages that forget."""

import re
import threading

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from gradio_patterns.testing import until
from gradio_patterns.testing.pages import hold, open_page

NOTEBOOK = "01_interface_vs_blocks"
NOTHING = re.compile("^0?$")  # an amount that nobody has typed


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def test_the_second_button_wakes_only_after_success(page, recipe):
    page.goto(recipe(NOTEBOOK, "two-steps"))
    table, predict = page.get_by_label("Table (CSV: x, y)"), button(page, "2. Predict")
    expect(predict).to_be_disabled()

    table.fill("x,y\n1,one")
    button(page, "1. Fit a line").click()
    expect(page.get_by_text("Paste two columns of numbers with a header").first).to_be_visible()
    expect(predict).to_be_disabled()

    table.fill("x,y\n1,2\n2,4\n3,6")
    button(page, "1. Fit a line").click()
    expect(predict).to_be_enabled()
    page.get_by_label("x", exact=True).fill("10")
    predict.click()
    expect(page.get_by_label("Predicted y")).to_have_value("20")

    table.press("Control+End")
    table.press("Backspace")  # the line fitted is no longer that of the table shown; `.input` misses a deletion
    expect(predict).to_be_disabled()


def test_values_survive_being_hidden(page, recipe):
    page.goto(recipe(NOTEBOOK, "conditional-ui"))
    radius, angle = page.get_by_label("number input for Radius"), page.get_by_label("number input for Angle")
    expect(radius).to_be_visible()
    expect(angle).to_be_hidden()
    radius.fill("17")
    radius.press("Tab")

    def edits_with_the_radius(request):
        return "queue/join" in request.url and {"Rotate", 17} <= set(request.post_data_json["data"])

    with page.expect_request(edits_with_the_radius):  # hidden, and still an input
        page.get_by_label("Rotate").check()
    expect(angle).to_be_visible()
    expect(radius).to_be_hidden()

    page.get_by_label("Blur").check()
    expect(radius).to_be_visible()
    expect(radius).to_have_value("17")


def test_typed_text_stays_when_rows_come_and_go(page, recipe):
    url = recipe(NOTEBOOK, "any-number-of-inputs")
    held = hold(page, url, "/add")
    open_page(page, url)
    names, paid = (page.get_by_label(label).locator("visible=true") for label in ("Name", "Paid"))
    expect(names).to_have_count(3)
    for i, (name, amount) in enumerate({"Uma": "30", "Vic": "0", "Wi": "1"}.items()):
        names.nth(i).fill(name)
        paid.nth(i).fill(amount)

    button(page, "Add a person").click()
    names.nth(2).fill("Wim")  # typed before the answer
    paid.nth(2).fill("12")
    held.release()
    expect(names).to_have_count(4)
    for i, (name, amount) in enumerate({"Uma": "30", "Vic": "0", "Wim": "12", "": NOTHING}.items()):
        expect(names.nth(i)).to_have_value(name)
        expect(paid.nth(i)).to_have_value(amount)
    names.nth(3).fill("Dan")

    button(page, "Remove").locator("visible=true").nth(1).click()
    expect(names).to_have_count(3)
    for i, (name, amount) in enumerate({"Uma": "30", "Wim": "12", "Dan": NOTHING}.items()):
        expect(names.nth(i)).to_have_value(name)
        expect(paid.nth(i)).to_have_value(amount)

    button(page, "Who pays whom?").click()
    expect(page.get_by_role("gridcell", name="Dan").first).to_be_visible()


def test_a_value_given_in_render_comes_back(page, serve):
    """A key keeps what was typed only where the function gives no value: if this fails, Gradio keeps it there, too."""
    with gr.Blocks() as demo:
        people = gr.State(["Ada"])

        @gr.render(inputs=people)
        def show_rows(names):
            for i, name in enumerate(names):
                gr.Textbox(name, label="Name", interactive=True, key=f"name-{i}")

        gr.Button("Add").click(lambda names: [*names, ""], people, people, api_visibility="private")
    open_page(page, serve(demo))
    names = page.get_by_label("Name")
    names.fill("Uma")
    button(page, "Add").click()
    expect(names).to_have_count(2)
    expect(names.nth(0)).to_have_value("Ada")


def test_removing_a_middle_row_drops_the_wrong_text(page, serve):
    """Keys do not help: if this fails, Gradio has mended it, and the recipe may remove any row."""
    with gr.Blocks() as demo:
        people = gr.State([0, 1, 2])

        @gr.render(inputs=people)
        def show_rows(ids):
            for i in ids:
                with gr.Row(key=f"row-{i}"):
                    gr.Textbox(label="Name", key=f"name-{i}")

        gr.Button("Remove").click(lambda ids: [ids[0], ids[2]], people, people, api_visibility="private")
    page.goto(serve(demo).url)
    names = page.get_by_label("Name")
    expect(names).to_have_count(3)
    for i, name in enumerate(["Ada", "Ben", "Cleo"]):
        names.nth(i).fill(name)
    button(page, "Remove").click()
    expect(names).to_have_count(2)
    expect(names.nth(0)).to_have_value("Ada")
    expect(names.nth(1)).to_have_value("Ben")  # who was removed; Cleo, who was not, is gone


def test_the_text_follows_the_visitor_to_the_second_page(page, recipe):
    page.goto(recipe(NOTEBOOK, "big-app"))
    page.get_by_label("Text", exact=True).fill("Å")
    expect(page.get_by_role("gridcell", name="U+00C5").first).to_be_visible()
    page.get_by_role("link", name="Normal forms").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Å")
    expect(page.get_by_role("gridcell", name="NFKD").first).to_be_visible()


def test_each_page_is_a_session_of_its_own(page, serve):
    """A State filled on the first page is new on the second, and a component of the first arrives as None."""
    received = []
    arrived = threading.Event()

    def receive(text, count):
        received.append((text, count))
        arrived.set()

    with gr.Blocks() as demo:
        text, count = gr.Textbox("filled in", label="Text", interactive=True), gr.State(0)
        shown = gr.Number(label="Count")
        gr.Button("Add").click(lambda n: (n + 1, n + 1), count, [count, shown], api_visibility="private")
    with demo.route("Second", "second"):
        gr.Button("Receive").click(receive, [text, count], None, api_visibility="private")
    page.goto(serve(demo).url)
    button(page, "Add").click()
    expect(page.get_by_label("Count")).to_have_value("1")
    page.get_by_role("link", name="Second").click()
    button(page, "Receive").click()
    page.wait_for_timeout(100)
    assert arrived.wait(60)
    assert received == [(None, 0)]


def test_clear_empties_the_text_and_the_count(page, recipe):
    page.goto(recipe(NOTEBOOK, "stable-api"))
    button(page, "Count").click()
    expect(page.get_by_label("Words")).to_have_value("6")
    button(page, "Clear").click()
    expect(page.get_by_label("Text")).to_have_value("")
    expect(page.get_by_label("Words")).to_have_value(NOTHING)


@pytest.mark.parametrize(
    ("name", "endpoint", "field", "typed"),
    [
        ("conditional-ui", "/edit", "number input for Radius", ["17", "18"]),
        ("big-app", "/describe", "Text", ["A", "Å"]),
    ],
)
def test_what_is_set_last_is_what_is_shown(page, recipe, name, endpoint, field, typed):
    url = recipe(NOTEBOOK, name)
    held = hold(page, url, endpoint)
    open_page(page, url)
    until(lambda: page.wait_for_timeout(50) or held.routes)  # what the page asks for when it opens
    box = page.get_by_label(field, exact=name == "big-app")
    for text in typed:
        box.fill(text)
        box.press("Tab")
    page.wait_for_timeout(1000)

    def asks_for_the_last(request):
        sent = (request.post_data_json or {}) if "queue/join" in request.url else {}
        return {typed[-1], float(typed[-1]) if typed[-1].isdigit() else typed[-1]} & set(sent.get("data", []))

    with page.expect_request(asks_for_the_last):
        held.release()


def test_a_found_character_is_appended(page, recipe):
    page.goto(recipe(NOTEBOOK, "big-app"))
    page.get_by_role("tab", name="Find").click()
    wanted = page.get_by_label("Words of the name")
    wanted.fill("nosuchword")
    wanted.press("Enter")
    expect(page.get_by_text("No character has all these words in its name.")).to_be_visible()
    wanted.fill("greek capital omega")
    wanted.press("Enter")
    page.get_by_role("gridcell", name="Ω", exact=True).first.click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("\ufb01anc\u00e9Ω")
