# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import re
from importlib.metadata import distributions

import gradio as gr

PACKAGES = {package.name: package.metadata for package in distributions() if package.name}


def details(name: str) -> dict[str, str | list[str]]:
    """Return version, summary and requirements of an installed package."""
    if name not in [*PACKAGES]:  # a list or an object is no key
        raise gr.Error(f"No package {name!r} is installed here.", print_exception=False)
    about = PACKAGES[name]
    required = {re.match(r"[\w.-]+", r)[0] for r in about.get_all("Requires-Dist") or [] if "extra ==" not in r}
    return {"version": about["Version"], "summary": about["Summary"] or "", "requires": sorted(required)}


def names(query: str = "", summaries: bool = False) -> list[str]:
    """Return the packages with `query` in their names or, with `summaries`, in their summaries."""
    texts = {name: f"{name} {(PACKAGES[name]['Summary'] or '') if summaries else ''}" for name in PACKAGES}
    return sorted(name for name, text in texts.items() if str(query or "").strip().lower() in text.lower())


def find(**fields):
    found = names(**fields)
    if not found:
        return {heading: f"No package has {fields['query']!r} in it."}  # the table stays as it is
    return {heading: f"{len(found)} found. Click on one.", packages: [[n, PACKAGES[n]["Version"]] for n in found]}


def show(event: gr.SelectData):
    name, *_ = event.row_value
    about = details(name)
    summary = gr.Textbox(about["summary"], label=f"{name} {about['version']}", visible=True)
    return summary, gr.Textbox(", ".join(about["requires"]) or "nothing", visible=True)


with gr.Blocks(title="Installed packages") as demo:
    with gr.Row():
        query = gr.Textbox("gradio", label="Name contains")
        summaries = gr.Checkbox(label="Search the summaries, too")
    with gr.Row():
        with gr.Column():
            heading = gr.Markdown()
            packages = gr.Dataframe(headers=["Name", "Version"], label="Packages", interactive=False, max_height=260)
        with gr.Column():
            summary = gr.Textbox(label="Package", lines=3, visible=False)
            requires = gr.Textbox(label="Requires", visible=False)

    latest_only = {"trigger_mode": "always_last", "api_visibility": "private"}
    fields = {"query": query, "summaries": summaries}  # by parameter name
    triggers = [demo.load, query.change, summaries.change]
    gr.on(triggers, find, inputs_kwargs=fields, outputs=[heading, packages], **latest_only)
    packages.select(show, None, [summary, requires], **latest_only)
    gr.api(details, api_name="details")
    gr.api(names, api_name="names")

demo.launch(height=520)
