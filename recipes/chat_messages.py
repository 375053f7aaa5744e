# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
# ]
# ///
from pathlib import Path

import gradio as gr

from gradio_patterns.models import load

LONGEST_FILE = 2000  # characters of an attached file that go into the prompt
chat = load("text-generation")
PAST = [
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "The capital of France is Paris."},
]


def as_text(content):
    """The text of a message: a string, a part, or a list of both, from the page or the API."""
    if isinstance(content, list):
        return "\n".join(map(as_text, content))
    if isinstance(content, str):
        return content
    path = (content.get("file") or content).get("path")
    return file_text(Path(path)) if path else content.get("text", "")


def file_text(path):
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")  # without the mark that Windows puts first
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return f"{path.name}:\n{text[:LONGEST_FILE]}"


def reply(message, history):
    message = message or {"text": "", "files": []}  # null, from an API client
    asked = as_text([{"path": path} for path in message["files"]] + [message["text"]]).strip()
    if not asked:
        raise gr.Error("Write a message or attach a text file.", print_exception=False)
    past = [{"role": turn["role"], "content": as_text(turn["content"])} for turn in history]
    answer = chat([*past, {"role": "user", "content": asked}], max_new_tokens=32, do_sample=False)
    return answer[0]["generated_text"][-1]["content"]


demo = gr.ChatInterface(
    reply,
    multimodal=True,
    chatbot=gr.Chatbot(PAST, label="Conversation", height=300),
    textbox=gr.MultimodalTextbox("And of Italy?", file_types=[".txt", ".md"], label="Message", show_label=False),
    api_name="chat",
)
demo.launch()
