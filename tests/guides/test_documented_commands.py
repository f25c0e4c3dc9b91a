"""Every command that README and docs show is run, and shows what they show; what is not run says why."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.guides import not_run
from tests.guides.circumstances import BEFORE, COMPARED_NOT, EVENTUALLY, EXITS, SHORTER, UNTIL_SAID, VARIABLES, Before
from tests.guides.shown_commands import GUIDES, ROOT, Shown, blocks
from tests.guides.workplace import PATIENCE_S, Done, Services, Workplace

COMMANDS = [each for guide in GUIDES for block in blocks(guide) for each in block.commands]
Found = TypeVar("Found")
RUN = {
    guide.relative_to(ROOT).as_posix(): [
        each for each in COMMANDS if each.guide == guide.relative_to(ROOT).as_posix() and not_run.reason(each) is None
    ]
    for guide in GUIDES
}


@pytest.fixture(scope="module")
def usual() -> Iterator[Services]:
    """Services that guides ask and do not start."""
    services = Services()
    yield services
    services.end_all()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("guide", [guide for guide, commands in RUN.items() if commands])
def test_the_commands_of_a_guide_work_and_show_what_it_shows(guide: str, usual: Services, tmp_path: Path) -> None:
    place = Workplace(guide, tmp_path, usual, VARIABLES.get(guide, {}))
    problems: list[str] = []
    try:
        for each in RUN[guide]:
            problems += [f"{each.place}: {each.command}\n  {problem}" for problem in tried(each, place)]
    finally:
        place.close()
    assert not problems, "\n\n".join(problems)


def tried(shown: Shown, place: Workplace) -> list[str]:
    """What is wrong with a command."""
    command = shown.command
    for words, fewer in SHORTER.items():
        command = command.replace(words, fewer)
    place.prepare(of(shown, BEFORE, Before()))
    expects_end = bool(shown.output) or bool(of(shown, EXITS, ()))
    if place.serves(command) and not expects_end:
        if shown.program == "prometheus" and shutil.which("prometheus") is None:
            return []
        try:
            place.serve(command)
        except AssertionError as error:
            return [str(error)]
        return []
    said = of(shown, UNTIL_SAID, "")
    deadline = time.monotonic() + (PATIENCE_S if shown.command.startswith(EVENTUALLY) else 0)
    while True:
        done = place.run_until(command, said) if said else place.run(command)
        problems = list(wrong(shown, done))
        if not problems or time.monotonic() > deadline:
            return problems
        time.sleep(0.2)


def of(shown: Shown, table: dict[str, Found], otherwise: Found) -> Found:
    """The entry of a table whose name a command begins with."""
    return next((found for begin, found in table.items() if shown.command.startswith(begin)), otherwise)


def wrong(shown: Shown, done: Done) -> Iterator[str]:
    """How a command did not do what is shown of it."""
    if done.code not in of(shown, EXITS, (0,)):
        yield f"exit code {done.code}: {done.text[-2000:]}"
    if done.status and not fits(done.status, shown.output):
        yield f"HTTP status {done.status}: {done.text[-2000:]}"
    if shown.command.startswith(COMPARED_NOT):
        return
    if (missing := first_missing(shown.output, done.text)) is not None:
        yield f"{missing!r} is shown, and not in: {done.text[-3000:]}"


def fits(status: int, output: str) -> bool:
    """Whether a status is the one that is shown: with its line, else as an error, else as none."""
    if line := re.match(r"HTTP/\S+ (\d{3})", output):
        return status == int(line[1])
    if output.startswith(('{"error"', '{"status":"degraded"')):
        return status >= 400 or output.startswith('{"status"')
    return status < 400


def first_missing(output: str, text: str) -> str | None:
    """The first piece of what is shown that is not there in its order. Figures, ids and times are any; `...` is all."""
    head, _, body = text.partition("\r\n\r\n")
    found = comparable(body or text)
    at = 0
    for line in output.splitlines():
        if re.match(r"HTTP/\S+ |[a-z][a-z-]+: \S", line) and body:
            if comparable(line).lower() not in comparable(head).lower():
                return line
            continue
        for piece in re.split(r"\.\.\.|…", line):
            wanted = comparable(piece)
            place = found.find(wanted, at)
            if place < 0:
                return piece
            at = place + len(wanted)
    return None


def comparable(text: str) -> str:
    """Without what changes from one time to another, and without where lines are broken."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?", "TIME", text)
    text = re.sub(r"[0-9a-f]{16,}", "ID", text)
    text = re.sub(r"-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?", "0", text)
    return re.sub(r"\s+", "", text)


def test_every_block_is_commands_or_none() -> None:
    unclear = {(each.guide, each.first) for guide in GUIDES for each in blocks(guide) if each.is_unclear}
    assert unclear == set(not_run.BLOCKS)


def test_what_is_not_run_has_a_reason_and_is_there() -> None:
    used = {found[0] for each in COMMANDS if (found := not_run.reason(each)) is not None}
    assert used - not_run.PROGRAMS.keys() == {*not_run.GUIDES, *not_run.COMMANDS}
    assert all((*not_run.GUIDES.values(), *not_run.PROGRAMS.values(), *not_run.COMMANDS.values()))
    for table in (BEFORE, EXITS, UNTIL_SAID, dict.fromkeys(EVENTUALLY), dict.fromkeys(COMPARED_NOT)):
        for begin in table:
            assert any(each.command.startswith(begin) for each in COMMANDS), begin


@pytest.mark.parametrize(
    ("output", "text", "missing"),
    [
        ('{"a":1, ..., "b":2}', '{"a": 7, "x": 1, "b": 9.5}', None),
        ('{"a":1, ..., "b":2}', '{"a": 7, "x": 1}', '"b":2}'),
        ("HTTP/1.1 200 OK\nx-a: 1\n\n{}", "HTTP/1.1 200 OK\r\ndate: x\r\nX-A: 5\r\n\r\n{}", None),
        ("HTTP/1.1 200 OK\nx-b: 1", "HTTP/1.1 200 OK\r\nx-a: 5\r\n\r\n{}", "x-b: 1"),
        ("", "anything", None),
    ],
)
def test_what_is_shown_is_compared_but_for_figures(output: str, text: str, missing: str | None) -> None:
    found = first_missing(output, text)
    assert (found and found.strip(" ,")) == missing


@pytest.mark.parametrize(
    ("status", "output", "is_shown"),
    [
        (200, "", True),
        (415, "", False),
        (404, '{"object": 1}', False),
        (400, '{"error": {}}', True),
        (200, '{"error": {}}', False),
        (401, "HTTP/1.1 401 Unauthorized", True),
        (200, "HTTP/1.1 401 X", False),
    ],
)
def test_a_status_is_an_error_only_where_one_is_shown(status: int, output: str, is_shown: bool) -> None:
    assert fits(status, output) is is_shown
