"""Runs hrpush beside a collector on loopback, and reads what the collector gets by OpenTelemetry's own schema.

The arguments are the command. It checks the names and kinds that docs/messages.md promises.
"""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

got = {}


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.headers["content-type"] == "application/x-protobuf", self.headers
        got[self.path] = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{server.server_port}"
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})

(metrics,) = ExportMetricsServiceRequest.FromString(got["/v1/metrics"]).resource_metrics
about = {attribute.key: attribute.value.string_value for attribute in metrics.resource.attributes}
assert about["service.name"] == "hrpush" and about["service.version"], about
families = {metric.name: metric for scope in metrics.scope_metrics for metric in scope.metrics}
gauges = {
    "hrpush_last_run_timestamp_seconds",
    "hrpush_last_good_run_timestamp_seconds",
    "hrpush_run_duration_seconds",
    "hrpush_run_exit_code",
    "hrpush_changes",
    "hrpush_held",
    "hrpush_guard_tripped",
}
counters = {"hrpush_writes", "hrpush_throttled"}
assert set(families) == gauges | counters, families.keys()
for name, metric in families.items():
    assert metric.WhichOneof("data") == ("sum" if name in counters else "gauge"), metric
    points = (metric.sum if name in counters else metric.gauge).data_points
    assert points and metric.description, name
    if name in counters:
        assert metric.sum.is_monotonic and metric.sum.aggregation_temporality == 2, metric

(traces,) = ExportTraceServiceRequest.FromString(got["/v1/traces"]).resource_spans
(span,) = traces.scope_spans[0].spans
facts = {attribute.key: attribute.value for attribute in span.attributes}
assert span.name == "hrpush " + sys.argv[2] and len(span.trace_id) == 16 and len(span.span_id) == 8, span
assert span.start_time_unix_nano <= span.end_time_unix_nano and span.status.code == 1, span
assert facts["hrpush.exit_code"].int_value == 0 and facts["hrpush.run"].string_value, facts
print("otlp:", len(families), "metrics and a span with", len(facts), "attributes")
