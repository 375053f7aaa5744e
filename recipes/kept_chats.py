# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import os
import re

import gradio as gr

EXPENSE = re.compile(r"\s*(\d{1,6}(?:\.\d{1,2})?)\s+\S.{0,200}")
WRONG = "Write an amount and what it was for, such as 2.50 tea."


def written(message):
    content = message["content"]  # a list from the page, a text from the API
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def add_up(message, history):
    new = EXPENSE.fullmatch(message or "")
    if not new:  # over the API; the page asks the validator
        raise gr.Error(WRONG, print_exception=False)
    before = [EXPENSE.fullmatch(written(one)) for one in history if one["role"] == "user"]
    amounts = [float(one[1]) for one in [*before, new] if one]
    return f"Expense {len(amounts)}: {sum(amounts):.2f} in all"


demo = gr.ChatInterface(
    add_up,
    chatbot=gr.Chatbot(label="Expenses", height=300, placeholder="Send one or two, then reload the page."),
    textbox=gr.Textbox("2.50 tea", label="Amount and what for", submit_btn="Send"),
    validator=lambda message: gr.validate(bool(EXPENSE.fullmatch(message)), WRONG),
    save_history=True,
    api_name="chat",
)
demo.saved_conversations.storage_key = "chats-of-the-tea-fund"  # of this app alone, at this address
demo.saved_conversations.secret = os.environ.get("CHATS_SECRET", "milk in first")  # the same at each start
demo.launch()
