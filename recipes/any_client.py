# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "fastapi<1.0,>=0.115.2",
#   "gradio<7,>=6.31",
#   "uvicorn>=0.14.0",
# ]
# ///
import os

import gradio as gr
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from gradio.media import get_image

SITES = os.environ.get("SITES", "https://shop.example").split(",")  # whose pages may call this one


def palette(picture, colours):
    """The most frequent colours of a picture, one after the other."""
    if picture is None:
        raise gr.Error("Choose a picture.", print_exception=False)
    if not isinstance(colours, int | float) or not 2 <= colours <= 16:
        raise gr.Error("Choose 2 to 16 colours.", print_exception=False)
    few = picture.convert("RGB").quantize(int(colours), kmeans=1).convert("RGB")
    codes = ""
    for _, (red, green, blue) in sorted(few.getcolors(), reverse=True):
        codes += f"#{red:02x}{green:02x}{blue:02x} "
        yield codes, None
    yield codes, few


with gr.Blocks(title="Palette") as demo:
    with gr.Row():
        with gr.Column():
            picture = gr.Image(get_image("lion.jpg"), label="Picture", type="pil", height=200)
            colours = gr.Number(6, label="Colours (try 40)", precision=0)
            button = gr.Button("Find the colours", variant="primary")
        with gr.Column():
            codes = gr.Textbox(label="Most frequent first")
            reduced = gr.Image(label="In these colours", format="png", height=200)
    button.click(palette, [picture, colours], [codes, reduced], api_name="palette")
    old = gr.Button(visible=False)  # the name it had, for programs that nobody will change
    old.click(palette, [picture, colours], [codes, reduced], api_name="colors")

app = FastAPI(title="any-client")
app.add_middleware(CORSMiddleware, allow_origins=SITES, allow_methods=["*"], allow_headers=["*"])
demo.has_launched = True  # as launch() sets it: Gradio checks which files it reads
app = gr.mount_gradio_app(app, demo, path="/")

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
