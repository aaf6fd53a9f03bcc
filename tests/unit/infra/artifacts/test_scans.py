"""What scans found: the worst of it, in reports of several tools."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.artifacts.scans import as_severe, findings, worst
from infra.oci.errors import InvalidContentError
from streams.promotions.state import SEVERITIES


def found(report: Any) -> list[tuple[str, str]]:
    return findings(json.dumps(report).encode())


def test_sarif() -> None:
    rules = [
        {"id": "A", "properties": {"security-severity": "9.8"}},
        {"id": "B", "defaultConfiguration": {"level": "note"}},
    ]
    results = [
        {"ruleId": "A", "level": "note"},
        {"ruleId": "B"},
        {"ruleId": "C", "level": "error"},
        {"ruleId": "D"},
        {"ruleId": "E", "level": "none"},
        {"ruleId": "A", "suppressions": [{"kind": "external"}]},
    ]
    report = {"runs": [{"tool": {"driver": {"rules": rules}}, "results": results}]}
    assert found(report) == [("critical", "A"), ("low", "B"), ("high", "C"), ("medium", "D")]


def test_trivy() -> None:
    report = {
        "SchemaVersion": 2,
        "Results": [
            {"Vulnerabilities": [{"VulnerabilityID": "CVE-1", "Severity": "HIGH"}, {"Severity": "UNKNOWN"}]},
            {"Misconfigurations": [{"ID": "X", "Severity": "LOW", "Status": "PASS"}]},
            {"Secrets": [{"RuleID": "key", "Severity": "CRITICAL"}]},
        ],
    }
    assert found(report) == [("high", "CVE-1"), ("critical", "key")]


def test_cyclonedx() -> None:
    ratings = [{"severity": "low"}, {"score": 7.5}]
    report = {"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-1", "ratings": ratings}]}
    assert found(report) == [("high", "CVE-1")]
    assert found({"bomFormat": "CycloneDX"}) == []


def test_the_worst_and_those_as_severe() -> None:
    all_ = [("low", "a"), ("high", "b"), ("critical", "c")]
    assert worst(all_) == "critical"
    assert worst([]) == ""
    assert as_severe(all_, "high") == all_[1:]


@pytest.mark.parametrize("report", [b"", b"[]", b"1", b"{}", b"\xff", b"[" * 10_000, b'{"runs": 1}'])
def test_what_is_no_report(report: bytes) -> None:
    with pytest.raises(InvalidContentError):
        findings(report)


KEYS = (
    *("runs", "results", "tool", "driver", "rules", "id", "ruleId", "level", "properties", "security-severity"),
    *("Results", "Vulnerabilities", "Severity", "vulnerabilities", "ratings", "severity", "score", "bomFormat"),
    *("defaultConfiguration", "suppressions"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5) | st.sampled_from(["high", "error"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(json_values)
def test_any_json_has_findings_or_is_refused(value: Any) -> None:
    try:
        got = found(value)
    except InvalidContentError:
        return
    assert all(severity in SEVERITIES for severity, _ in got)
