"""How fast documents are read: `nox -s bench`. Goals: the five shipped documents in 0.3 s, 10,000 lines in 1 s."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.console.colour import Palette
from signoff.acceptance.commands.documents.reading_text import reading_text
from signoff.acceptance.reading import read_documents
from signoff.acceptance.reading_page import reading_page

TASKS = sorted((Path(__file__).parent.parent.parent / "fixtures" / "tasks").glob("*.md"))
LINES = 10_000
SECTION = """## Part {number}

Some words about this part, which ask for nothing, in a line of a common length.
And another line of them.

- [ ] Latency of part {number} stays < {number} ms on average
- a bullet that tells something

| Step | Success Criteria |
|------|------------------|
| {number} | Memory stays below {number} GB |

```bash
curl http://localhost:8001/part/{number}
# Expected: {{"status": "ok"}}
```

"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "large.md"
    sections = (SECTION.format(number=number) for number in range(1, LINES))
    lines = [line for section in sections for line in section.split("\n")[:-1]][:LINES]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def prose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "prose.md"
    path.write_text("Words that ask for nothing, in a line of a common length.\n\n" * (LINES // 2), encoding="utf-8")
    return path


def test_the_five_shipped_documents(benchmark: BenchmarkFixture) -> None:
    reading = benchmark(read_documents, TASKS)
    assert len(reading.documents) == len(TASKS) == 5


def test_ten_thousand_lines_with_1700_demands(benchmark: BenchmarkFixture, large: Path) -> None:
    reading = benchmark(read_documents, [large])
    assert reading.documents[0].lines == LINES
    assert reading.documents[0].explicit > 1000


def test_ten_thousand_lines_of_prose(benchmark: BenchmarkFixture, prose: Path) -> None:
    assert benchmark(read_documents, [prose]).documents[0].lines == LINES


@pytest.mark.parametrize("form", ["json", "text", "html"])
def test_writing_what_was_read(benchmark: BenchmarkFixture, form: str) -> None:
    reading = read_documents(TASKS, KINDS)
    written = {
        "json": lambda: json.dumps(reading.as_json(), ensure_ascii=False, indent=1),
        "text": lambda: reading_text(reading, Palette(False)),
        "html": lambda: reading_page(reading),
    }[form]
    assert len(benchmark(written)) > 10_000
