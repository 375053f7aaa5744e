# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
#   "pandas>=2.2",
# ]
# ///
import sqlite3
import threading
import time

import gradio as gr
import pandas as pd

FORBIDDEN = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_PRAGMA}  # files, settings
FORBIDDEN |= {getattr(sqlite3, f"SQLITE_CREATE_TEMP_{kind}") for kind in ("TABLE", "VIEW", "INDEX", "TRIGGER")}


class Database:
    """A visitor's tables. Only what holds the lock may use the connection."""

    def __init__(self):
        self.lock, self.end = threading.Lock(), 0
        self.connection = connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.execute("PRAGMA max_page_count = 4096")  # 16 MiB a visitor
        connection.execute("PRAGMA temp_store = MEMORY")  # no file for a large sort
        if hasattr(connection, "setlimit"):  # Python 3.11
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)  # bytes a value
        allow = {True: sqlite3.SQLITE_DENY, False: sqlite3.SQLITE_OK}
        connection.set_authorizer(lambda action, *_: allow[action in FORBIDDEN])
        # Set once: while a statement runs, setting it again would block the whole process.
        connection.set_progress_handler(lambda: time.monotonic() > self.end, 10_000)

    def execute(self, sql):
        with self.lock, self.connection:
            self.end = time.monotonic() + 2  # seconds
            cursor = self.connection.execute(sql)
            columns = [column[0] for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchmany(100), columns=columns or None)

    def close(self):
        self.connection.interrupt()  # whoever closes it does not wait long
        with self.lock:
            self.connection.close()


def run(sql, database):
    if not (sql or "").strip():
        raise gr.Error("Write an SQL statement first.", print_exception=False)
    database = database or Database()
    try:
        return database.execute(sql), database
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:  # ValueError: what is no Unicode
        message = f"SQLite says: {error}. Your tables are as they were."
        raise gr.Error(message, print_exception=False) from error


with gr.Blocks(title="SQL desk") as demo:
    database = gr.State(None, time_to_live=3600, delete_callback=Database.close)
    sql = gr.Textbox("CREATE TABLE papers AS SELECT 'LoRA' AS title, 2021 AS year", label="SQL, one statement", lines=3)
    button = gr.Button("Run", variant="primary")
    gr.Examples(["INSERT INTO papers VALUES ('Attention Is All You Need', 2017)", "SELECT * FROM papers"], sql)
    rows = gr.Dataframe(label="First 100 rows", interactive=False)
    button.click(run, [sql, database], [rows, database], api_name="run")
demo.launch()
