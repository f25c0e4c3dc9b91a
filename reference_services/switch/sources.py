"""The order in which sources are asked: the upstream, the local model, the model in reserve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reference_services.chat.settings_problems import SettingsError
from reference_services.switch import model_file, simulated
from reference_services.switch.registry import Registry, of_folder
from reference_services.switch.settings import SwitchSettings
from reference_services.switch.source import Source
from reference_services.switch.upstream import Upstream

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
    """The label of who answers when all is well; an answer of anybody else is degraded."""
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
    folder = Path(settings.hermes_model_dir)
    registry = of_folder(folder)
    name = settings.hermes_model_name or registry.default_model
    if settings.hermes_model_name and registry.model(name) is None:
        known = ", ".join(model.name for model in registry.models)
        raise SettingsError([f"hermes_model_name = {name!r}: the registry has {known}"])
    own = registry.model(name)
    if own is not None and settings.hermes_context_length > own.context_length:
        most = f"the registry says that {name} has {own.context_length}"
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
        engine = simulated.engine(settings)
        for label, model in ((LOCAL, name), (RESERVE, registry.fallback_model)):
            if not model or (label == RESERVE and model == name):
                continue
            refusals[model] = model_file.why_refused(
                folder, registry.model(model), model, settings.hermes_max_memory_mb
            )
            if not refusals[model]:
                url = settings.local_url
                chain.append(
                    Upstream(label, model, settings.hermes_framework, url)
                    if url
                    else simulated.SimulatedModel(label, model, engine)
                )
    return Sources(
        chain, name, settings.hermes_framework, refusals[name], PRIMARY if settings.has_primary else LOCAL, registry
    )
