# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import hashlib
import hmac

import gradio as gr

LEFT = """() => Object.keys(localStorage).filter(key => key.startsWith("gradio:run-history"))
.forEach(key => localStorage.removeItem(key))"""


def is_pair(one):
    return isinstance(one, list) and [type(part) for part in one] == [str, str]


def shown(kept):
    """The pairs of a text and its signature, and their chat. What a browser holds may be old, or made up."""
    pairs = [pair for pair in kept if is_pair(pair)] if isinstance(kept, list) else []
    roles = ("user", "assistant")
    return pairs, [{"role": role, "content": text} for pair in pairs for role, text in zip(roles, pair, strict=True)]


def restore(kept):
    pairs, chat = shown(kept)
    return pairs, chat, bool(pairs), gr.Textbox(interactive=True)


def send(key, text, pairs, keep):
    if not key or not (text or "").strip():
        raise gr.Error("Type a key and a text first.", print_exception=False)
    signature = hmac.new(key.encode(), text[:500].encode(), hashlib.sha256).hexdigest()
    pairs, chat = shown([*(pairs or []), [text[:500], signature]][-20:])
    return pairs, chat, pairs if keep else [], ""  # None would leave what is there


with gr.Blocks(title="Sign messages") as demo:
    kept = gr.BrowserState([], storage_key="signed-chat", secret="no secret: /config tells it")
    pairs = gr.State([])
    chat = gr.Chatbot(label="Signed messages", render_markdown=False, height=220)
    key = gr.Textbox("tulip-42", label="Key", type="password")
    text = gr.Textbox("Pay 5 EUR to Ada", label="Text", submit_btn="Sign", interactive=False)  # until restored
    keep = gr.Checkbox(label="Keep this chat in my browser")
    demo.load(restore, kept, [pairs, chat, keep, text], api_visibility="private")
    demo.load(None, None, None, js=LEFT, api_visibility="private")
    text.submit(send, [key, text, pairs, keep], [pairs, chat, kept, text], show_progress_on=chat, api_name="send")
    keep.input(lambda pairs, keep: pairs if keep else [], [pairs, keep], kept, api_visibility="private")
    chat.clear(lambda: ([], []), None, [pairs, kept], api_visibility="private")

demo.launch(run_history=False, height=530)
