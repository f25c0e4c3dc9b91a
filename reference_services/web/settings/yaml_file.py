"""A YAML file as nodes, which know their lines."""

from __future__ import annotations

from pathlib import Path

import yaml

from signoff.reference_services.web.settings.settings_file import read_settings
from signoff.reference_services.web.settings.settings_problems import SettingsError


def compose(path: Path) -> yaml.Node | None:
    """The root of a file, None if it is empty. Raises SettingsError if it cannot be read or is not YAML."""
    try:
        content = read_settings(path)
        root: yaml.Node | None = yaml.compose(content.decode("utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror or error}"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path}: not UTF-8 text (byte {error.start})"]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise SettingsError([f"{place}: not YAML: {error.problem}"]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError([f"{path}: not YAML: {error or 'nested too deeply'}"]) from None
    return root
