"""`signoff read --accept` and `--check`: what they write and print, and their exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from signoff.acceptance.commands import main
from signoff.acceptance.commands.documents import lock_writing
from signoff.acceptance.commands.documents.difference_text import MOST
from signoff.acceptance.reading.accepting import lock_file

ROOT = Path(__file__).parents[3]
TASK = """# Task 9.1: Aurora Service

## Limits

- [ ] p95 latency < 500 ms
- [ ] Memory below 20 GB
- [ ] Answers feel natural
"""
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def signoff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in a folder that holds `task.md`: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(["read", *arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def change(before: str, after: str, name: str = "task.md") -> None:
    text = Path(name).read_text(encoding="utf-8")
    assert before in text
    Path(name).write_text(text.replace(before, after), encoding="utf-8")


def test_what_was_accepted_passes_the_check(signoff: Command) -> None:
    code, said, errors = signoff("--accept", "Model  team", "task.md")
    assert (code, errors) == (0, "")
    assert said == "task.signoff.lock: accepted by Model team: 3 criteria, 2 for machine, 1 for person\n"
    today = datetime.now(UTC).date()
    assert signoff("--check", "task.md") == (0, f"task.md: reading accepted by Model team on {today}\n", "")
    assert f"  reading accepted by Model team on {today}\n" in signoff("task.md")[1]


def test_accepting_twice_gives_the_same_bytes(signoff: Command) -> None:
    signoff("--accept", "Model team", "task.md")
    first = Path("task.signoff.lock").read_bytes()
    signoff("--accept", "Model team", "task.md")
    assert Path("task.signoff.lock").read_bytes() == first


def test_without_a_lock_the_check_ends_with_2_and_says_what_to_do(signoff: Command) -> None:
    code, said, _ = signoff("--check", "task.md")
    assert code == 2
    assert "task.md: reading not accepted: it has no lock" in said
    assert "`signoff read --accept ROLE task.md`" in said
    assert "not accepted" not in signoff("task.md")[1]


def test_a_changed_limit_is_shown_with_both_questions_and_the_line_that_corrects_it(signoff: Command) -> None:
    signoff("--accept", "Model team", "task.md")
    change("500 ms", "600 ms")
    code, said, _ = signoff("--check", "task.md")
    assert code == 2
    assert "task.md:5:3: words[limits/latency/1]: its words changed, and what is asked" in said
    assert "text before:    p95 latency < 500 ms\n  text now:       p95 latency < 600 ms" in said
    assert re.search(r"was judged as:  .*below 500 ms\.\n  is judged as:   .*below 600 ms\.", said)
    assert "limit before:   p95 latency < 500 ms" in said
    assert "reading not accepted: 1 criterion read anew since it was accepted by Model team on" in said
    (line,) = re.findall(r"^    (correct\..*)$", said, re.MULTILINE)
    Path("task.signoff.toml").write_text(f"{line}\n", encoding="utf-8")
    reading = json.loads(signoff("task.md", "--json", "-")[1])["documents"][0]
    assert reading["diagnostics"] == []
    assert {item["id"]: item["judge"] for item in reading["criteria"]}["limits/latency/1"] == "person"


def test_what_another_release_reads_otherwise_is_told_from_changed_words(signoff: Command) -> None:
    signoff("--accept", "Model team", "task.md")
    own = metadata.version("signoff")
    change(f'signoff = "{own}"', 'signoff = "0.0.9"', "task.signoff.lock")
    change('judged_as = "peak memory', 'judged_as = "mean memory', "task.signoff.lock")
    code, said, _ = signoff("--check", "task.md")
    assert code == 2
    assert (
        "question[limits/memory/1]: its words are the same, and it is judged otherwise; "
        f"it was accepted with Signoff 0.0.9, and this is {own}"
    ) in said
    assert "was judged as:  mean memory" in said


def test_a_binding_that_changes_a_question_is_named_as_a_possible_cause_and_undone_by_one_line(
    signoff: Command,
) -> None:
    signoff("--accept", "Model team", "task.md")
    accepted = json.loads(signoff("task.md", "--json", "-")[1])["documents"][0]["criteria"]
    mine = accepted[0]
    given_away = f'correct."{mine["id"]}" = {{fingerprint = "{mine["fingerprint"]}", kind = "human_judgement"}}\n'
    Path("task.signoff.toml").write_text(given_away, encoding="utf-8")
    code, said, _ = signoff("--check", "task.md")
    assert code == 2
    assert f"Signoff is still {metadata.version('signoff')}, so that the binding or another line" in said
    (line,) = re.findall(r"^    (correct\..*)$", said, re.MULTILINE)
    assert 'kind = "latency"' in line
    Path("task.signoff.toml").write_text(f"{line}\n", encoding="utf-8")
    assert signoff("--check", "task.md")[0] == 0


def test_added_and_removed_demands_are_named(signoff: Command) -> None:
    signoff("--accept", "Model team", "task.md")
    change("- [ ] Answers feel natural", "- [ ] Runs on port 8001")
    code, said, _ = signoff("--check", "task.md")
    assert code == 2
    assert "task.md:7:3: added[limits/port/1]: it is not in the accepted reading" in said
    assert "task.md: removed[limits/human_judgement/1]: it is in the accepted reading, and no longer in the" in said
    assert "1 criterion read anew, 1 gone since" in said


def test_the_json_holds_what_differs(signoff: Command) -> None:
    assert json.loads(signoff("task.md", "--json", "-")[1])["documents"][0]["reading"] == {
        "accepted": False,
        "lock": None,
        "role": "",
        "date": None,
        "signoff": "",
        "problem": "",
        "differences": [],
    }
    signoff("--accept", "Model team", "task.md")
    change("500 ms", "600 ms")
    code, said, _ = signoff("--check", "task.md", "--json", "-")
    assert code == 2
    reading = json.loads(said)["documents"][0]["reading"]
    assert (reading["accepted"], reading["lock"], reading["role"]) == (False, "task.signoff.lock", "Model team")
    (found,) = reading["differences"]
    assert (found["change"], found["id"], found["line"], found["same_words"]) == ("words", "limits/latency/1", 5, False)
    assert (found["accepted"]["threshold"]["value"], found["now"]["threshold"]["value"]) == (500, 600)


def test_of_very_many_differences_some_are_shown_and_all_are_counted(signoff: Command) -> None:
    signoff("--accept", "Model team", "task.md")
    more = "".join(f"- [ ] p9{number % 10} latency < {number + 700} ms\n" for number in range(MOST + 3))
    Path("task.md").write_text(TASK + more, encoding="utf-8")
    _, said, _ = signoff("--check", "task.md")
    assert said.count("added[") == MOST
    assert "3 more differ; --json lists all" in said
    assert f"{MOST + 3} criteria read anew" in said


@pytest.mark.parametrize("role", ["", "   ", "x" * 201, "a\u202eb"])
def test_a_role_that_names_nobody_is_refused(signoff: Command, role: str) -> None:
    code, _, errors = signoff("--accept", role, "task.md")
    assert code == 4
    assert "hint:" in errors
    assert not Path("task.signoff.lock").exists()


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"Only prose.\n", 3, "no-criteria"),
        (b"", 3, "no-criteria"),
        (b"- [ ] p95 latency < 1 s\n\n```bash\ncurl http://h/health\n", 1, "fence-unclosed"),
        (b"%PDF-1.7", 4, "this is a PDF"),
        (None, 4, "no such file"),
    ],
)
def test_what_is_faulty_is_not_accepted_and_no_other_document_either(
    signoff: Command, data: bytes | None, code: int, said: str
) -> None:
    if data is not None:
        Path("bad.md").write_bytes(data)
    found, _, errors = signoff("--accept", "Model team", "task.md", "bad.md")
    assert found == code
    assert said in errors
    assert "hint:" in errors
    assert not list(Path().glob("*.lock"))


def test_a_damaged_lock_is_replaced_by_accepting_anew(signoff: Command) -> None:
    Path("task.signoff.lock").write_text("<<<<<<< ours\n", encoding="utf-8")
    code, said, errors = signoff("--check", "task.md")
    assert (code, said) == (4, "")
    assert "task.signoff.lock:1:1: this is no TOML" in errors
    assert "`signoff read --accept ROLE task.md`" in errors
    assert signoff("task.md")[0] == 4
    assert signoff("--accept", "Model team", "task.md")[0] == 0
    assert signoff("--check", "task.md")[0] == 0


def test_a_lock_of_another_document_is_an_error(signoff: Command) -> None:
    signoff("--accept", "Model team", "task.md")
    Path("task.md").rename("other.md")
    Path("task.signoff.lock").rename("other.signoff.lock")
    code, _, errors = signoff("--check", "other.md")
    assert code == 4
    assert "other.signoff.lock:4:12: this is the accepted reading of 'task.md', and not of 'other.md'" in errors


def test_documents_that_would_share_a_lock_are_refused(signoff: Command) -> None:
    Path("task.txt").write_text(TASK, encoding="utf-8")
    code, _, errors = signoff("--accept", "Model team", "task.md", "task.txt")
    assert code == 4
    assert "task.txt: another document of this name has the lock task.signoff.lock too" in errors
    assert not Path("task.signoff.lock").exists()


def test_a_lock_that_nobody_could_read_is_not_written(signoff: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_writing, "MOST_BYTES", 100)
    code, _, errors = signoff("--accept", "Model team", "task.md")
    assert code == 4
    assert "would have more than 100 bytes" in errors
    assert lock_file.MOST_BYTES > 10**7


def test_no_lock_is_written_through_a_link(signoff: Command) -> None:
    Path("target").write_text("kept", encoding="utf-8")
    Path("task.signoff.lock").symlink_to("target")
    assert signoff("--accept", "Model team", "task.md")[0] == 0
    assert Path("target").read_text(encoding="utf-8") == "kept"


def test_a_lock_adds_no_line_and_no_control_character_to_what_is_shown(signoff: Command) -> None:
    signoff("--accept", "Model team", "task.md")
    change('"Model team"', '"Team\\ntask.md: reading accepted\\u001b[2J"', "task.signoff.lock")
    change('text = "Memory below 20 GB"', 'text = "x\\ntask.md: reading accepted"', "task.signoff.lock")
    change("20 GB", "30 GB")
    code, said, _ = signoff("--check", "task.md")
    assert code == 2
    assert not [each for each in said.splitlines() if each.startswith("task.md: reading accepted")]
    assert "\x1b" not in said


def test_the_page_of_a_reading_says_what_is_read_anew_and_the_nearest_wording(signoff: Command) -> None:
    signoff("--accept", "Model team", "task.md")
    change("- [ ] Answers feel natural", "- [ ] p95 latency below 2 s for premium customers")
    signoff("task.md", "--html", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "Reading not accepted: 1 criterion read anew since it was accepted by Model team on" in page
    assert "read anew: its words have changed" in page
    assert "would be judged: &#34;p95 latency below 2 s&#34;" in page


def test_each_document_is_checked_and_one_that_differs_is_enough(signoff: Command) -> None:
    Path("more.md").write_text(TASK, encoding="utf-8")
    signoff("--accept", "Model team", ".")
    assert signoff("--check", ".")[0] == 0
    change("500 ms", "600 ms", "more.md")
    code, said, _ = signoff("--check", ".")
    assert code == 2
    assert "more.md: reading not accepted" in said
    assert "task.md: reading accepted" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["--accept", "Team", "--check"],
        ["--accept", "Team", "--watch"],
        ["--accept", "Team", "--binding"],
        ["--check", "--binding"],
        ["--json", "task.signoff.lock"],
    ],
)
def test_options_that_exclude_one_another_are_refused(signoff: Command, arguments: list[str]) -> None:
    code, _, errors = signoff("task.md", *arguments)
    assert code == 4
    assert "hint:" in errors
    assert not Path("task.signoff.lock").exists()


def test_an_accepted_reading_can_be_written_as_json_at_once(signoff: Command) -> None:
    code, _, _ = signoff("--accept", "Model team", "task.md", "--json", "out.json")
    assert code == 0
    assert json.loads(Path("out.json").read_text(encoding="utf-8"))["documents"][0]["reading"]["accepted"] is True


def test_the_binding_draft_holds_the_line_that_gives_each_question_to_a_person(signoff: Command) -> None:
    drafted = signoff("task.md", "--binding")[1]
    lines = re.findall(r"^# (correct\..*)$", drafted, re.MULTILINE)
    assert len(lines) == 2
    Path("task.signoff.toml").write_text("\n".join(lines), encoding="utf-8")
    found = json.loads(signoff("task.md", "--json", "-")[1])["documents"][0]
    assert [item["judge"] for item in found["criteria"]] == ["person"] * 3
    assert found["diagnostics"] == []


def test_the_hook_runs_the_check_on_what_its_arguments_name(signoff: Command) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, command, *arguments = hook["entry"].split()
    assert (program, command, hook["pass_filenames"]) == ("signoff", "read", False)
    assert signoff(*arguments, "task.md")[0] == 2
    signoff("--accept", "Model team", "task.md")
    assert signoff(*arguments, "task.md")[0] == 0
    for name in ("task.md", "notes.txt", "task.signoff.toml", "task.signoff.lock"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], "program.py")
