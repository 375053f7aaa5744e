# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "pillow>=11",
# ]
# ///
import math

import gradio as gr
from gradio.media import get_image
from PIL import Image, ImageFilter, ImageOps

OPERATIONS = ["Blur", "Rotate", "Posterize"]


def edit(photo, operation, radius, angle, bits):
    if not isinstance(photo, str) or not all(map(math.isfinite, (radius, angle, bits))):  # NaN ends the process
        raise gr.Error("Choose a photo, and a number on each slider.", print_exception=False)
    image = Image.open(get_image(photo)).convert("RGB")
    if operation == "Blur":
        return image.filter(ImageFilter.GaussianBlur(radius))
    if operation == "Rotate":
        return image.rotate(-angle, expand=True, fillcolor="white")
    return ImageOps.posterize(image, int(bits))


def show(operation):
    return [gr.Column(visible=name == operation) for name in OPERATIONS]


with gr.Blocks(title="Edit a photo") as demo:
    with gr.Row():
        with gr.Column():
            photo = gr.Dropdown(["tower.jpg", "lion.jpg", "cheetah.jpg"], value="tower.jpg", label="Photo")
            operation = gr.Radio(OPERATIONS, value="Blur", label="Operation")
            with gr.Column() as blur:
                radius = gr.Slider(0, 20, 4, step=1, label="Radius (pixels)")
            with gr.Column(visible=False) as rotate:
                angle = gr.Slider(0, 360, 30, step=1, label="Angle (degrees, clockwise)")
            with gr.Column(visible=False) as posterize:
                bits = gr.Slider(1, 8, 2, step=1, label="Bits per channel")
        result = gr.Image(label="Result", format="png", height=340)

    operation.change(show, operation, [blur, rotate, posterize], api_visibility="private")
    triggers = [demo.load, photo.change, operation.change, radius.release, angle.release, bits.release]
    settings = [photo, operation, radius, angle, bits]
    gr.on(triggers, edit, settings, result, trigger_mode="always_last", api_name="edit")

demo.launch()
