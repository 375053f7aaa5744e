# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "matplotlib>=3.9",
#   "pandas>=2.2",
# ]
# ///
import tempfile
from datetime import date
from pathlib import Path

import gradio as gr
import pandas as pd
from matplotlib.figure import Figure  # not pyplot, which is one for all threads

WEIGHTS = pd.DataFrame({"Day": ["Mon", "Tue", "Wed", "Thu"], "Weight (kg)": [71.2, 70.8, 70.9, 70.4]})


def checked(table):
    """The rows that are filled in, with weights as numbers; gr.Error where something is wrong."""
    table = table.rename(columns=lambda name: str(name).strip("\ufeff "))  # the mark of a CSV file
    if list(table) != list(WEIGHTS):
        raise gr.Error("Keep the two columns, Day and Weight (kg).", print_exception=False)
    table = table.replace("", None).dropna(how="all")
    table["Weight (kg)"] = pd.to_numeric(table["Weight (kg)"], errors="coerce")
    if table.empty or table["Day"].isna().any() or not table["Weight (kg)"].between(0, 1000).all():
        message = "Every row needs a day and a weight: a number such as 70.5, up to 1000."
        raise gr.Error(message, print_exception=False)
    return table


def write(table, path):
    if path.suffix == ".csv":
        table.to_csv(path, index=False, encoding="utf-8-sig")  # the mark makes Excel read UTF-8
    else:
        figure = Figure(figsize=(6, 3.5), layout="constrained")
        figure.subplots().plot(table["Day"], table["Weight (kg)"], marker="o")
        figure.savefig(path, dpi=120)


def export(table: pd.DataFrame, kind: str):
    """Yield the path of the file asked for; it is deleted once Gradio has its copy."""
    if kind is None:
        raise gr.Error("Choose a kind of file first.", print_exception=False)
    table = checked(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"weights {date.today():%Y-%m-%d}.{kind.lower()}")  # its name is what gets saved
        try:
            write(table, path)
        except OSError as error:  # the disk is full
            raise gr.Error("The file could not be made. Try again in a few minutes.") from error
        yield str(path)


with gr.Blocks(title="Weights") as demo:
    table = gr.Dataframe(WEIGHTS, label="Weights (edit them, or drop a CSV file here)")
    kind = gr.Radio(["CSV", "PNG"], value="CSV", label="File")
    button = gr.Button("Download", variant="primary")
    ready = gr.DownloadButton("Save", visible="hidden", elem_id="ready-file")
    filled = button.click(export, [table, kind], ready, api_name="export")
    filled.success(None, None, None, js="() => document.querySelector('#ready-file').click()")

demo.launch()
