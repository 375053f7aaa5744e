# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import random
import re

import gradio as gr

DICE = re.compile(r"(?:([1-9]\d?)?d([1-9]\d{0,2})|(\d{1,4}))")
CHANGED = "That message is not a question of this chat. Send it again."


def answer(history, question):
    """The chat with the question and its answer, which is several messages: each roll a step, then the sum."""
    parts = (
        [DICE.fullmatch(part.strip()) for part in question[:200].split("+")] if isinstance(question, str) else [None]
    )
    if not all(parts):
        raise gr.Error("Write dice such as 2d6 + 3.", print_exception=False)
    steps, total = [], 0
    for part in parts:
        count, sides, number = part.groups()
        rolled = [int(number)] if number else [random.randint(1, int(sides)) for _ in range(int(count or 1))]
        total += sum(rolled)
        if sides:
            title = {"title": f"Rolled {part[0]}", "status": "done"}
            steps.append({"role": "assistant", "content": " + ".join(map(str, rolled)), "metadata": title})
    asked = {"role": "user", "content": question}
    return [*history, asked, *steps, {"role": "assistant", "content": f"{question} is **{total}**."}]


def cut(history, event):
    """The chat before a question, and its text. The index comes from the page, so nothing is sure about it."""
    try:
        index = event.index
    except (AttributeError, TypeError):  # called over the API, without a click
        raise gr.Error(CHANGED, print_exception=False) from None
    if isinstance(index, (list, tuple)) and index:  # as Gradio's type hint allows
        index = index[0]
    if type(index) is not int or not 0 <= index < len(history) or history[index]["role"] != "user":
        raise gr.Error(CHANGED, print_exception=False)
    return history[:index], "".join(part.get("text", "") for part in history[index]["content"])


def send(history, question):
    return answer(history, question), ""


def retry(history, event: gr.EventData):
    return answer(*cut(history, event))


def undo(history, event: gr.EventData):
    return cut(history, event)  # the question goes back into the box


def edit(history, event: gr.EventData):
    before, _ = cut(history, event)
    return answer(before, getattr(event, "value", None))


with gr.Blocks(title="Dice") as demo:
    chat = gr.Chatbot(label="Dice", editable="user", height=300)
    box = gr.Textbox("2d6 + 3", label="What to roll", submit_btn="Roll", info="Then try Retry, Undo and Edit.")
    box.submit(send, [chat, box], [chat, box], show_progress_on=chat, api_name="send")
    chat.retry(retry, chat, chat, api_name="retry")
    chat.undo(undo, chat, [chat, box], api_name="undo")
    chat.edit(edit, chat, chat, api_name="edit")

demo.launch()
