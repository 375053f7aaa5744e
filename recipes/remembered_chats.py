# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "sqlalchemy>=2",
#   "transformers<6,>=5.15",
# ]
# ///
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace

import gradio as gr
from sqlalchemy import ForeignKey, String, Text, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from transformers import TextIteratorStreamer

from gradio_patterns.models import load

engine = create_engine(os.environ.get("DATABASE_URL", f"sqlite:///{tempfile.gettempdir()}/gradio-chats.db"))
model = load("text-generation")
under_way = {}  # session hash: the answer that is being written


@event.listens_for(engine, "handle_error")  # the database is locked, gone or full
def refuse(failure):
    raise gr.Error("The chats cannot be reached now. Try again in a minute.") from failure.original_exception


class Base(DeclarativeBase): ...


class Chat(Base):
    __tablename__ = "chats"
    __table_args__ = {"sqlite_autoincrement": True}  # no deleted chat's number for the next one
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(80), index=True)
    title: Mapped[str] = mapped_column(String(40))
    messages: Mapped[list["Message"]] = relationship(order_by="Message.id", cascade="all, delete-orphan")

    def history(self):
        return [{"role": message.role, "content": message.content} for message in self.messages]


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id"), index=True)
    role: Mapped[str] = mapped_column(String(10))
    content: Mapped[str] = mapped_column(Text)


def find(db, number, user):
    known = isinstance(number, int) and abs(number) < 2**63  # SQL takes no other, and here comes whatever was sent
    if known and (chat := db.scalar(select(Chat).where(Chat.id == number, Chat.owner == user))):
        return chat
    raise gr.Error("This chat is not among yours: choose another, or start a new one.", print_exception=False)


def stop(request: gr.Request):
    if answer := under_way.get(request.session_hash):
        answer.stop.set()
        answer.ended.wait(60)  # until it is stored


def show(number, request: gr.Request):
    answer = under_way.get(request.session_hash)
    own = answer and answer.number == number
    if not own:
        stop(request)
    mine = select(Chat.title, Chat.id).where(Chat.owner == request.username).order_by(Chat.id.desc())
    with Session(engine) as db:
        choices = [("New chat", 0), *map(tuple, db.execute(mine))]
        history = find(db, number, request.username).history() if number else []
    return gr.Radio(choices), gr.skip() if own else history  # `send` is drawing it


def write(messages, stop):
    """Yield the answer as it grows, until `stop` is set."""
    tokenizer, text = model.tokenizer, ""
    tokens = tokenizer.apply_chat_template(messages[-9:], add_generation_prompt=True, return_tensors="pt")
    pieces = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    options = {"max_new_tokens": 160, "do_sample": False, "stopping_criteria": [lambda *_: stop.is_set()]}
    job = ThreadPoolExecutor(1).submit(model.model.generate, **tokens.to(model.device), **options, streamer=pieces)
    job.add_done_callback(lambda job: pieces.end())  # after an error, too: the loop would wait for ever
    for piece in pieces:
        yield (text := text + piece)
    if error := job.exception():
        raise gr.Error("The model has failed. Try again.") from error


def send(text, number, request: gr.Request):
    if not 0 < len(text := str(text or "").strip()) <= 2000:
        raise gr.Error("Write a message of up to 2000 characters.", print_exception=False)
    user, reply = request.username, ""
    with Session(engine) as db, db.begin():
        chat = find(db, number, user) if number else Chat(owner=user, title=text[:40])
        chat.messages.append(Message(role="user", content=text))
        db.add(chat)
        db.flush()  # gives a new chat its number
        number, messages = chat.id, chat.history()
    answer = under_way[request.session_hash] = SimpleNamespace(number=number, stop=Event(), ended=Event())
    try:
        yield "", number, messages
        for reply in write(messages, answer.stop):
            yield gr.skip(), gr.skip(), [*messages, {"role": "assistant", "content": reply}]
        if answer.stop.is_set():  # the last yield is sent again when the event ends: let it change nothing
            yield gr.skip(), gr.skip(), gr.skip()
    finally:
        answer.stop.set()
        with Session(engine) as db, db.begin():
            if reply and db.scalar(select(Chat.id).where(Chat.id == number, Chat.owner == user)):
                db.add(Message(chat_id=number, role="assistant", content=reply))
        under_way.pop(request.session_hash, None)
        answer.ended.set()


def delete(number, request: gr.Request):
    with Session(engine) as db, db.begin():
        db.delete(find(db, number, request.username))
    return 0


Base.metadata.create_all(engine)
with gr.Blocks(title="Chats") as demo:
    with gr.Row():
        with gr.Column(scale=1, min_width=200):
            chats = gr.Radio([("New chat", 0)], value=0, label="Your chats")
            delete_button = gr.Button("Delete this chat", variant="stop")
            gr.Button("Log out", link="logout", link_target="_self")
        with gr.Column(scale=3):
            chatbot = gr.Chatbot(label="Conversation", height=320)
            text = gr.Textbox("Name a fruit.", label="Message", submit_btn=True, stop_btn=True, max_length=2000)
    # preprocess=False: gr.Radio would refuse a chat that another device has started; find() decides.
    # queue=False: the page may miss a queued answer that comes just as another event ends.
    unqueued = {"trigger_mode": "always_last", "queue": False, "preprocess": False}
    gr.on([demo.load, chats.change], show, chats, [chats, chatbot], api_name="open", **unqueued)
    text.submit(send, [text, chats], [text, chats, chatbot], preprocess=False, api_name="send")
    # Not cancels=: while the next word is under way, it may leave the word "Error" on everything that `send` draws.
    text.stop(stop, queue=False, api_visibility="private")
    delete_button.click(delete, chats, chats, preprocess=False, api_name="delete")
demo.launch(auth=[("ada", "lovelace"), ("bob", "builder")], auth_message="Try ada and lovelace, or bob and builder.")
