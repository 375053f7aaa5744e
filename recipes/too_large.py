# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import os

import gradio as gr
from gradio.media import get_image

KB = 1024
NOTES, SCANS = 10 * KB, 300 * KB


def check_size(files, limit, what):
    """Return the bytes that the files have together; gr.Error when they are more than `limit`."""
    total = sum(os.path.getsize(path) for path in files)
    if total > limit:
        message = f"{what}: {total:,} bytes, of at most {limit:,}. Send a smaller file."
        raise gr.Error(message, print_exception=False)
    return total


def submit(notes, scans):
    if not notes and not scans:
        raise gr.Error("Add notes or scans first.", print_exception=False)
    notes_size = check_size([notes] if notes else [], NOTES, "Notes")
    scans_size = check_size(scans or [], SCANS, "Scans together")
    return f"Received {notes_size:,} bytes of notes and {scans_size:,} bytes of scans."


with gr.Blocks(title="Notes and scans") as demo:
    gr.Markdown("Submit: four scans are too much together. Remove one and submit again.")
    with gr.Row():
        notes = gr.File(label=f"Notes, up to {NOTES // KB} kB", file_types=[".txt", ".md"], height=170)
        four = [get_image("tower.jpg")] * 2 + [get_image("cheetah.jpg"), get_image("cheetah1.jpg")]
        scans = gr.File(four, label=f"Scans, together up to {SCANS // KB} kB", file_count="multiple", height=170)
    button = gr.Button("Submit", variant="primary")
    answer = gr.Textbox(label="Answer")
    button.click(submit, [notes, scans], answer, api_name="submit")

demo.launch(max_file_size=200 * KB)  # each file; the components' own limits are above
