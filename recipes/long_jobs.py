# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import json
import os
import sqlite3
import tempfile
import threading
import traceback
import uuid

import gradio as gr
import torch

from gradio_patterns.models import load

LINES = "The kettle is in the kitchen.\nTrains leave at noon.\nIt rains in May."
FILE = os.environ.get("JOBS_DB", f"{tempfile.gettempdir()}/gradio-jobs.db")
embed = load("feature-extraction")
db = sqlite3.connect(FILE, isolation_level=None, check_same_thread=False)
db.execute("create table if not exists jobs (id text, key text unique, work text, state text, part real, result text)")
db.execute("update jobs set state = 'waiting' where state = 'running'")  # what a restart has interrupted
news = threading.Event()


def change(job, before, **new):
    """Change a job that is in a certain state; whether it was."""
    places = ", ".join(f"{column} = ?" for column in new)
    query = f"update jobs set {places} where id = ? and state = ? returning id"  # rowcount is of all threads
    return bool(db.execute(query, [*new.values(), str(job), before]).fetchall())


def rank(job, question, lines):
    vectors = []
    for text in [question, *lines]:
        if not change(job, "running", part=len(vectors) / (len(lines) + 1)):
            return  # cancelled
        vectors.append(embed(text[:500], return_tensors=True)[0].float().mean(0))
    wanted, *found = vectors
    scores = torch.cosine_similarity(torch.stack(found), wanted[None]).tolist()
    best = [line for _, line in sorted(zip(scores, lines, strict=True), reverse=True)]
    change(job, "running", state="done", part=1, result=json.dumps(best))


def work():
    while True:
        row = db.execute("select id, work from jobs where state = 'waiting' order by rowid limit 1").fetchone()
        if row is None:
            news.wait()
            news.clear()
        elif change(row[0], "waiting", state="running"):
            try:
                rank(row[0], *json.loads(row[1]))
            except Exception:
                traceback.print_exc()
                change(row[0], "running", state="failed")


def submit(question: str, lines: list[str], key: str) -> str:
    """Hand in a job: order lines by their nearness to a question. Returns its id; the same key is the same job."""
    texts = [question, *lines] if isinstance(lines, list) else []
    if not 2 <= len(texts) <= 1001 or not all(isinstance(text, str) and text.strip() for text in [*texts, key]):
        raise gr.Error("Send a question, 1 to 1000 lines, and a key of your own.", print_exception=False)
    work = json.dumps([question, lines])
    db.execute("insert or ignore into jobs values (?, ?, ?, 'waiting', 0, null)", [uuid.uuid4().hex, key, work])
    news.set()
    job, first = db.execute("select id, work from jobs where key = ?", [key]).fetchone()
    if first != work:
        raise gr.Error("This key has handed in another job. Send a new one.", print_exception=False)
    return job


def find(job):
    row = db.execute("select state, part, result from jobs where id = ?", [str(job)]).fetchone()
    if row is None:
        raise gr.Error("There is no such job.", print_exception=False)
    return row


def status(job: str) -> dict:
    """What has become of a job: waiting, running, done, failed or cancelled, and which part of it is done."""
    state, part, _ = find(job)
    return {"state": state, "part": round(part, 2)}


def result(job: str) -> list[str]:
    """The lines in their order, as often as you ask."""
    state, _, found = find(job)
    if state != "done":
        raise gr.Error(f"The job is {state}.", print_exception=False)
    return json.loads(found)


def cancel(job: str) -> str:
    """Cancel a job that waits or runs; what has become of it."""
    change(job, "waiting", state="cancelled") or change(job, "running", state="cancelled")
    return find(job)[0]


def hand_in(question, lines):
    return submit(question, (lines or "").splitlines(), uuid.uuid4().hex)


def look(job):
    state, part, found = find(job)
    return f"{state}, {part:.0%}", "\n".join(json.loads(found or "[]"))


with gr.Blocks(title="Long jobs") as demo:
    gr.api(submit, api_name="submit")
    gr.api(status, api_name="status")
    gr.api(result, api_name="result")
    gr.api(cancel, api_name="cancel")
    question = gr.Textbox("Where can I make tea?", label="Question")
    lines = gr.Textbox(LINES, label="Lines", lines=3, max_lines=3)
    with gr.Row():
        button, look_button, stop = gr.Button("Hand in", variant="primary"), gr.Button("Look"), gr.Button("Cancel")
    with gr.Row():
        job, state = gr.Textbox(label="Job: keep its id"), gr.Textbox(label="State", interactive=False)
    best = gr.Textbox(label="Nearest first", lines=3, interactive=False)
    button.click(hand_in, [question, lines], job, api_visibility="private")
    look_button.click(look, job, [state, best], api_visibility="private")
    stop.click(cancel, job, state, api_visibility="private")
threading.Thread(target=work, daemon=True).start()

demo.launch(height=600)
