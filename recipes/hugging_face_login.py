# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "huggingface-hub<3.0,>=1.16.0",
# ]
# ///
import os

import gradio as gr
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

ON_A_SPACE = os.environ.get("SYSTEM") == "spaces"
MEMBERS = {name.strip() for name in os.environ.get("MEMBERS", "").split(",") if name.strip()}


def greet(profile: gr.OAuthProfile | None):
    return f"Signed in as {profile.username}" if profile else "Not signed in"


def minutes(text):
    if not (text or "").strip():
        raise gr.Error("Type a text first.", print_exception=False)
    return f"{len(text.split()) / 238:.1f} minutes"  # at 238 words a minute (Brysbaert, 2019)


def sample(text):
    return minutes((text or "")[:500])


def whole_for_members(text, profile: gr.OAuthProfile | None):
    """For members. The profile comes from a signed cookie, so that nobody can make one up."""
    if profile is None:
        raise gr.Error("Sign in with Hugging Face first.", print_exception=False)
    if profile.username not in MEMBERS:
        raise gr.Error(f"{profile.username} is not a member. Ask the owner.", print_exception=False)
    return minutes(text)


def hub_name(token: gr.OAuthToken | None):
    """What a token is for: to ask the Hub in the visitor's name. The Hub checks it, nobody else can."""
    if token is None:
        raise gr.Error("Sign in, or pass oauth_token= to the client.", print_exception=False)
    try:
        return HfApi(token=token.token).whoami()["name"]
    except HfHubHTTPError:
        raise gr.Error("The Hub refuses your token. Sign in again.", print_exception=False) from None


with gr.Blocks(title="Reading time") as demo:
    if ON_A_SPACE:
        gr.LoginButton()
    else:
        gr.Markdown("Signing in with Hugging Face works on a Space. Here everybody is a guest: press each button.")
    status = gr.Textbox(label="You", interactive=False)
    text = gr.Textbox(40 * "How long is this? ", label="Text, of which guests get 500 characters", lines=4, max_lines=4)
    with gr.Row():
        for_all, for_members = gr.Button("Measure"), gr.Button("All (members)")
        ask_hub = gr.Button("Ask the Hub")
    answer = gr.Textbox(label="Answer", interactive=False)
    demo.load(greet, None, status, api_name="greet")
    for_all.click(sample, text, answer, api_name="sample")
    for_members.click(whole_for_members, text, answer, api_name="whole")
    ask_hub.click(hub_name, None, answer, api_name="hub_name")

demo.launch(height=520)
