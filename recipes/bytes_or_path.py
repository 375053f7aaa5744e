# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
from pathlib import Path

import gradio as gr
from gradio.media import get_image

PICTURES = [get_image("lion.jpg"), get_image("tower.jpg")]


def describe(value):
    """Say what a File component handed over: Python type, and of each file name and size in bytes."""
    if value is None:
        return "None"
    if isinstance(value, list):
        return f"list of {len(value)}: " + ", ".join(describe(item) for item in value)
    if isinstance(value, bytes):
        return f"bytes ({len(value)} B, name unknown)"
    return f"str (path of {Path(value).name}, {Path(value).stat().st_size} B)"


with gr.Blocks(title="What a handler receives") as demo:
    for count in ("single", "multiple", "directory"):
        with gr.Tab(f'file_count="{count}"'), gr.Row():
            for kind in ("filepath", "binary"):
                with gr.Column():
                    chosen = PICTURES[0] if count == "single" else PICTURES
                    upload = gr.File(chosen, label=f'type="{kind}"', file_count=count, type=kind, height=160)
                    button = gr.Button("Call the handler")
                    received = gr.Textbox(label="The handler received", lines=3)
                    button.click(describe, upload, received, api_name=f"{count}_{kind}")

demo.launch()
