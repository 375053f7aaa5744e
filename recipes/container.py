# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "httpx>=0.28",
#   "transformers<6,>=5.15",
# ]
# ///
import contextlib
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import httpx
from transformers import TextIteratorStreamer

from gradio_patterns.models import load

signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # while the model loads nobody is to be told
GRACE = float(os.environ.get("GRACE_SECONDS", "50"))  # less than the engine's own patience
stopping, running = threading.Event(), []


@contextlib.contextmanager
def counted():
    if stopping.is_set():
        raise gr.Error("This server restarts. Try again in a minute.", print_exception=False)
    running.append(True)
    try:
        yield
    finally:
        running.pop()


def close_when_idle(demo):
    stopping.wait()
    end, idle = time.monotonic() + GRACE, 0
    while time.monotonic() < end and idle < 10:  # a second without a call, for the last words to go out
        busy = True
        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):  # not up yet, or too busy to say
            busy = httpx.get(f"{demo.local_url}gradio_api/queue/status", timeout=5).json()["queue_size"]
        idle = 0 if running or busy else idle + 1
        time.sleep(0.1)
    demo.close(verbose=False)


chat = load("text-generation", os.environ.get("MODEL") or None)  # a folder in a volume, or a name
in_model_thread = ThreadPoolExecutor(max_workers=1).submit


def generate(question, length, words):
    try:
        chat([{"role": "user", "content": question}], max_new_tokens=length, do_sample=False, streamer=words)
    finally:
        words.end()  # also after an error: else who reads them waits for ever


def answer(question, length):
    with counted():
        if not (question or "").strip():
            raise gr.Error("Type a question first.", print_exception=False)
        words, text = TextIteratorStreamer(chat.tokenizer, skip_prompt=True, skip_special_tokens=True), ""
        job = in_model_thread(generate, question[:1000], length, words)
        for word in words:
            text += word
            yield text
        job.result()  # raises what `generate` has raised


with gr.Blocks(title="Chat in a container") as demo:
    question = gr.Textbox("Why does it rain?", label="Question")
    length = gr.Slider(8, 200, 60, step=1, precision=0, label="Longest answer, in tokens")
    button = gr.Button("Ask", variant="primary")
    text = gr.Textbox(label="Answer", lines=3)
    gr.on([button.click, question.submit], answer, [question, length], text, api_name="answer")

signal.signal(signal.SIGTERM, lambda *_: stopping.set())
threading.Thread(target=close_when_idle, args=(demo,), daemon=True).start()
demo.launch()
