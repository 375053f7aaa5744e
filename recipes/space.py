# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
# ]
# ///
import hmac
import itertools
import os

import gradio as gr
from gradio.media import get_image

from gradio_patterns.models import load

try:
    import spaces  # on a Space with ZeroGPU

    gpu = spaces.GPU(duration=20)  # the most seconds that one call may take
except ImportError:

    def gpu(function):
        return function


label = load("image-classification")  # at import: ZeroGPU moves it when the GPU comes
served, counter = 0, itertools.count(1)


@gpu
def infer(image):
    return label(image, top_k=5)


def classify(image):
    global served
    if image is None:  # before the GPU is asked for
        raise gr.Error("Choose a picture first.", print_exception=False)
    found = infer(image)
    served = next(counter)
    return {item["label"]: item["score"] for item in found}


def usage(token):
    secret = os.environ.get("ADMIN_TOKEN", "")
    if not secret:
        raise gr.Error("The secret ADMIN_TOKEN is not set in this Space's settings.", print_exception=False)
    if not hmac.compare_digest(secret.encode(), (token or "").encode()):
        raise gr.Error("This is not the token.", print_exception=False)
    return served


with gr.Blocks(title="What is in the picture?") as demo:
    with gr.Row():
        image = gr.Image(get_image("cheetah1.jpg"), label="Picture", type="pil", height=240)
        labels = gr.Label(label="Seen in the picture")
    gr.Button("Classify", variant="primary").click(classify, image, labels, api_name="classify")
    with gr.Accordion("For the owner", open=False):
        token = gr.Textbox(label="Token", type="password")
        count = gr.Number(label="Pictures since the start")
        gr.Button("Usage").click(usage, token, count, api_name="usage")

demo.launch(run_history=False)  # what is typed here, the token too, would stay in the browser
