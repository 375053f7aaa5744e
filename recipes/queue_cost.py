# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import os

import gradio as gr
import torch

from gradio_patterns.models import load

os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000"  # read when gr.Blocks is made
AT_ONCE = 2  # handlers that compute at the same time
DESKS = ["delivery", "technical problem", "payment", "account", "returns"]

cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
threads = max(1, cores // AT_ONCE)
torch.set_num_threads(threads)  # before the first handler: a thread that has used PyTorch keeps its number
embed = load("feature-extraction")


def meaning(text):
    return embed(text[:1000], return_tensors=True)[0].float().mean(0)


desk_meanings = torch.stack([meaning(desk) for desk in DESKS])


def find_desk(text):
    if not (text or "").strip():
        raise gr.Error("Type a question first.", print_exception=False)
    return DESKS[int(torch.cosine_similarity(desk_meanings, meaning(text)[None]).argmax())]


with gr.Blocks(title="Which desk?") as demo:
    gr.Markdown(f"{cores} cores: {AT_ONCE} handlers at once, PyTorch threads for each: {threads}")
    text = gr.Textbox("You charged my card twice.", label="Question")
    button = gr.Button("Find the desk", variant="primary")
    desk = gr.Textbox(label="Desk")
    gr.on([button.click, text.submit], find_desk, text, desk, concurrency_limit=AT_ONCE, api_name="find_desk")

demo.queue(status_update_rate=5)  # places in line every 5 s, not at each start
demo.launch(height=380)
