"""Every notebook keeps every rule of tools/rules.py."""

import pytest

from gradio_patterns import collection
from tools import rules


@pytest.mark.parametrize("rule", rules.RULES)
@pytest.mark.parametrize("notebook", collection.load_all(), ids=lambda notebook: notebook.path.stem)
def test_rule(notebook, rule):
    found = rules.violations(notebook, [rule])
    assert not found, "\n" + "\n".join(map(str, found))
