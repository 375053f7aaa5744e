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


def classify(image):
    if image is None:
        raise gr.Error("Choose a picture first.", print_exception=False)
    return {found["label"]: found["score"] for found in label(image, top_k=3)}


with gr.Blocks(title="What is in the picture") as demo:
    with gr.Row():
        image = gr.Image(get_image("cheetah1.jpg"), label="Picture", type="pil", height=260)
        labels = gr.Label(label="Seen in the picture")
    button = gr.Button("Classify", variant="primary")
    button.click(classify, image, labels, concurrency_limit=1, api_name="classify")

demo.queue(api_open=False, max_size=20)
demo.launch()
