"""Variables that are used and set nowhere: in the shell, in compose files, in `python -c`.

Keys and passwords come from outside on purpose, so their references are no fault.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from signoff.acceptance.reading.commands.commands import SHELL_LANGUAGES
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, conflict
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Command
from signoff.reports.stored.conflict import Conflict

KIND = "undefined-variable"
_REFERENCE = re.compile(r"(?<![\\$])\$(?:\{(?P<braced>[A-Z][A-Z0-9_]{2,})\}|(?P<bare>[A-Z][A-Z0-9_]{2,})\b)")
_SET = re.compile(
    r"^[^\S\n]*(?:export\s+|local\s+|readonly\s+|-\s+|ENV\s+)*[\"']?([A-Za-z_]\w*)(?:=|\s*:\s)", re.MULTILINE
)
_READ = re.compile(r"\bfor\s+(\w+)\s+in\b|\bread\s+(?:-\S+\s+)*(\w+)|\bexport\s+(\w+)\b|\$\{(\w+):?[-=?]")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASS$|CREDENTIAL|AUTH", re.IGNORECASE)
_SHELLS_OWN = frozenset(
    {
        "HOME",
        "PATH",
        "USER",
        "PWD",
        "SHELL",
        "HOSTNAME",
        "LANG",
        "TERM",
        "EDITOR",
        "TMPDIR",
        "OLDPWD",
        "UID",
        "REPLY",
        "MAINPID",
        "CUDA_HOME",
        "CUDA_PATH",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "CC",
        "CXX",
        "HF_HOME",
        "RANDOM",
        "SECONDS",
        "LINENO",
        "BASH_SOURCE",
        "BASHPID",
        "PPID",
        "IFS",
        "EUID",
        "LOGNAME",
        "VIRTUAL_ENV",
    }
)
_TESTED = re.compile(r"-[nz]\s+[\"']?\$\{?(\w+)")
_WORDS = re.compile(r"\w+")
_ASSIGNMENT = re.compile(r"(\w+)\s*=(?!=)")
# How many variables of one document are looked for.
_MOST = 100
_YAML = ("yaml", "yml")
# Parts of scripts, of units and of what they read in: what sets their variables need not be shown.
_EXCERPT = re.compile(r"^[^\S\n]*(?:local\s|source\s|\.\s|\w+\s*\(\)\s*\{|\[(?:Unit|Service|Install)\])", re.MULTILINE)
_LOOKS = re.compile(r"^\s*(?:\d+[.)]\s*)?(?:(?:\w[\w ]*)?:\s*)?(?:echo|printenv|printf)\b")
# Comments, and lines that ask whether a variable is set.
_TESTS = ("#", "if ", "elif ", "case ", "while ")


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Each name of a document once, with every place that uses it."""
    for page in corpus.pages:
        if "$" in page.text:
            yield from _references(page)
        if "-c" in page.text:
            yield from _in_python(page)


def _references(page: Page) -> Iterator[Conflict]:
    uses = _uses(page)
    places_of = _set_at(page) if uses else {}
    for (name, compose), used in islice(uses.items(), _MOST):
        elsewhere = [
            (fence, line) for fence, line, text in places_of.get(name, ()) if not (compose and f"${{{name}" in text)
        ]
        if _explained(page, name) or _is_set(page, compose, used, elsewhere):
            continue
        where = "for the container only" if elsewhere else "nowhere"
        message = f"{name} is set {where}: the shell puts nothing in its place"
        if compose:
            message = f"nothing sets {name}: compose puts an empty text in its place"
        places = [page.side(line, name) for line in used]
        yield conflict(KIND, name, [*places, *(page.side(line, name) for _, line in elsewhere)], message)


def _uses(page: Page) -> dict[tuple[str, bool], list[int]]:
    """By variable, and by whether compose expands it, the lines that use it and do not set it."""
    uses: dict[tuple[str, bool], list[int]] = {}
    for fence in page.fences:
        language = fence.info.split()[0].lower() if fence.info else ""
        if "$" not in fence.text or language not in (*SHELL_LANGUAGES, *_YAML) or _EXCERPT.search(fence.text):
            continue
        own = _set_in(fence.text)
        compose = language in _YAML
        for line, text in enumerate(fence.text.splitlines(), fence.line + 1):
            if text.lstrip().startswith(_TESTS):
                continue
            for name in _meant_here(text):
                if (name not in own or compose) and not (_SECRET.search(name) or name in _SHELLS_OWN):
                    uses.setdefault((name, compose), []).append(line)
    return uses


def _is_set(page: Page, compose: bool, used: Sequence[int], elsewhere: Sequence[tuple[Block, int]]) -> bool:
    """Whether it has a value where it is used, or its absence is what the command asks about."""
    if not elsewhere:
        # Who prints a variable wants to see whether the machine sets it.
        return all(_LOOKS.search(page.line(line)) for line in used)
    return compose or any(not _is_container(fence) for fence, _ in elsewhere)


def _meant_here(text: str) -> Iterator[str]:
    """The variables that a line refers to, without those in single quotes, where the shell expands nothing."""
    tested = {match[1] for match in _TESTED.finditer(text)}
    at = quotes = 0
    for match in _REFERENCE.finditer(text.split(" #", 1)[0]):
        name = match["braced"] or match["bare"]
        quotes += text.count("'", at, match.start())
        at = match.start()
        if quotes % 2 == 0 and name not in tested:
            yield name


def _set_at(page: Page) -> dict[str, list[tuple[Block, int, str]]]:
    """By variable, the lines of fences that set it."""
    found: dict[str, list[tuple[Block, int, str]]] = {}
    for fence in page.fences:
        for line, text in enumerate(fence.text.splitlines(), fence.line + 1):
            for name in _set_in(text):
                found.setdefault(name, []).append((fence, line, text))
    return found


def _explained(page: Page, name: str) -> bool:
    """Whether the text asks its reader to put something in the variable's place."""
    asked = re.compile(rf"\b(?:replace|substitute|fill in|set|your|where)\b[^\n]{{0,20}}\$?\{{?{name}\b", re.IGNORECASE)
    return any(True for _ in page.find(asked, name.lower()))


def _set_in(text: str) -> set[str]:
    found = {match[1] for match in _SET.finditer(text)}
    return found | {name for match in _READ.finditer(text) for name in match.groups() if name}


def _is_container(fence: Block) -> bool:
    return fence.info.lower().startswith(_YAML) and "environment:" in fence.text


def _in_python(page: Page) -> Iterator[Conflict]:
    uses: dict[str, list[int]] = {}
    words: dict[int, dict[str, int]] = {}
    for command in page.document.commands:
        for name in _unknown(command):
            uses.setdefault(name, []).append(_line_of(page, command, name, words))
    assigned = _assigned(page) if uses else {}
    for name, lines in uses.items():
        set_at = assigned.get(name, [])
        where = f"a Python block in line {set_at[0]} sets it, the command does not" if set_at else "nothing sets it"
        yield conflict(
            KIND,
            name,
            [page.side(line, name) for line in (*lines, *set_at)],
            f"`python -c` uses {name}, and {where}: as it is the command ends with a NameError",
        )


def _unknown(command: Command) -> list[str]:
    code = command.details.get("code")
    if not isinstance(code, str):
        return []
    # A placeholder is no Python; a name in its place lets the rest be read.
    code = re.sub(r"\[([A-Za-z_]\w*)\]", r"\1", code)
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    known = set(dir(builtins))
    used: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            known.add((node.asname or node.name).split(".", 1)[0])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            known.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            known.add(node.id)
        elif isinstance(node, ast.Name):
            used.setdefault(node.id)
    star = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))
    return [] if star else [name for name in used if name not in known]


def _line_of(page: Page, command: Command, name: str, words: dict[int, dict[str, int]]) -> int:
    """The first line of a command that holds a name; `words` keeps where the words of a command stand."""
    if command.line not in words:
        found: dict[str, int] = {}
        for line in range(command.line, command.last_line + 1):
            for word in _WORDS.findall(page.line(line)):
                found.setdefault(word, line)
        words[command.line] = found
    return words[command.line].get(name, command.line)


def _assigned(page: Page) -> dict[str, list[int]]:
    """By name, the lines of Python blocks that assign to it."""
    found: dict[str, list[int]] = {}
    for fence in page.fences:
        if fence.info.lower().startswith("py"):
            for line, text in enumerate(fence.text.splitlines(), fence.line + 1):
                match = _ASSIGNMENT.match(text)
                if match is not None:
                    found.setdefault(match[1], []).append(line)
    return found
