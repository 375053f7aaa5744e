"""A server, where only a browser can tell: what it keeps of a secret, and how many tabs one address takes."""

import gradio as gr
import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from playwright.sync_api import Error as PlaywrightError
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from gradio_patterns import testing as kit
from gradio_patterns.testing import Nginx
from gradio_patterns.testing.pages import open_page
from tools.programs import NGINX

SECRET = "4tPz-not-to-be-kept"
KEPT = "() => JSON.stringify([{...localStorage}, {...sessionStorage}])"


def type_secret(page: Page, answer: str, value: str) -> None:
    """Type the secret into the page and send it, and wait until the answer has come."""
    page.get_by_label("Token", exact=True).fill(SECRET)
    page.get_by_role("button", name="Usage", exact=True).click()
    expect(page.get_by_label(answer, exact=True)).to_have_value(value)


def serve_app(**launch):
    """A page that asks for a secret, served until the with statement is left."""
    with gr.Blocks() as demo:
        token = gr.Textbox(label="Token", type="password")
        length = gr.Number(label="Length")
        gr.Button("Usage").click(len, token, length, api_name="usage")
    return kit.serve(demo, **launch)


def test_the_history_of_runs_keeps_a_password_in_the_clear(page):
    """What `run_history=False` is there for. If this fails on a later Gradio, the lesson can say so."""
    with serve_app() as app:
        open_page(page, app.url)
        type_secret(page, "Length", str(len(SECRET)))
        page.wait_for_function(f"() => ({KEPT})().includes('{SECRET}')")
        page.goto(f"{app.url}gradio_api/runs")
        expect(page.get_by_text(SECRET).first).to_be_visible()


def test_a_space_leaves_no_secret_in_the_browser(page, recipe):
    url = recipe("05_deploy", "space", ADMIN_TOKEN=SECRET)
    assert httpx.get(f"{url}gradio_api/runs").status_code == 404
    open_page(page, url)
    page.evaluate("() => localStorage.setItem('another', 'is kept')")  # what is read below is what the page has
    page.get_by_text("For the owner").click()
    type_secret(page, "Pictures since the start", "0")
    for _ in range(2):  # and not after a reload, either
        kept = page.evaluate(KEPT)
        assert "is kept" in kept
        assert SECRET not in kept
        open_page(page, url)
    databases = page.evaluate("async () => (await indexedDB.databases()).map(one => one.name)")
    assert not databases
    assert SECRET not in page.content()
    page.goto(f"{url}gradio_api/runs")
    assert SECRET not in page.content()


def test_what_an_earlier_start_has_kept_stays(page):
    """Gradio cleans up behind the app that runs, and each start is another one to it: such a secret has to change."""
    port = kit.free_port()
    with serve_app(server_port=port) as app:
        open_page(page, app.url)
        type_secret(page, "Length", str(len(SECRET)))
        page.wait_for_function(f"() => ({KEPT})().includes('{SECRET}')")
    with serve_app(server_port=port, run_history=False) as app:
        open_page(page, app.url)
        assert SECRET in page.evaluate(KEPT)


# --- six connections --------------------------------------------------------------------------------

LOCATION = """
    location / {
        proxy_pass http://app;
        proxy_buffering off;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
"""
PLAIN = f"server {{ listen 8080; {LOCATION} }}"
CERTIFICATE = "ssl_certificate certificate.pem; ssl_certificate_key key.pem;"
HTTPS = f"server {{ listen 8443 ssl; {CERTIFICATE} {LOCATION} }}"


@pytest.fixture
def context(browser, need) -> BrowserContext:
    need(NGINX)
    context = browser.new_context(ignore_https_errors=True)
    yield context
    context.close()


@pytest.fixture
def app(serve):
    with gr.Blocks() as demo:
        gr.State()  # so that each page keeps a connection, by which the server knows that it is there
        box = gr.Textbox(label="Text")
        gr.Button("Say").click(lambda: "hello", None, box, api_name="say")
    return serve(demo)


def say(tab: Page, **options) -> None:
    """Click, and see the answer."""
    tab.get_by_role("button", name="Say", exact=True).click(**options)
    expect(tab.get_by_label("Text")).to_have_value("hello", **options)


@pytest.mark.parametrize("text", [PLAIN, HTTPS], ids=["http", "https"])
def test_over_http1_a_tab_waits_until_another_is_closed(context, app, text):
    with Nginx(text, {"app": app}) as nginx:
        tabs = [context.new_page() for _ in range(7)]
        for tab in tabs[:5]:
            say(open_page(tab, nginx.url))
        with tabs[5].expect_response("**/heartbeat/**"):  # has the sixth connection, and keeps it
            tabs[5].goto(nginx.url, wait_until="commit")
        with pytest.raises(PlaywrightError, match="Timeout"):
            tabs[6].goto(nginx.url, timeout=8000)
        for tab in tabs[:3]:
            tab.close()
        say(tabs[6])  # whose page has come now


def test_over_http2_ten_tabs_are_served(context, app):
    with Nginx(HTTPS.replace("ssl;", "ssl http2;", 1), {"app": app}) as nginx:
        for _ in range(10):
            say(open_page(context.new_page(), nginx.url))


@pytest.mark.parametrize(("host", "inside"), [("127.0.0.1", True), ("localhost", False)])
def test_a_login_in_a_frame_needs_a_page_of_the_same_host(serve, page: Page, host: str, inside: bool):
    """As in a notebook, whose frame points at 127.0.0.1: for a page at localhost its cookie is another site's."""
    with gr.Blocks() as demo:
        gr.Textbox(label="Inside")
    app = serve(demo, auth=("ada", "lovelace"))
    jupyter = serve(Starlette(routes=[Route("/", lambda _: HTMLResponse(f'<iframe src="{app.url}"></iframe>'))]))
    page.goto(f"{jupyter.origin.replace('127.0.0.1', host)}/")
    frame = page.frame_locator("iframe")
    frame.get_by_label("username").fill("ada")
    frame.get_by_label("password").fill("lovelace")
    with page.expect_response("**/login*") as login, page.expect_response(app.url):  # it loads again
        frame.get_by_role("button", name="Login").click()
    assert login.value.ok
    expect(frame.get_by_label("Inside" if inside else "username")).to_be_visible()
