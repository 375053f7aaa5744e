# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "httpx>=0.28",
# ]
# ///
import contextlib
import os
import signal
import threading
import time

import gradio as gr
import httpx

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


def add(item, items):
    with counted():
        if not (item or "").strip():
            raise gr.Error("Type something to add.", print_exception=False)
        items = [*items, item[:100]]
        return "\n".join(items), str(os.getpid()), items


with gr.Blocks(title="Shopping list") as demo:
    items = gr.State([])
    item = gr.Textbox("milk", label="Item")
    button = gr.Button("Add", variant="primary")
    written = gr.Textbox(label="Your list", lines=3)
    replica_number = gr.Textbox(label="Written by process")
    gr.on([button.click, item.submit], add, [item, items], [written, replica_number, items], api_name="add")

signal.signal(signal.SIGTERM, lambda *_: stopping.set())
threading.Thread(target=close_when_idle, args=(demo,), daemon=True).start()
demo.launch()
