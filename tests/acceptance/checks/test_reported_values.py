"""Where a configuration reports a setting of the document, and where it reports another one of the same leaf name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from signoff.acceptance.checks.configuration.config_value import ABSENT, reported, same_value

TWO = {"writer": {"model": "w", "weight": 3}, "coder": {"model": "c", "weight": 1}}


@pytest.mark.parametrize(
    ("table", "name", "spelling", "service", "value"),
    [
        # By its path, wherever the configuration has that path.
        ({"model": {"name": "m"}, "service": {"name": "s"}}, "service.name", "service.name", "", "s"),
        ({"routes": TWO}, "coder.weight", "routes.coder.weight", "", 1),
        (TWO, "coder.weight", "routes.coder.weight", "", 1),
        ({"coder_weight": 1, "writer_weight": 3}, "coder.weight", "routes.coder.weight", "", 1),
        ({"models": [{"name": "a.b", "path": "/a"}]}, "a.b.path", "models.a.b.path", "", "/a"),
        # A flat configuration of the service alone.
        ({"name": "s", "model_name": "m"}, "service.name", "service.name", "", "s"),
        ({"port": 1}, "port", "server.port", "", 1),
        ({"port": 1}, "port", "APP_PORT", "", 1),
        ({"port": 1}, "port", "services.ant.port", "ant", 1),
        ({"swap_space": 0}, "swap_space", "performance.swap_space", "", 0),
        # Under the canonical name of a path, in its unit.
        ({"model": {"path": "/m"}}, "model_path", "MODEL_PATH", "", "/m"),
        ({"limits": {"memory": "16G"}}, "memory_gb", "performance.memory_limit_gb", "", 16),
        # What another path or another member has is not this setting.
        ({"coder": {"weight": 1}}, "writer.weight", "routes.writer.weight", "", ABSENT),
        ({"weight": 1}, "writer.weight", "routes.writer.weight", "", ABSENT),
        ({"services": {"ant": {"port": 1}}}, "port", "services.bee.port", "bee", ABSENT),
        ({"port": 1}, "port", "store.port", "", ABSENT),
        ({"level": "info"}, "level", "logging.level", "", ABSENT),
        ({"store": {"port": 1}}, "port", "server.port", "", ABSENT),
        ({}, "port", "APP_PORT", "", ABSENT),
    ],
)
def test_a_setting_is_looked_for_by_its_path(
    table: Mapping[str, Any], name: str, spelling: str, service: str, value: object
) -> None:
    form = "env" if spelling.isupper() else "yaml"
    assert reported(table, name, spelling, form, service).value == value


def test_different_values_at_several_places_are_ambiguous_and_equal_ones_are_not() -> None:
    table = {"a": {"max_model_len": 1}, "b": {"max_model_len": 2}}
    assert reported(table, "max_model_len").places == ("a.max_model_len", "b.max_model_len")
    assert not reported({"a": {"max_model_len": 1}, "b": {"max_model_len": 1}}, "max_model_len").is_ambiguous


def test_every_value_of_a_configuration_that_is_given_back_as_it_stands_is_its_own() -> None:
    services = {
        name: {"port": port, "memory_limit_gb": port, "model_path": f"/m/{name}"}
        for port, name in enumerate(("ant", "bee", "cow"), 1)
    }
    for name, settings in services.items():
        for key, value in settings.items():
            canonical = {"memory_limit_gb": "memory_gb"}.get(key, key)
            found = reported({"all": services}, canonical, f"all.{name}.{key}", "yaml", name)
            assert found.value == value


def test_a_deep_configuration_is_searched_without_recursion() -> None:
    table: dict[str, Any] = {"port": 1}
    for _ in range(5_000):
        table = {"x": table}
    assert reported(table, "metrics_port").value is ABSENT


def test_lists_are_compared_by_their_members() -> None:
    assert same_value([0.1, 2], [0.1, 2.0])
    assert not same_value([0.1, 2], [0.1])
    assert not same_value([1], 1)
