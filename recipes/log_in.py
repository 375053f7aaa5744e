# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "argon2-cffi>=23",
#   "fastapi<1.0,>=0.115.2",
#   "gradio<7,>=6.31",
#   "limits>=4",
#   "sqlalchemy>=2",
#   "uvicorn>=0.14.0",
# ]
# ///
import hashlib
import os
import secrets
import time
from contextlib import asynccontextmanager

import gradio as gr
from argon2 import PasswordHasher, exceptions
from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import Column, Float, MetaData, String, Table, create_engine, inspect, select

COOKIE = "members-session"
SECONDS = 8 * 3600
PER_PAIR, PER_NAME, PER_ADDRESS = parse("5/minute"), parse("30/minute"), parse("20/minute")
FORM = """<!doctype html><title>Log in</title><meta name=viewport content="width=device-width">
<style>:root {{color-scheme: light dark; font: 1rem sans-serif}} form {{max-width: 20rem; margin: 15vh auto}}
form, label {{display: grid; gap: .5rem}} input, button {{font: inherit; padding: .5rem}}</style>
<form method=post action=/login><h1>Log in</h1><p role=alert>{}</p>
<label>Name <input name=username autocomplete=username required></label>
<label>Password <input name=password type=password autocomplete=current-password required></label>
<button>Log in</button></form>"""
limiter = MovingWindowRateLimiter(MemoryStorage())  # for several replicas: RedisStorage
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # Argon2id as OWASP advises
nobody = hasher.hash(secrets.token_urlsafe())  # verified for unknown names, which take as long
engine, tables = create_engine(os.environ.get("DATABASE_URL", "sqlite:///users.db")), MetaData()
users = Table("users", tables, Column("name", String(64), primary_key=True), Column("hash", String(128)))
digests = Column("digest", String(64), primary_key=True)
logins = Table("logins", tables, digests, Column("name", String(64)), Column("expires", Float))


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()  # a stolen database opens no session


def ask(query):
    with engine.connect() as db:
        return db.scalar(query)


def add_user(name, password):
    with engine.begin() as db:
        db.execute(users.insert().values(name=name, hash=hasher.hash(password)))


@asynccontextmanager
async def first_start(app):
    if not inspect(engine).has_table("users"):
        tables.create_all(engine)
        add_user("admin", password := os.environ.get("ADMIN_PASSWORD") or secrets.token_urlsafe())
        if not os.environ.get("ADMIN_PASSWORD"):
            print(f"Log in as admin with the password {password}", flush=True)
    yield


def check(name, password, address):
    if not (limiter.hit(PER_ADDRESS, address) and limiter.hit(PER_PAIR, name, address) and limiter.hit(PER_NAME, name)):
        raise HTTPException(429, "Too many attempts. Try again in a minute.", {"Retry-After": "60"})
    known = ask(select(users.c.hash).where(users.c.name == name))
    try:
        hasher.verify(known or nobody, password)
    except exceptions.VerificationError:
        raise HTTPException(401, "Name or password is wrong.") from None
    limiter.clear(PER_PAIR, name, address)


async def member(request: Request):  # what Gradio asks for each request; after None it answers 401
    row = digest(request.cookies.get(COOKIE, ""))
    query = select(logins.c.name).where(logins.c.digest == row, logins.c.expires > time.time())
    name = await run_in_threadpool(ask, query)
    if name is None and "text/html" in request.headers.get("accept", ""):
        raise HTTPException(303, headers={"Location": "/login"})  # a person, not a program
    return name


app = FastAPI(title="log-in", lifespan=first_start)


@app.get("/login")
def form():
    return HTMLResponse(FORM.format(""))


@app.post("/login")
@app.post("/members/login")  # where gradio_client sends its auth=
def log_in(request: Request, username: str = Form(max_length=64), password: str = Form(max_length=256)):
    try:
        check(username, password, request.client.host)
    except HTTPException as no:
        return HTMLResponse(FORM.format(no.detail), no.status_code, no.headers)
    token, now = secrets.token_urlsafe(32), time.time()
    with engine.begin() as db:
        db.execute(logins.delete().where(logins.c.expires < now))
        db.execute(logins.insert().values(digest=digest(token), name=username, expires=now + SECONDS))
    response = RedirectResponse("/members/", 303) if request.url.path == "/login" else Response()
    response.set_cookie(COOKIE, token, SECONDS, httponly=True, secure=True, samesite="lax")
    return response


@app.get("/logout")
def log_out(request: Request):
    with engine.begin() as db:
        db.execute(logins.delete().where(logins.c.digest == digest(request.cookies.get(COOKIE, ""))))
    return RedirectResponse("/login", 303)


def minutes(text):
    if not (text or "").strip():
        raise gr.Error("Type a text first.", print_exception=False)
    return f"{len(text.split()) / 238:.1f} minutes"  # at 238 words a minute (Brysbaert, 2019)


def sample(text):
    return minutes((text or "")[:500])


def whole(text, request: gr.Request):
    return f"{minutes(text)}, measured for {request.username}"


with gr.Blocks(title="Reading time, members") as members:
    box = gr.Textbox(label="Text", lines=8)
    gr.Button("Measure").click(whole, box, gr.Textbox(label="Reading time"), api_name="whole")
    gr.Button("Log out", link="/logout", link_target="_self")
with gr.Blocks(title="Reading time") as front:
    box = gr.Textbox(40 * "How long is this? ", label="Text, of which 500 characters count", max_lines=4)
    gr.Button("Measure").click(sample, box, gr.Textbox(label="Reading time"), api_name="sample")
    gr.Button("Log in", link="/members/", link_target="_self")
members.has_launched = front.has_launched = True  # as launch() sets it: Gradio checks which files it reads
gr.mount_gradio_app(app, members, path="/members", auth_dependency=member, run_history=False)
app = gr.mount_gradio_app(app, front, path="/")

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
