# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
from pathlib import Path

import gradio as gr
import torch
from gradio.media import get_file

from gradio_patterns.models import load

embed = load("feature-extraction")
MOST = 200  # lines


def nearest(path, question):
    """The line of a text file that is closest in meaning to a question."""
    if not path or not (question or "").strip():
        raise gr.Error("Choose a text file and write a question.", print_exception=False)
    try:
        lines = [line for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise gr.Error("This is no UTF-8 text. Save it as plain text.", print_exception=False) from None
    if not 0 < len(lines) <= MOST:
        raise gr.Error(f"The file has {len(lines)} lines of text. Choose one with 1 to {MOST}.", print_exception=False)
    wanted, *found = [embed(text[:500], return_tensors=True)[0].float().mean(0) for text in [question, *lines]]
    return lines[int(torch.cosine_similarity(torch.stack(found), wanted[None]).argmax())]


with gr.Blocks(title="Ask a file") as demo:
    file = gr.File(get_file("sample.txt"), label="Text file", file_types=[".txt"], height=120)
    question = gr.Textbox("What is it about?", label="Question", submit_btn="Ask")
    line = gr.Textbox(label="Nearest line", lines=2)
    question.submit(nearest, [file, question], line, api_name="nearest")

demo.launch(height=440)
