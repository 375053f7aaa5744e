# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "fastapi<1.0,>=0.115.2",
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
#   "uvicorn>=0.14.0",
# ]
# ///
import contextlib
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import torch
from fastapi import Body, FastAPI, HTTPException

from gradio_patterns.models import load


@contextlib.asynccontextmanager
async def lifespan(api):
    pool = ThreadPoolExecutor(1)  # loads beside the server, which answers meanwhile
    api.state.model = pool.submit(load, "feature-extraction")
    yield
    pool.shutdown(cancel_futures=True)


api = FastAPI(lifespan=lifespan)


@api.get("/healthz")  # restart me if this fails
async def alive():
    return "alive"


@api.get("/readyz")  # send me visitors while this is 200
async def ready():
    if not api.state.model.done():
        raise HTTPException(503, "The model is being loaded.")
    api.state.model.result()  # raises if it cannot be loaded: 500, with the reason in the log
    return "ready"


@api.post("/api/similarity")  # the API that was there before
def similarity(first: str = Body(max_length=1000), second: str = Body(max_length=1000)):
    embed = api.state.model.result()  # who comes too early waits for the model
    vectors = [embed(text, return_tensors=True)[0].float().mean(0) for text in (first, second)]
    return round(float(torch.cosine_similarity(*vectors, dim=0)), 3)


def compare(first, second):
    if not (first or "").strip() or not (second or "").strip():
        raise gr.Error("Type something into both boxes.", print_exception=False)
    return similarity(first[:1000], second[:1000])


with gr.Blocks(title="Beside an API") as demo:
    first = gr.Textbox("The cat sleeps on the sofa.", label="First sentence")
    second = gr.Textbox("A kitten naps on the couch.", label="Second sentence")
    score = gr.Number(label="Similarity")
    gr.Button("Compare", variant="primary").click(compare, [first, second], score, api_name="compare")

demo.has_launched = True  # as launch() sets it: Gradio checks which files it reads
app = gr.mount_gradio_app(api, demo, path="/demo")

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
