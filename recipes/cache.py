# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr

from gradio_patterns.models import load

chat = load("text-generation")


def generate(prompt, longest=20):
    messages = [{"role": "user", "content": prompt}]
    return chat(messages, max_new_tokens=longest, do_sample=False)[0]["generated_text"][-1]["content"]


@gr.cache(max_size=1000, max_memory="50mb")
def explain(word):
    if not (word or "").strip():
        raise gr.Error("Type a word first.", print_exception=False)
    return generate(f"What is {word.strip()[:100]}? Answer in one short sentence.")


@gr.cache(per_session=True, max_memory="50mb")  # private, and forgotten when the page is closed
def reply(letter):
    if not (letter or "").strip():
        raise gr.Error("Paste a letter first.", print_exception=False)
    return generate(f"Answer this letter in one friendly sentence: {letter.strip()[:1000]}")


with gr.Blocks(title="Cached") as demo:
    gr.Markdown("Press a button twice: the second answer is there at once, and needs no place in the queue.")
    with gr.Row():
        with gr.Column():
            word = gr.Textbox("snow", label="Word, the same for everybody")
            explain_button = gr.Button("Explain", variant="primary")
            explained = gr.Textbox(label="Meaning", lines=3)
        with gr.Column():
            letter = gr.Textbox("Will you come to my party on Friday?", label="Letter, yours alone")
            reply_button = gr.Button("Draft a reply", variant="primary")
            draft = gr.Textbox(label="Draft", lines=3)
    explain_button.click(explain, word, explained, api_name="explain")
    reply_button.click(reply, letter, draft, api_name="reply")

demo.launch(height=400)
