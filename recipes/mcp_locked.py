# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "fastapi<1.0,>=0.115.2",
#   "gradio<7,>=6.31",
#   "mcp<2,>=1.21",
#   "starlette<2.0,>=1.0.1",
#   "uvicorn>=0.14.0",
# ]
# ///
import hmac
import os
import secrets
import threading
from typing import Literal

import gradio as gr
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware

# ASSISTANT_KEYS="laptop:its-long-random-key,nightly:another-one"
pairs = [pair.strip().partition(":") for pair in os.environ.get("ASSISTANT_KEYS", "").split(",")]
KEYS = {name: key for name, _, key in pairs if name and key}
if not KEYS:
    KEYS["first"] = secrets.token_urlsafe()
    print(f"The key of this run: {KEYS['first']}", flush=True)
STOCK = {"kettle": 4, "teapot": 2}
turn = threading.Lock()  # the tools have no queue


async def own_assistants(request, call_next):
    given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    callers = [name for name, key in KEYS.items() if hmac.compare_digest(given, key.encode())]
    if not callers:
        words = {"detail": "Send `Authorization: Bearer` with your key."}
        return JSONResponse(words, 401, {"WWW-Authenticate": 'Bearer realm="tools"'})
    request.state.caller = callers[0]
    return await call_next(request)


def available(item):
    if item not in [*STOCK]:  # a list is no key
        raise gr.Error(f"Choose one of: {', '.join(STOCK)}.", print_exception=False)
    return "in stock" if STOCK[item] else "sold out"


def take(item: Literal["kettle", "teapot"], count: int, request: gr.Request) -> str:
    """Take pieces of an item out of the stock, for an order.

    Args:
        item: What is taken.
        count: How many pieces, at least 1.
    """
    available(item)
    if type(count) is not int or count < 1:
        raise gr.Error("Take at least 1 piece.", print_exception=False)
    with turn:
        if count > STOCK[item]:
            raise gr.Error(f"Only {STOCK[item]} left.", print_exception=False)
        STOCK[item] -= count
        return f"{count} x {item} for {request.state.caller}, {STOCK[item]} left"


with gr.Blocks(title="Stock, for assistants") as tools:
    gr.api(take, api_name="take", queue=False)
with gr.Blocks(title="Stock") as front:
    item = gr.Dropdown(list(STOCK), value="kettle", label="Item")
    gr.Button("Is it there?").click(available, item, gr.Textbox(label="Answer"), api_name="available")

app = FastAPI(title="mcp-locked")
lock = {"middleware": [Middleware(BaseHTTPMiddleware, dispatch=own_assistants)]}
tools.has_launched = front.has_launched = True  # as launch() sets it: Gradio checks which files it reads
gr.mount_gradio_app(app, tools, path="/tools", mcp_server=True, app_kwargs=lock)
app = gr.mount_gradio_app(app, front, path="/")

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
