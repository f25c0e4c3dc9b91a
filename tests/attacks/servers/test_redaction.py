"""A key that a server echoes is taken out of every text, however it is written; nothing else is changed."""

from __future__ import annotations

import base64
import html
import json
import string
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.redaction.redactor import MARK, Redactor

KEY = "sk-Canary/7f3A+9bQ_x2.Lm=Z0wEr8"
SIGNS = string.ascii_letters + string.digits + string.punctuation

KEYS = st.text(SIGNS, min_size=12, max_size=64).filter(lambda key: len(set(key)) > 5 and not key.isalpha())
SURROUNDING = st.text(max_size=40)


def percent(text: str, upper: bool = True) -> str:
    return "".join(f"%{ord(sign):02X}" if upper else f"%{ord(sign):02x}" for sign in text)


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "upper": str.upper,
    "lower": str.lower,
    "swapped": str.swapcase,
    "json": lambda key: json.dumps(key)[1:-1],
    "json with slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "json in json": lambda key: json.dumps(json.dumps(key))[1:-1],
    "unicode escapes": lambda key: "".join(f"\\u{ord(sign):04x}" for sign in key),
    "every third escaped": lambda key: "".join(
        json.dumps(sign)[1:-1] if place % 3 else f"\\u{ord(sign):04X}" for place, sign in enumerate(key)
    ),
    "python bytes": lambda key: "".join(f"\\x{ord(sign):02x}" for sign in key),
    "python octal": lambda key: "".join(f"\\{ord(sign):03o}" for sign in key),
    "python long": lambda key: "".join(f"\\U{ord(sign):08x}" for sign in key),
    "braced": lambda key: "".join(f"\\u{{{ord(sign):x}}}" for sign in key),
    "html": html.escape,
    "html without semicolons": lambda key: "".join(f"&#x{ord(sign):02x}" for sign in key[:-1]) + f"&#{ord(key[-1])};",
    "html with zeros": lambda key: "".join(f"&#{ord(sign):012d};" for sign in key),
    "html decimal": lambda key: "".join(f"&#{ord(sign)};" for sign in key),
    "html hexadecimal": lambda key: "".join(f"&#x{ord(sign):X};" for sign in key),
    "json in html": lambda key: html.escape(json.dumps(key)),
    "quoted": lambda key: quote(key, safe=""),
    "percent": percent,
    "percent in small letters": lambda key: percent(key, upper=False),
    "every second percent-encoded": lambda key: "".join(s if n % 2 else percent(s) for n, s in enumerate(key)),
    "percent twice": lambda key: quote(percent(key), safe=""),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64url": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
    "base64 without padding": lambda key: base64.b64encode(key.encode()).decode().rstrip("="),
    "basic": lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
    "base64 behind one byte": lambda key: base64.b64encode(f"a{key}bc".encode()).decode(),
    "base64 behind two bytes": lambda key: base64.b64encode(f"ab{key}c".encode()).decode(),
    "base64 behind three bytes": lambda key: base64.urlsafe_b64encode(f"abc{key}".encode()).decode(),
    "base64 in small letters": lambda key: base64.b64encode(key.encode()).decode().lower(),
    "base64 of small letters": lambda key: base64.b64encode(key.lower().encode()).decode(),
    "base64 percent-encoded": lambda key: quote(base64.b64encode(key.encode()).decode(), safe=""),
    "base64 in lines": lambda key: base64.encodebytes(f"{'x' * 50}{key}".encode()).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
    "hexadecimal in capitals": lambda key: key.encode().hex().upper(),
    "a line break within": lambda key: f"{key[:5]}\n{key[5:]}",
    "a space before each": " ".join,
    "thin spaces within": "\u2009".join,
    "wide spaces within": "\u3000".join,
    "unseen signs within": "\ufe0f\u034f".join,
    "its beginning": lambda key: key[:-3],
    "its end": lambda key: key[3:],
    "a piece": lambda key: key[2:11],
    "masked": lambda key: f"{key[:6]}****{key[-4:]}",
    "masked with dots": lambda key: f"{key[:7]}...{key[-3:]}",
}


def holds(text: str, piece: str) -> bool:
    return piece.lower() in text.lower()


def survivors(key: str, text: str) -> list[str]:
    """What of the key can be found in a text: any eight characters in a row, or any whole form."""
    text = text.replace(MARK, "\0")  # its own brackets and words say nothing
    pieces = [key[at : at + 8] for at in range(len(key) - 7)]
    found = [piece for piece in pieces if holds(text, piece)]
    return found + [name for name, form in FORMS.items() if holds(text, form(key))]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_a_key_is_taken_out(form: str) -> None:
    written = FORMS[form](KEY)
    cleaned = Redactor([KEY]).text(f"before {written} after")
    assert survivors(KEY, cleaned) == []
    assert MARK in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


@pytest.mark.parametrize("form", ["html decimal", "percent", "unicode escapes"])
def test_four_layers_are_taken_off_beside_those_of_other_kinds(form: str) -> None:
    written = FORMS[form](KEY)
    for _ in range(3):
        written = json.dumps(written.replace("&", "&amp;").replace("%", "%25"))[1:-1]
    cleaned = Redactor([KEY]).text("&amp;amp;amp;amp; %2525252541 " + "\\" * 16 + f"n {written}")
    assert written not in cleaned
    assert MARK in cleaned


@given(KEYS, st.sampled_from(sorted(FORMS)), SURROUNDING, SURROUNDING)
def test_no_form_of_any_key_survives_in_any_text(key: str, form: str, before: str, after: str) -> None:
    redactor = Redactor([key])
    if form.startswith("masked") and any(sign in "*." for sign in key):
        return  # where the mask begins cannot be told
    cleaned, count = redactor.counted_text(before + FORMS[form](key) + after)
    assert survivors(key, cleaned) == []
    assert count >= 1
    assert cleaned.count(MARK) >= 1
    assert redactor.counted_text(cleaned) == (cleaned, 0)


@given(KEYS, st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=30), lambda inner: (
    st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
)))  # fmt: skip
def test_what_holds_no_key_is_left_as_it_is(key: str, value: object) -> None:
    redactor = Redactor([key])
    written = json.dumps(value)
    if not survivors(key, json.dumps(value, ensure_ascii=False)) and not any(
        sign in key for sign in '{}[]":, \\0123456789'
    ):
        assert redactor.value(value) == value
        assert redactor.text(written) == written


@given(KEYS, st.sampled_from(sorted(FORMS)), st.text(max_size=20))
def test_json_stays_json_and_lines_stay_lines(key: str, form: str, other: str) -> None:
    if form.startswith("masked") and any(sign in "*." for sign in key):
        return
    redactor = Redactor([key])
    value = {
        "echo": f"{other}{FORMS[form](key)}",
        other: [1, {"at": 123456789012345, "text": FORMS[form](key)}],
        "n": 1.5,
    }
    for indent in (None, 1):
        for ascii_only in (True, False):
            written = json.dumps(value, ensure_ascii=ascii_only, indent=indent) + "\n"
            read = json.loads(redactor.text(written))
            assert read["n"] == 1.5
            assert survivors(key, json.dumps(read, ensure_ascii=False)) == []
            assert redactor.text(written).count("\n") == written.count("\n")


@given(KEYS, st.data())
def test_a_key_in_pieces_is_found_over_them(key: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(key)), min_size=1, max_size=len(key))))
    pieces = [key[start:end] for start, end in zip([0, *cuts], [*cuts, len(key)], strict=True)]
    redactor = Redactor([key])
    assert survivors(key, "".join(redactor.pieces(["so ", *pieces, " it was"]))) == []
    events = [json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}) for piece in pieces]
    stamped = [[n * 1.5, event] for n, event in enumerate(["{}", *events, "[DONE]"])]
    cleaned, count = redactor.counted(stamped)
    assert count >= 1
    assert [at for at, _ in cleaned] == [at for at, _ in stamped]
    said = [json.loads(event)["choices"][0]["delta"]["content"] for _, event in cleaned[1:-1]]
    assert survivors(key, "".join(said)) == []
    assert MARK in "".join(said)


def test_a_key_is_found_in_names_of_fields_and_as_a_number() -> None:
    cleaned, count = Redactor([KEY, "123456789012"]).counted(
        {KEY: 1, KEY.lower(): 2, "model": KEY, "n": 123456789012, "other": 99123456789012, "on": True}
    )
    assert count == 4
    assert cleaned == {
        MARK: 1, f"{MARK} (1)": 2, "model": MARK, "n": MARK, "other": 99123456789012, "on": True,
    }  # fmt: skip
    line = json.dumps({"t_ns": 99123456789012, "error": "was 123456789012"})
    assert json.loads(Redactor(["123456789012"]).text(line)) == {"t_ns": 99123456789012, "error": f"was {MARK}"}


@pytest.mark.parametrize("key", ["x", "test", "EMPTY", "password", "hermes2"])
def test_a_short_or_plain_key_leaves_ordinary_words_alone(key: str) -> None:
    redactor = Redactor([key])
    ordinary = f'the {key} of a {key}. A key {key}, {key}ing; "{key}": 3, model {key}, <b>{key}</b>'
    assert redactor.text(ordinary) == ordinary
    assert redactor.value({"record": key, "id": f"{key}/1"}) == {"record": key, "id": f"{key}/1"}
    text = f'Authorization: Bearer {key}; {{"api_key": "{key}"}} ?token={key}&a=1 Basic {key}'
    assert redactor.text(text) == (
        f'Authorization: Bearer {MARK}; {{"api_key": "{MARK}"}} ?token={MARK}&a=1 Basic {MARK}'
    )
    assert redactor.value({"api_key": key}) == {"api_key": MARK}


def test_a_key_of_eight_to_eleven_is_taken_out_as_a_whole() -> None:
    redactor = Redactor(["s3cret-1"])
    assert redactor.text("it was S3CRET-1, not s3cret-") == f"it was {MARK}, not s3cret-"
    assert MARK in redactor.text(base64.b64encode(b"user:s3cret-1").decode())
    assert MARK in redactor.text(b"s3cret-1".hex())


def test_pieces_that_the_names_of_a_run_hold_are_no_secrets() -> None:
    key = "hermes-2-dev-key-0042"
    redactor = Redactor([key], ["The service hermes-2 listens", "fixtures/hermes-2-pro.toml"])
    assert redactor.text("hermes-2 and hermes-2-pro") == "hermes-2 and hermes-2-pro"
    assert redactor.text(f"key {key}; dev-key-0042") == f"key {MARK}; {MARK}"
    assert Redactor([key], [f"a document with {key} in it"]).text("dev-key-0042") == MARK


def test_a_mark_that_a_server_makes_up_changes_nothing() -> None:
    redactor = Redactor([KEY])
    text = f"{MARK} {KEY[:7]}{MARK}{KEY[7:]} {MARK}"
    cleaned = redactor.text(text)
    assert survivors(KEY, cleaned) == []
    assert redactor.text(cleaned) == cleaned


def test_a_megabyte_takes_no_time_and_a_body_of_keys_ends() -> None:
    redactor = Redactor([KEY, "another-key-0123456789"])
    assert redactor.text("no key at all " * 80_000).startswith("no key")
    assert survivors(KEY, redactor.text(KEY * 20_000)) == []
    for before in range(262_110, 262_150):
        assert redactor.text("." * before + percent(KEY) + "." * 400_000) == "." * before + MARK + "." * 400_000
    assert survivors(KEY, redactor.text((KEY[:7] + "\\" * 7) * 20_000)) == []
    deep: object = KEY
    for _ in range(3_000):
        deep = [deep]
    assert KEY not in str(redactor.value(deep))
