"""Every notebook keeps every rule of tools/rules.py."""

import pytest

from tools import notebooks, rules


@pytest.mark.parametrize("rule", rules.RULES)
@pytest.mark.parametrize("notebook", notebooks.load_all(), ids=lambda notebook: notebook.path.stem)
def test_rule(notebook, rule):
    found = rules.violations(notebook, [rule])
    assert not found, "\n" + "\n".join(map(str, found))
