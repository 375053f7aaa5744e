# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import asyncio

import gradio as gr
import torch

from gradio_patterns.models import load

embed = load("feature-extraction")


def embedding(text):
    return embed(text[:1000], return_tensors=True)[0].float().mean(0)


def compare(first, second):  # blocks, so it is a plain def: Gradio runs it in a thread
    if not (first or "").strip() or not (second or "").strip():
        raise gr.Error("Type something into every box.", print_exception=False)
    return round(float(torch.cosine_similarity(embedding(first), embedding(second), dim=0)), 3)


async def nearest(text, lines):  # several waits at once, so it is async: every one of them awaited
    lines = [line for line in (lines or "").splitlines() if line.strip()][:100]
    if not lines or not (text or "").strip():
        raise gr.Error("Type a sentence and at least one candidate.", print_exception=False)
    wanted, *found = await asyncio.gather(*(asyncio.to_thread(embedding, line) for line in [text, *lines]))
    return lines[int(torch.cosine_similarity(torch.stack(found), wanted[None]).argmax())]


with gr.Blocks(title="Sentences") as demo:
    text = gr.Textbox("The cat sleeps on the sofa.", label="Sentence")
    with gr.Row():
        with gr.Column():
            other = gr.Textbox("A kitten naps on the couch.", label="Compare with", lines=3)
            button = gr.Button("Compare")
            score = gr.Number(label="Similarity")
        with gr.Column():
            lines = gr.Textbox("A dog barks.\nA kitten naps.\nIt rains.", label="Candidates", lines=3)
            find = gr.Button("Find the nearest")
            best = gr.Textbox(label="Nearest")
    button.click(compare, [text, other], score, api_name="compare")
    find.click(nearest, [text, lines], best, api_name="nearest")

demo.launch()
