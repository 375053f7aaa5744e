"""Authentication, where only a browser can tell: the log-in form, cookies, redirects and what each visitor sees."""

import re
import runpy

import pytest
from playwright.sync_api import Page, expect

from tools import notebooks

# Many pages and many programs: `make test` leaves them to `make test-all`.
pytestmark = pytest.mark.slow
NOTEBOOK = "07_authentication"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """The notebook's own OpenID provider: its address."""
    cells = ["single-sign-on-provider", "single-sign-on-complete"]
    text = "import threading\nimport httpx\n" + "\n".join(notebooks.load(NOTEBOOK).cell(name).source for name in cells)
    file = tmp_path_factory.mktemp("provider") / "provider.py"
    file.write_text(text)
    names = runpy.run_path(str(file))
    from oidc_provider_mock import _app

    # As Hugging Face has it. Gradio's LoginButton fails on a profile that holds a list of texts, the other form.
    _app.OpenIDCode.get_audiences = lambda self, request: request.client.get_client_id()

    def person(sub: str, verified: bool = True):
        claims = {"email": f"{sub}@lab.example", "email_verified": verified, "name": sub, "preferred_username": sub}
        return names["User"](sub=sub, claims={**claims, "profile": "", "picture": ""})

    address, _ = names["start_provider"](person("ada"), person("bob", verified=False))
    return address


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


def test_single_sign_on_there_and_back(recipe, provider: str, page: Page):
    settings = {"OIDC_ISSUER": provider, "OIDC_CLIENT_ID": "demo", "OIDC_CLIENT_SECRET": "kept"}
    url = recipe(NOTEBOOK, "single-sign-on", OIDC_DOMAIN="lab.example", **settings)
    page.goto(f"{url}staff/")
    expect(page).to_have_url(re.compile(f"^{provider}/oauth2/authorize"))
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
        expect(page.locator('[data-testid="status-tracker"]:not(.hide)')).to_have_count(
            0
        )  # a pending event takes no click
        expect(page.get_by_label("Reading time", exact=True)).to_have_value("1.0 minutes")
    measure(page)
    expect(page.get_by_text(re.compile("Your 5 calls are used up. Try again in"))).to_be_visible()


def test_hugging_face_button_signs_in_and_out(recipe, provider: str, page: Page):
    space = {"SYSTEM": "spaces", "SPACE_ID": "ada/reading-time", "MEMBERS": "ada", "OAUTH_SCOPES": "openid profile"}
    client = {"OAUTH_CLIENT_ID": "space", "OAUTH_CLIENT_SECRET": "kept", "OPENID_PROVIDER_URL": provider}
    url = recipe(NOTEBOOK, "hugging-face-login", GRADIO_SERVER_NAME="127.0.0.1", **space, **client)
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
