# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "filetype>=1.2",
#   "gradio<7,>=6.31",
#   "numpy>=2",
#   "pillow>=11",
# ]
# ///
import os

import filetype
import gradio as gr
import numpy as np
from gradio.media import get_image
from PIL import Image, ImageOps

DECODERS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
MEGAPIXELS = 40  # 160 MB, decoded with alpha


def clean_picture(path, decoder):
    """Return the picture upright, RGB or RGBA, without metadata; gr.Error if it is too large or damaged."""
    try:
        with Image.open(path, formats=[decoder]) as picture:  # reads the header only
            if picture.width * picture.height > MEGAPIXELS * 10**6:
                raise Image.DecompressionBombError  # Pillow's own limit is at 179 megapixels
            upright = ImageOps.exif_transpose(picture)  # decodes to the last byte
    except Image.DecompressionBombError as error:
        message = f"The picture has more than {MEGAPIXELS} million pixels. Send a smaller one."
        raise gr.Error(message, print_exception=False) from error
    except (OSError, SyntaxError, ValueError) as error:
        message = "The picture is damaged or incomplete. Save it again and send it once more."
        raise gr.Error(message, print_exception=False) from error
    if upright.mode.startswith("I"):  # 16 bits: convert() would clip at 255
        upright = Image.fromarray((np.asarray(upright) / 257).round().astype("uint8"))
    clean = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    clean.info.clear()
    return clean


def inspect_file(path):
    if path is None:
        raise gr.Error("Choose a file first.", print_exception=False)
    kind = filetype.guess_mime(path)  # from its first bytes
    facts = {"kind": kind, "bytes": os.path.getsize(path)}
    if kind == "application/pdf":
        return None, facts
    if kind not in DECODERS:
        message = "This is no JPEG, PNG, WebP or PDF, whatever its name says. Convert it first."
        raise gr.Error(message, print_exception=False)
    picture = clean_picture(path, DECODERS[kind])
    return picture, {**facts, "width": picture.width, "height": picture.height}


with gr.Blocks(title="What is this file?") as demo:
    with gr.Row():
        with gr.Column():
            upload = gr.File(get_image("tower.jpg"), label="Picture or PDF, by any name", height=140)
            gr.Examples([get_image("bus.png")], upload, label="Or a GIF called .png")
            button = gr.Button("Inspect", variant="primary")
            facts = gr.JSON(label="What it is")
        picture = gr.Image(label="Cleaned picture", format="png", height=380)
    button.click(inspect_file, upload, [picture, facts], api_name="inspect")

demo.launch(height=600)
