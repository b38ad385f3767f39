//! Metrics and the span of a run, as a collector of OpenTelemetry on loopback gets them.

use crate::receivers::Hook;
use crate::world::{Ended, World, project};

const SAMPLE: &str = "samples/employees.csv";

/// One field of a protobuf message.
#[derive(Clone, Debug)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// The fields of a message with their numbers; the wire format alone, without a schema.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (first, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => {
                let (number, rest) = bytes.split_at(8);
                bytes = rest;
                Field::Number(u64::from_le_bytes(number.try_into().unwrap()))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (part, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(part.to_vec())
            }
            5 => {
                bytes = &bytes[4..];
                continue;
            }
            other => panic!("wire type {other}"),
        };
        found.push((tag >> 3, field));
    }
    found
}

/// The messages of one field.
fn messages(bytes: &[u8], number: u64) -> Vec<Vec<u8>> {
    let inner = |(field, value)| match value {
        Field::Bytes(bytes) if field == number => Some(bytes),
        _ => None,
    };
    fields(bytes).into_iter().filter_map(inner).collect()
}

fn text(bytes: &[u8], number: u64) -> String {
    String::from_utf8(messages(bytes, number).concat()).unwrap()
}

fn number(bytes: &[u8], number: u64) -> Option<u64> {
    fields(bytes).into_iter().find_map(|(field, value)| match value {
        Field::Number(found) if field == number => Some(found),
        _ => None,
    })
}

/// The attributes of a resource, a span or a data point: each a key and a value of one kind.
fn attributes(bytes: &[u8], of: u64) -> Vec<(String, String)> {
    let value = |value: &[u8]| match number(value, 3).or_else(|| number(value, 2)) {
        Some(count) => count.to_string(),
        None => text(value, 1),
    };
    let mut all: Vec<_> = messages(bytes, of).iter().map(|one| (text(one, 1), value(&messages(one, 2).concat()))).collect();
    all.sort();
    all
}

/// Each sample of an export of metrics: name, attributes and value.
fn samples(body: &[u8]) -> Vec<(String, Vec<(String, String)>, f64)> {
    let mut found = Vec::new();
    for resource in messages(body, 1) {
        let about = attributes(&messages(&resource, 1).concat(), 1);
        assert!(about.contains(&("service.name".into(), "hrpush".into())), "{about:?}");
        for metric in messages(&resource, 2).iter().flat_map(|scope| messages(scope, 2)) {
            let name = text(&metric, 1);
            assert!(!text(&metric, 2).is_empty(), "{name} has no description");
            for (kind, data) in [(5, messages(&metric, 5)), (7, messages(&metric, 7))] {
                for point in data.iter().flat_map(|data| messages(data, 1)) {
                    // A double in 4, an integer in 6.
                    #[expect(clippy::cast_precision_loss, reason = "a test counts few writes")]
                    let value = number(&point, 4).map(f64::from_bits).or_else(|| number(&point, 6).map(|count| count as f64));
                    assert_eq!(kind == 7, name == "hrpush_writes" || name == "hrpush_throttled", "{name}");
                    found.push((name.clone(), attributes(&point, 7), value.unwrap_or_default()));
                }
            }
        }
    }
    found
}

/// The bodies of the requests to this path.
fn bodies(requests: &[(String, Vec<u8>)], path: &str) -> Vec<Vec<u8>> {
    let to = |(head, body): &(String, Vec<u8>)| {
        head.starts_with(&format!("POST {path} HTTP/1.1\r\n")).then(|| {
            assert!(head.to_lowercase().contains("content-type: application/x-protobuf\r\n"), "{head}");
            body.clone()
        })
    };
    requests.iter().filter_map(to).collect()
}

fn import(world: &World, endpoint: &str, text: &str, options: &[&str]) -> Ended {
    let file = world.write("employees.csv", text);
    let mut arguments = vec!["import", file.to_str().unwrap(), "--metrics-file", "hrpush.prom"];
    arguments.extend(options);
    world.run_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)], arguments)
}

/// The samples of the metrics file: name and labels as the file writes them, and the value.
fn of_the_file(world: &World) -> Vec<(String, f64)> {
    let text = std::fs::read_to_string(world.path("hrpush.prom")).unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap());
    let mut samples: Vec<_> = samples.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect();
    samples.sort_by(|a: &(String, f64), b| a.0.cmp(&b.0));
    samples
}

/// The same of what the collector got.
fn as_in_the_file(samples: &[(String, Vec<(String, String)>, f64)]) -> Vec<(String, f64)> {
    let one = |(name, labels, value): &(String, Vec<(String, String)>, f64)| {
        let total = if name == "hrpush_writes" || name == "hrpush_throttled" { "_total" } else { "" };
        // The file has the feed before the second label.
        let mut labels = labels.clone();
        labels.sort_by_key(|(label, _)| label != "feed");
        let labels: Vec<String> = labels.iter().map(|(label, word)| format!("{label}=\"{word}\"")).collect();
        (format!("{name}{total}{{{}}}", labels.join(",")), *value)
    };
    let mut samples: Vec<_> = samples.iter().map(one).collect();
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

#[test]
fn a_collector_gets_the_metrics_of_the_file_and_a_span_of_each_run() {
    let world = World::new();
    let hook = Hook::start(&[]);
    let endpoint = format!("http://127.0.0.1:{}", hook.port);
    let sample = std::fs::read_to_string(project(SAMPLE)).unwrap();
    let gone = sample.replace(",Active,", ",Terminated,");
    for (csv, code, ended, reason) in
        [(&sample, 0, "done", None), (&sample, 0, "nothing-to-do", None), (&gone, 3, "stopped", Some("guard"))]
    {
        import(&world, &endpoint, csv, &[]).ends_with(code);
        let requests = hook.take_whole();
        assert_eq!(requests.len(), 2, "{requests:?}");
        let metrics = bodies(&requests, "/v1/metrics");
        assert_eq!(as_in_the_file(&samples(&metrics[0])), of_the_file(&world));
        let spans = bodies(&requests, "/v1/traces");
        let scope = messages(&messages(&spans[0], 1).concat(), 2).concat();
        let span = messages(&scope, 2).concat();
        assert_eq!(text_of_name(&span), "hrpush import");
        let facts = attributes(&span, 9);
        let fact = |name: &str| facts.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        assert_eq!((fact("hrpush.ended"), fact("hrpush.reason_code")), (Some(ended), reason), "{facts:?}");
        assert_eq!(fact("hrpush.exit_code"), Some(code.to_string().as_str()), "{facts:?}");
        let run = world.run(["runs", "-n", "1", "--format", "json"]).ends_with(0).json()[0]["run"].clone();
        assert_eq!(fact("hrpush.run"), run.as_str(), "{facts:?}");
        assert!(number(&span, 7) < number(&span, 8), "it ends after it began");
        // 1 is well, 2 is an error.
        let status = messages(&span, 15).concat();
        assert_eq!(number(&status, 3), Some(if code == 0 { 1 } else { 2 }));
        assert_eq!(text(&status, 2).contains("stopped by the guard"), code == 3);
        // No value of a person is in either.
        for body in metrics.iter().chain(&spans) {
            let body = String::from_utf8_lossy(body);
            assert!(!["Anna", "@contoso", "10001"].iter().any(|value| body.contains(value)), "{body}");
        }
    }
}

fn text_of_name(span: &[u8]) -> String {
    text(span, 5)
}

#[test]
fn a_collector_that_is_down_refuses_or_is_misconfigured_changes_no_exit_code() {
    let world = World::new();
    let sample = std::fs::read_to_string(project(SAMPLE)).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refusing = Hook::start(&[400, 400]);
    let run = |variables: &[(&str, &str)]| {
        let file = world.write("employees.csv", &sample);
        world.run_with(variables, ["import", file.to_str().unwrap()]).ends_with(0).err
    };
    let down = format!("http://{closed}");
    let said = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &down)]);
    assert!(said.contains("were not sent") && said.contains(&format!("{closed} refuses the connection")), "{said}");
    let refused = format!("http://127.0.0.1:{}", refusing.port);
    let said = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &refused), ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2")]);
    assert!(said.contains("status code: 400") && !said.contains("hunter2"), "{said}");
    let sent = refusing.take_whole();
    assert!(sent.iter().all(|(head, _)| head.contains("api-key: hunter2")), "{sent:?}");
    // A secret never leaves in the clear.
    let open =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.invalid:4318"), ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2")];
    let said = run(&open);
    assert!(said.contains("use https") && !said.contains("hunter2"), "{said}");
    let other = [("OTEL_EXPORTER_OTLP_ENDPOINT", down.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    assert!(run(&other).contains("OTEL_EXPORTER_OTLP_PROTOCOL asks for another protocol"));
    let said = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://hunter2@127.0.0.1:1")]);
    assert!(said.contains("were not sent") && !said.contains("hunter2"), "{said}");
    let said = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &down), ("OTEL_SDK_DISABLED", "true")]);
    assert!(!said.contains("were not sent"), "{said}");
    assert!(!run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).contains("were not sent"));
}
