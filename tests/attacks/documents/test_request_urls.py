"""A request goes to the origin that the deployment names, whatever a document gives for its path."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks import KINDS
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.deployment import Deployment
from signoff.acceptance.errors import NotMeasurable, UsageError
from signoff.acceptance.measuring import metrics_address, streamed
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.profile import PROFILES
from signoff.acceptance.reading import read_documents
from signoff.coherence.sender import ChatSender
from signoff.perf.client.endpoint import Endpoint, chat_url
from signoff.perf.client.request_url import Origin, as_http, as_websocket, joined, origin
from signoff.perf.errors import PlanInvalid, UrlInvalid
from tests.acceptance.conftest import criterion
from tests.prepared import prepared_process

ROOT = Path(__file__).parents[3]
ADDRESS = "10.0.0.7:8700"


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _give(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        body = json.dumps({"status": "healthy", "path": self.path, "data": [{"id": "m"}]}).encode()
        redirected = self.path.startswith("/moved/")
        self.send_response(307 if redirected else 200)
        if redirected:
            self.send_header("Location", self.path.removeprefix("/moved/"))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_OPTIONS = _give  # noqa: N815 - the names that http.server calls

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    """A server that answers everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class Watched:
    """A listener that counts who connects, answers each as a healthy service would, and should see nobody."""

    def __init__(self, host: str) -> None:
        self.connections: list[str] = []
        self._socket = socket.create_server((host, 0))
        self.host, self.port = self._socket.getsockname()[:2]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, place = self._socket.accept()
                self.connections.append(str(place))
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(2)
                    connection.recv(65_536)
                    body = b'{"status": "healthy"}'
                    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                    connection.sendall(head.encode() + body)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def elsewhere() -> Iterator[Watched]:
    found = Watched("127.0.0.78")
    yield found
    found.close()


def paths(place: str) -> list[str]:
    """Paths of a request that one parser or another takes for a host; `place` is the host and port."""
    host, port = place.split(":")
    return [
        f"@{place}/x",
        f"user@{place}/x",
        f"user:word@{place}/x",
        f":80@{place}/x",
        f".@{place}/x",
        f"%40{place}/x",
        f"//{place}/x",
        f"///{place}/x",
        rf"\\{place}/x",
        rf"/\{place}/x",
        rf"\/{place}/x",
        rf"\@{place}/x",
        f"http://{place}/x",
        f"HTTP://{place}/x",
        f"//user@{place}/x",
        f"http:{place}/x",
        f"http:/{place}/x",
        f"#@{place}/x",
        f"?@{place}/x",
        f"/x#@{place}/",
        f"/?@{place}/",
        f";@{place}/",
        f",@{place}/",
        f"[@{place}/",
        f"\t@{place}/x",
        f"\r\n@{place}/x",
        f" @{place}/x",
        f"\x00@{place}/x",
        f"/\t/{place}/x",
        f"/\n/{place}/",
        f"/x HTTP/1.1\r\nHost: {place}\r\n\r\nGET /",
        f"/x\r\nX-A: {place}",
        f"/..@{place}/",
        f"/../../@{place}/",
        f"\u3002{place}/",
        f"\uff0f\uff0f{place}/",
        f"\uff20{place}/",
        f"\u2100@{place}/",
        f"\u202e@{place}/",
        f"/\uff0f{place}/x",
        f"/%2f%2f{place}/x",
        f"/%5c%5c{place}/x",
        f"/%00@{place}/",
        f"/%0d%0a@{place}/",
        f".{host}:{port}/x",
        f"1@{place}/x",
        f"0.0.0@{place}",
        f":@{place}",
        f"-@{place}",
        f"@{host}:0{port}/x",
        f"@[::ffff:{host}]:{port}/x",
        f"@{place}",
        "@",
        "",
        "*",
        f"\ud800@{place}/",
        "/\ud800",
        "x" * 70_000,
    ]


def site_of(deployment: Deployment, folder: Path) -> Site:
    return Site(deployment, PROFILES["quick"], folder, ())


BASES = ["", "/base", "/base/", "/v1"]


@pytest.mark.parametrize("base", BASES)
def test_no_path_leads_a_request_elsewhere(target: str, elsewhere: Watched, tmp_path: Path, base: str) -> None:
    deployment = deployments.from_target(target + base)
    site = site_of(replace(deployment, addresses={ADDRESS: target}), tmp_path)
    for path in paths(f"{elsewhere.host}:{elsewhere.port}"):
        for address in (None, ADDRESS):
            request = {"method": "GET", "path": path, "address": address, "headers": {"Host": elsewhere.host}}
            for send in (
                lambda request=request: site.send(request),
                lambda request=request: site.send(request, origin=target),
                lambda request=request: site.ask("GET", request["path"], address=request["address"]),
                lambda request=request: streamed.stream(site, {"stream": True}, request={**request, "method": "POST"}),
            ):
                try:
                    record = send()
                except NotMeasurable:
                    continue
                assert origin(record["url"]) == origin(target), path
    assert elsewhere.connections == []


def test_no_url_of_a_foreign_origin_is_asked(target: str, elsewhere: Watched, tmp_path: Path) -> None:
    site = site_of(deployments.from_target(target), tmp_path)
    host, port = elsewhere.host, elsewhere.port
    for url in (
        f"http://{host}:{port}/x",
        f"{target}@{host}:{port}/x",
        f"{target}\\@{host}:{port}/",
        f"https://{host}:{port}",
        f"{target}.{host}:{port}/x",
        f"{target}1/x",
        f"{target}:80/x",
        f"ws://{host}:{port}/",
        f"//{host}:{port}/",
        f"http://user@{target.removeprefix('http://')}/",
        f"http:{host}:{port}/",
        f"ftp://{host}:{port}/",
    ):
        with pytest.raises(NotMeasurable):
            site.ask("GET", "", url=url)
    assert elsewhere.connections == []


def test_metrics_are_not_looked_for_elsewhere(target: str, elsewhere: Watched, tmp_path: Path) -> None:
    site = site_of(deployments.from_target(target), tmp_path)
    site.criteria = tuple(
        criterion("metrics", request={"method": "GET", "path": path, "address": None})
        for path in paths(f"{elsewhere.host}:{elsewhere.port}")
    )
    found = metrics_address.sources(site)
    assert {origin(source.url) for source in found} == {origin(target)}
    assert f"{target}/metrics" in [source.url for source in found]


@pytest.mark.parametrize("kind", ["session_record", "session_metrics"])
def test_session_pages_are_not_looked_for_elsewhere(target: str, elsewhere: Watched, tmp_path: Path, kind: str) -> None:
    site = site_of(deployments.from_target(target), tmp_path)
    with pytest.raises(NotMeasurable):
        CHECKS[kind].measure(criterion(kind, path=f"@{elsewhere.host}:{elsewhere.port}/{{id}}"), site)
    assert elsewhere.connections == []


@pytest.mark.parametrize("where", ["http://{place}/x", "//{place}/x", "http://127.0.0.1@{place}/x", "\\\\{place}/x"])
def test_redirects_are_not_followed(target: str, elsewhere: Watched, tmp_path: Path, where: str) -> None:
    site = site_of(deployments.from_target(target), tmp_path)
    location = where.format(place=f"{elsewhere.host}:{elsewhere.port}")
    with contextlib.suppress(NotMeasurable):  # a backslash is no part of a path
        assert site.ask("GET", f"/moved/{location}")["status"] == 307
        assert streamed.stream(site, {}, request={"method": "POST", "path": f"/moved/{location}"})["status"] == 307
    assert elsewhere.connections == []


# A document, and the command.

FENCES = """# Task 7.7: Small-1 Service

## Validation

```bash
curl -X GET http://10.0.0.7:8700/health
# Expected: {"status": "healthy"}
```

"""


def http_fence(target: str) -> str:
    return f'```http\nGET {target} HTTP/1.1\nHost: {ADDRESS}\n\nHTTP/1.1 200 OK\n\n{{"status": "healthy"}}\n```\n\n'


def commands(place: str) -> str:
    lines = [
        f"http://10.0.0.7:8700@{place}/health",
        f"http://10.0.0.7:8700\\@{place}/health",
        f"//{place}/health",
        f"http://10.0.0.7:8700#@{place}/health",
        f"http://10.0.0.7:8700?@{place}/health",
        f"@{place}/health",
        f"http://{place}/health",
        f"http:///{place}/health",
        f"http://10.0.0.7:8700//{place}/health",
    ]
    fences = [f'```bash\ncurl -s \'{url}\'\n# Expected: {{"status": "healthy"}}\n```\n' for url in lines]
    asked = "http://10.0.0.7:8700"
    healthy = '# Expected: {"status": "healthy"}\n```\n'
    fences += [
        f"```bash\ncurl -s -H 'Host: {place}' {asked}/health\n{healthy}",
        f"```bash\ncurl -sL -x http://{place} {asked}/health\n{healthy}",
        f"```bash\nab -n 10 -c 1 {asked}@{place}/\n# Expected: More than 1 requests per second\n```\n",
        f"```bash\nhttp GET :8700@{place}/health\n{healthy}",
    ]
    return "\n".join(fences)


def test_a_document_sends_nothing_elsewhere(target: str, elsewhere: Watched, tmp_path: Path) -> None:
    place = f"{elsewhere.host}:{elsewhere.port}"
    task = tmp_path / "task.md"
    lines = [path for path in paths(place) if path and path.isprintable() and " " not in path and len(path) < 200]
    attacks = "".join(http_fence(path) for path in (f"@{place}/latest/meta-data/", *lines)) + commands(place)
    task.write_text(FENCES + attacks, encoding="utf-8")
    deployment = tmp_path / "deployment.toml"
    deployment.write_text(
        f'target = "{target}"\n[addresses]\n"{ADDRESS}" = "{target}"\nprometheus = "{target}"\n', encoding="utf-8"
    )
    done = signoff("run", task, deployment, tmp_path)
    results = stored(tmp_path)
    assert elsewhere.connections == []
    assert len(results["criteria"]) > 10, done.stdout
    passed = {found["line"] for found in results["criteria"] if found["outcome"] == "pass"}
    written = task.read_text(encoding="utf-8").splitlines()
    assert passed, done.stdout
    asked = [written[line - 4] for line in passed if written[line - 4].startswith("GET ")]
    assert asked
    assert all(line.startswith("GET /") for line in asked)


def test_a_binding_file_sends_nothing_elsewhere(target: str, elsewhere: Watched, tmp_path: Path) -> None:
    place = f"{elsewhere.host}:{elsewhere.port}"
    task = tmp_path / "task.md"
    task.write_text(FENCES + "## Success Criteria\n- [ ] The service feels right\n", encoding="utf-8")
    found = next(each for each in read_documents([task], KINDS).documents[0].criteria if each.judge == "person")
    entry = {"method": "GET", "path": f"@{place}/health", "address": ADDRESS, "headers": {}, "line": 1}
    inline = ", ".join(f"{key} = {json.dumps(value)}" for key, value in entry.items() if value != {})
    (tmp_path / "task.signoff.toml").write_text(
        f'[[type]]\ncriterion = "{found.id}"\nfingerprint = "{found.fingerprint}"\nkind = "json_shape"\n'
        f'parameters = {{request = {{{inline}}}, expected = {{status = "healthy"}}}}\n',
        encoding="utf-8",
    )
    deployment = tmp_path / "deployment.toml"
    deployment.write_text(f'target = "{target}"\n[addresses]\n"{ADDRESS}" = "{target}"\n', encoding="utf-8")
    done = signoff("run", task, deployment, tmp_path)
    assert elsewhere.connections == []
    (bound,) = [each for each in stored(tmp_path)["criteria"] if "feels" in each["text"]]
    assert bound["outcome"] == "not_measurable", done.stdout
    assert "is no path of a request" in bound["reason"]


def signoff(command: str, task: Path, deployment: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = [command, str(task), f"--deployment={deployment}", f"--out={folder / 'runs'}", "--profile=quick"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return prepared_process.run("signoff.acceptance", *arguments, cwd=folder, env=variables, timeout=300)


def stored(folder: Path) -> Mapping[str, Any]:
    (file,) = (folder / "runs").glob("*/results.json")
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_reading_says_that_such_a_line_is_no_request(tmp_path: Path) -> None:
    task = tmp_path / "task.md"
    task.write_text(FENCES + http_fence("@127.0.0.1:9/latest/"), encoding="utf-8")
    (document,) = read_documents([task], KINDS).documents
    command = next(each for each in document.commands if each.program == "http")
    assert command.request is None
    assert "begins with /" in command.problem


# The laws.

HOSTS = ["127.0.0.1", "localhost", "h", "a.b-c_d.example", "[::1]", "[2001:DB8::1]", "xn--bcher-kva.example", "H"]
bases = st.builds(
    lambda scheme, host, port, path: f"{scheme}://{host}{port}{path}",
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", ":1", ":80", ":443", ":11401", ":65535"]),
    st.sampled_from(["", "/", "/v1", "/base/more", "/base/"]),
)
PIECES = [
    "/",
    "//",
    "\\",
    "@",
    ":",
    "#",
    "?",
    ".",
    "..",
    "%2e%2e",
    "%2f",
    "%40",
    "evil",
    "127.0.0.78:9",
    "[",
    "]",
    "[::1]",
]
MORE = [
    "\t",
    "\n",
    "\r",
    "\x00",
    "\x7f",
    "\x85",
    "\u2028",
    "\u3002",
    "\uff0e",
    "\uff0f",
    "\uff20",
    "\uff1a",
    "\u2488",
    "{}",
]
tricky = st.lists(st.one_of(st.sampled_from([*PIECES, *MORE]), st.text(max_size=3)), max_size=8).map("".join)


@given(base=bases, path=st.one_of(tricky, tricky.map(lambda text: f"/{text}"), st.text()))
@example(base="http://h:1", path="@127.0.0.78:9/")
@example(base="http://h:1", path="//127.0.0.78:9/")
@example(base="http://h:1/base", path="/../../x")
def test_a_joined_url_has_the_origin_of_its_base_for_every_parser(base: str, path: str) -> None:
    try:
        url = joined(base, path)
    except UrlInvalid as refused:
        event("refused" if refused.hint and str(refused).isprintable() else "refused without a sentence")
        return
    intended = urlsplit(base)
    port = intended.port or {"http": 80, "https": 443}[intended.scheme]
    by_urllib = urlsplit(url)
    assert (by_urllib.scheme, by_urllib.hostname, by_urllib.port or port) == (intended.scheme, intended.hostname, port)
    assert (by_urllib.username, by_urllib.password, by_urllib.fragment) == (None, None, "")
    assert by_urllib.path.startswith(intended.path.rstrip("/"))
    with contextlib.suppress(httpx.InvalidURL):  # then nothing is sent
        by_httpx = httpx.URL(url)
        assert (by_httpx.scheme, by_httpx.port or port) == (intended.scheme, port)
        assert by_httpx.host == httpx.URL(base).host
        assert by_httpx.userinfo == b""
        assert by_httpx.path.startswith(intended.path.rstrip("/"))
    with contextlib.suppress(PlanInvalid):
        endpoint = Endpoint.of(url)
        assert (endpoint.host, endpoint.port) == (intended.hostname, port)
        assert endpoint.path.startswith(intended.path.rstrip("/") or "/")


@given(url=st.one_of(st.text(), tricky.map(lambda text: f"http://{text}"), tricky.map(lambda text: f"http://h{text}")))
def test_an_origin_is_the_same_for_every_parser_or_refused(url: str) -> None:
    try:
        found = origin(url)
    except UrlInvalid:
        return
    with contextlib.suppress(ValueError):
        by_urllib = urlsplit(url)
        if not re.search(r"[\x00-\x20]", url):
            assert by_urllib.hostname == found.host or ":" in found.host
            assert (by_urllib.port or {"http": 80, "https": 443}[found.scheme]) == found.port
    with contextlib.suppress(httpx.InvalidURL, UnicodeError):
        by_httpx = httpx.URL(url)
        assert by_httpx.host == found.host or ":" in found.host
        assert (by_httpx.port or {"http": 80, "https": 443}[found.scheme]) == found.port


@given(base=bases)
def test_an_origin_written_as_a_url_is_that_origin(base: str) -> None:
    assert origin(origin(base).url()) == origin(base)
    assert origin(as_websocket(base)) == origin(as_http(as_websocket(base))) == origin(base)


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("http://h:1", "/health", "http://h:1/health"),
        ("http://h:1/", "/health", "http://h:1/health"),
        ("http://h:1/v1", "/models", "http://h:1/v1/models"),
        ("http://h:1/base/", "/a/b?c=d&e=%20", "http://h:1/base/a/b?c=d&e=%20"),
        ("http://h:1/base", "", "http://h:1/base"),
        ("http://[::1]:8", "/x", "http://[::1]:8/x"),
        ("http://h:1", "/a/../b", "http://h:1/a/../b"),
        ("http://h:1", "/q?x=a\\d", "http://h:1/q?x=a\\d"),
        ("http://h:1", "//x", "http://h:1//x"),
    ],
)
def test_a_base_keeps_its_path(base: str, path: str, url: str) -> None:
    assert joined(base, path) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://user@h:1",
        "http://user:word@h:1",
        "http://@h:1",
        "http://h:1@h2:2",
        "http://h:0",
        "http://h:99999",
        "http://h:",
        "http://h:x",
        "http://",
        "http:///x",
        "//h:1",
        "h:1",
        "http:h:1",
        "ftp://h:1",
        "http://h h:1",
        "http://\uff48:1",
        "http://h\u3002x:1",
        "http://[::1",
        "http://::1:8",
        "http://[zz]:1",
        "http://h\\x:1",
        "http://h\t:1",
        "http://\u212a:1",
        "http://h:\u0661",
        "http://h%2fx:1",
        "http://[fe80::1%25eth0]:1",
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_no_deployment(url: str) -> None:
    with pytest.raises(UrlInvalid):
        origin(url)
    with pytest.raises(UsageError):
        deployments.from_target(url)
    with pytest.raises(PlanInvalid):
        Endpoint.of(url)
    with pytest.raises(UrlInvalid):
        chat_url(url)


def test_a_password_in_a_url_is_not_repeated() -> None:
    for call in (origin, chat_url, lambda url: joined(url, "/x"), lambda url: joined("http://h:1", url)):
        with pytest.raises(UrlInvalid) as refused:
            call("http://user:pa55word@h:1/x")
        assert "pa55word" not in str(refused.value)


# No way round.

URLISH = re.compile(r"(?:^|[_.])(?:\w*url|urls|origin|target|base|endpoint|degraded|control)$", re.IGNORECASE)
JOINERS = {"urljoin", "urlunsplit", "urlunparse"}
ALLOWED = {
    "perf/client/request_url.py": {"base.rstrip('/') + path", "f'{self.scheme}://{host}{port}'"},
    # What a document writes is made whole to be taken apart again, and its address is looked up in the deployment.
    "acceptance/reading/commands/curl.py": {"'http://' + url"},
    "acceptance/reading/commands/http_clients.py": {"url += ('&' if '?' in url else '?') + '&'.join(query)"},
    "acceptance/reading/commands/load_tools.py": {
        "f\"http://{options.get('host', 'localhost')}:{options.get('port', '8000')}\"",
        "f\"{base.rstrip('/')}/{path.lstrip('/')}\"",
    },
    # A time.
    "perf/imported/guidellm_results.py": {"target += start"},
    # A text that is looked for in a document.
    "acceptance/reading/conflicts/access/access.py": {"f'http://{_address(item[1])}'"},
}


def built_urls(text: str) -> list[str]:
    """The expressions in a source text that put a URL together."""
    return [ast.unparse(node) for node in ast.walk(ast.parse(text)) if _builds(node)]


def _builds(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return _is_url(node.left) or _is_scheme(node.left) or _ends_in_host(node.left)
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Add) and _is_url(node.target)
    if isinstance(node, ast.JoinedStr):
        pairs = list(zip(node.values, node.values[1:], strict=False))
        return any(
            (_scheme_before(one) and isinstance(two, ast.FormattedValue))
            or (isinstance(one, ast.FormattedValue) and _starts(two, "://"))
            or (_value_is_url(one) and (_starts(two, "/") or isinstance(two, ast.FormattedValue)))
            for one, two in pairs
        )
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in JOINERS or (name in ("join", "copy_with", "_replace") and "netloc" in ast.unparse(node)):
            return True
        if name == "format" and isinstance(node.func, ast.Attribute):
            return _is_scheme(node.func.value) or "://{" in ast.unparse(node.func.value)
        if name == "join" and isinstance(node.func, ast.Attribute) and node.args:
            return any(_is_url(each) for each in ast.walk(node.args[0]) if isinstance(each, ast.expr)) and _text(
                node.func.value
            ) in ("", "/")
    return False


def _is_url(node: ast.expr) -> bool:
    """A name, an attribute or an entry that is called as URLs are, or a text method of one."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("rstrip", "strip", "removesuffix", "lower"):
            node = node.func.value
        else:
            return node.func.attr == "url" or URLISH.search(node.func.attr) is not None
    if isinstance(node, ast.Subscript):
        return URLISH.search(_text(node.slice)) is not None
    if isinstance(node, ast.BinOp):
        return _is_url(node.left)
    return isinstance(node, ast.Name | ast.Attribute) and URLISH.search(ast.unparse(node)) is not None


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_scheme(node: ast.expr) -> bool:
    return re.fullmatch(r"(?:http|ws)s?(?:://)?", _text(node)) is not None or _text(node).endswith("://")


def _ends_in_host(node: ast.expr) -> bool:
    if not isinstance(node, ast.JoinedStr):
        return False
    return any("://" in _text(each) for each in node.values) or _value_is_url(node.values[-1])


def _scheme_before(node: ast.expr) -> bool:
    return _text(node).endswith("://")


def _starts(node: ast.expr, begin: str) -> bool:
    return _text(node).startswith(begin)


def _value_is_url(node: ast.expr) -> bool:
    return isinstance(node, ast.FormattedValue) and _is_url(node.value)


def test_no_module_puts_a_url_together_by_itself() -> None:
    wrong = {}
    for room in ("acceptance", "perf", "coherence"):
        for file in sorted((ROOT / room).rglob("*.py")):
            name = str(file.relative_to(ROOT))
            found = built_urls(file.read_text(encoding="utf-8"))
            if set(found) != ALLOWED.get(name, set()):
                wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize(
    "source",
    [
        "url = origin + path", "url = self.target + path", "get(deployment.target + '/x')",
        "url = base.rstrip('/') + path", "url += path", "self.base += '/x'",
        "url = f'{origin}{path}'", "url = f'{self.target}/metrics'", "url = f'{start.url}/ready'",
        "url = f'http://{host}:{port}/ready'", "url = f'{parts.scheme}://{parts.netloc}'", "url = 'http://' + place",
        "url = 'http' + rest", "url = urljoin(base, path)", "url = urlunsplit(parts)", "url = parse.urljoin(a, b)",
        "url = '{}/{}'.join([origin, path])", "url = ''.join([origin, path])", "url = '/'.join((self.url, path))",
        "url = 'http://{}:{}'.format(host, port)", "url = target % path", "url = parts._replace(netloc=x).geturl()",
        "url = record['url'] + path", "url = plan.url + path", "url = (origin + a) + b",
        "url = f'http://{h}' + path", "url = f'{origin}' + path",
        "url = origin(base).url() + path", "url = httpx.URL(base).copy_with(netloc=x)", "URL = BASE_URL + '/x'",
    ],
)  # fmt: skip
def test_each_way_to_put_a_url_together_is_found(source: str) -> None:
    if "'{}/{}'.join" in source:
        source = source.replace("'{}/{}'", "''")
    assert built_urls(source)


@pytest.mark.parametrize(
    "source",
    [
        "raise NotMeasurable(f'{url} gives 404')",
        "raise UsageError('write it as http://HOST:PORT')",
        "f'add {role} = \"http://HOST:PORT\" under [addresses]'",
        "joined(base, path)",
        "total = count + more",
        "f'{target}: {problem}'",
    ],
)
def test_a_sentence_about_a_url_is_none(source: str) -> None:
    assert built_urls(source) == []


OTHER_CLIENTS = (r"\burllib\.request\b", r"\burlopen\b", r"import requests\b", r"\baiohttp\b")


def test_every_client_follows_no_redirect_and_uses_no_proxy() -> None:
    wrong = []
    for room in ("acceptance", "perf", "coherence"):
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name, keywords = ast.unparse(node.func), {each.arg: each.value for each in node.keywords}
                follows = keywords.get("follow_redirects")
                if follows is not None and ast.unparse(follows) != "False":
                    wrong.append(f"{file}: {ast.unparse(node)}")
                if re.fullmatch(r"httpx\.(?:\w*Client|get|post|request|stream|head|put|delete)", name):
                    trusts = keywords.get("trust_env")
                    if trusts is None or ast.unparse(trusts) != "False":
                        wrong.append(f"{file}: {ast.unparse(node)}")
            wrong += [f"{file} uses {name}" for name in OTHER_CLIENTS if re.search(name, file.read_text("utf-8"))]
    assert wrong == []


def test_a_sender_of_conversations_refuses_other_pages(target: str, elsewhere: Watched) -> None:
    import asyncio

    async def read(path: str) -> None:
        async with ChatSender(target) as sender:
            await sender.get(path)

    for path in (f"@{elsewhere.host}:{elsewhere.port}/", f"{elsewhere.port}/x"):
        with pytest.raises(UrlInvalid):
            asyncio.run(read(path))
    assert elsewhere.connections == []


def test_an_origin_of_an_ipv6_host_has_brackets() -> None:
    assert joined(Origin("http", "::1", 8000).url(), "/ready") == "http://[::1]:8000/ready"
