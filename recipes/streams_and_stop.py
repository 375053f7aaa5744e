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
in_model_thread = ThreadPoolExecutor(max_workers=1).submit
under_way = {}  # session hash: what stops the answer of this visitor


def write(question, streamer, stop):
    try:
        message = [{"role": "user", "content": question}]
        options = {"add_generation_prompt": True, "return_tensors": "pt", "return_dict": True}
        inputs = chat.tokenizer.apply_chat_template(message, **options).to(chat.device)
        criteria = [lambda ids, scores: stop.is_set()]  # asked before each token
        chat.model.generate(**inputs, streamer=streamer, max_new_tokens=80, do_sample=False, stopping_criteria=criteria)
    finally:
        streamer.end()


def answer(question, request: gr.Request):
    if not (question or "").strip():
        raise gr.Error("Type a question first.", print_exception=False)
    stop, text = threading.Event(), ""
    under_way[request.session_hash] = stop
    streamer = TextIteratorStreamer(chat.tokenizer, skip_prompt=True, skip_special_tokens=True)
    in_model_thread(write, question[:1000], streamer, stop)
    try:
        for piece in streamer:
            yield (text := text + piece)
    finally:
        stop.set()  # also when the visitor leaves
        under_way.pop(request.session_hash, None)


def end_answer(request: gr.Request):
    if stop := under_way.get(request.session_hash):
        stop.set()


with gr.Blocks(title="Ask") as demo:
    question = gr.Textbox("Name three colours.", label="Question", submit_btn=True, stop_btn=True)
    reply = gr.Textbox(label="Reply", lines=5)
    question.submit(answer, question, reply, api_name="answer")
    question.stop(end_answer, queue=False, api_name="stop")  # cancels= may leave "Error" on the reply

demo.launch(height=360)
