# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "transformers<6,>=5.15",
# ]
# ///
import threading
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
from transformers import TextIteratorStreamer

from gradio_patterns.models import load

chat = load("text-generation")
in_model_thread = ThreadPoolExecutor(max_workers=1).submit  # one answer at a time


def generate(question, longest, streamer, stop):
    try:
        message = [{"role": "user", "content": question}]
        options = {"add_generation_prompt": True, "return_tensors": "pt", "return_dict": True}
        inputs = chat.tokenizer.apply_chat_template(message, **options).to(chat.device)
        criteria = [lambda ids, scores: stop.is_set()]  # asked before each token
        chat.model.generate(**inputs, streamer=streamer, max_new_tokens=longest, stopping_criteria=criteria)
    finally:
        streamer.end()  # also after an error: else the loop below waits for ever


def begin(stop):
    """Return the Event that ends a page's answer: a new one, unless an answer has not ended yet."""
    return threading.Event() if stop is None or stop.is_set() else stop


def answer(question, longest, stop):
    if not (question or "").strip():
        raise gr.Error("Type a question first.", print_exception=False)
    stop, text = stop or threading.Event(), ""  # an API client has not begun
    if stop.is_set():
        return  # while it waited in line
    streamer = TextIteratorStreamer(chat.tokenizer, skip_prompt=True, skip_special_tokens=True)
    job = in_model_thread(generate, question[:2000], longest or 100, streamer, stop)
    try:
        for piece in streamer:
            yield (text := text + piece)
        job.result()  # raises what `generate` has raised
    finally:
        stop.set()  # also when the visitor has left: Gradio closes the generator


with gr.Blocks(title="Chat, streamed") as demo:
    question = gr.Textbox("Name three colours.", label="Question")
    longest = gr.Slider(8, 400, 120, step=1, precision=0, label="At most this many tokens")
    with gr.Row():
        ask = gr.Button("Ask", variant="primary")
        halt = gr.Button("Stop")
    reply = gr.Textbox(label="Reply", lines=5, buttons=["copy"])
    stop = gr.State()
    begun = gr.on([ask.click, question.submit], begin, stop, stop, queue=False, api_visibility="private")
    begun.success(answer, [question, longest, stop], reply, concurrency_limit=1, api_name="answer")
    halt.click(lambda stop: stop and stop.set(), stop, queue=False, api_visibility="private")

demo.launch(height=560)
