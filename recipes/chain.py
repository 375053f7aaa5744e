# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import re
from collections import Counter

import gradio as gr

TEXT = """A queue keeps a server alive. Requests that arrive together wait in the queue for their turn.
Without a queue every request starts at once, and the server runs out of memory.
People like a short queue. A server with a queue tells each visitor how many requests are ahead.
The weather was fine that day."""
HINT = "Leave only one sentence, and see the button come back after the error."


def split(text):
    pieces = re.findall(r"[^.!?]+(?:[.!?]|$)", text or "")  # without `|$`, a long text without a stop takes minutes
    found = [" ".join(piece.split()) for piece in pieces if piece[-1] in ".!?"]
    if len(found) < 3:
        raise gr.Error("Paste at least three sentences.", print_exception=False)
    return found


def rank(sentences):
    """Return the two sentences whose long words are the most frequent in the text (Luhn, 1958)."""
    words = [re.findall(r"\w{4,}", sentence.lower()) for sentence in sentences]
    count = Counter(sum(words, []))
    if not count:
        raise gr.Error("No word has four letters or more: paste prose.", print_exception=False)
    scores = [sum(count[word] for word in some) / max(len(some), 1) for some in words]
    best = sorted(range(len(scores)), key=scores.__getitem__)[-2:]
    return " ".join(sentences[place] for place in sorted(best))


def summarise(text: str) -> str:
    """Return the two most central sentences of a text: the whole chain, for API clients."""
    return rank(split(str(text or "")))  # to gr.api comes whatever was sent


with gr.Blocks(title="Summarise") as demo:
    text = gr.Textbox(TEXT, label="Text", info=HINT, lines=5)
    button = gr.Button("Summarise", variant="primary")
    summary, sentences = gr.Textbox(label="Summary", lines=3), gr.State([])

    private = {"api_visibility": "private"}
    locked = button.click(lambda: (gr.Button(interactive=False), ""), None, [button, summary], **private)
    read = locked.success(split, text, sentences, **private)
    ranked = read.success(rank, sentences, summary, **private)
    for end in (read.failure, ranked.failure, ranked.success):
        end(lambda: gr.Button(interactive=True), None, button, **private)
    gr.api(summarise, api_name="summarise")

demo.launch()
