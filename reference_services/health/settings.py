"""The settings of the page: variables that begin with HEALTH_. Where it listens and what it shows are arguments."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from signoff.reference_services.web.access.origins import HostNames, Origins
from signoff.reference_services.web.access.visitors import Allowed
from signoff.reference_services.web.settings.settings_problems import SettingsError, described


class HealthSettings(BaseSettings):
    """Who may look. Raises SettingsError."""

    model_config = SettingsConfigDict(env_prefix="HEALTH_", extra="forbid", frozen=True)

    allowed_hosts: HostNames = ()
    allowed_origins: Origins = ()

    def __init__(self) -> None:
        try:
            super().__init__()
        except ValidationError as error:
            allowed = {name: field.description or "" for name, field in type(self).model_fields.items()}
            raise SettingsError(described(error, allowed, "HEALTH_", {}, {})) from None

    @property
    def allowed(self) -> Allowed:
        """The same, as the guard takes it."""
        return Allowed(self.allowed_hosts, self.allowed_origins)
