# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
from functools import partial

import gradio as gr

REVIEWS = [
    "The battery lasts two days.",
    "It broke in the first week.",
    "Delivery was late, the phone is fine.",
    "Best camera I have owned.",
]


def label(verdict, labels):
    if len(labels) == len(REVIEWS):
        raise gr.Error("All reviews are labelled. Use Undo to change the last one.", print_exception=False)
    return [*labels, verdict]


def undo(labels):
    if not labels:
        raise gr.Error("There is no label to take back.", print_exception=False)
    return labels[:-1]


def show(labels):
    left = [*REVIEWS[len(labels) :], "All reviews are labelled."]
    return left[0], [list(pair) for pair in zip(REVIEWS, labels)]


with gr.Blocks(title="Label reviews") as demo:
    labels = gr.State([])
    review = gr.Textbox(REVIEWS[0], label="Review", interactive=False)
    turns = {"concurrency_id": "labels", "concurrency_limit": 1}
    with gr.Row():
        for verdict in ("Positive", "Negative"):
            button = gr.Button(verdict, variant="primary")
            button.click(partial(label, verdict), labels, labels, api_name=verdict.lower(), **turns)
        gr.Button("Undo").click(undo, labels, labels, api_name="undo", **turns)
    table = gr.Dataframe(headers=["Review", "Label"], label="Labelled so far", interactive=False, wrap=True)
    labels.change(show, labels, [review, table], api_name="show")
demo.launch()
