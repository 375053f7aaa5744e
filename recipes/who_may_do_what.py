# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "fastapi<1.0,>=0.115.2",
#   "gradio<7,>=6.31",
#   "itsdangerous>=2.2",
#   "uvicorn>=0.14.0",
# ]
# ///
import os
import secrets
import threading

import gradio as gr
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer

MAY = {"ada": {"review", "publish"}, "bob": {"review"}}  # all others read and propose
BOARD = "board-session"  # a name that no other app on this host has
SECONDS = 8 * 3600
key = os.environ.get("SECRET_KEY") or secrets.token_urlsafe()
tickets, cookies = (URLSafeTimedSerializer(key, salt=salt) for salt in ("ticket", "cookie"))
lock, proposed, published = threading.Lock(), [], []
app = FastAPI(title="who-may-do-what")


def who(request: Request):
    try:
        return cookies.loads(request.cookies.get(BOARD, ""), max_age=SECONDS)
    except BadSignature:
        return "guest"


def publisher(request: Request):
    name = who(request)
    return name if "publish" in MAY.get(name, ()) else None  # None: 401 for the whole path


@app.get("/enter")
def enter(ticket: str):
    try:
        name = tickets.loads(ticket, max_age=900)
    except BadSignature:
        raise HTTPException(403, "This ticket is too old or not ours. Ask for a new one.") from None
    response = RedirectResponse("/", 303)
    response.set_cookie(BOARD, cookies.dumps(name), SECONDS, httponly=True, secure=True, samesite="lax")
    return response


def require(right, request):
    if right not in MAY.get(request.username, ()):
        raise gr.Error(f"You may not {right}. Ask an editor.", print_exception=False)


def look(request: gr.Request):
    rights = MAY.get(request.username, ())
    rows = [[sentence] for _, sentence in published]
    return rows, gr.Tab(visible="review" in rights), gr.Button(visible="publish" in rights)


def propose(sentence, request: gr.Request):
    if not (sentence or "").strip():
        raise gr.Error("Write a sentence first.", print_exception=False)
    with lock:
        del proposed[:-99]  # an open form must not fill the memory
        proposed.append([request.username, sentence.strip()[:300]])
    return f"Thank you, {request.username}. A reviewer will read it."


def review(request: gr.Request):
    require("review", request)
    return list(proposed)


def publish(number, request: gr.Request):
    require("publish", request)
    with lock:
        if number is None or not 1 <= number <= len(proposed):
            raise gr.Error("There is no proposal with this number.", print_exception=False)
        sentence = proposed.pop(int(number) - 1)[1]
        published.append([request.username, sentence])
    return f"Published: {sentence}"


with gr.Blocks(title="Test sentences") as board:
    with gr.Tab("Test sentences"):
        table = gr.Dataframe(headers=["Sentence"], label="Published", interactive=False)
        sentence = gr.Textbox("The cat sat on the mat.", label="Propose one", max_length=300)
        thanks = gr.Textbox(label="Answer", interactive=False)
        gr.Button("Propose").click(propose, sentence, thanks, api_name="propose")
    with gr.Tab("Review", visible=False) as tab:  # holds no data before somebody asks
        waiting = gr.Dataframe(headers=["By", "Sentence"], label="Proposed", interactive=False)
        gr.Button("Refresh").click(review, None, waiting, api_name="review")
        number = gr.Number(1, label="Number", precision=0)
        result = gr.Textbox(label="Result", interactive=False)
        button = gr.Button("Publish", visible=False)
        button.click(publish, number, result, api_name="publish")
    board.load(look, None, [table, tab, button], api_name="look")
with gr.Blocks(title="Audit") as log:
    gr.Dataframe(lambda: published, headers=["By", "Sentence"], label="Who published what", interactive=False)
for name in MAY:
    print(f"For {name}, within 15 minutes: /enter?ticket={tickets.dumps(name)}", flush=True)
log.has_launched = board.has_launched = True  # as launch() sets it: Gradio checks which files it reads
gr.mount_gradio_app(app, log, path="/audit", auth_dependency=publisher)
app = gr.mount_gradio_app(app, board, path="/", auth_dependency=who, run_history=False)

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
