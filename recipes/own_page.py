# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "fastapi<1.0,>=0.115.2",
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import hmac
import os
import secrets
from collections import deque

import gradio as gr
import torch
from fastapi import Depends, HTTPException
from fastapi.responses import HTMLResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from gradio_patterns.models import load

PAGE = """<!doctype html><html lang="en"><title>Alike?</title><meta name="viewport" content="width=device-width">
<style>:root {color-scheme: light dark; font: 1rem sans-serif} form {display: grid; gap: .5rem; max-width: 30rem}
input, button {font: inherit; padding: .5rem}</style><main><h1>Alike?</h1>
<form><label for="first">One text</label><input id="first" value="The kettle boils.">
<label for="second">Another</label><input id="second" value="Water gets hot.">
<button>Compare</button>
<output role="status">Press the button, then empty a field and press again.</output></form></main>
<script>
const answer = text => document.querySelector("output").textContent = text;
document.querySelector("form").onsubmit = async event => {
  event.preventDefault();
  const route = "gradio_api/call/v2/similarity", headers = {"Content-Type": "application/json"};
  const body = JSON.stringify({first: first.value, second: second.value});
  answer("Waiting for your turn ...");
  const joined = await fetch(route, {method: "POST", headers, body});
  if (!joined.ok) return answer("Too busy. Try again in a minute.");
  const events = new EventSource(`${route}/${(await joined.json()).event_id}`);
  events.addEventListener("complete", ({data}) => (events.close(), answer(`${JSON.parse(data)[0]} of 1`)));
  const failed = data => data && JSON.parse(data).error || "It failed. Try again.";
  events.addEventListener("error", ({data}) => (events.close(), answer(failed(data))));
};
</script></html>"""
PASSWORD = os.environ.get("OWNER_PASSWORD") or secrets.token_urlsafe()
embed = load("feature-extraction")
asked = deque(maxlen=100)
demo = gr.Server(openapi_url=None)


def owner(given: HTTPBasicCredentials = Depends(HTTPBasic())):
    if not hmac.compare_digest(given.password.encode(), PASSWORD.encode()):
        raise HTTPException(401, "The password is wrong.", {"WWW-Authenticate": "Basic"})


def meaning(text):
    return embed(text[:500], return_tensors=True)[0].float().mean(0)


@demo.api(name="similarity", concurrency_limit=1)
def similarity(first: str, second: str) -> float:
    if not all(isinstance(text, str) and text.strip() for text in (first, second)):
        raise gr.Error("Write two texts.", print_exception=False)
    asked.append((first[:500], second[:500]))
    return round(float(torch.cosine_similarity(meaning(first), meaning(second), dim=0)), 2)


@demo.get("/", response_class=HTMLResponse)
def page():
    return PAGE


@demo.get("/asked", dependencies=[Depends(owner)])
def what_was_asked():
    return list(asked)


if not os.environ.get("OWNER_PASSWORD"):
    print(f"The password of /asked: {PASSWORD}")

demo.launch(height=340)
