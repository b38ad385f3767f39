"""Reads the metrics file with the OpenMetrics parser of Prometheus, and checks the names and labels that docs/messages.md promises."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with open(sys.argv[1], encoding="utf-8") as file:
    families = {family.name: family for family in text_string_to_metric_families(file.read())}

WANTED = {
    "hrpush_last_run_timestamp_seconds": ("gauge", {"feed"}),
    "hrpush_last_good_run_timestamp_seconds": ("gauge", {"feed"}),
    "hrpush_run_duration_seconds": ("gauge", {"feed"}),
    "hrpush_run_exit_code": ("gauge", {"feed"}),
    "hrpush_changes": ("gauge", {"feed", "action"}),
    "hrpush_held": ("gauge", {"feed"}),
    "hrpush_guard_tripped": ("gauge", {"feed", "guard"}),
    "hrpush_writes": ("counter", {"feed"}),
    "hrpush_throttled": ("counter", {"feed"}),
}
assert set(families) == set(WANTED), set(families) ^ set(WANTED)
for name, (kind, labels) in WANTED.items():
    family = families[name]
    assert family.type == kind, (name, family.type)
    assert family.documentation and family.samples, name
    suffix = "_total" if kind == "counter" else ""
    for sample in family.samples:
        assert sample.name == name + suffix, sample.name
        assert set(sample.labels) == labels, sample
        assert sample.labels["feed"] == 'HR "north"', sample.labels
print("metrics:", sum(len(family.samples) for family in families.values()), "samples in", len(families), "families")
