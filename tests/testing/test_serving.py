"""Serving and visiting: a demo and an ASGI app, what is closed at the end, and what failures say."""

import sys
import warnings

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI
from gradio_client import Client
from gradio_client.exceptions import AppError

from gradio_patterns.testing import serve, visitor, visitors


def add(item, cart):
    cart = [*cart, item]
    return ", ".join(cart), cart


def fail():
    print("about to fail")
    warnings.warn("something is odd", stacklevel=1)
    raise ValueError("the reason")


@pytest.fixture
def demo():
    with gr.Blocks() as demo:
        cart, item = gr.State([]), gr.Textbox(label="Item")
        item.submit(add, [item, cart], [item, cart], api_name="add")
        item.change(fail, api_name="fail")
    yield demo
    if demo.is_running:
        demo.close(verbose=False)


def test_visitors_are_plain_clients_with_a_session_each(demo):
    with serve(demo) as app:
        alice, bob = app.visitors(2)
        assert type(alice) is Client
        assert [alice.predict("milk", api_name="/add"), alice.predict("tea", api_name="/add")] == ["milk", "milk, tea"]
        assert bob.predict("rice", api_name="/add") == "rice"


def test_the_demo_is_closed_whatever_happens(demo):
    with pytest.raises(ZeroDivisionError), serve(demo) as app:
        url = app.url
        assert httpx.get(url).status_code == 200
        raise ZeroDivisionError
    assert not demo.is_running
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_demo_that_runs_is_left_running(demo):
    demo.launch(prevent_thread_lock=True, quiet=True)
    with serve(demo) as app:
        assert app.visitor().predict("milk", api_name="/add") == "milk"
    assert visitors(demo, 1)[0].predict("milk", api_name="/add") == "milk"
    with pytest.raises(ValueError, match="max_file_size cannot be set"), serve(demo, max_file_size="1kb"):
        pass


def test_launch_options_reach_the_demo(demo):
    with serve(demo, auth=("ada", "secret")) as app:
        assert httpx.get(f"{app.url}config").status_code == 401
        assert app.visitor(auth=("ada", "secret")).predict("milk", api_name="/add") == "milk"


@pytest.mark.filterwarnings("ignore:something is odd")
def test_what_handlers_print_is_kept_and_what_the_test_prints_is_shown(demo, capfd):
    with serve(demo) as app:
        with pytest.raises(AppError):
            app.visitor().predict(api_name="/fail")
        print("shown", file=sys.stderr)
        assert "about to fail" in app.log()
        assert "ValueError: the reason" in app.log()
    assert capfd.readouterr().err.strip() == "shown"


def test_two_at_once_close_in_any_order(demo):
    other = gr.Interface(lambda text: print(text) or text, "text", "text", api_name="echo")
    first, second = serve(demo), serve(other)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.visitor().predict("kept", api_name="/echo")
    assert "kept" in second.log()
    assert "kept" not in first.log()
    second.__exit__(None, None, None)
    assert sys.stdout is not None
    assert type(sys.stdout).__name__ != "_Stream"


@pytest.mark.filterwarnings("ignore:something is odd")
@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have notes since Python 3.11")
def test_a_failure_carries_the_log(demo):
    with pytest.raises(AppError) as caught, serve(demo) as app:
        app.visitor().predict(api_name="/fail")
    assert "ValueError: the reason" in "".join(caught.value.__notes__)


def test_an_unknown_endpoint_is_answered_with_those_there_are(demo):
    with serve(demo) as app, pytest.raises(ValueError, match=r"No endpoint /ad at http\S+\. There are: /add, /fail\."):
        app.submit("/ad", "milk")


def test_jobs_come_from_sessions_of_their_own(demo):
    with serve(demo) as app:
        jobs = app.submit("/add", "milk", times=3)
        assert [job.result() for job in jobs] == ["milk"] * 3


def test_an_asgi_app_is_found_where_it_mounts_gradio(demo):
    api = FastAPI()
    api.get("/healthz")(lambda: "alive")
    api = gr.mount_gradio_app(api, demo, path="/shop")
    with serve(api) as app:
        assert app.url == f"{app.origin}/shop/"
        assert httpx.get(f"{app.origin}/healthz").json() == "alive"
        assert app.visitor().predict("milk", api_name="/add") == "milk"
    with pytest.raises(httpx.ConnectError):
        httpx.get(app.url)


def test_an_asgi_app_that_does_not_start_says_why():
    async def broken(app):
        raise RuntimeError("no database")
        yield

    with pytest.raises(RuntimeError, match="no database"), serve(FastAPI(lifespan=broken)):
        pass


def test_a_port_that_is_taken_is_named(demo):
    with serve(demo) as app:
        port = int(app.origin.rpartition(":")[2])
        other = gr.Interface(str.upper, "text", "text")
        with pytest.raises(OSError, match=str(port)), serve(other, server_port=port):
            pass
        with pytest.raises(RuntimeError, match=r"did not start"), serve(FastAPI(), port=port):
            pass


def test_what_does_not_run_has_no_address(demo):
    with pytest.raises(ValueError, match=r"has no address.*launch"):
        visitor(demo)


def test_a_server_without_a_page_is_served_and_visited():
    server = gr.Server()
    server.get("/hello")(lambda: "hello")

    @server.api(name="shout")
    def shout(text: str) -> str:
        return text.upper()

    with serve(server, auth=("ada", "tulip-42")) as app:
        assert httpx.get(f"{app.url}hello", timeout=60).json() == "hello"
        assert app.visitor(auth=("ada", "tulip-42")).predict("tea", api_name="/shout") == "TEA"
        with serve(server) as again:  # runs already: it is left running
            assert again.url == app.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{app.url}hello")


def test_a_server_that_was_not_launched_has_no_address():
    with pytest.raises(ValueError, match="has no address"):
        visitor(gr.Server())
