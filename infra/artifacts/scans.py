"""How severe the worst is that a scan found: SARIF, Trivy's own report, and vulnerabilities in CycloneDX.

Sources: SARIF 2.1.0, section 3.27.10 (level), with the `security-severity` that GitHub documents for rules; Trivy's
JSON report; CycloneDX 1.5, vulnerabilities and ratings.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from infra.oci.errors import InvalidContentError
from streams.promotions.state import SEVERITIES

LEVELS: Final = {"error": "high", "warning": "medium", "note": "low"}
"""Of a finding without a score."""
SCORES: Final = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
"""CVSS v3.1, section 5: qualitative severity rating scale."""

Finding = tuple[str, str]
"""Severity, and what was found."""


def findings(report: bytes) -> list[Finding]:
    """Return what a scan found, with a severity each; what has none is left out. Raises InvalidContentError."""
    try:
        said: Any = msgspec.json.decode(report)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidContentError(f"that is no report of a scan: {error}") from None
    if not isinstance(said, dict):
        raise InvalidContentError("that is no report of a scan: it is no object")
    for key, read in (("runs", _sarif), ("Results", _trivy), ("vulnerabilities", _cyclonedx)):
        if isinstance(said.get(key), list):
            return [one for one in read(said) if one[0] in SEVERITIES]
    if said.get("bomFormat") == "CycloneDX" or "SchemaVersion" in said:
        return []
    raise InvalidContentError("that is no report that is known: SARIF, Trivy's, or CycloneDX with vulnerabilities")


def worst(found: list[Finding]) -> str:
    """Return the highest severity of findings; empty if there is none."""
    return max((severity for severity, _ in found), key=SEVERITIES.index, default="")


def as_severe(found: list[Finding], limit: str) -> list[Finding]:
    """Return the findings that are at least as severe as a limit."""
    return [one for one in found if SEVERITIES.index(one[0]) >= SEVERITIES.index(limit)]


def _sarif(said: Any) -> Iterator[Finding]:
    for run in _dicts(said.get("runs")):
        rules = {rule.get("id"): rule for rule in _rules(run)}
        for result in _dicts(run.get("results")):
            if not result.get("suppressions"):
                rule = rules.get(result.get("ruleId"), {})
                yield _sarif_severity(result, rule), str(result.get("ruleId") or "a finding")


def _rules(run: dict[str, Any]) -> Iterator[dict[str, Any]]:
    tool = run.get("tool") if isinstance(run.get("tool"), dict) else {}
    assert isinstance(tool, dict)
    for part in (tool.get("driver"), *_dicts(tool.get("extensions"))):
        if isinstance(part, dict):
            yield from _dicts(part.get("rules"))


def _sarif_severity(result: dict[str, Any], rule: dict[str, Any]) -> str:
    for properties in (result.get("properties"), rule.get("properties")):
        if isinstance(properties, dict) and (named := _scored(properties.get("security-severity"))):
            return named
    default = rule.get("defaultConfiguration")
    level = result.get("level") or (default.get("level") if isinstance(default, dict) else None) or "warning"
    return LEVELS.get(str(level), "")


def _scored(score: Any) -> str:
    try:
        number = float(score)
    except (TypeError, ValueError):
        return ""
    return next((name for least, name in SCORES if number >= least), "")


def _trivy(said: Any) -> Iterator[Finding]:
    for result in _dicts(said.get("Results")):
        for kind in ("Vulnerabilities", "Misconfigurations", "Secrets"):
            for one in _dicts(result.get(kind)):
                if kind != "Misconfigurations" or one.get("Status") != "PASS":
                    name = one.get("VulnerabilityID") or one.get("ID") or one.get("RuleID") or "a finding"
                    yield str(one.get("Severity", "")).lower(), str(name)


def _cyclonedx(said: Any) -> Iterator[Finding]:
    for one in _dicts(said.get("vulnerabilities")):
        named = [_rated(rating) for rating in _dicts(one.get("ratings"))]
        known = [name for name in named if name in SEVERITIES]
        yield max(known, key=SEVERITIES.index, default=""), str(one.get("id") or "a finding")


def _rated(rating: dict[str, Any]) -> str:
    return str(rating.get("severity") or "").lower() or _scored(rating.get("score"))


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
