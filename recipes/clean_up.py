# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import csv
import tempfile
from pathlib import Path
from weakref import WeakValueDictionary

import gradio as gr
import torch

from gradio_patterns.models import load

embed = load("feature-extraction")
desks = WeakValueDictionary()  # session hash -> Desk
NOTES = "The kettle is in the kitchen.\nTrains to Sofia leave at noon.\nThe cat sleeps on the piano."


def vector(text):
    return torch.nn.functional.normalize(embed(text[:500], return_tensors=True)[0].mean(0), dim=0).to(embed.device)


class Desk:
    """What one visitor occupies: vectors on the device and a folder on the disk."""

    def __init__(self, notes):
        self.notes = notes
        self.vectors = torch.stack([vector(note) for note in notes])
        self.folder = tempfile.TemporaryDirectory(prefix="desk-", ignore_cleanup_errors=True)

    def close(self):
        self.vectors = None
        self.folder.cleanup()


def index(text, request: gr.Request):
    notes = [line.strip() for line in (text or "").splitlines() if line.strip()][:200]
    if not notes:
        raise gr.Error("Write at least one note, one per line.", print_exception=False)
    leave(request)
    desk = desks[request.session_hash] = Desk(notes)
    return desk, f"{len(notes)} notes indexed"


def search(question, desk):
    if desk is None or desk.vectors is None:
        raise gr.Error("Index your notes first.", print_exception=False)
    if not (question or "").strip():
        raise gr.Error("Write a question first.", print_exception=False)
    scores, order = (desk.vectors @ vector(question)).sort(descending=True)
    rows = [[desk.notes[i], round(score, 2)] for i, score in zip(order.tolist(), scores.tolist())]
    path = Path(desk.folder.name, "hits.csv")
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["note", "score"], *rows])
    return rows[:3], str(path)


def leave(request: gr.Request):
    if desk := desks.pop(request.session_hash, None):
        desk.close()


with gr.Blocks(title="Search notes", delete_cache=(600, 3600)) as demo:  # the copies that Gradio serves go by age
    desk = gr.State(None, time_to_live=1800, delete_callback=Desk.close)
    with gr.Row():
        with gr.Column():
            text = gr.Textbox(NOTES, label="Notes, one per line", lines=5)
            index_button = gr.Button("1. Index")
            status = gr.Textbox(label="Status", interactive=False)
        with gr.Column():
            question = gr.Textbox("Where can I make tea?", label="Question")
            search_button = gr.Button("2. Search", variant="primary")
            hits = gr.Dataframe(headers=["Note", "Score"], label="Nearest", interactive=False)
            download = gr.File(label="All hits", height=60)
    turns = {"concurrency_id": "desk", "concurrency_limit": 1}  # no Index, which closes the old desk, during a Search
    index_button.click(index, text, [desk, status], api_name="index", **turns)
    asked = [search_button.click, question.submit]
    gr.on(asked, search, [question, desk], [hits, download], api_name="search", **turns)
    demo.unload(leave)
demo.launch(height=600)
