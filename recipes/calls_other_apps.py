# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-client==2.7.2",
#   "gradio<7,>=6.31",
#   "httpx>=0.28",
#   "limits>=4",
# ]
# ///
import concurrent.futures
import os
import time

import gradio as gr
import httpx
from gradio_client import Client
from gradio_client.exceptions import AppError, AuthenticationError
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

PATIENCE = float(os.environ.get("PATIENCE", "60"))  # seconds for the other app to start, and again to answer
PER_CALLER = parse("10/minute")
limiter = MovingWindowRateLimiter(MemoryStorage())


def connect():
    """A session of the other app; waits while it starts."""
    deadline = time.monotonic() + PATIENCE
    where = os.environ.get("OTHER_APP") or demo.local_url
    token = os.environ.get("OTHER_TOKEN") or False  # None would send the one of this machine
    while True:
        try:
            return Client(where, token=token, verbose=False, httpx_kwargs={"timeout": PATIENCE})
        except AuthenticationError:
            raise gr.Error("The other app does not let this one in. Tell the owner.", print_exception=False) from None
        except (httpx.HTTPError, ValueError):
            if time.monotonic() > deadline:
                raise gr.Error("The other app does not start. Try again later.", print_exception=False) from None
            time.sleep(1)


def ask(text, request: gr.Request):
    if not limiter.hit(PER_CALLER, request.username or request.client.host):
        raise gr.Error("You have asked 10 times this minute. Wait a little.", print_exception=False)
    job = connect().submit(text, api_name="/measure")
    try:
        return job.result(timeout=PATIENCE)
    except AppError as refusal:
        raise gr.Error(f"The other app says: {refusal}", print_exception=False) from None
    except concurrent.futures.TimeoutError:
        job.cancel()
        raise gr.Error("The other app takes too long. Try again later.", print_exception=False) from None


def measure(text: str) -> str:
    """How long reading a text takes: what the other app does."""
    if not isinstance(text, str) or not text.strip():
        raise gr.Error("Type a text first.", print_exception=False)
    return f"{len(text.split()) / 238:.1f} minutes"  # at 238 words a minute (Brysbaert, 2019)


with gr.Blocks(title="Two apps") as demo:
    gr.api(measure, api_name="measure")
    text = gr.Textbox(24 * "How long is this? ", label="Text (empty it, and the other app refuses)", lines=3)
    button = gr.Button("Ask the other app", variant="primary")
    answer = gr.Textbox(label="Answer of the other app")
    button.click(ask, text, answer, api_name="ask", concurrency_limit=5)

demo.launch(height=420)
