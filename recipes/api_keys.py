# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "fastapi<1.0,>=0.115.2",
#   "gradio<7,>=6.31",
#   "sqlalchemy>=2",
#   "throttled-py>=3.5",
#   "uvicorn>=0.14.0",
# ]
# ///
import hashlib
import math
import os
import secrets
from contextlib import asynccontextmanager

import gradio as gr
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Column, MetaData, String, Table, create_engine, inspect, select
from sqlalchemy.exc import IntegrityError
from throttled import MemoryStore, Throttled

# Token buckets; GCRA is their form without a timer. For several replicas: RedisStore.
PER_KEY = Throttled(using="gcra", quota="30/m burst 30", store=MemoryStore())
TRIAL = Throttled(using="gcra", quota="5/m burst 5", store=MemoryStore())
database, schema = create_engine(os.environ.get("DATABASE_URL", "sqlite:///keys.db")), MetaData()
owners = Column("owner", String(64), primary_key=True)
keys = Table("keys", schema, owners, Column("digest", String(64), unique=True))


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()  # a key is random: it needs no slow hash


def add_key(owner, key):
    with database.begin() as db:
        db.execute(keys.insert().values(owner=owner, digest=digest(key)))


def find_owner(key):
    with database.connect() as db:
        return db.scalar(select(keys.c.owner).where(keys.c.digest == digest(key)))


@asynccontextmanager
async def first_key(app):
    if not inspect(database).has_table("keys"):
        schema.create_all(database)
        add_key("admin", first := os.environ.get("ADMIN_KEY") or secrets.token_urlsafe())
        if not os.environ.get("ADMIN_KEY"):
            print(f"The key of admin, shown this once: {first}", flush=True)
    yield


def count(request, buckets, caller):
    """Take a token from the caller's bucket. Raises HTTPException 429 when it is empty."""
    if request.method == "POST":  # every way to start work: calls, uploads, recordings, component servers
        taken = buckets.limit(caller)
        if taken.limited:
            wait = math.ceil(taken.state.retry_after)
            words = f"Your {taken.state.limit} calls are used up. Try again in {wait} s."
            raise HTTPException(429, words, {"Retry-After": str(wait)})


async def owner_of_key(request: Request):
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    owner = await run_in_threadpool(find_owner, key)
    if owner:
        count(request, PER_KEY, digest(key))
    return owner


def passer_by(request: Request):
    count(request, TRIAL, request.client.host)
    return "visitor"


def require_admin(request):
    if request.username != "admin":
        raise gr.Error("Only the key of admin may do this.", print_exception=False)


def create_key(owner: str, request: gr.Request) -> str:
    """A new key, shown this once. Needs the key of admin."""
    require_admin(request)
    if not isinstance(owner, str) or not owner.strip():  # to gr.api comes whatever was sent
        raise gr.Error("Say whose key it is.", print_exception=False)
    key = "time_" + secrets.token_urlsafe()  # a prefix that scanners of repositories can find
    try:
        add_key(owner, key)
    except IntegrityError:
        raise gr.Error(f"{owner} has a key. Revoke it first.", print_exception=False) from None
    return key


def revoke_key(owner: str, request: gr.Request) -> bool:
    """Whether there was a key to revoke. Needs the key of admin."""
    require_admin(request)
    with database.begin() as db:
        return db.execute(keys.delete().where(keys.c.owner == str(owner))).rowcount == 1


def measure(text: str) -> str:
    """How long reading the text takes."""
    if not isinstance(text, str) or not text.strip():
        raise gr.Error("Type a text first.", print_exception=False)
    return f"{len(text.split()) / 238:.1f} minutes"  # at 238 words a minute (Brysbaert, 2019)


with gr.Blocks() as for_scripts:
    gr.api(measure, api_name="measure")
    gr.api(create_key, api_name="create_key")
    gr.api(revoke_key, api_name="revoke_key")
with gr.Blocks(title="Reading time") as front:
    box = gr.Textbox(
        "How long is this?", label="Text", info="Five times, then once in 12 seconds; more with a key, at /v1"
    )
    gr.Button("Measure").click(measure, box, gr.Textbox(label="Reading time"), api_name="sample")
app = FastAPI(title="api-keys", lifespan=first_key)
for_scripts.has_launched = front.has_launched = True  # as launch() sets it: Gradio checks which files it reads
gr.mount_gradio_app(app, for_scripts, path="/v1", auth_dependency=owner_of_key)
app = gr.mount_gradio_app(app, front, path="/", auth_dependency=passer_by, run_history=False)

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
