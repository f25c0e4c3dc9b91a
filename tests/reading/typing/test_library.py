from __future__ import annotations

import pytest

from signoff.acceptance.reading.facts.library import read_library_call
from signoff.acceptance.reading.settings.configuration import Variable

CONFIG = Variable("config", "Config", "app.config", {"port": 1}, 7)


def test_imports_calls_and_print_become_steps() -> None:
    found = read_library_call("from a.b import C as D\nx = D(1, key='v')\nx.run()\nprint(x.info('q'))\n", [])
    assert found.steps == (
        {"op": "import", "module": "a.b", "name": "C", "as": "D"},
        {
            "op": "call",
            "target": "x",
            "function": "D",
            "arguments": [{"literal": 1}],
            "keywords": {"key": {"literal": "v"}},
        },
        {"op": "call", "target": None, "function": "x.run", "arguments": [], "keywords": {}},
        {"op": "print", "value": {"call": "x.info", "arguments": [{"literal": "q"}], "keywords": {}}},
    )


def test_a_variable_that_is_never_set_comes_from_the_configuration() -> None:
    found = read_library_call("from a import C\nx = C(config)\n", [CONFIG])
    assert found.steps is not None
    assert found.steps[:2] == (
        {"op": "import", "module": "app.config", "name": "Config", "as": "Config"},
        {"op": "call", "target": "config", "function": "Config", "arguments": [], "keywords": {"port": {"literal": 1}}},
    )
    assert "line 7" in found.assumptions[0]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1 + 1", "neither an import"),
        ("import os\nos.system('rm')", "neither an import"),
        ("from a import *", "names nothing"),
        ("from a import C\nC(**values)", "spreads keywords"),
        ("from a import C\nprint(C().x)", "neither a literal"),
        ("from a import C\nC(unknown)", "sets it nowhere"),
        ("from a import C\nC({1, 2})", "JSON"),
        ("for x in y: pass", "neither an import"),
        ("print(", "no Python"),
        ("(lambda: 1)()", "no name"),
    ],
)
def test_what_is_more_than_that_is_no_steps_and_says_why(code: str, said: str) -> None:
    found = read_library_call(code, [])
    assert found.steps is None
    assert said in found.why
    assert found.parameters() == {"steps": None, "why": found.why}
