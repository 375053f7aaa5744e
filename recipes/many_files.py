# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "numpy>=2",
#   "pandas>=2.2",
#   "pillow>=11",
# ]
# ///
import tempfile
import zipfile
from pathlib import Path

import gradio as gr
import numpy as np
import pandas as pd
from gradio.media import get_image
from PIL import Image, ImageOps

from gradio_patterns.models import load

MAX_FILES, MAX_PIXELS = 500, 40_000_000
COLUMNS = ["File", "Label", "Score", "Error"]
SAMPLES = [get_image(name) for name in ("cheetah1.jpg", "lion.jpg", "bus.png", "tower.jpg")]  # one is a GIF
label = load("image-classification")


def read_picture(path):
    """Return the picture upright, on white, in 8-bit RGB; ValueError with the reason if it cannot be used."""
    try:
        with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            picture = ImageOps.exif_transpose(picture)
    except Image.DecompressionBombError as error:
        raise ValueError("too many pixels") from error
    except Image.UnidentifiedImageError as error:
        raise ValueError("not a JPEG, PNG or WebP picture") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError("damaged or incomplete") from error
    if picture.mode.startswith("I"):  # 16 bits: convert() would clip at 255
        picture = Image.fromarray((np.asarray(picture) / 257).round().astype("uint8"))
    picture = picture.convert("RGBA")  # or the colour under what is transparent would show
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def classify(paths, progress=gr.Progress()):
    """Yield the table after each file; at the end the gallery and the archive, too."""
    if not paths:
        raise gr.Error("Choose a folder with pictures first.", print_exception=False)
    if len(paths) > MAX_FILES:
        message = f"{len(paths)} files, of at most {MAX_FILES} at a time. Choose a smaller folder."
        raise gr.Error(message, print_exception=False)
    rows, gallery = [], []
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "labelled pictures.zip")
        with zipfile.ZipFile(results, "w") as archive:  # pictures are compressed already
            for number, path in enumerate(progress.tqdm(paths, desc="Classifying", unit="files"), start=1):
                name = Path(path).name
                try:
                    picture = read_picture(path)
                except ValueError as error:  # costs this row only
                    rows.append([name, "", None, str(error)])
                else:
                    [best] = label(picture, top_k=1)
                    kind = best["label"].split(",")[0]
                    rows.append([name, kind, round(best["score"], 3), ""])
                    archive.write(path, f"{kind}/{number:04d}-{name}")  # the number keeps equal names apart
                    picture.thumbnail((256, 256))
                    gallery.append((picture, f"{kind} ({name})"))
                yield rows, gr.skip(), gr.skip()
            table = pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False)
            archive.writestr("results.csv", table.encode("utf-8-sig"))  # Excel wants the mark
        yield rows, gallery, str(results)


with gr.Blocks(title="A folder of pictures") as demo:
    with gr.Row():
        with gr.Column():
            folder = gr.File(SAMPLES, label="Folder of pictures", file_count="directory", height=200)
            button = gr.Button("Classify", variant="primary")
            archive = gr.File(label="Archive", height=90)
        gallery = gr.Gallery(label="Labelled pictures", columns=3, height=360)
    table = gr.Dataframe(headers=COLUMNS, label="Results", max_height=220)
    button.click(classify, folder, [table, gallery, archive], api_name="classify")

demo.launch(height=760)
