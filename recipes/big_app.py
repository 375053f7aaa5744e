# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import unicodedata

import gradio as gr

NAMES = {unicodedata.name(chr(code), ""): chr(code) for code in range(0x3000)}


def find(query):
    wanted = (query or "").upper().split()
    if not wanted:
        raise gr.Error("Type part of a character's name, such as: greek omega", print_exception=False)
    hits = [[c, name, f"U+{ord(c):04X}"] for name, c in NAMES.items() if set(wanted) <= set(name.split())]
    if not hits:
        gr.Warning("No character has all these words in its name.")
    return sorted(hits, key=lambda hit: len(hit[1]))[:100]


def describe(text):
    return [[c, unicodedata.name(c, "no name"), f"U+{ord(c):04X}"] for c in text or ""]


def normal_forms(text):
    forms = {form: unicodedata.normalize(form, text or "") for form in ("NFC", "NFD", "NFKC", "NFKD")}
    return [[form, value, len(value), value == text] for form, value in forms.items()]


def characters(label):
    return gr.Dataframe(headers=["Character", "Name", "Code"], label=label, max_height=250, interactive=False)


def stored_text():
    return gr.BrowserState("", storage_key="unicode-desk", secret="not-a-secret")


def find_tab(text):
    query = gr.Textbox(label="Words of the name", placeholder="greek omega", submit_btn="Find")
    hits = characters("Click a row to append its character")

    def append(text, event: gr.SelectData):
        return (text or "") + event.row_value[0]

    query.submit(find, query, hits, api_name="find")
    hits.select(append, text, text, api_visibility="private")


def inspect_tab(demo, text):
    table = characters("Characters of the text")
    gr.on([demo.load, text.change], describe, text, table, trigger_mode="always_last", api_name="describe")


with gr.Blocks(title="Unicode desk") as demo:
    text = gr.Textbox("ﬁancé", label="Text", render=False)
    with gr.Tab("Inspect"):
        inspect_tab(demo, text)
    with gr.Tab("Find"):
        find_tab(text)
    text.render()
    stored = stored_text()
    text.change(lambda text: text, text, stored, api_visibility="private")

with demo.route("Normal forms", "normal-forms"):
    stored = stored_text()
    text = gr.Textbox(label="Text")
    table = gr.Dataframe(headers=["Form", "Text", "Length", "Unchanged"], label="Normal forms")
    demo.load(lambda stored: stored, stored, text, api_visibility="private")
    text.change(normal_forms, text, table, api_name="normal_forms")

demo.launch(height=560)
