# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import gradio as gr
import torch

from gradio_patterns.models import load

embed = load("feature-extraction")


def vector(text):
    return embed(text[:500], return_tensors=True)[0].float().mean(0)


def keep(note, notes):
    if not (note or "").strip():
        raise gr.Error("Write a note first.", print_exception=False)
    notes = [*notes, note.strip()]
    return notes, "", f"Notes kept: {len(notes)}"


def search(question, notes):
    if not notes:
        raise gr.Error("Keep a note first.", print_exception=False)
    found = torch.stack([vector(note) for note in notes])
    return notes[int(torch.cosine_similarity(found, vector(question or "")[None]).argmax())]


with gr.Blocks(title="Notes") as demo:
    notes = gr.State([])
    note = gr.Textbox("The kettle is in the kitchen.", label="Note", submit_btn="Keep")
    status = gr.Textbox(label="Status", interactive=False)
    question = gr.Textbox("Where can I make tea?", label="Question", submit_btn="Search")
    nearest = gr.Textbox(label="Nearest note", interactive=False)
    note.submit(keep, [note, notes], [notes, note, status], api_name="keep")
    question.submit(search, [question, notes], nearest, api_name="search")

demo.launch(height=480)
