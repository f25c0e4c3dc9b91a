"""A result about several services keeps them apart, and every kind that a check judges has a place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signoff.acceptance.checks import KINDS
from signoff.reports.document import demands
from signoff.reports.document.integration import OTHER, parts
from signoff.reports.document.performance import figures
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
    asked = replace(rows[0], stored=replace(rows[0].stored, kind="authentication", extra={"part": "Security"}))
    assert "Security" in [part.label for part in parts([asked])]


def test_a_run_that_does_not_say_where_a_kind_is_shown_shows_it_last() -> None:
    rows = _with_services()
    silent = replace(rows[0], stored=replace(rows[0].stored, extra={}))
    assert [part.label for part in parts([silent]) if part.rows] == [OTHER]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_shown_where_it_says(name: str) -> None:
    row = _with_services()[0]
    row = replace(row, stored=replace(row.stored, kind=name, extra=KINDS[name].shown, service=""))
    headings = [each.label for each in (*figures([row]), *parts([row])) if each.rows]
    assert headings == [KINDS[name].figure or KINDS[name].part]
