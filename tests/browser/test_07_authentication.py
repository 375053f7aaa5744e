"""Authentication, where only a browser can tell: the log-in form, cookies, redirects and what each visitor sees."""

import json
import re

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from gradio_patterns.testing import Provider, user
from gradio_patterns.testing.pages import open_page

# Many pages and many programs: `make test` leaves them to `make test-all`.
NOTEBOOK = "07_authentication"
STORED = "() => JSON.stringify({...localStorage, ...sessionStorage})"


@pytest.fixture(scope="module")
def provider():
    """An OpenID provider where ada's address is verified and bob's is not."""
    ada = user("ada", email="ada@lab.example", email_verified=True)
    with Provider(ada, user("bob", email="bob@lab.example", email_verified=False)) as provider:
        yield provider


def log_in(page: Page, password: str) -> None:
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def measure(page: Page) -> None:
    page.get_by_role("textbox", name="Text").fill("word " * 238)
    page.get_by_role("button", name="Measure", exact=True).click()


def cookie_names(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()}


def test_log_in_form_and_logout(recipe, page: Page):
    url = recipe(NOTEBOOK, "log-in", ADMIN_PASSWORD="tulips in april")
    page.goto(f"{url}members/")
    expect(page).to_have_url(f"{url}login")
    log_in(page, "daffodils")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    log_in(page, "tulips in april")
    expect(page).to_have_url(f"{url}members/")
    measure(page)
    expect(page.get_by_label("Reading time", exact=True)).to_have_value("1.0 minutes, measured for admin")
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")
    page.get_by_role("link", name="Log out").or_(page.get_by_role("button", name="Log out")).first.click()
    expect(page).to_have_url(f"{url}login")
    page.goto(f"{url}members/")
    expect(page).to_have_url(f"{url}login")


def test_log_in_form_says_when_attempts_are_used_up(recipe, page: Page):
    url = recipe(NOTEBOOK, "log-in", ADMIN_PASSWORD="tulips in april")
    page.goto(f"{url}login")
    for _ in range(6):
        with page.expect_response(f"{url}login") as answer:
            log_in(page, "daffodils")
        answer.value.finished()
    assert answer.value.status == 429
    expect(page.get_by_role("alert")).to_have_text("Too many attempts. Try again in a minute.")


def test_single_sign_on_there_and_back(recipe, provider: Provider, page: Page):
    settings = {"OIDC_ISSUER": provider.url, "OIDC_CLIENT_ID": "demo", "OIDC_CLIENT_SECRET": "kept"}
    url = recipe(NOTEBOOK, "single-sign-on", OIDC_DOMAIN="lab.example", **settings)
    page.goto(f"{url}staff/")
    expect(page).to_have_url(re.compile(f"^{provider.url}/oauth2/authorize"))
    page.get_by_role("button", name="ada").click()
    expect(page).to_have_url(f"{url}staff/")
    measure(page)
    expect(page.get_by_label("Reading time", exact=True)).to_have_value("1.0 minutes, measured for ada@lab.example")
    page.get_by_role("link", name="Log out").or_(page.get_by_role("button", name="Log out")).first.click()
    page.get_by_role("button", name="End session").click()
    expect(page).to_have_url(re.compile(f"^{url}"))
    page.goto(f"{url}staff/")
    expect(page.get_by_role("button", name="bob")).to_be_visible()  # the provider asks again
    page.get_by_role("button", name="bob").click()
    expect(page.get_by_text("Only verified addresses at lab.example may enter.")).to_be_visible()


def test_visitors_see_what_their_rights_allow(program, browser):
    board = program(NOTEBOOK, "who-may-do-what")
    tickets = dict(re.findall(r"For (\w+), .*?(/enter\S+)", board.log()))
    seen = {}
    for name in ("guest", "bob", "ada"):
        page = browser.new_page()
        page.goto(board.url + tickets.get(name, "").lstrip("/"))
        expect(page.get_by_role("tab", name="Test sentences")).to_be_visible()
        with page.expect_response(re.compile("queue/data")):  # the answer of the load event
            page.reload()
        review = page.get_by_role("tab", name="Review")
        if name != "guest":
            review.click()
            expect(page.get_by_role("button", name="Refresh")).to_be_visible()
        seen[name] = (review.count(), page.get_by_role("button", name="Publish").count())
        page.context.close()
    assert seen == {"guest": (0, 0), "bob": (1, 0), "ada": (1, 1)}


def test_two_apps_on_one_host_keep_their_cookies(recipe, program, page: Page):
    members = recipe(NOTEBOOK, "log-in", ADMIN_PASSWORD="tulips in april")
    board = program(NOTEBOOK, "who-may-do-what")
    page.goto(f"{members}login")
    log_in(page, "tulips in april")
    expect(page).to_have_url(f"{members}members/")
    page.goto(board.url + re.search(r"For ada, .*?/(enter\S+)", board.log())[1])
    assert cookie_names(page) == {"members-session", "board-session"}
    for url in (f"{members}members/", f"{board.url}audit/"):  # both still know her
        assert page.goto(url).status == 200


def test_page_shows_the_words_of_the_limit(recipe, page: Page):
    page.goto(recipe(NOTEBOOK, "api-keys"))
    for _ in range(5):
        with page.expect_response(re.compile("queue/join")) as joined:
            measure(page)
        assert joined.value.status == 200
        # A pending event takes no click.
        expect(page.locator('[data-testid="status-tracker"]:not(.hide)')).to_have_count(0)
        expect(page.get_by_label("Reading time", exact=True)).to_have_value("1.0 minutes")
    measure(page)
    expect(page.get_by_text(re.compile("Your 5 calls are used up. Try again in"))).to_be_visible()


def test_hugging_face_button_signs_in_and_out(recipe, provider: Provider, page: Page):
    url = recipe(NOTEBOOK, "hugging-face-login", **provider.space(MEMBERS="ada"))
    page.goto(url)
    expect(page.get_by_label("You", exact=True)).to_have_value("Not signed in")
    page.get_by_role("button", name="Sign in with Hugging Face").click()
    page.get_by_role("button", name="ada").click()
    expect(page.get_by_label("You", exact=True)).to_have_value("Signed in as ada")
    page.get_by_role("button", name="Logout (ada)").click()
    expect(page.get_by_label("You", exact=True)).to_have_value("Not signed in")


def test_invitation_opens_the_demo_and_leaves_the_address_bar(program, browser):
    demo = program(NOTEBOOK, "share-safely")
    owner = browser.new_page()
    owner.goto(demo.url + re.search(r"/(enter\?invitation=\S+)", demo.log())[1])
    owner.get_by_role("button", name="Enter the demo").click()
    expect(owner).to_have_url(f"{demo.url}demo/")
    owner.get_by_role("tab", name="Invitations").click()
    owner.get_by_label("Name", exact=True).fill("Grace")
    owner.get_by_role("button", name="Invite").click()
    answer = owner.get_by_label("Answer; a link")
    expect(answer).to_have_value(re.compile("^/enter"))
    grace = browser.new_page()  # a context of its own
    grace.goto(demo.url + answer.input_value().lstrip("/"))
    grace.reload()  # opened twice, as by a preview, and not used up
    grace.get_by_role("button", name="Enter the demo").click()
    expect(grace).to_have_url(f"{demo.url}demo/")
    measure(grace)
    expect(grace.get_by_label("Reading time", exact=True)).to_have_value("1.0 minutes, for Grace")
    assert grace.get_by_role("tab", name="Invitations").count() == 0
    for page in (owner, grace):
        page.context.close()


def ask_with_key(page: Page) -> None:
    page.get_by_label("API key").fill("sk-secret-123")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_label("Answer")).to_have_value("13 characters")


def page_for_a_key() -> gr.Blocks:
    with gr.Blocks() as demo:
        key, answer = gr.Textbox(label="API key", type="password"), gr.Textbox(label="Answer")
        gr.Button("Ask").click(lambda key: f"{len(key)} characters", key, answer, api_name="ask")
    return demo


def test_run_history_holds_a_typed_key_in_the_clear(serve, page: Page):
    app = serve(page_for_a_key())
    ask_with_key(open_page(page, app))
    page.wait_for_function("() => Object.keys(localStorage).some(key => key.startsWith('gradio:run-history'))")
    assert "sk-secret-123" in page.evaluate(STORED)
    page.goto(f"{app.url}gradio_api/runs")
    expect(page.get_by_text("sk-secret-123")).to_be_visible()


def test_no_run_history_holds_no_key_and_forgets_the_old_ones(serve, page: Page):
    demo = page_for_a_key()
    ask_with_key(open_page(page, app := serve(demo)))
    page.wait_for_function("() => JSON.stringify({...localStorage}).includes('sk-secret-123')")
    port = demo.server_port
    demo.close(verbose=False)
    assert serve(demo, run_history=False, server_port=port).url == app.url
    ask_with_key(open_page(page, app))
    page.reload()
    expect(page.get_by_label("API key")).to_be_visible()
    page.wait_for_function("() => !JSON.stringify({...localStorage}).includes('sk-secret-123')")
    assert page.goto(f"{app.url}gradio_api/runs").status == 404


def test_what_members_type_is_gone_after_the_log_out(recipe, page: Page):
    url = recipe(NOTEBOOK, "log-in", ADMIN_PASSWORD="tulips in april")
    page.goto(f"{url}login")
    log_in(page, "tulips in april")
    expect(page).to_have_url(f"{url}members/")
    measure(page)
    expect(page.get_by_label("Reading time", exact=True)).to_have_value("1.0 minutes, measured for admin")
    measure(page)  # what the first one left would be there by now
    expect(page.locator('[data-testid="status-tracker"]:not(.hide)')).to_have_count(0)
    assert "word word" not in page.evaluate(STORED)
    page.get_by_role("link", name="Log out").or_(page.get_by_role("button", name="Log out")).first.click()
    expect(page).to_have_url(f"{url}login")
    assert json.loads(page.evaluate(STORED)) == {}
    assert page.goto(f"{url}members/gradio_api/runs").url == f"{url}login"
