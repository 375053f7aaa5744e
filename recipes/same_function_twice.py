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
]
embed = load("feature-extraction")


def meaning(text):
    return embed(text[:1000], return_tensors=True)[0].float().mean(0)


meanings = torch.stack([meaning(answer) for answer in ANSWERS])


def search(question: str) -> str:
    """Return the answer that is closest in meaning to the question."""
    if not isinstance(question, str) or not question.strip():  # to gr.api comes whatever was sent
        raise gr.Error("Type a question first.", print_exception=False)
    return ANSWERS[int(torch.cosine_similarity(meanings, meaning(question)[None]).argmax())]


with gr.Blocks(title="Help desk") as demo:
    question = gr.Textbox("When is the money back?", label="Question")
    button = gr.Button("Search", variant="primary")
    answer = gr.Textbox(label="Answer")
    visitors_group = {"concurrency_id": "visitors", "concurrency_limit": 4}
    gr.on([button.click, question.submit], search, question, answer, api_name="search", **visitors_group)
    gr.api(search, api_name="bulk", concurrency_id="scripts", concurrency_limit=1)

demo.launch(height=320)
