# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr
from gradio.media import get_image


def check(picture, colours):
    return [
        gr.validate(picture is not None, "Choose a picture."),
        gr.validate(colours is not None and 2 <= colours <= 16, "Between 2 and 16 colours."),
    ]


def reduce(picture, colours):
    for field in check(picture, colours):  # again: the validator guards the queue's door only
        if not field["is_valid"]:
            raise gr.Error(field["message"], print_exception=False)
    few = picture.convert("RGB").quantize(colours, kmeans=1)
    few = few.convert("RGB")
    used = sorted(few.getcolors(), reverse=True)  # (how often, colour)
    return few, " ".join(f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in used)


with gr.Blocks(title="Palette") as demo:
    with gr.Row():
        with gr.Column():
            picture = gr.Image(get_image("lion.jpg"), label="Picture", type="pil", height=240)
            colours = gr.Number(6, label="Colours (try 40)", precision=0)
            button = gr.Button("Reduce the colours", variant="primary")
        with gr.Column():
            reduced = gr.Image(label="Reduced", format="png", height=240)
            codes = gr.Textbox(label="Palette, most frequent first")
    button.click(reduce, [picture, colours], [reduced, codes], validator=check, api_name="reduce")

demo.launch()
