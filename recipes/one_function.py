# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import inspect
import itertools
import shutil
import statistics

import gradio as gr
import torch

from gradio_patterns.models import load

embed = load("feature-extraction")
docs = {
    f"{owner.__name__}.{name}": inspect.getdoc(thing).split("\n\n")[0].replace("\n", " ")
    for owner in (str, list, dict, statistics, itertools, shutil)
    for name, thing in vars(owner).items()
    if callable(thing) and inspect.getdoc(thing) and not name.startswith("_")
    if getattr(thing, "__module__", None) in (None, "builtins", owner.__name__)
}


def vector(text):
    return torch.nn.functional.normalize(embed(text, return_tensors=True)[0].float().mean(0), dim=0)


vectors = torch.stack([vector(text) for text in docs.values()])


def search(need):
    if not (need or "").strip():
        raise gr.Error("Say in a few words what you need.", print_exception=False)
    best = (vectors @ vector(need[:300])).topk(5)
    names = [list(docs)[number] for number in best.indices.tolist()]
    return [[name, docs[name], round(score, 2)] for name, score in zip(names, best.values.tolist())]


demo = gr.Interface(
    search,
    gr.Textbox("the middle value of some numbers", label="What you need", max_length=300),
    gr.Dataframe(
        headers=["Function", "What its documentation says", "Score"],
        wrap=True,
        label="Five nearest",
        column_widths=["30%", "50%", "20%"],
    ),
    examples=["copy a whole folder", "make it lower case", "remove spaces at both ends"],
    title="Find the function you cannot name",
    api_name="search",
    flagging_mode="never",
)
demo.launch(height=620)
