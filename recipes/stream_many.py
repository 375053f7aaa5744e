# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
# ]
# ///
import threading
from contextlib import closing

import gradio as gr

from gradio_patterns.models import load
from gradio_patterns.streaming import Streams, TooLong

chat = load("text-generation")
streams = Streams(chat.model, chat.tokenizer, places=16, max_context=1024)
streams.warm_up()  # no visitor waits for it


def begin(stop):
    """Return the Event that ends a page's answer: a new one, unless an answer has not ended yet."""
    return threading.Event() if stop is None or stop.is_set() else stop


def answer(question, longest, stop):
    if not (question or "").strip():
        raise gr.Error("Type a question first.", print_exception=False)
    stop, text = stop or threading.Event(), ""  # an API client has not begun
    messages = [{"role": "user", "content": question.strip()[:20_000]}]  # more than the context in any case
    try:
        with closing(streams.stream(messages, longest or 100, stop)) as pieces:  # also when the visitor leaves
            for piece in pieces:
                yield (text := text + piece)
    except TooLong as error:
        raise gr.Error("This question is too long. Shorten it.", print_exception=False) from error
    finally:
        stop.set()


with gr.Blocks(title="Chat, streamed to many") as demo:
    question = gr.Textbox("Name three colours.", label="Question")
    longest = gr.Slider(8, 400, 120, step=1, precision=0, label="At most this many tokens")
    with gr.Row():
        ask = gr.Button("Ask", variant="primary")
        halt = gr.Button("Stop")
    reply = gr.Textbox(label="Reply", lines=5, buttons=["copy"])
    stop = gr.State()
    begun = gr.on([ask.click, question.submit], begin, stop, stop, queue=False, api_visibility="private")
    begun.success(
        answer, [question, longest, stop], reply,
        concurrency_limit=streams.places, api_name="answer",
    )  # fmt: skip
    halt.click(lambda stop: stop and stop.set(), stop, queue=False, api_visibility="private")

demo.launch(height=560)
