# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import collections
import pathlib
import re
import tempfile

import gradio as gr


def count(path):
    """Count words, say how far it is while reading, and give a table of all at the end."""
    if path is None:
        raise gr.Error("Choose a text file first.", print_exception=False)
    words, number = collections.Counter(), 0
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            words.update(re.findall(r"\w+", line.lower()))
            if number % 50_000 == 1:
                yield f"{number} lines read", None
    with tempfile.TemporaryDirectory() as folder:  # Gradio copies the file when it is given out
        table = pathlib.Path(folder, "words.csv")
        table.write_text("".join(f"{word},{times}\n" for word, times in words.most_common()), encoding="utf-8")
        yield f"{number} lines read, {len(words)} different words", str(table)


with gr.Blocks(title="Word count", delete_cache=(3600, 86400)) as demo:
    file = gr.File(collections.__file__, label="Text file", file_types=["text"], height=140)
    button = gr.Button("Count", variant="primary")
    progress = gr.Textbox(label="Progress")
    table = gr.File(label="All words")
    button.click(count, file, [progress, table], api_name="count")

demo.launch(max_file_size="10mb", height=640)
