"""A result about several services keeps them apart, and every kind that a check judges has a place."""

from __future__ import annotations

from dataclasses import replace

from acceptance.checks.registry import CHECKS
from reports.document import demands
from reports.document.integration import MORE_PARTS, PARTS, parts
from reports.document.performance import KINDS, MORE_KINDS, figures
from tests.reports import hermes_run


def _with_services() -> tuple[demands.Row, ...]:
    run = hermes_run.run()
    criteria = tuple(
        replace(item, service=service) if item.kind == "latency" else item
        for item, service in zip(run.criteria, ["mixtral", "phi"] * len(run.criteria), strict=False)
    )
    run = replace(run, criteria=criteria)
    return demands.rows(run, run.documents[0].path)


def test_figures_of_two_services_stand_in_two_lines() -> None:
    labels = [figure.label for figure in figures(_with_services()) if figure.label.startswith("Latency")]
    assert {"Latency (mixtral)", "Latency (phi)"} <= set(labels)
    assert "Latency" not in labels


def test_a_part_that_no_document_template_names_is_shown_where_it_is_asked_for() -> None:
    rows = _with_services()
    assert "Security" not in [part.label for part in parts(rows)]
    asked = replace(rows[0], stored=replace(rows[0].stored, kind="authentication"))
    assert "Security" in [part.label for part in parts([asked])]


def test_every_kind_that_a_check_judges_has_a_place_in_the_result() -> None:
    placed = {kind for _, kinds in (*PARTS, *MORE_PARTS) for kind in kinds}
    placed |= {kind for kind, _ in (*KINDS, *MORE_KINDS)}
    assert set(CHECKS) <= placed
