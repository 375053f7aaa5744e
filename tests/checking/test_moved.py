"""What the rules say is gone is gone from the installed Gradio, and what `--fix` writes is accepted by it."""

import inspect
import warnings

import gradio as gr
import pytest

from gradio_patterns.checking import check, fix
from gradio_patterns.checking.rules.moved import NAMES, OPTIONS, TO_LAUNCH

WHERE = {"launch": gr.Blocks.launch, "queue": gr.Blocks.queue, "event": gr.Button.click}


def options_of(where: str) -> set[str]:
    return set(inspect.signature(WHERE[where] if where in WHERE else getattr(gr, where).__init__).parameters)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: f"{option.where}-{option.name}-{option.values}")
def test_gradio_lacks_the_option_and_has_the_other(option):
    there = options_of(option.where)
    assert option.name not in there
    assert not option.rename or option.rename in there


@pytest.mark.parametrize("name", NAMES)
def test_gradio_lacks_the_name_and_has_the_other(name):
    assert not hasattr(gr, name)
    assert not NAMES[name][0] or hasattr(gr, NAMES[name][0])


def test_gradio_lacks_what_the_other_rules_name():
    assert not any(hasattr(gr, name) for name in ("inputs", "outputs"))
    assert not any(hasattr(gr.Textbox, name) for name in ("update", "style"))
    for name in TO_LAUNCH:
        assert name in options_of("launch")
        assert not any(name in options_of(where) for where in ("Blocks", "Interface", "ChatInterface"))


BEFORE = """import gradio as gr

# kept
with gr.Blocks(theme=gr.themes.Soft(), css=".a {}") as demo:  # also kept
    with gr.Box():
        count = gr.Variable(0)
        name = gr.inputs.Textbox(lines=2, label="Name", default="Ada")
        text = gr.Textbox(label="Text", show_copy_button=True)
        gr.Chatbot(label="Chat", type='messages', bubble_full_width=False)
        gr.Image(source="webcam", label="Photo")
    button = gr.Button("Go")
    button.click(
        lambda: gr.Textbox.update(value="Hello"),
        None,
        text,
        show_api=False,  # last
    )
    button.click(None, name, text, _js="x => x", api_name=False)
gr.Interface(str.upper, "text", "text", allow_flagging="never")
demo.queue(concurrency_count=3).launch(show_api=False, enable_queue=True, prevent_thread_lock=True)
"""

AFTER = """import gradio as gr

# kept
with gr.Blocks() as demo:  # also kept
    with gr.Group():
        count = gr.State(0)
        name = gr.Textbox(lines=2, label="Name", value="Ada")
        text = gr.Textbox(label="Text", buttons=["copy"])
        gr.Chatbot(label="Chat")
        gr.Image(sources=["webcam"], label="Photo")
    button = gr.Button("Go")
    button.click(
        lambda: gr.Textbox(value="Hello"),
        None,
        text,
        api_visibility="undocumented",  # last
    )
    button.click(None, name, text, js="x => x", api_visibility="private")
gr.Interface(str.upper, "text", "text", flagging_mode="never")
demo.queue(default_concurrency_limit=3).launch(footer_links=["gradio", "settings"], prevent_thread_lock=True, \
theme=gr.themes.Soft(), css=".a {}")
"""


def test_an_old_app_is_mended_and_builds(tmp_path, monkeypatch):
    file = tmp_path / "app.py"
    file.write_text(BEFORE)
    with pytest.raises((AttributeError, TypeError)):
        exec(compile(BEFORE, "before", "exec"), {})
    assert fix(file) > 10
    assert file.read_text() == AFTER
    assert [one.rule for one in check(file) if one.fixable] == []
    launched = inspect.signature(gr.Blocks.launch)
    monkeypatch.setattr(gr.Blocks, "launch", lambda *args, **options: launched.bind(*args, **options))
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        exec(compile(AFTER, "after", "exec"), {})


@pytest.mark.parametrize(
    "text",
    [
        "import gradio as gr\nx = gr.Chatbot(type='tuples')\n",  # the history's form must change, too
        "import gradio as gr\nx = gr.Textbox(\n    label='T',\n).style(container=False)\n",
        "import gradio as gr\nwith gr.Blocks(css='a') as demo:\n    pass\ndemo.launch()\ndemo.launch()\n",  # which one?
        "import gradio as gr\nwith gr.Blocks(\n    css='a',  # why\n) as demo:\n    pass\ndemo.launch()\n",
        "import gradio as gr\nb = gr.Button()\nb.click(print, every=5)\n",
    ],
)
def test_what_is_not_certain_is_told_and_left(tmp_path, text):
    file = tmp_path / "app.py"
    file.write_text(text)
    assert fix(file) == 0
    assert file.read_text() == text
    assert [one.severity for one in check(file)]


def test_line_ends_are_kept(tmp_path):
    file = tmp_path / "app.py"
    file.write_bytes(b"import gradio as gr\r\nx = gr.Variable(1)\r\n")
    assert fix(file) == 1
    assert file.read_bytes() == b"import gradio as gr\r\nx = gr.State(1)\r\n"
