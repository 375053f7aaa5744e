# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "pandas>=2.2",
# ]
# ///
import threading
import time
from collections import deque
from contextlib import asynccontextmanager

import gradio as gr
import pandas as pd

samples = deque(maxlen=120)  # (seconds since start, percent of one core)


def sample(stop):
    start = clock = time.monotonic()
    used = time.process_time()
    while not stop.wait(0.25):
        now, spent = time.monotonic(), time.process_time()
        samples.append((now - start, 100 * (spent - used) / (now - clock)))
        clock, used = now, spent


@asynccontextmanager
async def sampling(app):
    stop = threading.Event()
    threading.Thread(target=sample, args=[stop], name="sampler", daemon=True).start()
    yield
    stop.set()


def latest():
    return pd.DataFrame(list(samples), columns=["second", "percent"]).round(2)


with gr.Blocks(title="Load") as demo:
    with gr.Row():
        live = gr.Checkbox(True, label="Live")
        pace = gr.Slider(0.5, 5, 1, step=0.5, label="Seconds between updates")
    plot = gr.LinePlot(x="second", y="percent", label="CPU of this server, percent of a core", height=260)
    timer = gr.Timer(1)

    direct = {"queue": False, "show_progress": "hidden"}
    gr.on([demo.load, timer.tick], latest, None, plot, api_name="latest", **direct)
    gr.on(
        [live.input, pace.release], lambda on, seconds: gr.Timer(seconds, active=on), [live, pace], timer,
        trigger_mode="always_last", api_visibility="private", **direct,
    )  # fmt: skip

demo.launch(app_kwargs={"lifespan": sampling}, height=420)
