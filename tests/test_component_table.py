"""The table of components: what docs/components.md says is what the Gradio that it names does."""

import inspect
import re
import warnings

import gradio as gr
import pytest
from gradio.components import Component

from tools import component_table
from tools.component_table import PAGE, Page, compare

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:gradio")  # it gives components what they do not take


@pytest.fixture(scope="module")
def table():
    return component_table.measure()


@pytest.fixture(scope="module")
def measured(table):
    return component_table.page(table)


@pytest.fixture
def written():
    return PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_is_true(measured, written):
    wrong, differ = compare(written, measured)
    assert not wrong, "run `make components`, and review what changed:\n" + "\n".join(wrong)
    for difference in differ:  # another Gradio than the page names
        warnings.warn(difference, stacklevel=1)


def on(version: str, page: str) -> str:
    """The page as if it had been made with another Gradio."""
    return page.replace(f"Gradio {Page.read(page).version}", f"Gradio {version}", 1)


@pytest.fixture
def broken(table):
    """The page with one wrong cell."""
    changed = table.copy()
    changed.loc[("Slider", "step=1"), "from null"] = "a lie"
    return component_table.page(changed)


def test_a_wrong_cell_is_wrong_on_the_pages_own_version(broken, measured):
    wrong, differ = compare(broken, measured)
    assert differ == []
    assert len(wrong) == 1
    assert wrong[0].startswith("Slider `step=1`, from null: the page says 'a lie', Gradio ")


def test_another_version_alone_changes_nothing(measured):
    assert compare(on("6.0.1", measured), measured) == ([], [])


def test_a_cell_that_differs_on_another_version_is_named_and_not_wrong(broken, measured):
    wrong, differ = compare(on("6.0.1", broken), measured)
    assert wrong == []
    assert [line.partition(":")[0] for line in differ] == ["Slider `step=1`, from null"]


@pytest.mark.parametrize(
    ("pattern", "by", "says"),
    [
        (r"\| Slider .*\n", "", "there is no row for Slider `step=1`"),
        (r"\| Slider ", "| Glider ", "there is a row for Glider `step=1`"),
        (r"\| untouched \|", "| touched |", "the columns are"),
        (r"by `make components`", "by hand", "the text around the table"),
    ],
)
@pytest.mark.parametrize("version", [None, "6.0.1"])
def test_another_table_or_text_is_wrong_on_any_version(measured, pattern, by, says, version):
    other = re.sub(pattern, by, measured)
    assert other != measured
    wrong, _ = compare(on(version, other) if version else other, measured)
    assert says in "\n".join(wrong)


def test_every_component_that_a_visitor_can_fill_in_has_a_row(table):
    editable = {
        cls.__name__
        for cls in vars(gr.components).values()
        if inspect.isclass(cls)
        and issubclass(cls, Component)
        and hasattr(gr, cls.__name__)
        and "interactive" in inspect.signature(cls).parameters
        and not issubclass(cls, gr.Button)
    }
    assert editable <= set(table.index.get_level_values(0)) | {"Component"}


def test_what_the_notebook_builds_on_is_measured(table):
    failing = table[table["receives"] == component_table.FAILED].index
    assert list(failing) == [("ImageEditor", "type='filepath'")]  # RGBA cannot be saved as the JPEG it was
    assert table.loc[("File", "type='binary'"), "receives"] == "bytes"
    assert table.loc[("Dropdown", "choices=['a', 'b'], multiselect=True"), "untouched"] == "empty list"
    raising = table[table["from null"] == component_table.FAILED].index
    assert ("Slider", "step=1") in raising
    assert ("Number", "") not in raising


@pytest.mark.parametrize("text", [None, "# What components hand you, and take back\n"])
def test_check_fails_without_a_page_and_on_an_empty_one(monkeypatch, tmp_path, table, capsys, text):
    old = tmp_path / "components.md"
    if text:
        old.write_text(text, encoding="utf-8")
    monkeypatch.setattr(component_table, "PAGE", old)
    monkeypatch.setattr(component_table, "measure", lambda: table)
    monkeypatch.setattr("sys.argv", ["component_table", "--check"])
    assert component_table.main() == 1
    assert "make components" in capsys.readouterr().out
