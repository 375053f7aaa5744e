# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import gradio as gr
import torch

from gradio_patterns.batching import run_batched
from gradio_patterns.models import load

chat = load("text-generation")  # its tokenizer pads on the left


def text_of(content):  # the page sends a list of parts, an API client may send a string
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def prepare(question, history, limit):
    if not (question or "").strip():
        return gr.Error("Type a question first.")
    messages = [{"role": turn["role"], "content": text_of(turn["content"])} for turn in history[-6:]]
    messages.append({"role": "user", "content": question.strip()})
    ids = chat.tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    too_long = gr.Error("This conversation is too long for the model. Clear the chat.")
    return (ids, limit) if len(ids) <= 1500 else too_long


@torch.inference_mode()
def complete(group):
    batch = chat.tokenizer.pad({"input_ids": [ids for ids, _ in group]}, return_tensors="pt").to(chat.device)
    written = chat.model.generate(**batch, max_new_tokens=group[0][1], do_sample=False)
    return chat.tokenizer.batch_decode(written[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)


def answer(questions, histories, limits):
    histories = [history or [] for history in histories]
    items = [prepare(*given) for given in zip(questions, histories, limits)]
    replies, problems = run_batched(
        complete, items, size=lambda item: len(item[0]), key=lambda item: item[1],  # one limit in a pass
        max_tokens=8192, max_items=8, overhead=4096,  # a pass is dear: do not split for a little padding
    )  # fmt: skip
    boxes = list(questions)  # what is refused stays in its box, and the chat as it is
    for index, reply in enumerate(replies):
        if reply is not None:
            turns = [("user", questions[index]), ("assistant", reply)]
            histories[index] = histories[index] + [{"role": role, "content": text} for role, text in turns]
            boxes[index] = ""
    return [histories, boxes, problems]


def tell(problem):
    if problem:
        raise gr.Error(problem, print_exception=False)


with gr.Blocks(title="Chat, batched") as demo:
    history = gr.Chatbot(label="Chat", height=260)
    question = gr.Textbox("Name three colours.", label="Question")
    limit = gr.Radio([10, 60, 200], value=60, label="At most this many tokens")
    problem = gr.Textbox(label="Problem", visible=False)
    ask = gr.Button("Ask", variant="primary")
    job = gr.on(
        [ask.click, question.submit], answer, [question, history, limit], [history, question, problem],
        batch=True, max_batch_size=8, api_name="answer",
    )  # fmt: skip
    job.success(tell, problem, concurrency_limit=None, api_visibility="private")

demo.launch(height=620)
