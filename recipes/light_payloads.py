# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "numpy>=2",
#   "pillow>=11",
# ]
# ///
import gradio as gr
import numpy as np
from gradio.media import get_image
from PIL import Image, ImageFilter, ImageOps

SHOWN = 1280  # pixels of the longer side
MOST_PIXELS = 60_000_000


def open_light(path):
    """The picture as a person sees it: upright, on white, in 8-bit RGB, no larger than it is shown."""
    try:
        with Image.open(path, formats=["JPEG", "PNG", "WEBP", "GIF"]) as picture:  # reads the header only
            if picture.width * picture.height > MOST_PIXELS:
                raise Image.DecompressionBombError  # Pillow's own limit is three times as high
            moves = picture.format != "MPO" and getattr(picture, "is_animated", False)  # MPO: a phone's JPEG
            picture.draft("RGB", (SHOWN, SHOWN))  # a JPEG is decoded at about the size that is needed
            picture = ImageOps.exif_transpose(picture)
    except Image.DecompressionBombError as error:
        message = f"This picture has more than {MOST_PIXELS // 10**6} million pixels. Choose a smaller one."
        raise gr.Error(message, print_exception=False) from error
    except (OSError, SyntaxError, ValueError) as error:
        message = "This file is no picture, or a damaged one. Choose a PNG, JPEG, WebP or GIF."
        raise gr.Error(message, print_exception=False) from error
    if moves:
        raise gr.Error("This is an animation. Choose a still picture.", print_exception=False)
    if picture.mode.startswith("I"):  # 16 bits: convert() would clip them at 255
        picture = Image.fromarray((np.asarray(picture) / 257).round().astype("uint8"))
    if picture.has_transparency_data:  # or the colour under what is transparent would show
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("RGB")
    picture.thumbnail((SHOWN, SHOWN))
    return picture


def sharpen(path, strength):
    if path is None:
        raise gr.Error("Choose a picture first.", print_exception=False)
    return open_light(path).filter(ImageFilter.UnsharpMask(percent=strength))


with gr.Blocks(title="Light pictures") as demo:
    with gr.Row():
        with gr.Column():
            upload = gr.File(get_image("tower.jpg"), label="Picture", file_types=["image"], height=140)
            strength = gr.Slider(50, 300, 150, step=10, precision=0, label="Strength, %")
            button = gr.Button("Sharpen", variant="primary")
        sharper = gr.Image(label="Sharper", format="jpeg", height=360)
    button.click(sharpen, [upload, strength], sharper, api_name="sharpen")

demo.launch(max_file_size="20mb", height=460)
