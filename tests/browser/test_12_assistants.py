"""Other programs as visitors: what another site may do in a visitor's browser."""

import re

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import expect

NOTEBOOK = "12_assistants"


def site() -> FastAPI:
    app = FastAPI()
    app.get("/", response_class=HTMLResponse)(lambda: "<!doctype html><title>Another site</title>")
    return app


CALL = """async (app) => {
    const body = JSON.stringify({picture: null, colours: 3});
    const send = {method: "POST", headers: {"Content-Type": "application/json"}, body};
    try {
        const {event_id} = await (await fetch(app + "gradio_api/call/v2/palette", send)).json();
        return await (await fetch(app + "gradio_api/call/v2/palette/" + event_id)).text();
    } catch (error) { return String(error) }
}"""


def test_only_the_site_that_is_named_may_call(serve, program, page):
    shop, anybody = serve(site(), path="/"), serve(site(), path="/")
    app = program(NOTEBOOK, "any-client", SITES=shop.origin)
    console = []
    page.on("console", lambda message: console.append(message.text))
    page.goto(shop.url)
    assert "Choose a picture." in page.evaluate(CALL, app.url)
    assert "CORS" not in "".join(console)
    page.goto(anybody.url)
    assert page.evaluate(CALL, app.url) == "TypeError: Failed to fetch"
    assert "blocked by CORS policy" in "".join(console)


def test_the_own_page_shows_answers_and_refusals(program, page):
    app = program(NOTEBOOK, "own-page")
    page.goto(app.url)
    status, button = page.get_by_role("status"), page.get_by_role("button", name="Compare")
    button.click()
    expect(status).to_have_text(re.compile(r"^0\.\d+ of 1$"))
    page.get_by_label("Another").fill("")
    button.click()
    expect(status).to_have_text("Write two texts.")
    page.get_by_label("Another").fill("<b id=injected>Water</b>")
    button.click()
    expect(status).to_have_text(re.compile(r"^0\.\d+ of 1$"))
    assert page.locator("#injected").count() == 0
