"""Every code that a diagnostic of reading can have, in the order in which docs/reading.md explains them."""

from __future__ import annotations

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    # The file
    "encoding-utf-16": "the file is UTF-16 or UTF-32",
    "encoding-repaired": "UTF-8 that was read in an old encoding and saved again",
    "encoding-mixed": "only a part of the text is damaged so",
    "encoding-not-utf-8": "the bytes are no UTF-8 and are read as Windows-1252",
    "encoding-broken": "bytes that are no UTF-8 in a text that is",
    "encoding-truncated": "the file ends within a character",
    "nul-byte": "a NUL byte in a text",
    "bom-inside": "a byte order mark that is not the file's first character",
    "line-end-cr": "lines that end with a carriage return alone",
    "character-hidden": "a character that nobody sees",
    # Fences, comments, headings
    "fence-unclosed": "a code block that nobody closes",
    "comment-unclosed": "a comment that nobody closes",
    "html-unclosed": "`<pre>`, `<script>` or another element that nobody closes",
    "comment-directive": "a comment that addresses Signoff",
    "nested-too-deeply": "lists and quotes nested a hundred deep",
    "heading-empty": "a heading without text",
    "heading-misspelled": "marks of a heading without a blank behind them",
    "heading-repeated": "two sections of one name under one parent",
    # Demands
    "no-criteria": "nothing that can be judged",
    "box-empty": "a check box without text",
    "box-misspelled": "what its author took for a check box",
    "demand-swallowed": "a box or an expectation that Markdown takes for the text above",
    "demand-in-code": "a box in a code block that names no language",
    "demand-hidden": "something like a demand in a comment, or in code that names its language",
    "table-broken": "a table that Markdown reads as text",
    "table-unread": "lines like a table without a row of dashes",
    "table-row": "a row with more or fewer cells than its head",
    "table-cell-empty": "nothing under success criteria",
    "not-read": "a table, a row or a list that is read as asking nothing",
    "line-dropped": "a line that belongs to nothing",
    # Commands and expectations
    "quote-unclosed": "a quote that is not closed before its block or expectation ends",
    "command-unread": "a command that cannot be sent as it is",
    "expectation-alone": "an expectation without a command above it",
    "request-missing": "an expected answer without a request",
    "json-unreadable": "JSON that cannot be read",
    "request-withheld": "a request that would change the server",
    "payload-missing": "a file to be sent that is not there",
    "session-never-spoken": "an answer that refers to a talk that never was",
    # Configuration
    "yaml-unreadable": "a YAML block that is none",
    "toml-unreadable": "a TOML block that is none",
    "python-unreadable": "a Python block that cannot be parsed",
    "python-value-unreadable": "a value that has to be computed",
    "configuration-too-long": "a block that is too long to be configuration",
    "setting-repeated": "one setting twice in one block",
    # What is not judged
    "quantity-unreadable": "a figure that is no limit",
    # Bindings
    "binding-invalid": "an entry of the binding file that cannot be used",
    "binding-orphan": "an entry about something that is not there",
    "binding-stale": "an entry about something that has changed",
    "binding-twice": "two entries for one criterion",
    "waiver-expired": "a waiver whose day has passed",
    "resolution-conflict": "two decisions for one conflict",
}
