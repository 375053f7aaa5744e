"""Messages that the notebooks quote and whose cause needs no more than a line: each provoked, its words compared."""

import asyncio
import io
import logging
import os
import socket
import sqlite3
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.media import get_image
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, UnidentifiedImageError

from gradio_patterns.models import load
from gradio_patterns.testing import ModelServer, Nginx, serve
from tools.offline import seen

ADA = ("ada", "lovelace")


def app(handler, inputs="text", outputs="text", **options) -> gr.Interface:
    return gr.Interface(handler, inputs, outputs, api_name="go", flagging_mode="never", **options)


def told(handler, *args, inputs="text", outputs="text", **launch) -> None:
    """Call a handler through the queue, as a client: what it reads is raised."""
    with serve(app(handler, inputs, outputs), show_error=True, **launch) as served:
        served.visitor().predict(*args, api_name="/go")


def twice_rendered():
    inner = app(str)
    with gr.Blocks():
        inner.render()
        inner.render()


def route_inside():
    with gr.Blocks() as demo:
        demo.route("Second")


def other_thread():
    connection, errors = sqlite3.connect(":memory:"), []

    def use():
        try:
            connection.execute("SELECT 1")
        except sqlite3.Error as error:
            errors.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    raise errors[0]


def full_disk():
    with open("/dev/full", "w") as file:
        file.write("x" * 100_000)


def truncated():
    Image.open(io.BytesIO(Path(get_image("tower.jpg")).read_bytes()[:5000])).load()


def stream_in_a_batch():
    def handler(texts):
        yield [texts]

    with serve(app(handler, batch=True), show_error=True) as served:
        served.visitor().predict("x", api_name="/go")


def without_login():
    with serve(app(str), auth=ADA) as served:
        served.visitor()


def wrong_password():
    with serve(app(str), auth=ADA) as served:
        served.visitor(auth=("ada", "byron"))


def sync_in_a_loop():
    from playwright.sync_api import sync_playwright

    async def start():
        sync_playwright().start()

    asyncio.run(start())


def no_browser():
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/nowhere")
        with sync_playwright() as playwright:
            playwright.chromium.launch()


def no_gradio():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        try:
            Client(f"http://127.0.0.1:{other.server_port}")
        finally:
            other.shutdown()


def slow_behind_a_proxy():
    text = "server { listen 80; location / { proxy_pass http://app:7860; proxy_read_timeout 1s; } }"
    with socket.create_server(("127.0.0.1", 0)) as silent, Nginx(text, {"app:7860": silent.getsockname()[1]}) as nginx:
        httpx.get(nginx.url, trust_env=False).raise_for_status()


def of_a_profile(text, profile: gr.OAuthProfile):
    return profile.name


def broken_off():
    question = {"model": "any", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    with ModelServer(breaks_off=1) as server:
        httpx.post(f"{server.url}/chat/completions", json=question, trust_env=False)


def login_button():
    with gr.Blocks() as demo:
        gr.LoginButton()
    demo.launch(prevent_thread_lock=True)


def too_large():
    with serve(app(str, gr.File()), max_file_size=1000) as served:
        served.visitor().predict(handle_file(get_image("tower.jpg")), api_name="/go")


PROVOKED = {
    "BlockContext.__init__() got an unexpected keyword argument 'allow_flagging'": (
        TypeError,
        lambda: gr.Interface(str, "text", "text", allow_flagging="never"),
    ),
    "Blocks.launch() got an unexpected keyword argument 'show_api'": (
        TypeError,
        lambda: app(str).launch(show_api=False),
    ),
    "At least one block in this Blocks has already been rendered.": (gr.exceptions.DuplicateBlockError, twice_rendered),
    "You cannot create a route while inside a Blocks() context.": (ValueError, route_inside),
    "SQLite objects created in a thread can only be used in that same thread": (sqlite3.Error, other_thread),
    "image file is truncated": (OSError, truncated),
    "cannot identify image file": (UnidentifiedImageError, lambda: Image.open(io.BytesIO(b"no picture"))),
    "Gradio does not support generators in batch mode.": (AppError, stream_in_a_batch),
    "'utf-8' codec can't decode byte": (UnicodeDecodeError, lambda: "Größe".encode("latin-1").decode()),
    "expected str, bytes or os.PathLike object, not NoneType": (
        AppError,
        lambda: told(lambda path: Path(path).read_text(), None, inputs=gr.File()),
    ),
    "'NoneType' object is not iterable": (
        AppError,
        lambda: told(lambda paths: [os.path.getsize(p) for p in paths], None, inputs=gr.File(file_count="multiple")),
    ),
    "to the gradio cache dir because it was not created by the application": (
        AppError,
        lambda: told(lambda _: "/etc/hostname", "x", outputs=gr.File()),
    ),
    "Could not postprocess output component at index 0": (
        AppError,
        lambda: told(lambda _: b"bytes", "x", outputs=gr.File()),
    ),
    "exceeds the maximum file size of": (ValueError, too_large),
    "as credentials were not provided. Please login.": (ValueError, without_login),
    "Could not login to http://127.0.0.1:": (ValueError, wrong_password),
    "It looks like you are using Playwright Sync API inside the asyncio loop.": (Exception, sync_in_a_loop),
    "BrowserType.launch: Executable doesn't exist": (Exception, no_browser),
    "Could not fetch config for": (ValueError, no_gradio),
    "This action requires a logged in user. Please sign in and retry.": (AppError, lambda: told(of_a_profile, "x")),
    "cannot write mode RGBA as JPEG": (
        AppError,
        lambda: told(lambda _: Image.new("RGBA", (9, 9)), "x", outputs=gr.Image(format="jpeg")),
    ),
    "504 Gateway Time-out": (httpx.HTTPStatusError, slow_behind_a_proxy),
    "peer closed connection without sending complete message body (incomplete chunked read)": (
        httpx.RemoteProtocolError,
        broken_off,
    ),
}


@pytest.mark.parametrize("words", PROVOKED)
def test_gradio_and_python_say_it_so(words):
    kind, provoke = PROVOKED[words]
    with pytest.raises(kind) as raised:
        provoke()
    assert words in str(raised.value)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")
def test_a_full_disk_says_it_so():
    with pytest.raises(OSError, match="No space left on device"):
        full_disk()


def test_padding_on_the_wrong_side_is_a_warning(monkeypatch):
    said, transformers = io.StringIO(), logging.getLogger("transformers")
    handler = logging.StreamHandler(said)  # its own one may write into what an earlier test has captured
    chat = load("text-generation")
    monkeypatch.setattr(chat.tokenizer, "padding_side", "right")
    level = transformers.level
    transformers.setLevel(logging.WARNING)
    transformers.addHandler(handler)
    try:
        batch = chat.tokenizer(["Tea?", "Or is it coffee?"], padding=True, return_tensors="pt")
        chat.model.generate(**batch, max_new_tokens=1)
    finally:
        transformers.removeHandler(handler)
        transformers.setLevel(level)
    seen.keep(said.getvalue())
    assert "A decoder-only architecture is being used, but right-padding was detected!" in said.getvalue()


def test_logging_in_outside_of_a_space_is_a_warning_and_needs_a_token():
    outside = "Gradio does not support OAuth features outside of a Space environment"
    with pytest.warns(UserWarning, match=outside), pytest.raises(ValueError, match="Your machine must be logged in"):
        login_button()


def test_a_name_that_comes_twice_in_an_archive_is_a_warning():
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("IMG_1.jpg", b"")
        with pytest.warns(UserWarning, match="Duplicate name: 'IMG_1.jpg'"):
            archive.writestr("IMG_1.jpg", b"")
