"""Messages that the notebooks quote and whose cause needs no more than a line: each provoked, its words compared."""

import asyncio
import io
import os
import sqlite3
import sys
import threading
import zipfile
from pathlib import Path

import gradio as gr
import pytest
from gradio.media import get_image
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image, UnidentifiedImageError

from gradio_patterns.testing import serve

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

    with sync_playwright() as playwright:
        playwright.chromium.launch(executable_path="/nowhere/chromium")


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
    "executable doesn't exist": (Exception, no_browser),
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


def test_a_name_that_comes_twice_in_an_archive_is_a_warning():
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("IMG_1.jpg", b"")
        with pytest.warns(UserWarning, match="Duplicate name: 'IMG_1.jpg'"):
            archive.writestr("IMG_1.jpg", b"")
