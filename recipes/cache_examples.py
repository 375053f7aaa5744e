# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
# ]
# ///
import hashlib
import inspect
import os
import tempfile

import gradio as gr

from gradio_patterns.models import load

WORDS = ["ice", "bread", "rain"]
chat = load("text-generation")


def define(word):
    if not (word or "").strip():
        raise gr.Error("Type a word first.", print_exception=False)
    messages = [{"role": "user", "content": f"What is {word.strip()[:100]}? Answer in one short sentence."}]
    return chat(messages, max_new_tokens=20, do_sample=False)[0]["generated_text"][-1]["content"]


def fingerprint(*functions):
    """Changes with the source of the functions, the model and Gradio: what the kept answers depend on."""
    parts = [inspect.getsource(function) for function in functions] + [chat.model.name_or_path, gr.__version__]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


examples_folder = os.path.join(tempfile.gettempdir(), f"examples-{fingerprint(define)}")
os.environ["GRADIO_EXAMPLES_CACHE"] = examples_folder

with gr.Blocks(title="What is it?") as demo:
    word = gr.Textbox("snow", label="Word")
    button = gr.Button("Explain", variant="primary")
    definition = gr.Textbox(label="Meaning", lines=2)
    gr.Examples(
        [[word] for word in WORDS], word, definition, define,
        cache_examples=True, cache_mode="lazy", api_name="example",
    )  # fmt: skip
    gr.on([button.click, word.submit], define, word, definition, api_name="define")

demo.launch(height=440)
