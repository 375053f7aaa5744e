# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import html
import re

import gradio as gr

# For what is Markdown on purpose, such as a model's answer: nothing from elsewhere, no form, no cover over the page.
POLICY = "img-src 'self' data: blob:; media-src 'self' data: blob:; form-action 'none'"
HEAD = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
CSS = ".message { contain: layout paint }"


def plain(text):
    """Markdown that shows this text, character by character."""
    escaped = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text.expandtabs(4))
    return escaped.replace("  ", "&nbsp;&nbsp;")  # or an indented line becomes code


def longest(history, text):
    if not isinstance(text, str) or not text.strip():
        raise gr.Error("Type or paste some text first.", print_exception=False)
    words = text[:2000].split()
    word = max(words, key=len)
    question = {"role": "user", "content": plain(text[:2000])}
    answer = {"role": "assistant", "content": f"**{len(words)} words**, and the longest is {plain(word)}"}
    return [*history, question, answer], f"Longest word: <b>{html.escape(word)}</b>", ""


with gr.Blocks(title="Longest word") as demo:
    chat = gr.Chatbot(label="Texts", latex_delimiters=[], height=260)
    card = gr.HTML("Longest word: <b>none yet</b>")
    text = gr.Textbox("price ${5+5} <img src=x onerror=alert(1)>", label="Text", submit_btn="Send")
    text.submit(longest, [chat, text], [chat, card, text], show_progress_on=chat, api_name="longest")

demo.launch(head=HEAD, css=CSS)
