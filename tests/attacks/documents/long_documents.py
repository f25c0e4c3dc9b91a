"""Documents of any size that are long in one way each: what costs more than its bytes shows when they grow."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from signoff.acceptance.checks import KINDS
from signoff.acceptance.errors import UsageError
from signoff.acceptance.reading import Reading, read_all

Generator = Callable[[int], str]
"""A document of about so many bytes."""
DOCUMENTS = Path(__file__).parents[2] / "reading" / "documents"
TASKS = Path(__file__).parents[3] / "fixtures" / "tasks"


def repeated(unit: str, before: str = "# Task 1.1: Some Service\n\n", after: str = "\n") -> Generator:
    """One text again and again; `{n}` in it becomes the number of the repetition."""

    def generate(size: int) -> str:
        count = max(1, (size - len(before) - len(after)) // max(1, len(unit.replace("{n}", "1234"))))
        parts = (unit.replace("{n}", str(number)) for number in range(count)) if "{n}" in unit else (unit * count,)
        return before + "".join(parts) + after

    return generate


def fenced(language: str, unit: str, before: str = "", after: str = "", lead: str = "Configuration:") -> Generator:
    """The same within one fence."""
    return repeated(unit, f"# Task 1.1: Some Service\n\n{lead}\n\n```{language}\n{before}", f"{after}\n```\n")


def nested(opening: str, closing: str, language: str = "", before: str = "", after: str = "") -> Generator:
    """As deep as it is long."""

    def generate(size: int) -> str:
        depth = size // (len(opening) + len(closing))
        text = f"{before}{opening * depth}1{closing * depth}{after}"
        return f"# T\n\nConfiguration:\n\n```{language}\n{text}\n```\n" if language else f"# T\n\n{text}\n"

    return generate


def deeper(indent: str, mark: str, deepest: int = 10**9) -> Generator:
    """Lines of which each is one step deeper, up to a depth; then from the beginning."""

    def generate(size: int) -> str:
        lines: list[str] = []
        length = depth = 0
        while length < size:
            lines.append(f"{indent * depth}{mark}")
            length += len(lines[-1]) + 1
            depth = depth + 1 if depth < deepest else 0
        return "# T\n\n" + "\n".join(lines) + "\n"

    return generate


def laughs(size: int) -> str:
    """YAML whose aliases unfold to ten times as much at each step."""
    steps = max(2, size // 60)
    lines = ['a0: &a0 ["x","x","x","x","x","x","x","x","x"]']
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, steps)]
    return "# T\n\nConfiguration:\n\n```yaml\n" + "\n".join(lines) + "\n```\n"


def ellipses(size: int) -> str:
    """A JSON answer in which every value is left open."""
    return "```bash\ncurl http://localhost:1/a\n# Expected: [" + "..., " * (size // 5) + "1]\n```\n"


def comment_json(size: int) -> str:
    """An expectation whose JSON goes on over as many comment lines as there are."""
    lines = "\n".join(f'#   "key{n}": [{{' for n in range(size // 18))
    return f"```bash\ncurl http://localhost:1/a\n# Expected: {{\n{lines}\n```\n"


def wide_table(size: int) -> str:
    """A table as wide as it is long."""
    width = max(2, int((size / 6) ** 0.5))
    row = "|" + "|".join(f"c{n % 100}" for n in range(width)) + "|\n"
    return "# T\n\n## Success Criteria\n\n" + row + "|" + "---|" * width + "\n" + row * (size // len(row))


def wide_head(size: int) -> str:
    """A head of half the size over as many rows of one cell."""
    width = size // 24
    head = "|" + "a criterion|" * width + "\n|" + "-|" * width + "\n"
    return "# T\n\n## Success Criteria\n\n" + head + "| a |\n" * ((size - len(head)) // 6)


IN_A_BOX = "# T\n\n## Success Criteria\n\n- [ ] "

GENERATORS: Mapping[str, Generator] = {
    # text
    "prose": repeated("Words that ask for nothing, in a line of a common length.\n\n"),
    "one paragraph": repeated("Words that ask for nothing, in a line of a common length.\n"),
    "one line of words": repeated("word "),
    "one line of blanks": repeated(" ", after="x\n"),
    "one line of digits": repeated("1"),
    "one box of digits": repeated("1", "# T\n\n## Success Criteria\n\n- [ ] Latency < "),
    "one box of words": repeated("word ", "# T\n\n## Success Criteria\n\n- [ ] Latency "),
    "one box of figures": repeated("5 ms, ", "# T\n\n## Success Criteria\n\n- [ ] Latency < "),
    "one box of limits": repeated("latency < {n} ms and ", "# T\n\n## Success Criteria\n\n- [ ] "),
    "one box of words behind a limit": repeated("word ", f"{IN_A_BOX}p95 latency < 5 ms of "),
    "one box of names": repeated("service ", f"{IN_A_BOX}p95 latency < 5 ms of Some "),
    "one box of colons": repeated("a: ", f"{IN_A_BOX}p95 latency < 5 ms "),
    "one box of conditions": repeated("when a worker is down, ", IN_A_BOX, "p95 latency < 5 ms\n"),
    "one box of clauses": repeated(", when it is used", f"{IN_A_BOX}p95 latency < 5 ms"),
    "one box of joined clauses": repeated(" and it is nice", f"{IN_A_BOX}p95 latency < 5 ms"),
    "one box of loads in brackets": repeated("(at 5 requests/s) ", f"{IN_A_BOX}p95 latency < 5 ms "),
    "one box of answers": repeated("GET /health answers 200, ", IN_A_BOX),
    "one box of many sentences": repeated("It must answer in {n} ms. ", "# T\n\n## Success Criteria\n\n- [ ] "),
    "one box of parentheses": repeated("(a, ", "# T\n\n## Success Criteria\n\n- [ ] Latency < 5 ms "),
    "one box of commas": repeated(", p95", "# T\n\n## Success Criteria\n\n- [ ] Latency < 5 ms"),
    "one box of dots": repeated("a.", "# T\n\n## Success Criteria\n\n- [ ] Latency "),
    "one box of slashes": repeated("/a", "# T\n\n## Success Criteria\n\n- [ ] GET "),
    "one box of hyphens": repeated("a-", "# T\n\n## Success Criteria\n\n- [ ] "),
    "one box of capitals": repeated("Ab Cd ", "# T\n\n## Success Criteria\n\n- [ ] "),
    "one box of a class": repeated("Aa", "# T\n\n## Success Criteria\n\n- [ ] The class ", "_ extends Base\n"),
    "a title of dots": repeated(".", "# ", "\n\n- [ ] Latency < 5 ms\n"),
    "a label of figures": repeated("5 ms ", "- **", "**: must be < 5 ms\n"),
    "YAML in sixties": fenced("yaml", "1:2", "a: "),
    "JSON in sixties": fenced("json", "1:2", '{"port": ', "}"),
    "one line of capitals": repeated("A"),
    "one box of code": repeated("`a` ", "# T\n\n## Success Criteria\n\n- [ ] "),
    "sentences that ask": repeated("The service must answer within {n} ms. "),
    "sentences that forbid": repeated("It must not be reached via port{n}.\n\n"),
    "blank lines": repeated("\n"),
    "lines that end in CR": repeated("a\r"),
    "characters that nobody sees": repeated("a\u202eb\n"),
    "text read as Mac Roman": repeated("\u201a\u00c4\u00f4 it is \u201a\u00e2\u00a7 5 ms\n\n"),
    "text that is damaged here and there": repeated("caf\u00e9 \u201a\u00e2\u00a7 5 ms\n\n"),
    # inline markup
    "brackets": repeated("["),
    "brackets of links": repeated("[a]("),
    "images": repeated("![a]"),
    "stars": repeated("*a **a "),
    "underscores": repeated("_a __a "),
    "runs of backticks": repeated("`a ``b "),
    "backticks": repeated("`"),
    "backslashes": repeated("\\"),
    "autolinks": repeated("<a "),
    "ampersands": repeated("&a"),
    "bold lines": repeated("**a** **b**: c\n\n"),
    # blocks
    "headings": repeated("## Part {n}\n\nText.\n\n"),
    "headings of one name": repeated("## Part\n\n- [ ] Latency < {n} ms\n\n"),
    "headings without text": repeated("##\n\n"),
    "lines that look like headings": repeated("##Part {n}\n"),
    "boxes": repeated("- [ ] Latency of part {n} stays < {n} ms on average\n", "# T\n\n## Success Criteria\n\n"),
    "boxes of one text": repeated("- [ ] Latency < 500 ms\n", "# T\n\n## Success Criteria\n\n"),
    "boxes for people": repeated("- [ ] The team likes what it sees of it\n", "# T\n\n## Success Criteria\n\n"),
    "boxes for ports": repeated("- [ ] Service listens on port {n}\n", "# T\n\n## Success Criteria\n\n"),
    "boxes that are empty": repeated("- [ ]\n", "# T\n\n## Success Criteria\n\n"),
    "boxes on percentiles": repeated(
        "- [ ] p95 latency < {n} ms\n- [ ] p50 latency < 9{n} ms\n", "# T\n\n## Goals\n\n"
    ),
    "boxes with requirements": repeated("- [ ] FR-{n}: GET /v1/models answers 200\n", "# T\n\n## Success Criteria\n\n"),
    "bullets": repeated("- a bullet that tells something\n"),
    "numbered items": repeated("1. Step takes 5 s\n", "# T\n\n## Procedure\n\nThe whole takes at most 9 s.\n\n"),
    "items with labels": repeated("- **Latency {n}**: must stay below 5 ms\n  - within: 3 ms\n"),
    "lists as deep as they are long": repeated("- "),
    "lists ten deep": deeper("  ", "- a < 5 ms", 10),
    "lists a hundred deep": deeper("  ", "- a", 100),
    "lists without a bottom": deeper(" ", "- a"),
    "quotes as deep as they are long": repeated(">"),
    "quotes a hundred deep": deeper("> ", "a", 100),
    "quotes without a bottom": deeper(">", "a"),
    "quotes": repeated("> a line\n"),
    "quoted headings with text between": repeated("> # H\na\n"),
    "quoted rules with text between": repeated("> ---\na\n"),
    "quoted fences with text between": repeated("> ```\na\n"),
    "quoted lists with text between": repeated("> - a\nb\n"),
    "quoted empty lines with text between": repeated(">\na\n"),
    "lists with text between": repeated("- # H\na\n"),
    "quotes within lists with text between": repeated("- > # H\na\n"),
    "lists within quotes with text between": repeated("> - # H\na\n"),
    "quotes that end": repeated("> a line\n\n"),
    "rows": repeated("| {n} | Memory stays below {n} GB |\n", "# T\n\n| Step | Success Criteria |\n|---|---|\n"),
    "rows that are too short": repeated("| a |\n", "# T\n\n| Step | Success Criteria |\n|---|---|\n"),
    "tables": repeated("| Step | Success Criteria |\n|---|---|\n| 1 | Latency < {n} ms |\n\n"),
    "tables in text": repeated(
        "| Step | Success Criteria |\n|---|---|\n| 1 | Latency < {n} ms |\n", "# T\n\n```text\n"
    ),
    "a wide table": wide_table,
    "a wide head over short rows": wide_head,
    "pipes": repeated("|"),
    "rows without a head": repeated("| a | b |\n"),
    "setting rows": repeated("| max_a{n} | {n} |\n", "# T\n\n| Setting | Value |\n|---|---|\n"),
    "link definitions": repeated("[a{n}]: http://a\n"),
    "link definitions that are none": repeated('[a]: http://a "\n'),
    "labels that are not closed": repeated("[a\n"),
    "rules": repeated("---\n\n"),
    "underlined headings": repeated("a\n===\n\n"),
    "front matter": repeated("key{n}: value\n", "---\n", "---\n"),
    # HTML
    "comments": repeated("<!-- a -->\n\n"),
    "comments that are not closed": repeated("<!-- a\n\n# H\n\n"),
    "comments within comments": repeated("<!-- a ", after="-->\n"),
    "boxes in a comment": repeated("- [ ] Latency < 5 ms\n", "# T\n\n<!--\n", "-->\n"),
    "elements that are not closed": repeated("<pre>\n\n# H\n\n"),
    "scripts that are not closed": repeated("<script>\n"),
    "instructions that are not closed": repeated("<?a\n\n# H\n\n"),
    "declarations that are not closed": repeated("<!A\n\n# H\n\n"),
    "sections that are not closed": repeated("<![CDATA[\n\n# H\n\n"),
    "elements as deep as they are long": repeated("<div>"),
    "elements a line each": repeated("<div>\n"),
    "tables in HTML": repeated("<table><tr><th>Success Criteria</th></tr><tr><td>Latency < 5 ms</td></tr></table>\n\n"),
    "one table in HTML": repeated("<tr><td>Latency < {n} ms</td></tr>\n", "<table><tr><th>Criteria</th></tr>\n"),
    "lists in HTML": repeated("<ul><li>Latency < 5 ms\n"),
    "angle brackets": repeated("<"),
    "attributes": repeated(' a="b"', "<p", ">\n"),
    # fences
    "fences": repeated("```bash\ncurl http://localhost:8001/part/{n}\n# Expected: 200\n```\n\n"),
    "fences of text": repeated("```text\nLatency: must stay < {n} ms\n```\n\n"),
    "fences that are not closed": repeated("```text\n## H\n~~~text\n## H\n"),
    "fences that change": repeated("```a\n~~~b\n"),
    "shorter and shorter fences": lambda size: "".join(
        f"{'`' * length}\n## H\n" for length in range(int((2 * size) ** 0.5), 2, -1)
    ),
    "demands in one fence": fenced("text", "- [ ] Latency < {n} ms\n", lead="Words"),
    "expectations in one fence of code": fenced("go", "// Expected: {n}\n"),
    "commands": fenced("bash", "curl http://localhost:8001/part/{n}\n# Expected: 200\n\n"),
    "commands that are one": fenced("bash", "curl http://localhost:8001/part\n# Expected: 200\n"),
    "commands without expectations": fenced("bash", "curl -d '{\"a\": {n}}' http://localhost:8001/part/{n}\n"),
    "one command of many lines": fenced("bash", "-H 'A: b' \\\n", "curl http://localhost:1/ \\\n"),
    "one command of many words": fenced("bash", " a", "curl http://localhost:1/"),
    "one pipeline": fenced("bash", " | grep a", "curl http://localhost:1/"),
    "quotes that are not closed": fenced("bash", "echo '\n# Expected: 200\n"),
    "open quotes": fenced("bash", "echo 'a\n"),
    "here-documents": fenced("bash", "cat > a.env <<EOF\nPORT={n}\nEOF\n"),
    "here-documents without an end": fenced("bash", "cat > a.env <<EOF{n}\nPORT={n}\n"),
    "loops": fenced("bash", "for i in 1 2 3; do curl http://localhost:1/; done\n# Expected: 200\n"),
    "loops without an end": fenced("bash", "for i in 1 2; do\n"),
    "variables": fenced("bash", "A{n}=x\ncurl http://localhost:1/$A{n}\n# Expected: 200\n"),
    "variables of variables": fenced("bash", "A{n}=$A$A\n"),
    "variables in one command": fenced("bash", "$A", "A=xxxxxxxxxxxxxxxxxxxxxxxxx\ncurl http://localhost:1/"),
    "variables that nobody sets": repeated("Set `${A{n}}` and ${B}\n\n"),
    "sessions": fenced("console", '$ curl http://localhost:1/{n}\n{"a": {n}}\n'),
    "output without an end": fenced("console", "a line\n", "$ curl http://localhost:1/\n"),
    "an expectation of many lines": comment_json,
    "an expectation of ellipses": ellipses,
    "an expectation as deep as it is long": lambda size: (
        "```bash\ncurl http://localhost:1/a\n# Expected: " + "[" * (size // 2) + "]" * (size // 2) + "\n```\n"
    ),
    "an expectation of keys": fenced("bash", '"k{n}": 1, ', "curl http://localhost:1/a\n# Expected: {", '"z": 1}'),
    "an expectation of braces": fenced("bash", "{", "curl http://localhost:1/a\n# Expected: "),
    "expectations below their mark": fenced("bash", "# Expected:\n#   a\n#   b\n"),
    "expectations alone": fenced("bash", "# Expected: {n}\n"),
    "requests": repeated('```http\nGET /v1/{n} HTTP/1.1\nHost: a\n\nHTTP/1.1 200 OK\n\n{"a": {n}}\n```\n\n'),
    "scenarios": fenced("gherkin", "  Scenario: a {n}\n    Given a\n    When b\n    Then latency < {n} ms\n"),
    "one scenario": fenced("gherkin", "    And latency < {n} ms\n", "Scenario: a\n    Then it works\n"),
    "assertions": fenced("python", "assert a({n}) == {n}\n"),
    "calls": fenced("python", "LLM(model='a', max_model_len={n})\n"),
    "one call as deep as it is long": nested("f(", ")", "python"),
    "one sum": fenced("python", " + 1", "assert 1"),
    "python -c": fenced("bash", "import a; print(a.b({n})); ", 'python -c "', '"\n# Expected: 1'),
    "drawings": fenced("text", "+---+ Latency: 5 ms |\n", lead="Architecture"),
    # settings
    "variables of an environment": fenced("env", "NAME_{n}={n}\n"),
    "one variable": fenced("env", "PORT={n}\n"),
    "ports of many services": repeated("```env\nSERVICE_{n}_PORT={n}\n```\n\n"),
    "blocks of one variable": repeated("```env\nTENSOR_PARALLEL_SIZE={n}\n```\n\n"),
    "answers longer than the context": fenced("yaml", "s{n}:\n  max_tokens: 9000\n  max_model_len: 5\n"),
    "YAML": fenced("yaml", "key_{n}: {n}\n"),
    "YAML of services": fenced("yaml", "  s{n}:\n    port: {n}\n    image: a\n", "services:\n"),
    "YAML of lists": fenced("yaml", "  - name: a{n}\n    port: {n}\n", "models:\n"),
    "YAML of one key": fenced("yaml", "port: {n}\n"),
    "YAML documents": fenced("yaml", "---\nkind: Deployment\nmetadata:\n  name: a{n}\nreplicas: {n}\n"),
    "YAML as deep as it is long": nested("[", "]", "yaml"),
    "YAML a step deeper each line": lambda size: (
        "```yaml\n" + "\n".join(f"{' ' * depth}a:" for depth in range(int((2 * size) ** 0.5))) + "\n```\n"
    ),
    "YAML of dashes": fenced("yaml", "- "),
    "YAML of questions": fenced("yaml", "? "),
    "YAML of keys in a line": fenced("yaml", "a: "),
    "YAML of aliases": fenced("yaml", "k{n}: *a\n", "a: &a [1, 2]\n"),
    "YAML of merges": fenced("yaml", "k{n}:\n  <<: *a\n", "a: &a {b: 1, c: 2}\n"),
    "YAML that laughs": laughs,
    "YAML that is none": fenced("yaml", "a: b: c\n"),
    "YAML in quotes that are not closed": fenced("yaml", 'a: "b\n'),
    "YAML of numbers": fenced("yaml", "1", "a: "),
    "YAML of tags": fenced("yaml", "k{n}: !a {n}\n"),
    "compose commands": fenced("yaml", "      --flag{n} {n}\n", "services:\n  a:\n    command: >\n"),
    "JSON": fenced("json", '"key_{n}": {n},\n', "{", '"z": 1}'),
    "JSON as deep as it is long": nested("[", "]", "json"),
    "JSON objects as deep as they are long": nested('{"a": ', "}", "json"),
    "JSON that is cut off": fenced("json", '{"port": [', ""),
    "JSON of one key": fenced("json", '"port": {n},\n', "{", '"z": 1}'),
    "JSON of models": fenced("json", '{"name": "a-{n}b", "size_gb": {n}},\n', '{"models": [', '{"name": "z"}]}'),
    "JSON of numbers": fenced("json", "1", '{"port": ', "}"),
    "JSON of exponents": fenced("json", "1e999999999, ", '{"port": [', "1]}"),
    "JSON answers": fenced("json", '"k{n}": {n},\n', "{", '"z": 1}', "The response:"),
    "TOML": fenced("toml", "key_{n} = {n}\n"),
    "TOML tables": fenced("toml", "[a{n}]\nport = {n}\n"),
    "TOML arrays": fenced("toml", "[[a]]\nport = {n}\n"),
    "TOML as deep as it is long": nested("[", "]", "toml", "a = "),
    "TOML of dots": fenced("toml", "a.", "", "b = 1"),
    "TOML of numbers": fenced("toml", "1", "a = "),
    "INI": fenced("ini", "key_{n} = {n}\n", "[a]\n"),
    "INI sections": fenced("ini", "[a{n}]\nport = {n}\n"),
    "nginx": fenced("nginx", "server { listen {n}; location / { proxy_read_timeout {n}s; } }\n"),
    "nginx that is not closed": fenced("nginx", "server {\nlisten {n};\n"),
    "Dockerfiles": fenced("dockerfile", "ENV A_{n}={n}\nEXPOSE {n}\n"),
    "flags": fenced("bash", " --flag-{n} {n}", "vllm serve a"),
    "flags a line each": fenced("bash", "vllm serve a{n} --port {n} --max-model-len {n}\n"),
    "llama servers": fenced(
        "bash", "llama-server -c {n} -np 2\n", after="```\n\n- [ ] Context of 99999999 tokens\n\n```"
    ),
    "docker": fenced("bash", "docker exec a{n} ls\n", after="```\n\n```yaml\nservices:\n  a:\n    image: b\n"),
    "compose": fenced("yaml", '  s{n}:\n    ports:\n      - "{n}:80"\n', "services:\n"),
    "units": fenced("ini", "ExecStart=/a --port {n}\n", "[Service]\n"),
    # what may contradict
    "acronyms": repeated("## ABC{n}\n\n### Apple\n\n### Bear\n\n### Car\n\n"),
    "acronyms of one name": repeated("## SMART\n\n"),
    "steps of many procedures": repeated("## P{n}\n\nThe whole takes at most 9 s.\n\n1. a (5 s)\n2. b (6 s)\n\n"),
    "header fields": repeated("**Name {n}**: value\n"),
    "dates": repeated("**Created {n}**: 2025-02-01\n**Completed {n}**: 2025-01-01\n"),
    "hosts": repeated("The host has {n} GB of RAM.\n\n"),
    "sums": repeated("4 GB ({n} GB model + 1 GB OS)\n\n"),
    "keys for every route": repeated("Every request needs an API key.\n\n"),
    "headers of routes": repeated("Route: /a/b{n}, needs the X-Token{n} header\n\n"),
    "what is left out": repeated("- Vector Database Server: Not required\n- [ ] vector database integration works\n"),
    "names of variables": repeated("Set SOME_A{n}=1 now\n\n", "# T\n\n```env\nA_B=1\n```\n\n"),
    "models of many sizes": repeated("model hermes-{n}b-q4 (5 GB), ollama pull hermes:{n}b-q4\n\n"),
    "time-outs": fenced("env", "GATEWAY_TIMEOUT={n}\nBACKEND_TIMEOUT={n}\n"),
    "health checks": fenced("yaml", "s{n}:\n  health_check_interval: 1\n  health_check_timeout: 5\n"),
    "placeholders": repeated("- [ ] [service_name] answers {n}\n", "# T\n\n## Success Criteria\n\n"),
    "files that nobody makes": fenced("bash", "curl -d @file{n}.json http://localhost:1/\n"),
    "addresses": repeated("```bash\ncurl http://10.0.0.{n}:80{n}/a\n```\n\n"),
    "durations": repeated(
        "### T{n}\n\n- **Duration**: 5 hours\n\n", "# T\n\n**Estimated Duration**: 1 hour\n\n## Tasks\n\n"
    ),
}


def of_corpus() -> Mapping[str, Generator]:
    """Every example of a conflict and every shipped task, again and again."""
    found = {path.name: repeated(path.read_text(encoding="utf-8") + "\n\n", "", "") for path in TASKS.glob("*.md")}
    for case in tomllib.loads((DOCUMENTS / "conflicts.toml").read_text(encoding="utf-8"))["case"]:
        found[f"{case['kind']}: {case['name']}"] = repeated("\n\n".join(case["documents"]) + "\n\n", "", "")
    return dict(sorted(found.items()))


def read(folder: Path, text: str) -> tuple[Reading, tuple[UsageError, ...]]:
    """What a document of this text is read as."""
    path = folder / "task.md"
    path.write_text(text, encoding="utf-8")
    return read_all([path], KINDS)
