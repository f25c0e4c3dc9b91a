"""Reads documents in a process that writes down whatever it opens, starts, sends or executes meanwhile.

Run as: python watched_reading.py REPORT FOLDER. The report has one line an event, `name` and its first argument.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import signoff.acceptance.commands

HARMLESS = """# Task

## Success criteria

- [ ] p95 latency below 1 s
- [ ] p95 latency below 2 s
- [ ] latency < 5 parsecs
"""

TOLD = (
    "open",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.kill",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.putenv",
    "os.listdir",
    "os.scandir",
    "shutil.rmtree",
    "shutil.move",
    "ctypes.dlopen",
    "exec",
    "import",
    "pickle.find_class",
    "urllib.Request",
    "webbrowser.open",
    "marshal.loads",
    "code.__new__",
    "signal.pthread_kill",
)


def main() -> None:
    report, folder = Path(sys.argv[1]), Path(sys.argv[2])
    events: list[str] = []

    def watch(name: str, arguments: tuple[object, ...]) -> None:
        if name in TOLD or name.startswith("socket."):
            first = arguments[0] if arguments else ""
            shown = getattr(first, "co_filename", first)
            events.append(f"{name}\t{shown!s:.300}")

    # Modules are loaded and their annotations evaluated at the first document: text of ours, which is not counted.
    first = report.with_name("harmless.md")
    first.write_text(HARMLESS, encoding="utf-8")
    with redirect_stdout(StringIO()):
        signoff.acceptance.commands.main(["read", str(first), "--json", "-"])
    sys.addaudithook(watch)
    shown = StringIO()
    with redirect_stdout(shown):
        written = ["--json", str(folder / "reading.json"), "--html", str(folder / "reading.html")]
        code = signoff.acceptance.commands.main(["read", str(folder), "--color", "never", *written])
    kept = list(events)
    (folder / "reading.out").write_text(shown.getvalue(), encoding="utf-8")
    report.write_text("\n".join([f"exit\t{code}", *kept]), encoding="utf-8")


if __name__ == "__main__":
    main()
