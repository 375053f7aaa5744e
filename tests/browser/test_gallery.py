"""The gallery as a visitor uses it: an error text, its recipe, the running demo."""

import re

import pytest
from playwright.sync_api import Page, expect

from gradio_patterns import collection
from gradio_patterns.gallery.__main__ import application
from gradio_patterns.gallery.stage import Stage
from gradio_patterns.testing.pages import open_page


@pytest.fixture
def gallery(serve):
    return serve(application(Stage()), path="/")


def start(page: Page):
    page.get_by_role("button", name="Start the demo").click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("button").first.wait_for()
    return frame


def test_from_an_error_text_to_the_running_demo(gallery, page: Page):
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    open_page(page, gallery)
    search = page.get_by_label("What do you see, or want?")
    search.fill("items that somebody else added are in my cart")
    search.press("Enter")
    heading = collection.recipe("own-cart").heading
    expect(page.get_by_role("radio").first).to_be_checked()
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    frame = start(page)
    frame.get_by_role("button", name="Add to cart").click()
    expect(frame.get_by_label("Last item added")).to_have_value("Apples, 1 sold to all visitors")
    page.get_by_role("tab", name="The obvious way").click()
    expect(page.get_by_role("tabpanel").filter(has_text="with serve(trap)")).to_be_visible()
    assert not errors

    search.fill("xylophone")
    search.press("Enter")
    expect(page.get_by_text("No recipe answers that")).to_be_visible()
    expect(page.get_by_role("heading", name=heading)).to_be_visible()


def test_a_recipe_has_an_address_and_a_login_works_in_its_frame(gallery, page: Page):
    page.goto(f"{gallery.origin}/?recipe=remembered-chats")
    expect(page.get_by_role("heading", name=collection.recipe("remembered-chats").heading)).to_be_visible()
    frame = start(page)
    frame.get_by_label("username").fill("ada")
    frame.get_by_label("password").fill("lovelace")
    frame.get_by_role("button", name="Login").click()
    expect(frame.get_by_text("Your chats")).to_be_visible()
    frame.get_by_role("link", name="Log out").click()
    expect(frame.get_by_label("username")).to_be_visible()


def test_an_app_with_routes_of_its_own_is_shown_at_its_own_address(gallery, page: Page):
    page.goto(f"{gallery.origin}/?recipe=who-may-do-what")
    expect(page.get_by_role("heading", name=collection.recipe("who-may-do-what").heading)).to_be_visible()
    page.get_by_role("button", name="Start the demo").click()
    expect(page.locator("iframe")).to_have_attribute("src", re.compile(r"^http://127\.0\.0\.1:\d+/"))
