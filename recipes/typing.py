# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import gradio as gr
import torch

from gradio_patterns.models import load

ANSWERS = [
    "Refunds are paid to the card you used, within five days.",
    "To reset your password, follow the link we send by e-mail.",
    "Parcels to other countries take two weeks.",
    "We open at nine and close at six, on Sundays at four.",
    "Batteries can be returned at any of our shops.",
    "The guarantee covers defects for two years.",
    "You can change the delivery address until the parcel has left.",
]
embed = load("feature-extraction")


def vector(text):
    return torch.nn.functional.normalize(embed(text[:500], return_tensors=True)[0].float().mean(0), dim=0)


vectors = torch.stack([vector(answer) for answer in ANSWERS])


def search(query):
    query = (query or "").strip()
    if not query:
        return "Type a question.", []  # and raise nothing: a keystroke may wait behind this one
    best = (vectors @ vector(query)).topk(3)
    rows = [[ANSWERS[place], round(score, 2)] for score, place in zip(best.values.tolist(), best.indices.tolist())]
    return f"Results for: {query}", rows


with gr.Blocks(title="Search") as demo:
    box = gr.Textbox("when do I get my money back", label="Question (edit it)", max_length=500)
    caption, rows = search(box.value)
    caption = gr.Markdown(caption)
    nearest = gr.Dataframe(rows, headers=["Answer", "Similarity"], label="Nearest answers", interactive=False)
    keystrokes = {"trigger_mode": "always_last", "show_progress": "hidden"}
    box.change(search, box, [caption, nearest], api_name="search", **keystrokes)

demo.launch(height=440)
