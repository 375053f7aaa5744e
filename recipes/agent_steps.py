# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import operator
import re
import uuid

import gradio as gr

SUM = re.compile(r"\s*(-?[\d.]+)\s*([-+*/])\s*(-?[\d.]+)\s*")
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
stopped = set()  # the sessions whose agent is to stop


def calculate(task):
    """The agent's tool."""
    if not (found := SUM.fullmatch(task)):
        raise ValueError("write two numbers and + - * or /")
    first, sign, second = found.groups()
    return f"{first} {sign} {second} = {OPERATORS[sign](float(first), float(second)):.10g}"


def for_model(history):
    """What a model server takes: role and text of both sides; no step, no metadata, no role that a visitor made up."""
    sent = []
    for message in history:
        if message["role"] in ("user", "assistant") and not (message.get("metadata") or {}).get("title"):
            parts = message["content"] if isinstance(message["content"], list) else [{"text": message["content"]}]
            sent.append({"role": message["role"], "content": "".join(part.get("text", "") for part in parts)})
    return sent


def begin(title, **inside):
    metadata = {"title": title, "id": uuid.uuid4().hex, "status": "pending", **inside}
    return {"role": "assistant", "content": "", "metadata": metadata}


def finish(step, text, **changed):
    step["content"] = text
    step["metadata"] |= {"status": "done", **changed}


def work(history, question, request: gr.Request):
    tasks = [task for task in (question or "")[:200].split(";") if task.strip()]
    if not tasks:
        raise gr.Error("Type sums first, such as 6 * 7; 1 / 0", print_exception=False)
    plan, results = begin(f"{len(tasks)} sums to do"), []
    chat = [*history, {"role": "user", "content": question[:200]}, plan]
    for task in tasks:
        if request.session_hash in stopped:  # perhaps while it waited in line
            break
        step = begin("calculate", parent_id=plan["metadata"]["id"])
        chat.append(step)
        yield chat, ""
        try:
            results.append(calculate(task))
            finish(step, results[-1])
        except (ArithmeticError, ValueError) as error:
            results.append("a sum failed")
            finish(step, str(error), title="calculate: failed")
    forget(request)
    finish(plan, f"{len(results)} of {len(tasks)} done")
    ended = "Stopped. " if len(results) < len(tasks) else ""
    chat.append({"role": "assistant", "content": ended + "; ".join(results)})
    yield chat, ""


def end_work(request: gr.Request):
    stopped.add(request.session_hash)


def forget(request: gr.Request):
    stopped.discard(request.session_hash)


with gr.Blocks(title="Sums") as demo:
    chat = gr.Chatbot(label="Sums", height=300, render_markdown=False)
    box = gr.Textbox("6 * 7; 1 / 0; 2 + 3", label="What to calculate", submit_btn="Work", stop_btn=True)
    sent = gr.JSON(label="What a model would be sent", max_height=200)
    begun = box.submit(forget, queue=False, api_visibility="private")
    done = begun.then(work, [chat, box], [chat, box], show_progress_on=chat, api_name="work")
    done.then(for_model, chat, sent, api_visibility="private")
    box.stop(end_work, queue=False, api_name="stop")  # no cancels=: the agent finishes its steps
    demo.unload(forget)

demo.launch(height=720)
