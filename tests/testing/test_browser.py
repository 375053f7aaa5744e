"""`gradio_patterns.testing.Browser` and `attacks`; `Relay`, which listens in between."""

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from gradio_patterns.testing.browser import Browser, attacks
from gradio_patterns.testing.nginx import Nginx
from gradio_patterns.testing.relay import Relay
from gradio_patterns.testing.serving import serve, visitor
from tools.programs import NGINX


def echo() -> FastAPI:
    app = FastAPI()

    @app.get("/enter")
    def enter(response: Response):
        response.set_cookie("locked", "1", secure=True)
        response.set_cookie("plain", "2")

    @app.get("/gone")
    def gone(response: Response):
        response.delete_cookie("locked", secure=True)

    @app.get("/go")
    def go():
        return Response(status_code=303, headers={"location": "/"})

    @app.get("/")
    def seen(request: Request):
        return {"cookies": request.cookies, "accept": request.headers["accept"]}

    @app.get("/endless")
    def endless():
        return StreamingResponse(iter(lambda: b"x\n", None))

    @app.post("/post")
    async def post(request: Request, response: Response):
        response.status_code = 200 if await request.body() == b'{"a":1}' else 422

    return app


@pytest.fixture(scope="module")
def url():
    with serve(echo()) as served:
        yield served.origin


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_secure_cookies_go_to_this_machine_over_http(url, host):
    with Browser(url.replace("127.0.0.1", host)) as browser:
        browser.get("/enter")
        assert browser.get("/").json()["cookies"] == {"locked": "1", "plain": "2"}
        assert browser.get("/go", follow_redirects=True).json()["cookies"] == {"locked": "1", "plain": "2"}
        browser.get("/gone")
        assert browser.get("/").json()["cookies"] == {"plain": "2"}
        assert browser.cookies["plain"] == "2"


def test_secure_cookies_go_to_no_other_machine_over_http():
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"set-cookie": "a=1; Secure"}, text=request.headers.get("cookie", ""))

    with Browser("http://example.org", transport=httpx.MockTransport(answer)) as browser:
        assert [browser.get("/").text, browser.get("/").text] == ["", ""]
        assert browser.get("https://example.org/").text == "a=1"


def test_it_asks_for_pages_and_takes_options_of_httpx(url):
    with Browser(url, cookies={"stolen": "x"}, headers={"x-a": "b"}, timeout=9) as browser:
        assert browser.get("/").json() == {"cookies": {"stolen": "x"}, "accept": "text/html,*/*"}
        assert (browser.headers["x-a"], browser.timeout.read) == ("b", 9)
    assert Browser(url).get("/go").status_code == 303  # an attack's status is its own, not that of the next page
    assert Browser().get(url).status_code == 200


def test_what_does_not_run_has_no_address():
    with pytest.raises(ValueError, match="has no address"):
        Browser(gr.Blocks())


def test_it_trusts_the_nginx_that_it_is_given(need):
    need(NGINX)
    listener = "listen 8443 ssl; ssl_certificate certificate.pem; ssl_certificate_key key.pem;"
    with Nginx(f"server {{ {listener} return 200 hello; }}") as nginx:
        assert Browser(nginx).get("/").text == "hello"
        assert Browser(nginx.url, trust=nginx.context).get("/").text == "hello"
        with pytest.raises(httpx.ConnectError):
            Browser(nginx.url).get("/")


def test_attack_gives_the_status_of_each_and_waits_for_no_end(url):
    with Browser(url) as browser:
        tried = browser.attack([("GET", "/"), ("GET", "endless"), ("POST", "post", {"a": 1}), ("POST", "post")])
        assert tried == {"GET /": 200, "GET endless": 200, "POST post": 422}  # the last of two of a name
        assert browser.attack([("POST", "post", {"a": 1}), ("GET", "none")]) == {"POST post": 200, "GET none": 404}


def test_attacks_is_a_table():
    rows = [("no cookie", 401), ("made-up cookie", 403)]
    table = attacks(rows)
    assert (table.index.name, list(table.index), list(table.columns)) == ("tried", [*dict(rows)], ["status"])
    assert table.equals(attacks(dict(rows)))
    assert list(table.status) == [401, 403]
    answers = attacks({"guest": (200, "error", "Sign in.")}, ["status", "event", "answer"])
    assert answers.loc["guest", "answer"] == "Sign in."
    assert attacks([]).empty


@pytest.fixture(scope="module")
def app():
    def whole(text):
        if not text:
            raise gr.Error("Type something first.", print_exception=False)
        return text.upper()

    def count(visits):
        return visits + 1, visits + 1

    with gr.Blocks() as demo:
        text, visits = gr.Textbox(label="Text"), gr.State(0)
        number = gr.Number(label="Visits")
        gr.Button("Whole").click(whole, text, text, api_name="whole")
        gr.Button("Both").click(lambda: ("a", "b"), None, [text, gr.Textbox(label="Other")], api_name="both")
        gr.Button("Queue").click(count, visits, [number, visits], api_name="count")
    with serve(demo) as served:
        yield served


def test_run_calls_an_endpoint_past_the_queue(app):
    with Browser(app) as browser:
        assert browser.run("/whole", "milk") == (200, "MILK")
        assert browser.run("both") == (200, ["a", "b"])
        assert browser.run("/whole", "") == (500, "Type something first.")
        assert browser.run("/whole", "milk", path="/nowhere") == (404, "Not Found")


def test_call_calls_an_endpoint_through_the_queue(app):
    with Browser(app) as browser:
        assert browser.call("/whole", "milk") == (200, "complete", "MILK")
        assert browser.call("/whole", "") == (200, "error", "Type something first.")
        assert browser.call("/whole", "milk", path="/nowhere") == (404, "", "Not Found")


def test_each_browser_is_a_session(app):
    with Browser(app) as one, Browser(app) as two:
        assert [one.run("/count", None)[1][0] for _ in range(2)] == [1, 2]
        assert two.run("/count", None)[1][0] == 1


def test_relay_forwards_and_overhears(app):
    with Relay(app) as relay:
        client = visitor(relay.url)
        assert client.predict("measles", api_name="/whole") == "MEASLES"
        assert "measles" in relay.overheard
        assert "MEASLES" in relay.overheard
        relay.forget()
        assert Browser(relay.url, cookies={"token": "tulip"}).get("config").status_code == 200
        assert "tulip" in relay.overheard
        assert "measles" not in relay.overheard
    with pytest.raises(httpx.ConnectError):
        httpx.get(relay.url)


def test_relay_of_nothing_closes_the_connection():
    with Relay("http://127.0.0.1:1") as relay, pytest.raises(httpx.HTTPError):
        httpx.get(relay.url)
