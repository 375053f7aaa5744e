# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "numpy>=2",
#   "pillow>=11",
# ]
# ///
import tempfile
from pathlib import Path

import gradio as gr
import numpy as np
from gradio.media import get_image
from PIL import Image, ImageDraw, ImageOps

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]
MAX_PIXELS = 40_000_000  # 160 MB decoded


def open_picture(path):
    """The first frame, upright, on white, 8-bit RGB: what most vision models expect."""
    if path is None:
        raise gr.Error("Choose a picture first.", print_exception=False)
    try:
        with Image.open(path, formats=FORMATS) as file:  # reads the header only
            if file.width * file.height > MAX_PIXELS:
                raise Image.DecompressionBombError  # Pillow's own limit is four times as high
            picture = ImageOps.exif_transpose(file)
        if picture.mode.startswith("I"):  # 16 bits: Pillow would clip at 255
            picture = Image.fromarray((np.asarray(picture) / 257).round().clip(0, 255).astype("uint8"))
        picture = picture.convert("RGBA")
    except Image.DecompressionBombError:
        raise gr.Error(
            "This picture has more than 40 million pixels. Send a smaller one.", print_exception=False
        ) from None
    except (OSError, SyntaxError, ValueError):
        raise gr.Error(
            "This file cannot be read as a picture. Save it as PNG or JPEG.", print_exception=False
        ) from None
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def compare(path):
    picture = open_picture(path)
    return np.asarray(Image.open(path).convert("RGB")), picture  # an array: a browser would turn the picture


samples = tempfile.TemporaryDirectory()  # removed when the program ends
photo, logo = Path(samples.name, "phone.jpg"), Path(samples.name, "logo.png")
turned = Image.Exif()
turned[0x0112] = 6  # the phone was held upright
Image.open(get_image("lion.jpg")).resize((200, 300)).rotate(90, expand=True).save(photo, exif=turned)
drawn = Image.new("RGBA", (300, 200), (255, 0, 0, 0))
ImageDraw.Draw(drawn).ellipse((75, 25, 225, 175), fill="navy")
drawn.save(logo)

with gr.Blocks() as demo:
    with gr.Row():
        upload = gr.File(str(photo), file_types=["image"], label="Picture", height=220)  # gr.Image would open it
        naive = gr.Image(format="png", label="Image.open(path)", height=220)
        right = gr.Image(format="png", label="open_picture(path)", height=220)
    button = gr.Button("Open", variant="primary")
    gr.Examples([str(photo), str(logo)], upload)
    button.click(compare, upload, [naive, right], api_name="open")

demo.launch()
