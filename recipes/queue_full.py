# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import time

import gradio as gr
import torch

from gradio_patterns.models import load

PLACES = 3
TEXT = """Visitors wait in the queue for their turn.
The queue for the server is long, and the visitors wait.
The weather was fine.
I like tea."""
embed = load("feature-extraction")
lately = [1.0]  # seconds that the last runs took
refused_in_words = set()  # sessions in which the handler itself has said why


def central(text, request: gr.Request):
    """Return the line of a text that is closest in meaning to the text as a whole."""
    lines = [line for line in (text or "").splitlines() if line.strip()]
    if not 2 <= len(lines) <= 5000:
        refused_in_words.add(request.session_hash)
        raise gr.Error("Paste between 2 and 5000 lines.", print_exception=False)
    begin = time.perf_counter()
    vectors = torch.stack([embed(line[:500], return_tensors=True)[0].float().mean(0) for line in lines])
    best = torch.cosine_similarity(vectors, vectors.mean(0, keepdim=True)).argmax()
    lately[:] = [*lately[-9:], time.perf_counter() - begin]
    return lines[int(best)], ""


def busy(request: gr.Request):
    if request.session_hash in refused_in_words:
        refused_in_words.discard(request.session_hash)
        return gr.skip()
    seconds = max(1, sum(lately) / len(lately))
    return (
        f"{PLACES} people are waiting already. A place is free in about {seconds:.0f} s: press the button again then."
    )


with gr.Blocks(title="The central line") as demo:
    text = gr.Textbox(TEXT, label="Text, one sentence a line", lines=5, max_lines=5)
    button = gr.Button("Find the central line", variant="primary")
    line = gr.Textbox(label="Central line")
    status = gr.Textbox(label="Status")
    job = button.click(central, text, [line, status], concurrency_limit=1, api_name="central")
    job.failure(busy, None, status, queue=False, api_visibility="private")

demo.queue(max_size=PLACES)
demo.launch()
