# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import queue
from contextlib import contextmanager

import gradio as gr
import torch

from gradio_patterns.models import load

devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())] or ["cpu", "cpu"]
workers = [(f"worker {i} on {device}", load("feature-extraction", device=device)) for i, device in enumerate(devices)]
idle = queue.SimpleQueue()
for worker in workers:
    idle.put(worker)


@contextmanager
def a_worker():
    taken = idle.get()
    try:
        yield taken
    finally:
        idle.put(taken)  # also after an error, or the pool runs dry


def rank(question, lines):
    """Order lines by their similarity to a question; say which worker did it."""
    lines = [line for line in (lines or "").splitlines() if line.strip()][:1000]
    with a_worker() as (name, pipe):
        if not (question or "").strip() or not lines:
            raise gr.Error("Type a question and at least one line.", print_exception=False)
        found = torch.stack([pipe(t[:500], return_tensors=True)[0].float().mean(0) for t in (question, *lines)])
        scores = torch.cosine_similarity(found[1:], found[:1])
    return [[lines[i], round(float(scores[i]), 3)] for i in scores.argsort(descending=True)], name


with gr.Blocks(title="Ranking") as demo:
    question = gr.Textbox("Which animal sleeps?", label="Question")
    lines = gr.Textbox("A dog barks.\nThe kitten naps on the couch.\nIt rains.", label="Lines", lines=3)
    button = gr.Button("Rank", variant="primary")
    ranking = gr.Dataframe(headers=["Line", "Similarity"], label="Ranking", interactive=False)
    where = gr.Textbox(label="Computed by")
    button.click(rank, [question, lines], [ranking, where], concurrency_limit=len(workers), api_name="rank")

demo.launch(height=620)
