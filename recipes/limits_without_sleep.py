# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr
from gradio.media import get_image

from gradio_patterns.models import load

label = load("image-classification")
one_model = {"concurrency_id": "model", "concurrency_limit": 1}


def classify(picture):
    if picture is None:
        raise gr.Error("Choose a picture first.", print_exception=False)
    return {found["label"]: found["score"] for found in label(picture, top_k=3)}


def name(picture):
    return f"It is most likely: {max(scores := classify(picture), key=scores.get)}."


with gr.Blocks(title="Pictures") as demo:
    with gr.Row():
        picture = gr.Image(get_image("cheetah1.jpg"), label="Picture", type="pil", height=240)
        with gr.Column():
            scores = gr.Label(label="Seen in the picture")
            words = gr.Textbox(label="In words")
    with gr.Row():
        gr.Button("Classify", variant="primary").click(classify, picture, scores, api_name="classify", **one_model)
        gr.Button("Say it").click(name, picture, words, api_name="name", **one_model)
demo.queue(max_size=3)  # three may wait, the fourth is turned away

demo.launch(height=480)
