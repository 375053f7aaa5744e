# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import functools
import time

import gradio as gr

LIMITS = {"one": 1, "four": 4, "all": None}
service = time.sleep  # stands for a server elsewhere: takes its time, needs no CPU


def ask(seconds):
    if seconds is None or not 0 <= seconds <= 30:
        raise gr.Error("Ask for 0 to 30 seconds.", print_exception=False)
    begin = time.perf_counter()
    service(seconds)
    return f"Answered after {time.perf_counter() - begin:.1f} s, waiting in the queue not counted."


with gr.Blocks(title="Who waits") as demo:
    gr.Markdown("Press one button in two windows, then another one. Watch the corner of the answer: `queue: 1/1`.")
    seconds = gr.Number(3, label="Seconds that an answer takes", minimum=0, maximum=30)
    with gr.Row():
        for name, limit in LIMITS.items():
            with gr.Column(min_width=160):
                button = gr.Button(f"Ask, limit {limit}")
                answer = gr.Textbox(label=f"Answer, limit {limit}")
            own = functools.partial(ask)  # a limit belongs to a function object: each button needs one of its own
            button.click(own, seconds, answer, concurrency_limit=limit, api_name=f"ask_{name}")

demo.launch(height=380)
