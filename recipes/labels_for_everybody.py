# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "pillow>=11",
# ]
# ///
import gradio as gr
from gradio.media import get_image
from PIL import Image

from gradio_patterns.models import load

theme = gr.themes.Default(primary_hue="blue").set(
    body_text_color_subdued="*neutral_600", button_primary_background_fill="*primary_700"
)
PHOTOS = {"Cheetah": "cheetah1.jpg", "Lion": "lion.jpg", "Tower": "tower.jpg"}
label = load("image-classification")


def classify(photo, count):
    if photo is None or count is None:
        raise gr.Error("Choose a photo first, and how many answers.", print_exception=False)
    picture = Image.open(get_image(PHOTOS[photo])).convert("RGB")
    found = label(picture, top_k=int(count))
    return [(picture, photo)], {guess["label"]: guess["score"] for guess in found}, f"Most likely: {found[0]['label']}."


with gr.Blocks(title="What is in the photo?") as demo:
    gr.Markdown("# What is in the photo?")
    with gr.Row():
        with gr.Column():
            photo = gr.Radio(list(PHOTOS), value="Cheetah", label="Photo")
            count = gr.Radio([3, 5], value=3, label="Number of answers")
            button = gr.Button("Classify", variant="primary")
            shown = gr.Gallery(label="The photo", interactive=False, columns=1, height=220)  # its captions are read
        with gr.Column():
            spoken = gr.Textbox(label="In one sentence", lines=2)
            answers = gr.Label(label="Answers", show_heading=False)
    button.click(classify, [photo, count], [shown, answers, spoken], api_name="classify")

demo.launch(theme=theme, height=640)
