# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr

TONES = ["Neutral", "Friendly", "Formal"]


def restore(saved):
    """The visitor can edit what comes back, and an older version may have written it."""
    saved = saved if isinstance(saved, dict) else {}
    tone, words = saved.get("tone"), saved.get("words")
    values = (
        str(saved.get("name", ""))[:40],
        tone if tone in TONES else TONES[0],
        words if isinstance(words, int) and 20 <= words <= 200 else 80,
    )
    return [gr.update(value=value, interactive=True) for value in values]


def save(name, tone, words):
    return {"name": name, "tone": tone, "words": words}


with gr.Blocks(title="Settings") as demo:
    gr.Markdown("Change something, then load the page again.")
    settings = gr.BrowserState({}, storage_key="summary-settings", secret="every page contains it")
    # Closed until `restore` opens them: its answer would overwrite what a fast visitor types.
    name = gr.Textbox(label="Your name", max_length=40, interactive=False)
    tone = gr.Radio(TONES, value=TONES[0], label="Tone of the summary", interactive=False)
    words = gr.Slider(20, 200, value=80, step=10, label="Length in words", interactive=False)
    fields = [name, tone, words]
    edits = [name.change, tone.input, words.input]  # the .input of a Textbox misses a paste
    gr.on(edits, save, fields, settings, trigger_mode="always_last", show_progress="hidden", api_name="save")
    demo.load(restore, settings, fields, api_name="restore")
demo.launch()
