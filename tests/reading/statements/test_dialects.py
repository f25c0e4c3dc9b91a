"""Other ways in which teams write such documents: nothing that asks for something is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]

NUMBERED = """# Task 7: Aurora-1 Service Rollout

**Task Version:** 1.0
**Status:** NOT-STARTED

## TASK OVERVIEW

### **1.1 Purpose**
Run the Aurora-1 service on port 12001 with 8GB memory.

### **1.3 Success Criteria**
- Aurora-1 service operational on port 12001
- Model loaded with 8GB memory and 2 CPU cores
- Response times under 900ms
- Throughput of 15 requests per second
- Vector search operational

## TECHNICAL REQUIREMENTS

### **2.1 Configuration**
- CPU allocation (2 cores)

### **2.2 Testing Requirements**
- Load tests (response time <900ms, throughput 15 req/sec)

### **2.3 Documentation**
- A guide for operators

## QUALITY

### **5.2 Completion Checklist**
- [ ] Response time under 900ms achieved
- [x] Documentation reviewed
"""


def by_line(document: Document) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for criterion in document.criteria:
        found.setdefault(criterion.line, []).append(criterion.kind)
    return found


def test_numbered_sections_with_bullets(read: Read) -> None:
    document = read(NUMBERED)
    assert document.header == {"Task Version": "1.0", "Status": "NOT-STARTED"}
    assert document.service_name == "aurora-1"
    assert document.explicit == 7
    assert by_line(document) == {
        9: ["port", "memory"],
        12: ["service", "port"],
        13: ["memory", "cpu"],
        14: ["latency"],
        15: ["throughput"],
        16: ["retrieval"],
        21: ["cpu"],
        24: ["latency", "throughput"],
        27: ["human_judgement"],
        32: ["latency"],
        33: ["human_judgement"],
    }


def test_a_tick_is_a_claim_and_the_box_is_still_judged(read: Read) -> None:
    ticked, open_box = (read(f"- [{mark}] latency < 2 s\n").criteria[0] for mark in ("x", " "))
    assert (ticked.kind, ticked.fingerprint, ticked.judge) == (open_box.kind, open_box.fingerprint, "machine")


def test_bullet_header_fields(read: Read) -> None:
    document = read(
        "# T\n\n## Task Information\n\n- **Task ID:** 0.2\n- **Priority:** High\n\n## Description\n- **No:** x\n"
    )
    assert document.header == {"Task ID": "0.2", "Priority": "High"}


def test_figures_of_several_services_in_boxes(read: Read) -> None:
    document = read(
        "## Success Criteria\n\n### Performance Success Criteria\n"
        "- [ ] It meets 2000ms latency and 50 RPS throughput targets\n"
        "- [ ] Code coverage >95% for all services\n"
        "- [ ] All services handle errors gracefully\n"
    )
    assert by_line(document) == {4: ["latency", "throughput"], 5: ["coverage"], 6: ["error_handling"]}
    coverage = document.criteria[2]
    assert coverage.threshold is not None
    assert (coverage.threshold.value, coverage.threshold.subject) == (95, "coverage")


def test_demands_in_bullets_under_tasks(read: Read) -> None:
    document = read(
        "## Sub-Tasks\n\n- **Objective:** build it\n- **Duration:** 1 day\n- **Tasks:**\n  - Add health checks\n"
    )
    assert [statement.text for statement in document.statements] == ["Add health checks"]


def test_a_bullet_with_a_limit_is_a_statement_wherever_it_stands(read: Read) -> None:
    document = read("## Summary\n- Model memory ≤ 3GB\n- Kind words\n\n## Troubleshooting\n- Wait < 5 s\n")
    assert by_line(document) == {2: ["memory"]}


def test_a_response_example_is_a_shape_of_the_request_before_it(read: Read) -> None:
    document = read(
        '## Infer\n### Request\n```bash\ncurl -X POST http://h:8000/infer -d \'{"prompt": "x"}\'\n```\n'
        '### Response (200 OK)\n```json\n{"id": "inf_1", "usage": {"tokens": 15}}\n```\n'
        '### Response (503 Unavailable)\n```json\n{"error": "none"}\n```\n'
    )
    good, bad = document.criteria
    assert (good.kind, good.statement, good.judge) == ("json_shape", "shape", "machine")
    assert good.parameters["expected"] == {"id": "...", "usage": {"tokens": "..."}}
    assert good.parameters["request"]["path"] == "/infer"
    assert (bad.kind, bad.judge) == ("human_judgement", "person")


TEMPLATE = """# [Phase].[Task] Template

## SMART+ST VALIDATION
| Principle | Status | Validation Notes |
|---|---|---|
| **Specific** | ✅/❌ | [Is it clear?] |

## CONFIGURATION
```bash
[MODEL_NAME]_PORT=[port_number]
SERVER_IP=10.0.0.1
```

```yaml
service:
  name: [service_name]
  workers: 4
```

## SUCCESS CRITERIA
- [ ] **Performance:** [Specific performance metrics achieved]

```bash
curl -X GET http://10.0.0.1:[port]/health
# Expected: {"status": "healthy", "checks": {...}}

ab -n 10 http://10.0.0.1:[port]/x
# Expected: Requests per second > [target_throughput_rps]
```
"""


def test_a_template_is_read_and_its_placeholders_are_for_nobody_to_judge(read: Read) -> None:
    document = read(TEMPLATE)
    judges = {(criterion.line, criterion.judge) for criterion in document.criteria}
    assert judges == {
        (6, "template"),
        (10, "template"),
        (11, "machine"),
        (16, "template"),
        (17, "machine"),
        (21, "template"),
        (25, "template"),
        (28, "template"),
    }
    assert document.service_name == ""


@pytest.mark.parametrize("text", ["", "\n\n", "# Only a title\n\nAnd prose.\n"])
def test_a_document_without_criteria_says_so(read: Read, text: str) -> None:
    document = read(text)
    assert document.criteria == ()
    assert [d.code for d in document.diagnostics] == ["no-criteria"]


def test_an_unreadable_figure_is_told_with_its_place_and_left_to_a_person(read: Read) -> None:
    document = read("## Success Criteria\n- [ ] answers in < 20 florps\n")
    assert [(c.kind, c.judge) for c in document.criteria] == [("human_judgement", "person")]
    assert [(d.code, d.line) for d in document.diagnostics] == [("quantity-unreadable", 2)]


def test_part_of_an_enumeration_that_no_check_covers_is_a_persons(read: Read) -> None:
    memory, rest = read("## Success Criteria\n- 15GB memory, elegant handling\n").criteria
    assert (memory.kind, rest.judge, rest.not_understood) == ("memory", "person", ("elegant handling",))


def test_windows_line_ends_change_nothing(read: Read) -> None:
    unix, windows = read(NUMBERED), read(NUMBERED.replace("\n", "\r\n"))
    assert [c.id for c in unix.criteria] == [c.id for c in windows.criteria]
    assert [(c.line, c.column, c.fingerprint) for c in unix.criteria] == [
        (c.line, c.column, c.fingerprint) for c in windows.criteria
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("worst-case latency < 2 s", "no finite run decides a maximum"),
        ("average memory < 15 GB", "no check here judges"),
    ],
)
def test_a_limit_on_a_statistic_that_no_check_decides_is_for_a_person(read: Read, text: str, why: str) -> None:
    (criterion,) = read(f"- [ ] {text}\n").criteria
    assert (criterion.kind, criterion.judge) == ("human_judgement", "person")
    assert why in criterion.reason
    assert criterion.threshold is not None


def test_a_limit_within_configuration_is_taken_from_it(read: Read) -> None:
    document = read("```bash\nA_MEMORY_GB=15\nA_PORT=1\nA_CPU_CORES=2\n```\n- [ ] Memory usage within limits\n")
    memory = document.criteria[-1]
    assert memory.threshold is not None
    assert (memory.kind, memory.threshold.value, memory.threshold.unit) == ("memory", 15, "GB")
    assert "A_MEMORY_GB in line 2" in memory.assumptions[0]
