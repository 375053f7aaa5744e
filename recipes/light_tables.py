# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "pandas>=2.2",
# ]
# ///
import os
import re

import gradio as gr
import pandas as pd

FIRST = 100  # rows that travel


def read_csv(path):
    """The cells as text, as the file has them; 70,5 between semicolons becomes 70.5."""
    try:
        with open(path, encoding="utf-8-sig") as file:  # without the byte order mark
            header = re.sub('"[^"]*"', "", file.readline())
            separator = max(",;\t", key=header.count)
            file.seek(0)
            table = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False)
    except UnicodeDecodeError as error:
        message = "This file is not in UTF-8. Save it as CSV UTF-8 and choose it again."
        raise gr.Error(message, print_exception=False) from error
    except ValueError as error:  # what pandas raises
        raise gr.Error(f"This is no CSV table with a header: {error}", print_exception=False) from error
    if table.empty or not isinstance(table.index, pd.RangeIndex):
        message = "This table has no rows." if table.empty else "The rows have more cells than the header."
        raise gr.Error(message, print_exception=False)
    return table.replace(r"^([+-]?\d+),(\d+)$", r"\1.\2", regex=True) if separator == ";" else table


def preview(path):
    if path is None:
        raise gr.Error("Choose a CSV file first.", print_exception=False)
    table = read_csv(path)
    shown = min(FIRST, len(table))
    said = f"Rows 1 to {shown} of {len(table)}, {os.path.getsize(path) / 1024:.0f} KiB as a file."
    return table.head(FIRST), said, path


with gr.Blocks(title="Light tables") as demo:
    with gr.Row():
        upload = gr.File(label="CSV file", file_types=[".csv"], height=120)
        download = gr.File(label="All rows", height=120)
    show = gr.Button("Show", variant="primary")
    said = gr.Textbox(label="What is shown")
    table = gr.Dataframe(label="First rows", interactive=False, max_height=260)
    show.click(preview, upload, [table, said, download], api_name="preview")

demo.launch(max_file_size="20mb", height=620)
