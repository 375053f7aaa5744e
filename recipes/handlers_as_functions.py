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
]
embed = load("feature-extraction")


def meaning(text):
    return embed(text, return_tensors=True)[0].float().mean(0)


meanings = torch.stack([meaning(answer) for answer in ANSWERS])


def find(question):
    return ANSWERS[int(torch.cosine_similarity(meanings, meaning(question)[None]).argmax())]


def reply(mail, request: gr.Request, progress=gr.Progress()):
    """Answer a mail, a question a line; yields the rows so far."""
    questions = [line.strip() for line in (mail or "").splitlines() if line.strip()]
    if not questions:
        raise gr.Error("Write at least one question, one a line.", print_exception=False)
    if len(questions) > 5:
        gr.Warning("Only the first five questions are answered.")
    rows = []
    for question in progress.tqdm(questions[:5]):
        rows.append([request.username or "guest", question, find(question[:500])])
        yield rows


with gr.Blocks(title="Help desk") as demo:
    mail = gr.Textbox("When is the money back?\nI forgot my password.", label="Mail, one question a line", lines=3)
    button = gr.Button("Answer", variant="primary")
    table = gr.Dataframe(headers=["From", "Question", "Answer"], label="Replies", interactive=False, wrap=True)
    button.click(reply, mail, table, api_name="reply")

demo.launch()
