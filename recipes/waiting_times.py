# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "fastapi<1.0,>=0.115.2",
#   "gradio<7,>=6.31",
#   "prometheus-client>=0.21",
#   "uvicorn>=0.14.0",
# ]
# ///
import contextlib
import hashlib
import json
import time
import uuid

import gradio as gr
import prometheus_client as prometheus
from fastapi import FastAPI

metrics = prometheus.CollectorRegistry()
waited = prometheus.Histogram("demo_wait_seconds", "From click to start", registry=metrics)
ran = prometheus.Histogram("demo_run_seconds", "From start to end", ["outcome"], registry=metrics)


class Stamp:
    """ASGI middleware: every request gets its time of arrival and an id, also those of Gradio."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")[:64]
            name = given if given.isalnum() else uuid.uuid4().hex
            scope.setdefault("state", {}).update(arrived=time.monotonic(), id=name)
        await self.app(scope, receive, send)


@contextlib.contextmanager
def observed(request):
    click, begin, outcome = request.request.state, time.monotonic(), "error"
    try:
        yield
        outcome = "ok"
    except gr.Error:
        outcome = "refused"
        raise
    finally:
        waited.observe(begin - click.arrived)
        ran.labels(outcome).observe(time.monotonic() - begin)
        line = {"request": click.id, "session": request.session_hash, "outcome": outcome}
        print(json.dumps({**line, "waited": begin - click.arrived}), flush=True)


def stretch(phrase, request: gr.Request):
    with observed(request):
        if not (phrase or "").strip():
            raise gr.Error("Type a phrase first.", print_exception=False)
        return hashlib.pbkdf2_hmac("sha256", phrase.encode(), b"salt", 1_000_000).hex()  # half a second of work


with gr.Blocks(title="Key stretching") as demo:
    phrase = gr.Textbox("correct horse battery staple", label="Phrase")
    stretched = gr.Textbox(label="Key")
    gr.Button("Stretch", variant="primary").click(stretch, phrase, stretched, api_name="stretch")

app = FastAPI()
app.add_middleware(Stamp)
app.mount("/metrics", prometheus.make_asgi_app(metrics))
demo.has_launched = True  # as launch() sets it: Gradio checks which files it reads
app = gr.mount_gradio_app(app, demo, path="/demo")

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
