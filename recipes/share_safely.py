# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "fastapi<1.0,>=0.115.2",
#   "gradio<7,>=6.31",
#   "uvicorn>=0.14.0",
# ]
# ///
import hashlib
import os
import secrets
import time
from collections import deque

import gradio as gr
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

MAX_HOURS = float(os.environ.get("MAX_HOURS", "24"))
INVITED = "invited-session"
OWNER = secrets.token_urlsafe()  # of the one link that works again and again
links, visits = {}, {}  # digest of a link's, of a cookie's token: (name, end); all end with the server
ENTRANCE = """<!doctype html><title>Invitation</title><meta name=viewport content="width=device-width">
<style>:root {color-scheme: light dark} form {text-align: center; margin: 15vh auto}</style>
<form method=post><button>Enter the demo</button></form>"""
knocks = deque(maxlen=50)  # an open form must not fill the memory
app = FastAPI(title="share-safely")


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def admit(where, name, end):
    for old in [key for key, (_, past) in list(where.items()) if past < time.time()]:
        where.pop(old, None)
    token = secrets.token_urlsafe()
    where[digest(token)] = (name, end)
    return token


def guest(request: Request):
    name, end = visits.get(digest(request.cookies.get(INVITED, "")), (None, 0))
    return name if end > time.time() else None  # None: 401


@app.get("/enter")
def entrance():  # the previews of chats and mail open links, too, and must not use them up
    return HTMLResponse(ENTRANCE, headers={"Referrer-Policy": "no-referrer"})


@app.post("/enter")
def use_invitation(invitation: str):
    name, end = links.pop(digest(invitation), (None, 0))
    if digest(invitation) == digest(OWNER):
        name, end = "owner", time.time() + 3600 * MAX_HOURS
    if end < time.time():
        raise HTTPException(403, "This invitation was used, has ended or was withdrawn. Ask for a new one.")
    response = RedirectResponse("/demo/", 303, {"Referrer-Policy": "no-referrer"})
    token, seconds = admit(visits, name, end), int(end - time.time())
    response.set_cookie(INVITED, token, seconds, httponly=True, secure=True, samesite="lax")
    return response


def require_owner(request):
    if request.username != "owner":
        raise gr.Error("Only the owner of the demo may do this.", print_exception=False)


def invite(name, hours, request: gr.Request):
    require_owner(request)
    name = (name or "").strip()
    if not name or name == "owner":
        raise gr.Error("Say who is invited.", print_exception=False)
    if not isinstance(hours, int | float) or not 0 < hours <= MAX_HOURS:
        raise gr.Error(f"Choose up to {MAX_HOURS:g} hours.", print_exception=False)
    return f"/enter?invitation={admit(links, name, time.time() + 3600 * hours)}"


def withdraw(name, request: gr.Request):
    require_owner(request)
    count = 0
    for where in (links, visits):
        for key in [key for key, (guest, _) in list(where.items()) if guest == name != "owner"]:
            count += where.pop(key, None) is not None
    return f"{count} withdrawn"


def show_owner(request: gr.Request):
    mine = request.username == "owner"
    return gr.Tab(visible=mine), "\n".join(knocks) if mine else ""


def knock(stranger):
    if not (stranger or "").strip():
        raise gr.Error("Say who you are and how to reach you.", print_exception=False)
    knocks.append(stranger.strip()[:200])
    return "The owner has been told."


def minutes(text):
    if not (text or "").strip():
        raise gr.Error("Type a text first.", print_exception=False)
    return f"{len(text.split()) / 238:.1f} minutes"  # at 238 words a minute (Brysbaert, 2019)


def time_for_guest(text, request: gr.Request):
    return f"{minutes(text)}, for {request.username}"


with gr.Blocks(title="Reading time") as inside:
    with gr.Tab("Reading time"):
        text = gr.Textbox(label="Text", lines=6)
        answer = gr.Textbox(label="Reading time", interactive=False)
        gr.Button("Measure").click(time_for_guest, text, answer, api_name="measure")
    with gr.Tab("Invitations", visible=False) as tab:
        knocked = gr.Textbox(label="Who knocked", interactive=False)
        name, hours = gr.Textbox(label="Name"), gr.Number(4, label="Hours")
        link = gr.Textbox(label="Answer; a link goes behind your host's name", interactive=False)
        gr.Button("Invite").click(invite, [name, hours], link, api_name="invite")
        gr.Button("Withdraw").click(withdraw, name, link, api_name="withdraw")
    inside.load(show_owner, None, [tab, knocked], api_name="look")
with gr.Blocks(title="By invitation") as front:
    stranger = gr.Textbox(label="This demo is by invitation. Who are you?", max_length=200)
    gr.Button("Ask the owner").click(knock, stranger, gr.Textbox(label="Answer"), api_name="knock")
print(f"Your own link: /enter?invitation={OWNER}", flush=True)

inside.has_launched = front.has_launched = True  # as launch() sets it: Gradio checks which files it reads
gr.mount_gradio_app(app, inside, path="/demo", auth_dependency=guest, max_file_size="5mb", run_history=False)
app = gr.mount_gradio_app(app, front, path="/")

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
