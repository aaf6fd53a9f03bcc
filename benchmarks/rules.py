"""How fast rule files are loaded, and events of audit logs judged: in this process, one core."""

import time
from pathlib import Path

from producers.audit import events_in
from streams.detection.audit.judge import AuditJudge
from streams.detection.loading import load_rules, load_texts

Row = tuple[str, str, str]

RULES = 10_000
SHARED = Path(__file__).parents[2] / "shared/data"
NAMES = """
- macro: open_read
  condition: (evt.type in (open, openat, openat2) and evt.is_open_read = true and fd.num >= 0)
- macro: in_container
  condition: (container.id != host)
"""
LIST = "- {{list: programs_{n}, items: [a{n}, b{n}, c{n}]}}\n"
RULE = """
- rule: Rule {n}
  desc: Somebody else than its readers reads a file of application {n}
  condition: >
    open_read and in_container and fd.name startswith /srv/data/{n}/ and not proc.name in (programs_{of}, reader{n})
    and (proc.cmdline contains "--key {n}" or proc.pname = parent{n} or user.name = user{n})
  output: A file of {n} was read (user=%user.name file=%fd.name command=%proc.cmdline container=%container.id)
  priority: WARNING
  tags: [files, generated]
"""


def rows() -> list[Row]:
    """Measure a file of many rules, and recorded audit events where they are at hand."""
    return [(f"a file of {RULES:,} rules, loading", f"{_loading():.1f} s", ""), *_audit()]


def _loading() -> float:
    lists = "".join(LIST.format(n=n) for n in range(100))
    text = NAMES + lists + "".join(RULE.format(n=n, of=n % 100) for n in range(RULES))
    before = time.perf_counter()
    found = load_texts([("many.yaml", text.encode())])
    assert len(found.rules) == RULES, found.problems[:3]
    return time.perf_counter() - before


def _audit() -> list[Row]:
    log, rules = SHARED / "k8s-audit/audit.jsonl", SHARED / "falco-rules/k8s_audit_rules.yaml"
    if not log.exists() or not rules.exists():
        return []
    judge, events = AuditJudge(load_rules([rules])), list(events_in(log.read_bytes()))
    before = time.perf_counter()
    alerts = sum(len(judge.judge(event, number)) for number, event in enumerate(events, 1))
    seconds = time.perf_counter() - before
    figure = f"{len(events) / seconds:,.0f} events/s"
    return [(f"Kubernetes audit, {len(judge.rules)} rules, {alerts} alerts of {len(events)} events", figure, "")]
