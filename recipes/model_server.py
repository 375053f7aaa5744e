# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "openai>=1.98",
# ]
# ///
import os

import gradio as gr
import openai

MODEL = os.environ.get("MODEL", "gpt-5-mini")
# It reads OPENAI_BASE_URL itself. A server of your own may want no key; the client always wants one.
client = openai.AsyncOpenAI(api_key=os.environ.get("OPENAI_API_KEY", "none"), timeout=60, max_retries=1)
PROBLEMS = {
    openai.APITimeoutError: "The model server takes too long. Press Retry, or ask for less.",
    openai.APIConnectionError: "The model server does not answer, or has broken off. Press Retry in a moment.",
    openai.AuthenticationError: "The model server refuses this demo's key. Tell whoever runs it: OPENAI_API_KEY.",
    openai.NotFoundError: "The model server does not have this demo's model. Tell whoever runs it: MODEL.",
    openai.RateLimitError: "The model server is busy. Press Retry in a minute.",
    openai.OpenAIError: "The model server refuses this message. Clear the chat, or write it in another way.",
}


def text_of(content):
    parts = content if isinstance(content, list) else [content]  # a list from the page, a text from the API
    return "\n".join(part if isinstance(part, str) else part.get("text", "") for part in parts).strip()


def turns(history):
    """What every server takes: role and text, user and assistant in turn."""
    found = []
    for message in history:
        role, text = message["role"], text_of(message["content"])
        if not text or (message.get("metadata") or {}).get("title"):
            continue  # a problem, which is not the model's
        if found and found[-1]["role"] == role:  # a question without an answer
            text = f"{found.pop()['content']}\n\n{text}"
        found.append({"role": role, "content": text})
    return found


def is_written(message):
    return gr.validate(bool(message.strip()), "Write a message first.")


async def reply(message, history):
    if not message.strip():  # over the API; the page asks is_written
        raise gr.Error("Write a message first.", print_exception=False)
    asked, answer, end, words = turns([*history, {"role": "user", "content": message}]), "", None, ""
    try:
        # async, so that Stop need not wait for the next piece; and `with` hangs up, so the server stops too
        wanted = {"model": MODEL, "messages": asked, "max_tokens": 300, "stream": True}
        async with await client.chat.completions.create(**wanted) as stream:
            async for chunk in stream:
                for choice in chunk.choices:
                    answer, end = answer + (choice.delta.content or ""), choice.finish_reason or end
                    yield answer
        words = "" if end else "The answer has broken off. Press Retry."
    except openai.OpenAIError as error:
        words = next(words for kind, words in PROBLEMS.items() if isinstance(error, kind))
    if words:  # not gr.Error, which would leave the page blocked
        problem = gr.ChatMessage(words, metadata={"title": "Not answered"})
        yield [answer, problem] if answer else problem


demo = gr.ChatInterface(
    reply,
    chatbot=gr.Chatbot(label="Conversation", height=300, placeholder="Send the message, then another one about it."),
    textbox=gr.Textbox("Name a fruit.", label="Message", submit_btn="Send", stop_btn="Stop"),
    validator=is_written,
    concurrency_limit=16,  # the server does many at once; by default one visitor would wait for the other
    api_name="chat",
)
demo.launch()
