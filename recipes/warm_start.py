# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
# ]
# ///
import asyncio
import os
import threading
from concurrent.futures import Future

import gradio as gr

os.environ.setdefault("MPLBACKEND", "agg")  # or Gradio imports pyplot within its first event, and all wait
loading = Future()


def fetch(loading):
    """Everything slow: the imports, the weights, a first pass."""
    try:
        from gradio_patterns.models import load

        loading.set_result(load("text-generation"))
    except Exception as error:
        loading.set_exception(error)


threading.Thread(target=fetch, args=[loading], daemon=True).start()  # the page does not wait


def status():
    if not loading.done():
        return "The model is loading. You can ask already: the answer comes when it is ready."
    return f"The model could not be loaded: {loading.exception()}" if loading.exception() else "The model is ready."


async def watch():  # async: a page that waits holds none of the 40 threads
    yield status()
    await asyncio.wait([asyncio.wrap_future(loading)])
    yield status()


def answer(question, longest):
    if not (question or "").strip():
        raise gr.Error("Type a question first.", print_exception=False)
    try:
        model = loading.result()  # waits while it loads
    except Exception as error:
        raise gr.Error(f"The model could not be loaded, tell the owner: {error}", print_exception=False) from error
    messages = [{"role": "user", "content": question[:2000]}]
    return model(messages, max_new_tokens=longest, do_sample=False)[0]["generated_text"][-1]["content"]


with gr.Blocks(title="Ready at once") as demo:
    state = gr.Textbox(label="Model")
    question = gr.Textbox("Name three colours.", label="Question")
    longest = gr.Slider(4, 200, 40, step=1, precision=0, label="At most this many tokens")
    ask = gr.Button("Ask", variant="primary")
    reply_box = gr.Textbox(label="Answer", lines=3)
    demo.load(watch, None, state, concurrency_limit=None, api_name="status")
    gr.on([ask.click, question.submit], answer, [question, longest], reply_box, api_name="answer")

demo.launch(height=540)
