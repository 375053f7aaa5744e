# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import re

import gradio as gr


def tokenize(document):  # inside, names may change at any time
    return re.findall(r"\w+", document or "")


def count_words(text: str, unique: bool = False) -> int:
    """Count the words of a text; with `unique`, each word once, in whatever case."""
    found = tokenize(text)
    return len({word.lower() for word in found}) if unique else len(found)


def count(text: str) -> int:
    """Deprecated: use /count_words."""
    return count_words(str(text or ""))  # of gr.api comes whatever was sent; a Textbox gives text or None


with gr.Blocks(title="Count words") as demo:
    with gr.Row():
        text = gr.Textbox("To be, or not to be", label="Text", lines=3)
        with gr.Column():
            unique = gr.Checkbox(label="Count each word once")
            number = gr.Number(label="Words")
    with gr.Row():
        clear = gr.Button("Clear")
        run = gr.Button("Count", variant="primary")
    run.click(count_words, [text, unique], number, api_name="count_words")
    clear.click(lambda: ("", None), None, [text, number], api_visibility="private")
    gr.api(count, api_name="count")

demo.launch(height=320)
