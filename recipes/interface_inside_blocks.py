# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import re

import gradio as gr


def words(text):
    found = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", (text or "").lower())
    if not found:
        raise gr.Error("Type or paste some text with words in it.", print_exception=False)
    return found


def readability(text):
    """Läsbarhetsindex (LIX): words per sentence plus the percentage of words over six letters."""
    found = words(text)
    sentences = max(1, len(re.findall(r"[.!?:]+(?=\s|$)", text)))
    return round(len(found) / sentences + 100 * sum(len(w) > 6 for w in found) / len(found), 1)


def vocabulary(text, known):
    new = sorted(set(words(text)) - known)
    known = known | set(new)
    return ", ".join(new) or "none", len(known), known


easy = gr.Interface(
    readability,
    gr.Textbox("The cat sat on the mat.", label="Text", lines=3),
    gr.Number(label="LIX (below 30: easy, above 50: hard)"),
    examples=[["Considerable uncertainty surrounds quarterly expectations."]],
    flagging_mode="never",
    api_name="readability",
    concurrency_limit=2,
)
learn = gr.Interface(
    vocabulary,
    [gr.Textbox("The red cat.", label="Text", lines=3), gr.State(set())],
    [gr.Textbox(label="New words"), gr.Number(label="Words known"), gr.State()],
    flagging_mode="never",
    api_name="vocabulary",
)
demo = gr.TabbedInterface([easy, learn], ["Readability", "Vocabulary"], title="Reading desk")
demo.queue(max_size=50)
demo.launch()
