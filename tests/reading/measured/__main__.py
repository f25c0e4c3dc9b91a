"""Show how often the reading asks another question than the labelled documents: `nox -s reading`.

`--wrong` and `--missed` list the lines; each strictness of the coverage rule shows what precision costs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from signoff.acceptance.reading.frames.coverage import COVERED, KEYWORDS, LENIENT, SHIPPED, STRICT, TOLERANT
from tests.reading.measured.figures import CORPUS, Figures, documents, measured

LEVELS = {
    STRICT: "all words understood, nothing assumed",
    COVERED: "all words understood (as shipped)",
    LENIENT: "one unknown word is let pass",
    TOLERANT: "any unknown words are let pass, no negation or figure",
    KEYWORDS: "a keyword is enough",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--wrong", action="store_true", help="list machine criteria that ask another question")
    parser.add_argument("--missed", action="store_true", help="list demands that a machine should judge and does not")
    options = parser.parse_args()
    folders = documents(options.corpus)
    for folder in folders:
        print(_line(folder.name, measured([folder])))
    found = measured(folders)
    print(_line("all", found))
    print()
    for level, words in LEVELS.items():
        print(_line(words, found if level == SHIPPED else measured(folders, level)))
    for wanted, lines in ((options.wrong, found.wrong), (options.missed, found.missed)):
        print(*(("", *lines) if wanted else ()), sep="\n", end="")


def _line(name: str, found: Figures) -> str:
    return (
        f"{name:<54} {found.machine:>4} machine  {found.wrong_share:6.1%} wrong (at most {found.wrong_at_most:5.1%})"
        f"  {found.recall:6.1%} of {found.demands} found  {found.phantoms} phantoms"
    )


if __name__ == "__main__":
    main()
