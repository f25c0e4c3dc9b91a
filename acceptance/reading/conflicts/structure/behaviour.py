"""What a service does in one case, described in two ways: by a flow and by a program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict
from signoff.reports.stored.conflict import Conflict

KIND = "behaviour"
_EXCEPT = re.compile(r"^(?P<indent>\s*)except\s+(?:\w+\.)*(?P<name>\w*Timeout\w*)", re.IGNORECASE)
_STEP = re.compile(r"\btime-?out\s*:\s*(?P<then>continue|next|fall ?(?:back|through)|\d{3})", re.IGNORECASE)
_END = re.compile(
    r"\bfail(?:ure|ed)?\s*:[^\n]*\((?P<status>[45]\d\d)\)|\breturn\b[^\n]*\((?P<late>[45]\d\d)\)", re.IGNORECASE
)
_RAISE = re.compile(r"\braise\s+\w*HTTP\w*\(\s*(?:status_code\s*=\s*)?(?P<status>\d{3})")


def find(corpus: Corpus) -> Iterator[Conflict]:
    """A time-out that a flow lets end in an error status, and a program answers with a body, or another status."""
    for page in corpus.pages:
        if "timeout" not in page.lower:
            continue
        flow, program = _in_flow(page), _in_program(page)
        if flow is not None and program is not None and flow[0] != program[0]:
            yield conflict(
                KIND,
                "time-out",
                [*flow[1], *program[1]],
                f"after a time-out the flow ends with {flow[0]}, the program with {program[0]}: "
                "a client cannot know from the status whether it was answered",
            )


def _in_flow(page: Page) -> tuple[str, list[Place]] | None:
    """`Timeout: Continue` and, further down, `Fail: ... (503)`."""
    for fence in page.fences:
        step: tuple[int, str] | None = None
        first: tuple[int, str] | None = None
        for line, text in enumerate(fence.text.splitlines(), fence.line + 1):
            # The first step that only goes on ends where the first end behind it stands.
            if step is not None and (end := _END.search(text)) is not None:
                status = end["status"] or end["late"]
                return status, [page.side(step[0], step[1]), page.side(line, status)]
            found = _STEP.search(text)
            if found is None:
                continue
            if not found["then"].isdigit():
                step = step or (line, found[0])
            elif step is None:
                return found["then"], [page.side(line, found["then"])]
            else:
                first = first or (line, found["then"])
        if first is not None:
            return first[1], [page.side(*first)]
    return None


def _in_program(page: Page) -> tuple[str, list[Place]] | None:
    """What the first handler of a time-out does: `return {...}` is a 200, `raise HTTPException(504)` is a 504."""
    for fence in page.fences:
        if "except" not in fence.text:
            continue
        lines = list(enumerate(fence.text.splitlines(), fence.line + 1))
        for index, (line, text) in enumerate(lines):
            handler = _EXCEPT.match(text)
            if handler is None:
                continue
            for later, rest in lines[index + 1 :]:
                if rest.strip() and len(rest) - len(rest.lstrip()) <= len(handler["indent"]):
                    break
                raised = _RAISE.search(rest)
                if raised is not None:
                    return raised["status"], [page.side(later, raised["status"])]
                if re.match(r"\s*return\s*[\[{(]", rest):
                    return "200", [page.side(line, handler["name"]), page.side(later, "200 with a body")]
    return None
