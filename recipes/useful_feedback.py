# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import contextlib
import os
import re
import sqlite3
import tempfile
import uuid

import gradio as gr

UNITS = {"km": ("miles", 0.621371), "kg": ("pounds", 2.204623)}
CHOICES = ("Like", "Dislike", "Wrong")
DATABASE = os.environ.get("FEEDBACK_DB", f"{tempfile.gettempdir()}/gradio-feedback.db")
TABLE = """CREATE TABLE IF NOT EXISTS votes (answer TEXT PRIMARY KEY, question TEXT, reply TEXT, vote TEXT,
at TEXT DEFAULT CURRENT_TIMESTAMP)"""
KEEP = """INSERT INTO votes (answer, question, reply, vote) VALUES (?, ?, ?, ?)
ON CONFLICT (answer) DO UPDATE SET vote = excluded.vote, at = CURRENT_TIMESTAMP"""


@contextlib.contextmanager
def database():
    with contextlib.closing(sqlite3.connect(DATABASE, timeout=30)) as db, db:  # the second commits
        db.execute(TABLE)
        yield db


def counts():
    with database() as db:
        return db.execute("SELECT vote, count(*) FROM votes GROUP BY vote ORDER BY vote").fetchall()


def ask(history, question, answers):
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(km|kg)\s*", question or "")
    if not found:
        raise gr.Error("Write a number and km or kg, such as 12 km.", print_exception=False)
    unit, factor = UNITS[found[2]]
    reply = f"{found[1]} {found[2]} are {float(found[1]) * factor:.4g} {unit}."
    said = [{"role": "user", "content": question.strip()}, {"role": "assistant", "content": reply}]
    answers = {**answers, len(history) + 1: (uuid.uuid4().hex, question.strip(), reply)}  # by its place in the chat
    return history + said, "", answers


def vote(answers, event: gr.EventData):
    try:
        index, choice = event.index, event.liked
    except (AttributeError, TypeError):  # called over the API, without a press
        index = choice = None
    index = index[0] if isinstance(index, (list, tuple)) and index else index
    choice = {True: "Like", False: "Dislike"}[choice] if isinstance(choice, bool) else choice
    if type(index) is not int or index not in answers or choice not in ("", *CHOICES):
        raise gr.Error("Vote with the buttons under an answer.", print_exception=False)
    with database() as db:
        if choice:
            db.execute(KEEP, (*answers[index], choice))
        else:  # pressed again: the vote is withdrawn
            db.execute("DELETE FROM votes WHERE answer = ?", answers[index][:1])
    return counts()


with gr.Blocks(title="Units") as demo:
    answers = gr.State({})
    chat = gr.Chatbot(label="Units", feedback_options=CHOICES, height=260)
    box = gr.Textbox("12 km", label="Number and unit", submit_btn="Convert", info="Then vote under the answer.")
    table = gr.Dataframe(counts, headers=["Vote", "Count"], label="Votes of all visitors", interactive=False)
    box.submit(ask, [chat, box, answers], [chat, box, answers], show_progress_on=chat, api_name="ask")
    chat.like(vote, answers, table, trigger_mode="multiple", api_name="vote")
    chat.clear(dict, None, answers, api_visibility="private")

demo.launch(height=740)
