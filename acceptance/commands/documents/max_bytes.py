"""The option for the largest document to read."""

from __future__ import annotations

import argparse

from signoff.acceptance.reading import MAX_BYTES


def add_max_bytes(parser: argparse.ArgumentParser) -> None:
    """`--max-bytes N`; a longer document, or a longer binding file beside it, ends the command with 4."""
    parser.add_argument(
        "--max-bytes",
        type=_count,
        default=MAX_BYTES,
        metavar="N",
        help=f"largest document to read, in bytes (default: {MAX_BYTES}); only regular files are read",
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes above zero")
    return int(text)
