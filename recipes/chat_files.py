# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "openai>=1.98",
# ]
# ///
import os
from pathlib import Path

import gradio as gr
import openai
from gradio.media import get_file

MODEL = os.environ.get("MODEL", "gpt-5-mini")
MOST_FILES, MOST_BYTES, MOST_TEXT = 2, 4_000, 1_000
model = openai.AsyncOpenAI(api_key=os.environ.get("OPENAI_API_KEY", "none"), timeout=60, max_retries=1)


def as_text(part):
    """The text of a message or of a part of it, files included, from the page and from the API."""
    if isinstance(part, list):
        return "\n\n".join(map(as_text, part))
    if isinstance(part, str):
        return part
    path = (part.get("file") or part).get("path")
    return f"{Path(path).name}:\n{Path(path).read_text('utf-8')}" if path else part.get("text", "")


def fault(message):
    """What is wrong with a message, in words; "" if nothing is."""
    text, files = message["text"].strip(), [Path(path) for path in message["files"]]
    if not 0 < len(text) <= MOST_TEXT:
        return f"Write what you want to know, in up to {MOST_TEXT} characters."
    if len(files) > MOST_FILES:
        return f"Attach at most {MOST_FILES} files."
    if large := [path.name for path in files if path.stat().st_size > MOST_BYTES]:
        return f"{large[0]} is too large. Attach texts of up to {MOST_BYTES // 1000} kB."
    try:
        as_text([{"path": path} for path in files])
    except UnicodeDecodeError:
        return "A file is no UTF-8 text. Save it as plain text."
    return ""


def conversation(messages):
    """Role and text, in turn: what was never answered goes with the next question, a problem not at all."""
    found = []
    for message in messages:
        role, text = message["role"], as_text(message["content"])
        if (message.get("metadata") or {}).get("title"):
            continue
        if found and found[-1]["role"] == role:
            text = f"{found.pop()['content']}\n\n{text}"
        found.append({"role": role, "content": text})
    return found


async def ask(message, history, rules, tokens):
    if words := fault(message) or (len(rules or "") > MOST_TEXT and "The rules are too long."):  # over the API
        raise gr.Error(words, print_exception=False)
    question = [*({"path": path} for path in message["files"]), message["text"]]
    asked = conversation([*history, {"role": "user", "content": question}])[-5:]  # files are sent again each time
    system = [{"role": "system", "content": rules}] if (rules or "").strip() else []
    wanted = {"model": MODEL, "messages": [*system, *asked], "max_tokens": tokens}
    answer = ""
    try:
        async with await model.chat.completions.create(**wanted, stream=True) as stream:
            async for chunk in stream:
                answer += chunk.choices[0].delta.content or "" if chunk.choices else ""
                yield answer
    except openai.OpenAIError:
        problem = gr.ChatMessage("The model server has not answered. Press Retry.", metadata={"title": "Problem"})
        yield [answer, problem] if answer else problem


example = {"text": "What is this text about?", "files": [get_file("sample.txt")]}
kinds = {"file_count": "multiple", "file_types": [".txt", ".md"]}
rules = gr.Textbox("Answer in one sentence.", label="Rules", max_length=MOST_TEXT)
tokens = gr.Slider(1, 200, 60, step=1, precision=0, label="Longest answer, in tokens")
demo = gr.ChatInterface(
    ask,
    multimodal=True,
    chatbot=gr.Chatbot(label="Conversation", height=240, placeholder="Ask about the file, or choose an example."),
    textbox=gr.MultimodalTextbox(example, label="Message", stop_btn="Stop", **kinds),
    additional_inputs=[rules, tokens],
    examples=[
        [example, "Answer in one sentence.", 60],
        [{"text": "Name a fruit.", "files": []}, "Answer in one word.", 10],
    ],
    validator=lambda message: gr.validate(not fault(message), fault(message)),
    api_name="ask",
)
demo.launch(max_file_size="100kb", height=760)
