"""The order of sources: the upstream, the local model, the fallback model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.reference_services.switch.requests.settings import REGISTRY, SwitchSettings
from signoff.reference_services.switch.sources import model_file, simulated
from signoff.reference_services.switch.sources.gguf_model import GgufModel
from signoff.reference_services.switch.sources.ollama import Ollama
from signoff.reference_services.switch.sources.registry import Model, Registry, of_folder
from signoff.reference_services.switch.sources.source import Source
from signoff.reference_services.switch.sources.upstream import Upstream
from signoff.reference_services.web.settings.settings_problems import SettingsError

PRIMARY, LOCAL, RESERVE = "openai", "local_hermes", "local_fallback"
"""What answers carry as `source`; `degraded` is a refusal's."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is asked, in this order. `local_refusal` says why the model of this machine is not among them."""

    chain: Sequence[Source]
    model: str
    """The model of this machine, whether it is there or not."""
    framework: str
    local_refusal: str
    first: str
    """The label of the first source; an answer of any other source is degraded."""
    registry: Registry

    @property
    def local(self) -> Source | None:
        """The model of this machine, where it may be asked."""
        return next((source for source in self.chain if source.label == LOCAL), None)

    @property
    def others(self) -> Sequence[Source]:
        """Who may answer in its place."""
        return [source for source in self.chain if source.label != LOCAL]


def build(settings: SwitchSettings) -> Sources:
    """The sources that the settings name. Raises SettingsError with the problems of the registry."""
    registry = of_folder(Path(settings.hermes_model_dir))
    models = {model.name: model for model in registry.models}
    name = settings.hermes_model_name or registry.default_model
    if name not in models:
        raise SettingsError([f"hermes_model_name = {name!r}: the registry has {', '.join(models)}"])
    if settings.hermes_context_length > models[name].context_length:
        most = f"the registry says that {name} has {models[name].context_length}"
        raise SettingsError([f"hermes_context_length = {settings.hermes_context_length}: {most}"])
    chain: list[Source] = []
    if settings.has_primary:
        chain.append(
            Upstream(
                PRIMARY,
                settings.openai_model,
                "openai",
                settings.openai_base_url,
                settings.openai_api_key.get_secret_value(),
                settings.openai_org_id,
            )
        )
    refusals: dict[str, str] = {}
    if not settings.hermes_enable:
        refusals[name] = "The model is switched off: HERMES_ENABLE is false"
    else:
        for label, model in ((LOCAL, name), (RESERVE, registry.fallback_model)):
            if model and model not in refusals:
                refusals[model] = _add(chain, label, models[model], settings)
        frameworks = {_framework(settings, models[model]) for model in refusals}
        if settings.hermes_base_url and not any(settings.url_of(framework) for framework in frameworks):
            found = f"the registry has {' and '.join(sorted(frameworks))}, which answer here"
            raise SettingsError([f"hermes_base_url is set, and {found}: leave it out, or change the registry"])
    first = PRIMARY if settings.has_primary else LOCAL
    return Sources(chain, name, _framework(settings, models[name]), refusals[name], first, registry)


def _framework(settings: SwitchSettings, model: Model) -> str:
    """Which framework answers for a model: the one that is set for all, else that of its entry."""
    return model.framework if settings.hermes_framework == REGISTRY else settings.hermes_framework


def _add(chain: list[Source], label: str, model: Model, settings: SwitchSettings) -> str:
    """Put a model of this machine at the end of the chain; gives why it is not put there, "" if it is."""
    framework, folder = _framework(settings, model), Path(settings.hermes_model_dir)
    url = settings.url_of(framework)
    is_loaded_here = framework == "llama-cpp" and not url
    if refusal := model_file.why_refused(folder, model, settings.hermes_max_memory_mb, is_needed=is_loaded_here):
        return refusal
    if framework == "simulated":
        chain.append(simulated.SimulatedModel(label, model.name, simulated.engine(settings)))
    elif framework == "ollama":
        chain.append(Ollama(label, model.name, url, settings.hermes_context_length))
    elif is_loaded_here:
        context = min(settings.hermes_context_length, model.context_length)
        chain.append(GgufModel(label, model.name, folder / model.path, context, model.sha256))
    elif url:
        chain.append(Upstream(label, model.name, framework, url))
    else:
        raise SettingsError([f"the registry has {model.name} with the framework {framework}: it needs HERMES_BASE_URL"])
    return ""
