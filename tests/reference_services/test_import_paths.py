"""The import paths of the deployment task work as its commands use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
IMPORT_PATHS = ROOT / "reference_services" / "import_paths"


def python(program: str, *, with_paths: bool = True) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HERMES_2_")}
    paths = os.pathsep.join(map(str, (IMPORT_PATHS, ROOT / "src"))) if with_paths else str(ROOT / "src")
    return subprocess.run(
        [sys.executable, "-P", "-c", program], env={**kept, "PYTHONPATH": paths},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_model_service_tells_about_a_model_that_it_loaded() -> None:
    done = python(
        "from hxp_enterprise_llm.services.ai_models.hermes_2.config import Hermes2Config\n"
        "from hxp_enterprise_llm.schemas.configuration.model_schemas import ModelConfigSchema\n"
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "config = Hermes2Config(port=11401, memory_gb=15, swap_space=0, enforce_eager=0)\n"
        "info = Hermes2Service(config).get_model_info()\n"
        "assert info['loaded'] is True, info\n"
        "assert (info['name'], info['context_length'], info['engine']['name']) == ('hermes-2', 8192, 'simulated')\n"
        "assert any('conversation' in each for each in info['capabilities'])\n"
        "assert ModelConfigSchema.of(config).max_model_len == 8192\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_session_manager_opens_and_shows_a_session() -> None:
    done = python(
        "from hxp_enterprise_llm.services.conversation.session_manager import SessionManager\n"
        "session_mgr = SessionManager()\n"
        "session_id = session_mgr.create_session()\n"
        "shown = session_mgr.get_session(session_id)\n"
        "assert shown['session_id'] == session_id and shown['turns'] == []\n"
        "assert shown['settings']['conversation_memory_size'] == 10\n"
        "assert session_mgr.get_session('other') is None\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_orchestrator_holds_a_conversation_and_the_engine_module_has_engines() -> None:
    done = python(
        "from hxp_enterprise_llm.orchestration.conversation_orchestrator import ConversationOrchestrator\n"
        "from hxp_enterprise_llm.services.core.vllm_engine import SimulatedEngine, vllm_arguments\n"
        "from hxp_enterprise_llm.services.ai_models.hermes_2.config import Hermes2Config\n"
        "talk = ConversationOrchestrator(Hermes2Config(time_to_first_token_ms=0, time_per_token_ms=0))\n"
        "session = talk.start()\n"
        "talk.say(session, 'The anchor weighs forty kilos.')\n"
        "assert 'forty' in talk.say(session, 'How much does the anchor weigh?')\n"
        "assert 'forty' not in talk.say(talk.start(), 'How much does the anchor weigh?')\n"
        "assert '--max-model-len 8192' in ' '.join(vllm_arguments(talk.service.config))\n"
        "assert isinstance(talk.service.engine, SimulatedEngine)\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wrong_setting_is_told_in_a_line_there_too() -> None:
    done = python(
        "from hxp_enterprise_llm.services.ai_models.hermes_2.config import Hermes2Config\nHermes2Config(memory_gb=-1)"
    )
    assert "memory_gb = -1: allowed is a number above 0 (from an argument)" in done.stderr


def test_without_that_folder_the_paths_lead_nowhere() -> None:
    done = python("import hxp_enterprise_llm", with_paths=False)
    assert "ModuleNotFoundError" in done.stderr


def test_a_module_there_only_passes_names_on() -> None:
    for file in IMPORT_PATHS.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 10, file
        assert "def " not in text, file
