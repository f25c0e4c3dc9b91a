"""A `python -c` of a document calls what the deployment lists, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from acceptance import deployment as deployments
from acceptance import library_call
from acceptance.checks import CHECKS
from acceptance.errors import NotMeasurable
from acceptance.profile import PROFILES
from acceptance.reading import read_documents
from acceptance.reading.library import read_library_call
from acceptance.site import Site
from tests.acceptance.conftest import criterion

ROOT = Path(__file__).parent.parent.parent
DEPLOYMENTS = sorted((ROOT / "fixtures/deployments").glob("*.toml"))
GUARD = "from reference_services.chat.vllm_guard import main as check_health\n"
FOLDER, SHELL = "{victim}", "['{victim}', 'sh', '-c', 'touch {marker}']"

ATTACKS = {
    "the alias of the issue": f"{GUARD}check_health({SHELL})",
    "printed": f"{GUARD}print(check_health({SHELL}))",
    "assigned": f"{GUARD}status = check_health({SHELL})\nprint(status)",
    "by keyword": f"{GUARD}check_health(arguments={SHELL})",
    "as an argument of a listed class": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        f"{GUARD}service = Hermes2Service(check_health({SHELL}))\nprint(service.get_model_info())"
    ),
    "a class of ours as the alias": (
        "from reference_services.chat.vllm_guard import main as Hermes2Service\n" f"Hermes2Service({SHELL})"
    ),
    "the module that holds it": (
        f"from reference_services.chat import vllm_guard as health\nhealth.main({SHELL})"
    ),
    "the package that holds it": f"from reference_services import chat\nchat.vllm_guard.main({SHELL})",
    "os of a listed module's module": (
        "from reference_services.chat import vllm_guard as health\nhealth.os.system('touch {marker}')"
    ),
    "subprocess of the module": (
        "from reference_services.chat.vllm_guard import subprocess as check_health\n"
        "check_health.run(['touch', '{marker}'])"
    ),
    "shutil of the module": (
        "from reference_services.chat.vllm_guard import shutil as health\nhealth.rmtree('{victim}')"
    ),
    "a listed module's import": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import run_as as check_health\n"
        "check_health('hermes-2', '__main__')"
    ),
    "an attribute of a listed class": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "Hermes2Service.__init__.__globals__.get('os')"
    ),
    "the globals of a method": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "service = Hermes2Service()\nservice.get_model_info.__globals__.get('contextlib')"
    ),
    "subclasses": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "print(Hermes2Service.__base__.__subclasses__())"
    ),
    "an engine of an instance": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "service = Hermes2Service()\nservice.engine.load()"
    ),
    "getattr": f"{GUARD}getattr(check_health, '__call__')({SHELL})",
    "import": "import os as health\nhealth.system('touch {marker}')",
    "plain import": "import os\nos.system('touch {marker}')",
    "__import__": "__import__('os').system('touch {marker}')",
    "exec": "exec('open(\"{marker}\", \"w\")')",
    "eval": "print(eval('open(\"{marker}\", \"w\")'))",
    "open": "open('{marker}', 'w')",
    "builtins": "from builtins import exec as check\ncheck('open(\"{marker}\", \"w\")')",
    "os by name": "from os import system as test_connection\ntest_connection('touch {marker}')",
    "posix": "from posix import system as test_connection\ntest_connection('touch {marker}')",
    "runpy": "from runpy import run_path as check\ncheck('{victim}/evil.py')",
    "importlib": "from importlib import import_module as check\nprint(check('reference_services.chat.vllm_guard'))",
    "pickle": "from pickle import loads as check\ncheck('cos\\nsystem\\n(S\"touch {marker}\"\\ntR.')",
    "rebinding by a walrus": f"{GUARD}(health := check_health)({SHELL})",
    "rebinding by assignment": f"{GUARD}health = check_health\nhealth({SHELL})",
    "rebinding of a listed name": (
        "from hxp_enterprise_llm.services.conversation.session_manager import SessionManager\n"
        f"from reference_services.chat.vllm_guard import main as SessionManager\nSessionManager({SHELL})"
    ),
    "rebinding by a call": (
        "from hxp_enterprise_llm.services.conversation.session_manager import SessionManager\n"
        f"main = SessionManager()\n{GUARD}main = check_health({SHELL})"
    ),
    "a comprehension": f"{GUARD}[check_health({SHELL}) for _ in [1]]",
    "a lambda": f"{GUARD}(lambda: check_health({SHELL}))()",
    "a decorator": f"{GUARD}@check_health\ndef health(): pass",
    "a class body": f"{GUARD}class Health: check_health({SHELL})",
    "an f-string": f"{GUARD}print(f'{{{{check_health({SHELL})}}}}')".replace("'{victim}'", '"{victim}"'),
    "star arguments": f"{GUARD}check_health(*[{SHELL}])",
    "double star": f"{GUARD}check_health(**{{{{'arguments': {SHELL}}}}})",
    "with": f"{GUARD}with check_health({SHELL}): pass",
    "assert": f"{GUARD}assert check_health({SHELL})",
    "a conditional": f"{GUARD}check_health({SHELL}) if 1 else 0",
    "await": f"{GUARD}await check_health({SHELL})",
    "a star import": f"from reference_services.chat.vllm_guard import *\nmain({SHELL})",
    "a relative import": f"from .chat.vllm_guard import main\nmain({SHELL})",
    "a chain of calls": f"{GUARD}check_health({SHELL}).bit_length()",
    "fullwidth letters": f"from reference_services.chat.vllm_guard import ｍain as check\ncheck({SHELL})",
    "a subscript": f"{GUARD}[check_health][0]({SHELL})",
    "del and again": f"{GUARD}check_health({SHELL})\ndel check_health",
}  # fmt: skip


@pytest.fixture(scope="module", params=DEPLOYMENTS, ids=[file.stem for file in DEPLOYMENTS])
def shipped(request: pytest.FixtureRequest) -> deployments.Deployment:
    return deployments.load(request.param)


@pytest.mark.parametrize("name", ATTACKS)
def test_no_program_of_a_document_runs_a_command_or_deletes_a_folder(
    name: str, shipped: deployments.Deployment, tmp_path: Path
) -> None:
    victim, marker = tmp_path / "victim", tmp_path / "marker"
    victim.mkdir()
    (victim / "evil.py").write_text(f"open({str(marker)!r}, 'w')", encoding="utf-8")
    code = ATTACKS[name].format(victim=victim, marker=marker)
    site = Site(replace(shipped, target="http://127.0.0.1:9"), PROFILES["quick"], tmp_path / "run", ())
    asked = criterion("library_result", **read_library_call(code, []).parameters())
    with pytest.raises(NotMeasurable) as refused:
        library_call.measure(asked, site)
    assert refused.value.mend
    assert not marker.exists()
    assert (victim / "evil.py").exists()


@pytest.mark.parametrize("file", DEPLOYMENTS, ids=[file.stem for file in DEPLOYMENTS])
def test_the_attack_as_a_document_is_judged_neither_pass_nor_fail(file: Path, tmp_path: Path) -> None:
    victim, marker = tmp_path / "victim", tmp_path / "marker"
    victim.mkdir()
    document = tmp_path / "task.md"
    code = ATTACKS["printed"].format(victim=victim, marker=marker)
    document.write_text(
        f'# Task\n\n## Testing\n```bash\npython -c "\n{code}\n"\n# Expected: The service is healthy\n```\n',
        encoding="utf-8",
    )
    site = Site(deployments.load(file), PROFILES["quick"], tmp_path / "run", ())
    for found in read_documents([document]).documents[0].criteria:
        if found.judge == "machine":
            with pytest.raises(NotMeasurable):
                CHECKS[found.kind].measure(found, site)
    assert victim.exists()
    assert not marker.exists()
