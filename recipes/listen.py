# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import hashlib
import hmac
import os
import secrets
import sys

import gradio as gr

public = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1") not in ("127.0.0.1", "localhost")
key, length = os.environ.get("SIGNING_KEY", ""), os.environ.get("MAX_LENGTH", "200")

wrong = []
if public and not key:
    wrong.append("SIGNING_KEY is not set. It signs the vouchers; take 32 random characters.")
if not (length.isdecimal() and int(length)):
    wrong.append(f"MAX_LENGTH is {length!r}. Set it to a number of characters, such as 200.")
if wrong:
    sys.exit("\n".join(["The demo cannot start.", *wrong]))  # before the first visitor, and all at once

KEY, MAX_LENGTH = key or secrets.token_hex(), int(length)


def sign(voucher):
    if not (voucher or "").strip():
        raise gr.Error("Type the text of a voucher first.", print_exception=False)
    if len(voucher) > MAX_LENGTH:
        raise gr.Error(f"At most {MAX_LENGTH} characters, please.", print_exception=False)
    return hmac.new(KEY.encode(), voucher.encode(), hashlib.sha256).hexdigest()[:16]


with gr.Blocks(title="Vouchers") as demo:
    voucher = gr.Textbox("One free coffee", label="Voucher")
    button = gr.Button("Sign", variant="primary")
    signature = gr.Textbox(label="Signature", buttons=["copy"])
    gr.on([button.click, voucher.submit], sign, voucher, signature, api_name="sign")

demo.launch()
