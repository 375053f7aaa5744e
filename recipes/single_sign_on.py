# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "authlib>=1.7",
#   "fastapi<1.0,>=0.115.2",
#   "gradio<7,>=6.31",
#   "itsdangerous>=2.2",
#   "joserfc>=1.4",
#   "starlette<2.0,>=1.0.1",
#   "uvicorn>=0.14.0",
# ]
# ///
import os
import secrets
import time

import gradio as gr
from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse
from joserfc.errors import JoseError
from starlette.middleware.sessions import SessionMiddleware

SECONDS = 8 * 3600
NEEDED = ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_DOMAIN"]
settings = {name: os.environ.get(name, "") for name in NEEDED}
oauth = OAuth()
oauth.register(
    "provider",
    server_metadata_url=settings["OIDC_ISSUER"].rstrip("/") + "/.well-known/openid-configuration",
    client_id=settings["OIDC_CLIENT_ID"],
    client_secret=settings["OIDC_CLIENT_SECRET"],
    client_kwargs={"scope": "openid email", "code_challenge_method": "S256"},  # PKCE
)
sessions = {}  # in this process; several replicas need a table, as in the recipe before
app = FastAPI(title="single-sign-on")
app.add_middleware(
    SessionMiddleware,  # its cookie holds an id only, so that a logout ends every copy of it
    secret_key=os.environ.get("SESSION_SECRET") or secrets.token_urlsafe(),
    session_cookie="staff-session",
    max_age=SECONDS,
    https_only=True,  # browsers make an exception for this machine
    same_site="lax",  # strict would lose the cookie on the way back from the provider
)


async def provider():
    missing = [name for name, value in settings.items() if not value]
    if missing:
        raise HTTPException(503, f"Single sign-on is not set up: set {', '.join(missing)}.")
    try:
        await oauth.provider.load_server_metadata()
    except Exception as error:  # of the HTTP library that Authlib finds, httpx2 or httpx
        raise HTTPException(503, "The provider does not answer. Try again later.") from error
    return oauth.provider


def staff(request: Request):
    session = sessions.get(request.session.get("id"), {"expires": 0})
    if session["expires"] > time.time():
        return session["email"]
    if "text/html" in request.headers.get("accept", ""):
        raise HTTPException(303, headers={"Location": "/login"})
    return None  # Gradio answers 401


@app.get("/login")
async def to_provider(request: Request):
    return await (await provider()).authorize_redirect(request, str(request.url_for("callback")))


@app.get("/callback")
async def callback(request: Request):
    try:
        token = await (await provider()).authorize_access_token(request)
    except (OAuthError, JoseError, ValueError) as error:  # state, code, signature, nonce, ...
        raise HTTPException(400, f"The log-in failed ({error}). Start again at /login.") from error
    user, domain = token["userinfo"], settings["OIDC_DOMAIN"]
    if not (user.get("email_verified") and user["email"].endswith(f"@{domain}")):
        raise HTTPException(403, f"Only verified addresses at {domain} may enter.")
    now, request.session["id"] = time.time(), secrets.token_urlsafe()
    for old in [key for key, session in list(sessions.items()) if session["expires"] < now]:
        sessions.pop(old, None)
    entry = {"email": user["email"], "expires": now + SECONDS, "id_token": token["id_token"]}
    sessions[request.session["id"]] = entry
    return RedirectResponse("/staff/", 303)


@app.get("/logout")
async def out(request: Request):
    session = sessions.pop(request.session.pop("id", None), None)
    if session is None:
        return RedirectResponse("/", 303)
    client, home = await provider(), str(request.base_url)
    if "end_session_endpoint" not in client.server_metadata:  # Google has none
        return RedirectResponse("/", 303)
    # The provider ends its own session and sends the browser home.
    return await client.logout_redirect(request, home, id_token_hint=session["id_token"])


def minutes(text):
    if not (text or "").strip():
        raise gr.Error("Type a text first.", print_exception=False)
    return f"{len(text.split()) / 238:.1f} minutes"  # at 238 words a minute (Brysbaert, 2019)


def sample(text):
    return minutes((text or "")[:500])


def whole(text, request: gr.Request):
    return f"{minutes(text)}, measured for {request.username}"


with gr.Blocks(title="Reading time, staff") as inside:
    box = gr.Textbox(label="Text", lines=8)
    gr.Button("Measure").click(whole, box, gr.Textbox(label="Reading time"), api_name="whole")
    gr.Button("Log out", link="/logout", link_target="_self")
with gr.Blocks(title="Reading time") as front:
    box = gr.Textbox(40 * "How long is this? ", label="Text, of which 500 characters count", max_lines=4)
    gr.Button("Measure").click(sample, box, gr.Textbox(label="Reading time"), api_name="sample")
    gr.Button("Log in", link="/staff/", link_target="_self")
inside.has_launched = front.has_launched = True  # as launch() sets it: Gradio checks which files it reads
gr.mount_gradio_app(app, inside, path="/staff", auth_dependency=staff, run_history=False)
app = gr.mount_gradio_app(app, front, path="/")

if __name__ == "__main__":
    import os

    import uvicorn

    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), os.environ.get("GRADIO_SERVER_PORT", "7860")
    uvicorn.run(app, host=host, port=int(port))
