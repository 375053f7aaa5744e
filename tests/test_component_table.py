"""The table of components: what docs/components.md says is what the installed version does."""

import gradio
import pytest

from tools import component_table

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:gradio")  # it gives components what they do not take


@pytest.fixture(scope="module")
def measured():
    return component_table.measure()


def test_page_is_what_the_installed_version_does(measured):
    written = component_table.PAGE.read_text(encoding="utf-8").splitlines()
    assert component_table.page(measured).splitlines() == written, (
        f"docs/components.md differs from what Gradio {gradio.__version__} does: "
        "run `python -m tools.component_table`, and review what changed"
    )


def test_a_component_that_changes_turns_it_red(measured):
    changed = measured.copy()
    changed.loc[("Slider", "step=1"), "from null"] = "None"
    assert component_table.page(changed) != component_table.PAGE.read_text(encoding="utf-8")


def test_check_fails_on_an_old_page(monkeypatch, tmp_path, measured, capsys):
    old = tmp_path / "components.md"
    old.write_text("# What components hand you, and take back\n", encoding="utf-8")
    monkeypatch.setattr(component_table, "PAGE", old)
    monkeypatch.setattr(component_table, "measure", lambda: measured)
    monkeypatch.setattr("sys.argv", ["component_table", "--check"])
    assert component_table.main() == 1
    assert "python -m tools.component_table" in capsys.readouterr().out
