"""Everything that is run on this project; `nox -l` lists it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "tests", "acceptance"]
nox.options.default_venv_backend = "uv|virtualenv"

TASK = "fixtures/tasks/1.3-hermes-2.md"
DEPLOYMENT = "fixtures/deployments/1.3-hermes-2.toml"
SYSTEMS = ("1.3-hermes-2", "005-hermes-2-mvp", "4b-switch-hermes", "0.2-ai-model-services")
TEMPLATE = "template"
RECALL_MODEL = "fixtures/models/recall"
SWITCH_TASK = "fixtures/tasks/4b-switch-hermes.md"
SWITCH_MODELS = "fixtures/models/switch"
BENCHES = ("tests/reading/bench_reading.py", "tests/bench/bench_client.py", "tests/bench/bench_chat.py")
READING_EFFORT = "tests/attacks/documents/bench_reading_effort.py"
PEERS = {"guidellm": "guidellm==0.8.1", "aiperf": "aiperf==0.13.0"}
"""Each gets an environment of its own: what they need would not go together."""
OUTCOMES = ("passed", "undecided", "failed", "invalid")
"""From the best to the worst."""
VLLM = "reference_services/vllm"
VLLM_INSTALL = (("--no-deps", "--require-hashes", "-r", f"{VLLM}/requirements.txt"), ("--no-deps", VLLM))
"""What `uv pip install` gets for vLLM, call by call: a third party's build, for processors. On a machine with a GPU the
line is (("vllm==0.32.0",),): the vLLM project's own."""
VLLM_STEMS = ("1.3-hermes-2", "005-hermes-2-mvp")
VLLM_FAULTS = ("forgets_session", "stale_metrics", "slow", "leaks_memory")


def install(session: nox.Session, *groups: str, extras: tuple[str, ...] = ("services",)) -> None:
    """Install what uv.lock names for these extras and groups, each file by its hash, and Signoff as it lies here.

    Where there is no uv, the session gets one of its own.
    """
    # A session starts hundreds of Python processes; where this is set, as in many containers, each compiles all anew.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    uv = ("uv",)
    if shutil.which("uv") is None and session.venv_backend != "uv":
        session.run_install("python", "-m", "pip", "install", "--quiet", "uv>=0.8")
        uv = ("python", "-m", "uv")
    session.run_install(
        *uv,
        "sync",
        "--quiet",
        "--locked",
        "--inexact",
        "--no-default-groups",
        f"--python={session.virtualenv.location}",
        *(word for extra in extras for word in ("--extra", extra)),
        *(word for group in groups for word in ("--group", group)),
        env={"UV_PROJECT_ENVIRONMENT": session.virtualenv.location},
    )


@nox.session
def acceptance(session: nox.Session) -> None:
    """Judge task 1.3 against the reference service and write its result document; with --all, every system."""
    install(session)
    if "--all" in session.posargs:
        every_system(session, [argument for argument in session.posargs if argument != "--all"])
        return
    session.run("signoff", "run", TASK, "--deployment", DEPLOYMENT, *session.posargs)


def every_system(session: nox.Session, arguments: list[str]) -> None:
    """Judge each document at its deployment, one after the other, show a table, and end as the worst of them did."""
    rows = [judged(session, stem, stem, arguments) for stem in SYSTEMS]
    file = Path(session.create_tmp()) / f"{TEMPLATE}.json"
    # A template has nothing to judge: what is asked of it is that it can be read.
    session.run("signoff", "read", f"fixtures/tasks/{TEMPLATE}.md", "--json", str(file), silent=True)
    (document,) = json.loads(file.read_text(encoding="utf-8"))["documents"]
    read_only = f"{len(document['criteria'])} criteria read; a template has nothing to judge"
    for stem, outcome, seconds, text in rows:
        session.log(f"{stem:<22} {outcome:<10} {seconds:4.0f} s  {text}")
    session.log(f"{TEMPLATE:<22} {'read':<10} {'':>4}    {read_only}")
    worst = max((outcome for _, outcome, _, _ in rows), key=OUTCOMES.index)
    session.log(f"{'all':<22} {worst:<10} {sum(seconds for _, _, seconds, _ in rows):4.0f} s")
    if worst != "passed":
        session.error(worst)


def judged(
    session: nox.Session, stem: str, deployment: str, arguments: list[str], env: dict[str, str] | None = None
) -> tuple[str, str, float, str]:
    """Judge a document at a deployment: the deployment, the outcome, how long it took, and how many came out how."""
    file = Path(session.create_tmp()) / f"{deployment}.json"
    file.unlink(missing_ok=True)
    begin = time.monotonic()
    session.run(
        "signoff",
        "run",
        f"fixtures/tasks/{stem}.md",
        "--deployment",
        f"fixtures/deployments/{deployment}.toml",
        "--json",
        str(file),
        *arguments,
        success_codes=range(5),
        env=env,
    )
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"outcome": "invalid"}
    return deployment, found["outcome"], time.monotonic() - begin, counts(found)


def counts(found: dict[str, object]) -> str:
    """How many criteria of a stored run came out how."""
    criteria = found.get("criteria")
    outcomes = [each["outcome"] for each in criteria] if isinstance(criteria, list) else []
    named = [(name, outcomes.count(name)) for name in dict.fromkeys(sorted(outcomes))]
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in named) or "no result"


@nox.session
def vllm(session: nox.Session) -> None:
    """Judge tasks 1.3 and 005 on real vLLM, and see faults in front of it caught; `-- --no-faults` leaves those out."""
    install(session, "test", extras=("services", "vllm-engine"))
    engine = Path(session.create_tmp()).resolve() / "vllm"
    done = engine / "installed"
    wanted = (Path(VLLM) / "requirements.txt").read_text(encoding="utf-8") + str(VLLM_INSTALL)
    begin = time.monotonic()
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        session.run("uv", "venv", "--clear", "--python", sys.executable, str(engine))
        for arguments in VLLM_INSTALL:
            # Compiled once, here: an engine that compiles what it imports takes three times as long to start.
            session.run("uv", "pip", "install", "-q", "--compile-bytecode", "--python", str(engine), *arguments)
        done.write_text(wanted, encoding="utf-8")
    installed_s = time.monotonic() - begin
    env = {"HERMES_2_VLLM_COMMAND": str(engine / "bin" / "vllm")}
    if shutil.which("g++") is None:
        session.warn(
            "there is no g++, without which vLLM cannot compile the model: enforce_eager is 1, not the task's 0"
        )
        env["HERMES_2_ENFORCE_EAGER"] = "1"
    with_faults = "--no-faults" not in session.posargs
    arguments = [argument for argument in session.posargs if argument != "--no-faults"]
    session.run("python", "-m", "pytest", "-q", "tests/vllm", env=env)
    rows = [("install", "", installed_s, str(VLLM_INSTALL[0][-1]))]
    rows += [judged(session, stem, f"{stem}-vllm", arguments, env) for stem in VLLM_STEMS]
    for fault in VLLM_FAULTS if with_faults else ():
        begin = time.monotonic()
        sound = Path(session.create_tmp()) / f"{VLLM_STEMS[0]}-vllm.json"
        session.run("python", "-m", "tests.vllm.fault_run", fault, str(sound), env=env)
        rows.append((fault, "caught", time.monotonic() - begin, "each criterion whose check lists it fails"))
    for name, outcome, seconds, text in rows:
        session.log(f"{name:<22} {outcome:<10} {seconds:4.0f} s  {text}")


@nox.session
def tests(session: nox.Session) -> None:
    """Test Signoff itself; arguments go to pytest."""
    install(session, "test")
    # By file, and the long fault runs first: they mostly wait, and go on beside everything else.
    beside = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
    session.run("python", "-m", "pytest", *beside, *session.posargs)


@nox.session
def reading(session: nox.Session) -> None:
    """Show how often the reading asks another question than labelled documents; `-- --wrong --missed` lists lines."""
    install(session, "test")
    session.run("python", "-m", "tests.reading.measured", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Write the generated pages of docs/ and the schemas in fixtures/schemas again."""
    install(session)
    session.run("python", "-m", "signoff.acceptance.checks")
    session.run("python", "-m", "tests.reference_services.needed_by")
    session.run("python", "-m", "tests.guides.module_index")


@nox.session
def attacks(session: nox.Session) -> None:
    """Try long documents, and every hostile answer on `signoff run` and `signoff load` (an hour): docs/security.md.

    Arguments go to tests/attacks/servers/hostile_modes.py:
    `-- MODE ... --route chat metrics --command run load --file TABLE`.
    """
    install(session, "test")
    if not session.posargs:
        session.run("python", "-m", "pytest", "-q", READING_EFFORT)
    session.run("python", "-m", "tests.attacks.servers.hostile_modes", *session.posargs)


@nox.session
def perf(session: nox.Session) -> None:
    """Measure a night: task 1.3 at its deployment, in turns with its control; arguments go to `signoff night`."""
    install(session)
    session.run("signoff", "night", TASK, "--deployment", DEPLOYMENT, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure reading, the load client and the chat service, each figure with its goal; arguments go to pytest."""
    install(session, "test", "bench")
    files = [each for each in session.posargs if each.split("::")[0].endswith(".py")]
    session.run(
        "python",
        "-m",
        "pytest",
        *(() if files else BENCHES),
        "--benchmark-columns=min,median,max,rounds",
        *session.posargs,
    )


@nox.session(python=False)
def peers(session: nox.Session) -> None:
    """Compare Signoff, AIPerf and GuideLLM with one truth; --rates 50 100 --rounds 3 --duration 20 --out FOLDER.

    Where `nox -s vllm` has installed vLLM, before that too.
    """
    folder = Path(session.create_tmp())
    for name, requirement in PEERS.items():
        if not (folder / name / "bin" / name).exists():
            session.run(sys.executable, "-m", "venv", str(folder / name), external=True)
            session.run(str(folder / name / "bin" / "pip"), "install", "-q", requirement, external=True)
    own = folder / "signoff"
    session.run(sys.executable, "-m", "venv", str(own), external=True)
    session.run(str(own / "bin" / "pip"), "install", "-q", "-e", ".", external=True)
    engine = folder.parents[1] / "vllm" / "tmp" / "vllm"
    session.run(
        str(own / "bin" / "python"),
        "-m",
        "tests.bench.peers",
        *(("--vllm", str(engine)) if (engine / "installed").exists() else ()),
        *(argument for name in PEERS for argument in (f"--{name}", str(folder / name))),
        *session.posargs,
        external=True,
    )


@nox.session
def calibration(session: nox.Session) -> None:
    """Simulate how often each verdict errs; `-- --elsewhere` adds servers beyond those that are promised for."""
    install(session, extras=())
    # One process a core is quicker than threads within each.
    session.run("python", "-m", "tests.calibration.calibrate", *session.posargs, env={"OPENBLAS_NUM_THREADS": "1"})


@nox.session
def train(session: nox.Session) -> None:
    """Train the recall model anew and measure it (an hour on two cores); `-- --minutes 1 --out FOLDER` tries it."""
    # torch alone first and not from uv.lock, made for a processor where uv can get that: a tenth of the size.
    try:
        session.install("--torch-backend", "cpu", "torch>=2.9")
    except nox.command.CommandFailed:
        session.install("torch>=2.9")
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "train"))
    arguments = list(session.posargs)
    if "--out" not in arguments:
        arguments += ["--out", RECALL_MODEL]
    session.run("python", "-m", "training.train", *arguments)
    out = arguments[arguments.index("--out") + 1]
    session.run("python", "-m", "training.evaluation", "--model", out)


@nox.session
def llama(session: nox.Session) -> None:
    """Compile llama.cpp, judge Switch with it by task 4b, and run the tests that need it; arguments go to pytest."""
    # Each compiler takes up to a gigabyte.
    compilers = str(min(4, os.cpu_count() or 1))
    session.env["CMAKE_BUILD_PARALLEL_LEVEL"] = compilers
    install(session, "test", "llama")
    file = f"{SWITCH_MODELS}/recall.gguf"
    session.run("python", "-m", "training.gguf_file", RECALL_MODEL, file)
    session.run("signoff", "run", SWITCH_TASK, "--deployment", "fixtures/deployments/4b-switch-hermes-llama-cpp.toml")
    session.run("python", "-m", "pytest", "tests/reference_services/switch/test_switch_llama_cpp.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style (ruff), types (mypy, strict) and wording (tests/guides/wordings.toml)."""
    install(session, "test", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("python", "-m", "tests.guides.prose")


PYPROJECT = nox.project.load_toml("pyproject.toml")
