"""The reliability page: what is counted as lost, how users are summed up, and one fault put on a recipe."""

import pandas as pd
import pytest

from benchmarks import reliability
from benchmarks.reliability import __main__ as command
from benchmarks.reliability import faults

FRAME = pd.DataFrame(
    {
        "status": ["ok", "ok", "refused", "error", "error", "lost", "timeout"],
        "error": [
            "",
            "",
            "503: Queue is full.",
            "Type a text.",
            "Error",
            "ServerDisconnectedError: ",
            "No end within 1 s.",
        ],
    }
)


def test_an_end_without_an_answer_or_words_is_lost():
    assert reliability.lost(FRAME) == 3  # the bare Error, the broken connection, the one without an end
    assert reliability.lost(FRAME[:4]) == 0


def test_users_are_summed_up_by_what_they_saw():
    words = reliability.seen(FRAME)
    assert words.startswith("2 ok; ")
    assert "1 refused: 503: Queue is full." in words
    assert "1 timeout" in words


def test_a_page_has_a_row_for_each_scenario():
    row = reliability.Row("batch", "1,000 users", "990 ok; 10 a | b", 0, 0.25, "1 to 2 MiB")
    page = command.page([row], load=0.5)
    assert "| `batch` | 1,000 users | 990 ok; 10 a \\| b | 0 | 0.2 s | 1 to 2 MiB |" in page
    assert "Gradio 6" in page


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_handler_that_hangs_is_told_and_the_next_visitor_answered():
    row = faults.hang_in_a_handler()
    assert row.lost == 0
    assert "SQLite says: interrupted" in row.saw
    assert row.well < 60
