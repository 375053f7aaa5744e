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
chat = load("text-generation", os.environ.get("MODEL") or None)  # a folder in a volume, or a name
in_model_thread = ThreadPoolExecutor(max_workers=1).submit


class Drain:
    """After SIGTERM: running calls end, waiting ones are told, and then the demo is closed."""

    def __init__(self, seconds):
        self.seconds, self.calls, self.stopping = seconds, 0, threading.Event()
        threading.Thread(target=self.close_when_idle, daemon=True).start()

    @contextlib.contextmanager
    def call(self):
        if self.stopping.is_set():
            raise gr.Error("This server restarts. Try again in a minute.", print_exception=False)
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1

    def close_when_idle(self):
        self.stopping.wait()
        end, idle = time.monotonic() + self.seconds, 0
        try:
            while time.monotonic() < end and idle < 10:  # a second without a call, for the last words to go out
                busy = True
                with contextlib.suppress(httpx.HTTPError):  # not up yet, or too busy to say
                    busy = httpx.get(f"{demo.local_url}gradio_api/queue/status", timeout=5).json()["queue_size"]
                idle = 0 if self.calls or busy else idle + 1
                time.sleep(0.1)
        finally:
            demo.close(verbose=False)


drain = Drain(float(os.environ.get("GRACE_SECONDS", "50")))  # less than the engine's own patience


def generate(inputs, length, words):
    try:
        chat.model.generate(**inputs, max_new_tokens=length, do_sample=False, streamer=words)
    finally:
        words.end()  # also after an error: else the loop below waits for ever


def answer(question, length):
    with drain.call():
        if not (question or "").strip():
            raise gr.Error("Type a question first.", print_exception=False)
        messages = [{"role": "user", "content": question[:1000]}]
        inputs = chat.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        ).to(chat.model.device)
        words = TextIteratorStreamer(chat.tokenizer, skip_prompt=True, skip_special_tokens=True)
        job, text = in_model_thread(generate, inputs, int(length), words), ""
        for word in words:
            text += word
            yield text
        job.result()  # raises what `generate` has raised


with gr.Blocks(title="Chat in a container") as demo:
    question = gr.Textbox("Why does it rain?", label="Question")
    length = gr.Slider(8, 200, 60, step=1, label="Longest answer, in tokens")
    button = gr.Button("Ask", variant="primary")
    text = gr.Textbox(label="Answer", lines=3)
    gr.on([button.click, question.submit], answer, [question, length], text, api_name="answer")

signal.signal(signal.SIGTERM, lambda *_: drain.stopping.set())
demo.launch()
