//! Readings of HR systems that look whole and are not: a list that moved between two pages, a next page that was not asked for,
//! a permission that was lost, a charset that was not honoured.

use serde_json::{Value, json};

use crate::hr_server::{Exchange, HrServer, Manners, pages};
use crate::rest::{CHANGES, LIST, MAPPING, breaks, goes_in_once, people, person, plan, world};
use crate::world::{Ended, World};

const KINDS: [&str; 5] = ["offset", "page", "cursor", "next", "link"];

/// These pages as a service with this paging gives them.
fn paged(kind: &str, pages: &[Vec<Value>]) -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    let mut came = 0;
    // Offsets and page numbers end with an empty page.
    let counted = matches!(kind, "offset" | "page");
    let empty = counted.then(Vec::new);
    for (index, page) in pages.iter().chain(&empty).enumerate() {
        let last = index + 1 == pages.len();
        let mut answer = json!({ "data": page });
        let next = format!("/people?at={}", index + 1);
        let request = match kind {
            "offset" => format!("GET /people?at={came}"),
            "page" => format!("GET /people?at={}", index + 1),
            _ if index == 0 => "GET /people".to_owned(),
            _ => format!("GET /people?at={index}"),
        };
        if !last && kind == "next" {
            answer["next"] = next.clone().into();
        } else if !last && kind == "cursor" {
            answer["next"] = (index + 1).into();
        }
        let exchange = Exchange::json(&request, &answer);
        let linked = !last && kind == "link";
        exchanges.push(if linked { exchange.with_header("link", &format!("<{next}>; rel=\"next\"")) } else { exchange });
        came += page.len();
    }
    exchanges
}

fn source(kind: &str) -> String {
    let query = match kind {
        "offset" | "page" | "cursor" => format!("query = {{ at = \"{{{kind}}}\" }}\n"),
        _ => String::new(),
    };
    let next = if matches!(kind, "next" | "cursor") { ", next = \"next\"" } else { "" };
    format!(
        "path = \"/people\"\nrecords = \"data\"\nfirst_wait = \"0s\"\nattempts = 2\n{query}paging = {{ kind = \"{kind}\"{next} }}\n"
    )
}

/// A plan of first these answers, each given once, then those.
fn planned(first: Vec<Exchange>, then: Vec<Exchange>, source: &str) -> Ended {
    let exchanges = first.into_iter().map(Exchange::once).chain(then).collect();
    let server = HrServer::start(exchanges, Manners::default());
    plan(&world(&server, source))
}

/// Persons of these numbers.
fn some(ids: impl IntoIterator<Item = usize>) -> Vec<Value> {
    ids.into_iter().map(person).collect()
}

#[test]
fn a_person_on_two_pages_has_the_list_read_once_more() {
    for kind in KINDS {
        // The first one left after page 1 had been read on the way back: 4 comes twice, and 5 is on no page.
        let moved = paged(kind, &[some(1..=4), some([4, 6, 7])]);
        let still = paged(kind, &[some(1..=4), some(5..=7)]);
        let read = planned(moved.clone(), still, &source(kind)).ends_with(0);
        assert_eq!(read.json()["source"]["records"], 7, "{kind}");
        assert!(read.err.contains("the list moved while it was read"), "{kind}: {}", read.err);

        let message = breaks(moved, Manners::default(), &source(kind), 1);
        assert!(
            message.contains("the record people, page 2 at /data/0 was listed before as people at /data/3"),
            "{kind}: {message}"
        );
        assert!(message.contains("hint: ") && message.contains("in a fixed order"), "{message}");
    }
}

#[test]
fn a_person_who_changed_between_two_pages_is_known_by_the_key() {
    let mut changed = person(2);
    changed["job"]["department"] = "Audit".into();
    let columns = "[source.columns]\nid = \"id\"\nname = \"name\"\n\"job.department\" = \"job.department\"\n";
    for kind in KINDS {
        // In the order of their last change: 2 moves to the end, and 5 slips onto page 1.
        let moved = paged(kind, &[some(1..=4), vec![person(6), changed.clone()]]);
        for columns in ["", columns] {
            let message = breaks(moved.clone(), Manners::default(), &format!("{}{columns}", source(kind)), 1);
            assert!(message.contains("people, page 2 at /data/1 was listed before as people at /data/1"), "{kind}: {message}");
        }
    }
}

#[test]
fn two_rows_of_a_person_on_one_page_are_held_and_not_a_list_that_moved() {
    let mut contract = person(2);
    contract["job"]["department"] = "Audit".into();
    for kind in KINDS {
        let exchanges = paged(kind, &[vec![person(1), person(2), contract.clone()], some(3..=4)]);
        let read = planned(Vec::new(), exchanges, &source(kind)).ends_with(4);
        assert_eq!(read.json()["held"][0]["code"], "duplicate-key", "{kind}");
        assert!(!read.err.contains("the list moved"), "{kind}: {}", read.err);
    }
    // A pick chooses among them, whatever the page.
    let row = |from: &str, department: &str| json!({"id": 2, "name": "P", "from": from, "job": {"department": department}});
    let rows = paged("page", &[vec![person(1), row("2020-01-01", "Claims")], vec![row("2024-01-01", "Audit")]]);
    let pick = format!("{}[[source.pick]]\nby = \"id\"\nfrom = \"from\"\n", source("page"));
    let read = planned(Vec::new(), rows, &pick).ends_with(0).json();
    assert_eq!((&read["source"]["records"], &read["held"]), (&json!(2), &json!([])));
    // The same row on two pages is a list that moved.
    let moved = paged("page", &[vec![person(1), row("2020-01-01", "Claims")], vec![row("2020-01-01", "Claims"), person(4)]]);
    assert!(breaks(moved, Manners::default(), &pick, 1).contains("was listed before as"));
}

#[test]
fn without_a_known_key_a_record_is_known_by_all_of_its_values() {
    let exchanges = paged("page", &[some(1..=2), some([2, 4])]);
    let server = HrServer::start(exchanges, Manners::default());
    let world = world(&server, &source("page"));
    let text = std::fs::read_to_string(world.path("hrpush.toml")).unwrap();
    world.write("hrpush.toml", text.replace("mapping = \"people.toml\"\n", ""));
    let ended = world.run_with(&[("HR_TOKEN", "s3cret")], ["records"]).ends_with(1);
    assert!(ended.err.contains("was listed before as"), "{}", ended.err);
}

#[test]
fn a_person_who_moves_to_another_list_is_read_once_more_and_held_where_both_lists_have_them() {
    let lists = |first: Vec<Value>, gone: Vec<Value>| {
        vec![Exchange::json("GET /people", &json!({ "data": first })), Exchange::json("GET /gone", &json!({ "data": gone }))]
    };
    let source = "path = \"/people\"\nrecords = \"data\"\n[[source.also]]\npath = \"/gone\"\nrecords = \"data\"\nset = { list = \"gone\" }\n";
    let read = planned(lists(some(1..=3), some([3, 4])), lists(some(1..=2), some([3, 4])), source).ends_with(0);
    assert_eq!(read.json()["source"]["records"], 4);
    let both = planned(Vec::new(), lists(some(1..=3), some([3, 4])), source).ends_with(4).json();
    assert_eq!(both["held"][0]["code"], "duplicate-key");
}

#[test]
fn a_joined_list_that_moves_is_read_once_more_too() {
    let jobs = |ids: &[usize]| -> Vec<Value> { ids.iter().map(|id| json!({"who": id, "title": "Clerk"})).collect() };
    let join = |take: &str| {
        format!(
            "[[source.join]]\nname = \"post\"\npath = \"/jobs\"\nquery = {{ page = \"{{page}}\" }}\nrecords = \"data\"\npaging = {{ kind = \"page\" }}\n\
             on = \"id\"\nkey = \"who\"\ntake = \"{take}\"\n"
        )
    };
    let page = |number: usize, ids: &[usize]| Exchange::json(&format!("GET /jobs?page={number}"), &json!({ "data": jobs(ids) }));
    for take in ["one", "first", "many"] {
        let mut exchanges = pages("/people", &people(4), 5);
        exchanges.extend([page(1, &[1, 2]), page(2, &[2, 4]), page(3, &[])]);
        let message = breaks(exchanges, Manners::default(), &format!("{LIST}{}", join(take)), 1);
        assert!(message.contains("page 2 at /data/0 was listed before as people at /data/1"), "{take}: {message}");
        let mut exchanges = pages("/people", &people(4), 5);
        exchanges.extend([page(1, &[1, 2]).once(), page(2, &[2, 4]).once(), page(3, &[]).once()]);
        exchanges.extend([page(1, &[1, 2]), page(2, &[3, 4]), page(3, &[])]);
        let server = HrServer::start(exchanges, Manners::default());
        assert_eq!(goes_in_once(&world(&server, &format!("{LIST}{}", join(take)))), 4);
    }
}

#[test]
fn news_that_move_are_asked_for_once_more() {
    let kind = "page";
    let source = format!("{}{CHANGES}", source(kind));
    let message = breaks(paged(kind, &[some(1..=2), some([2, 4])]), Manners::default(), &source, 1);
    assert!(message.contains("was listed before as"), "{message}");

    let server = HrServer::start(paged(kind, &[some(1..=2), some(3..=4)]), Manners::default());
    let world = world(&server, &source);
    assert_eq!(goes_in_once_by_changes(&server, &world), 4);
    let news = |page: usize, ids: &[usize]| {
        let mut people = some(ids.iter().copied());
        for person in &mut people {
            person["job"]["department"] = "Audit".into();
        }
        Exchange::json(&format!("GET /people?since=*&at={page}"), &json!({ "data": people }))
    };
    // 3 is on no page of the first answer.
    let mut exchanges = vec![news(1, &[1, 2]).once(), news(2, &[2]).once()];
    exchanges.extend([news(1, &[1, 2]), news(2, &[3]), news(3, &[])]);
    server.answers(exchanges);
    let read = plan(&world).ends_with(0);
    assert!(read.err.contains("the list moved while it was read"), "{}", read.err);
    let read = read.json();
    assert_eq!((&read["summary"]["update"], &read["source"]["records"]), (&json!(3), &json!(4)));
}

/// A first reading that is applied and kept.
fn goes_in_once_by_changes(server: &HrServer, world: &World) -> usize {
    let secrets = [("HR_TOKEN", "s3cret")];
    let first = world.run_with(&secrets, ["plan", "--format", "json", "--out", "plan.json"]).ends_with(0).json();
    world.run_with(&secrets, ["apply", "plan.json", "--yes"]).ends_with(0);
    assert!(server.heard().iter().all(|line| !line.contains("since")), "{:?}", server.heard());
    first["changes"].as_array().unwrap().len()
}

#[test]
fn a_condition_in_the_path_chooses_records_and_ends_no_list() {
    let page = |at: usize, kinds: &[&str]| {
        let data: Vec<Value> = (at..)
            .zip(kinds)
            .map(|(id, kind)| {
                let mut person = person(id + 1);
                person["kind"] = (*kind).into();
                person
            })
            .collect();
        Exchange::json(&format!("GET /people?at={at}"), &json!({"data": data, "total": 6}))
    };
    let pages = vec![page(0, &["staff", "robot", "staff"]), page(3, &["robot", "robot"]), page(5, &["staff"])];
    for total in ["", ", total = \"total\""] {
        let source = source("offset")
            .replace("kind = \"offset\"", &format!("kind = \"offset\"{total}"))
            .replace("\"data\"", "\"data[kind=staff]\"");
        let mut pages = pages.clone();
        pages.push(Exchange::json("GET /people?at=6", &json!({"data": [], "total": 6})));
        let server = HrServer::start(pages, Manners::default());
        assert_eq!(goes_in_once(&world(&server, &source)), 3, "{:?}", server.heard());
    }
    let short = vec![page(0, &["staff", "robot", "staff"]), Exchange::json("GET /people?at=3", &json!({"data": []}))];
    let message = breaks(short, Manners::default(), &source("offset").replace("\"data\"", "\"data[kind=staff]\""), 1);
    assert!(message.contains("`total` of the answer counts 6 records, 3 came"), "{message}");
}

#[test]
fn a_list_of_which_the_service_has_more_is_not_whole() {
    let one = "path = \"/people\"\nrecords = \"data\"\n";
    let answer = |beside: &Value| {
        let mut answer = beside.clone();
        answer["data"] = people(3).into();
        Exchange::json("GET /people", &answer)
    };
    for (beside, said) in [
        (json!({"hasMore": true}), "by `hasMore` that there is more"),
        (json!({"has_more": "true"}), "by `has_more`"),
        (json!({"isLast": false}), "by `isLast`"),
        (json!({"total": 40}), "`total` of the answer counts 40 records, 3 came"),
        (json!({"meta": {"totalCount": "40"}}), "`meta.totalCount` of the answer counts 40 records, 3 came"),
        (json!({"pagination": {"total_pages": 2}}), "`pagination.total_pages` of the answer counts 2 pages, 1 came"),
        (json!({"next_page_token": "abc"}), "does not ask for: `next_page_token`"),
        (json!({"paging": {"cursors": {"nextCursor": "abc"}}}), "does not ask for: `paging.cursors.nextCursor`"),
        (json!({"links": [{"rel": "next", "href": "/people?page=2"}]}), "does not ask for: `links[rel=next]`"),
    ] {
        let message = breaks(vec![answer(&beside)], Manners::default(), one, 1);
        assert!(message.contains(said) && message.contains("hint: ") && !message.contains("abc"), "{beside}: {message}");
    }
    for (name, value, said) in [
        ("x-total-count", "40", "`header x-total-count` of the answer counts 40 records, 3 came"),
        ("x-total-pages", "2", "counts 2 pages, 1 came"),
        ("content-range", "people 0-2/40", "counts 40 records, 3 came"),
        ("link", "</people?page=2>; rel=\"next\"", "does not ask for: `header link`"),
    ] {
        for (records, list) in [("data", json!({ "data": people(3) })), ("", Value::from(people(3)))] {
            let exchange = Exchange::json("GET /people", &list).with_header(name, value);
            let message = breaks(vec![exchange], Manners::default(), &one.replace("data", records), 1);
            assert!(message.contains(said), "{name}: {message}");
        }
    }
}

#[test]
fn a_list_that_is_whole_by_its_own_words_is_read() {
    let mut three = people(3);
    for person in &mut three {
        person["total"] = 40.into();
        person["hasMore"] = true.into();
        person["next"] = "x".into();
    }
    for beside in [
        json!({"total": 3, "count": 3, "hasMore": false, "next": null, "meta": {"total_pages": 1, "isLast": true, "next": ""}}),
        json!({"page": {"number": 0, "size": 20, "totalElements": 3, "totalPages": 1}, "last": true, "_links": {"self": {"href": "/people"}}}),
        json!({"company": {"total": 500}, "limit": 100, "offset": 0, "departments": {"items": [{"id": 1}], "totalCount": 9}}),
    ] {
        let mut answer = beside.clone();
        answer["data"] = three.clone().into();
        let exchange = Exchange::json("GET /people", &answer).with_header("x-total-count", "3").with_header("x-next-page", "");
        let server = HrServer::start(vec![exchange], Manners::default());
        assert_eq!(goes_in_once(&world(&server, "path = \"/people\"\nrecords = \"data\"\n")), 3, "{beside}");
    }
    // What looks like a total and is none can be passed over.
    let answer = json!({"data": people(3), "stats": {"totalEmployees": 500}});
    let server = HrServer::start(vec![Exchange::json("GET /people", &answer)], Manners::default());
    let source = "path = \"/people\"\nrecords = \"data\"\n";
    assert!(plan(&world(&server, source)).ends_with(1).err.contains("`stats.totalEmployees`"));
    let source = format!("{source}paging = {{ ignore = [\"stats.totalEmployees\"] }}\n");
    assert_eq!(goes_in_once(&world(&server, &source)), 3);
}

#[test]
fn paging_that_stops_early_is_heard_by_any_other_word() {
    for beside in [json!({"totalCount": 40}), json!({"pagination": {"has_more": true}})] {
        for kind in KINDS {
            // Offsets and page numbers end with an empty page, the others where nothing leads on.
            let (mut exchanges, request, last) = match kind {
                "offset" => (paged(kind, &[some(1..=3)]), "GET /people?at=3", Vec::new()),
                "page" => (paged(kind, &[some(1..=3)]), "GET /people?at=2", Vec::new()),
                _ => (vec![Exchange::json("GET /other", &Value::Null)], "GET /people", some(1..=3)),
            };
            exchanges.pop();
            let mut answer = beside.clone();
            answer["data"] = last.into();
            exchanges.push(Exchange::json(request, &answer));
            let message = breaks(exchanges, Manners::default(), &source(kind), 1);
            assert!(message.contains("`totalCount`") || message.contains("`pagination.has_more`"), "{kind}: {message}");
        }
    }
}

#[test]
fn a_column_that_is_empty_for_everybody_is_a_lost_permission() {
    let columns = |extra: &str| {
        format!("{LIST}[source.columns]\nid = \"id\"\nname = \"name\"\n\"job.department\" = \"job.department\"\n{extra}\n")
    };
    let with = |count: usize, mail: &Value| -> Vec<Value> {
        let mut people = people(count);
        for person in &mut people {
            person["mail"] = mail.clone();
        }
        people
    };
    for blank in [Value::Null, json!(""), json!([]), json!("  "), json!([null, ""]), json!({}), json!("\u{200b}")] {
        let exchanges = |count: usize| pages("/people", &with(count, &blank), 3);
        let message = breaks(exchanges(5), Manners::default(), &columns("mail = \"mail\""), 2);
        assert!(
            message.contains("no record has a value in `mail` (column `mail`)") && message.contains("optional = "),
            "{blank}: {message}"
        );
        for (count, mail) in [
            (4, "mail = \"mail\""),
            (5, "mail = { path = \"mail\", optional = true }"),
            (5, "mail = { path = \"mail\", optional = \"empty\" }"),
        ] {
            let server = HrServer::start(exchanges(count), Manners::default());
            plan(&world(&server, &columns(mail))).ends_with(0);
        }
    }
    let mut one = with(6, &Value::Null);
    one[5]["mail"] = "a@x".into();
    let server = HrServer::start(pages("/people", &one, 3), Manners::default());
    plan(&world(&server, &columns("mail = \"mail\""))).ends_with(0);
    // What the mapping takes for nothing is no value; a column that may be empty must be there.
    let server = HrServer::start(pages("/people", &with(5, &json!("0000-00-00")), 3), Manners::default());
    let world = world(&server, &columns("mail = \"mail\""));
    world.write("people.toml", MAPPING.replace("key = \"[id]\"", "key = \"[id]\"\nnothing = [\"0000-00-00\"]"));
    assert!(plan(&world).ends_with(2).err.contains("no record has a value in `mail`"));
    let message = breaks(
        pages("/people", &people(2), 3),
        Manners::default(),
        &columns("mail = { path = \"mail\", optional = \"empty\" }"),
        2,
    );
    assert!(message.contains("no record has `mail`"), "{message}");
    let message = breaks(Vec::new(), Manners::default(), &columns("mail = { path = \"mail\", optional = \"yes\" }"), 2);
    assert!(message.contains("`optional` must be true, false or \"empty\""), "{message}");
}

#[test]
fn an_answer_is_read_in_the_charset_that_it_names() {
    let people = "{\"data\":[{\"id\":1,\"name\":\"Jürgen Groß\",\"job\":{\"department\":\"Claims\"}}]}";
    let latin = |text: &str| -> Vec<u8> { text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect() };
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let xml = "<l><data><id>1</id><name>Jürgen Groß</name><job><department>Claims</department></job></data></l>";
    let declared = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{xml}");
    for (kind, body) in [
        ("application/json", format!("\u{feff}{people}").into_bytes()),
        ("application/json; charset=iso-8859-1", latin(people)),
        ("application/json;charset=\"windows-1252\"", latin(people)),
        ("application/json", wide(people)),
        ("text/xml", format!("\u{feff}{xml}").into_bytes()),
        ("text/xml", latin(&declared)),
        ("application/xml; charset=ISO-8859-1", latin(xml)),
        ("text/xml", wide(&format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-16\"?>{xml}"))),
        ("text/xml", wide(&format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{xml}"))),
    ] {
        let exchange = Exchange::json("GET /people", &Value::Null).with_header("content-type", kind).with_body(&body);
        let server = HrServer::start(vec![exchange], Manners::default());
        let read = plan(&world(&server, "path = \"/people\"\nrecords = \"data\"\n")).ends_with(0).json();
        assert!(read["changes"][0].to_string().contains("Jürgen Groß"), "{kind}: {read}");
    }
    let source = "path = \"/people\"\nrecords = \"data\"\n";
    for (kind, said) in [
        ("application/json", "it is not UTF-8 text, and names no charset"),
        ("application/json; charset=utf-8", "it is not utf-8 text, although its Content-Type says so"),
        ("application/json; charset=klingon", "names the charset `klingon`, which is unknown"),
    ] {
        let exchange = || Exchange::json("GET /people", &Value::Null).with_header("content-type", kind).with_body(&latin(people));
        let message = breaks(vec![exchange()], Manners::default(), source, 1);
        assert!(message.contains(said) && message.contains("encoding = \"utf-8\""), "{message}");
        let server = HrServer::start(vec![exchange()], Manners::default());
        assert_eq!(goes_in_once(&world(&server, &format!("{source}encoding = \"latin1\"\n"))), 1);
    }
    assert!(breaks(Vec::new(), Manners::default(), &format!("{source}encoding = \"klingon\""), 2).contains("`klingon`"));
}

#[test]
fn lists_by_lines_and_tokens_with_a_mark_are_read() {
    let lines: String = people(3).iter().map(|person| format!("{person}\n")).collect();
    let list = Exchange::json("GET /people", &Value::Null).with_body(format!("\u{feff}{lines}").as_bytes());
    let list = list.with_header("content-type", "application/x-ndjson");
    let token = Exchange::json("POST /auth/token", &Value::Null).with_body("\u{feff}{\"access_token\":\"t\"}".as_bytes());
    let server = HrServer::start(vec![list, token], Manners::default());
    let auth =
        "auth = { method = \"client-credentials\", token_url = \"/auth/token\", client_id = \"me\", secret_env = \"HR_TOKEN\" }";
    assert_eq!(goes_in_once(&world(&server, &format!("path = \"/people\"\n{auth}\n"))), 3);
    assert!(server.credentials().contains(&"authorization: Bearer t".to_owned()), "{:?}", server.credentials());
    let cut = Exchange::json("GET /people", &Value::Null).with_body(&lines.as_bytes()[..lines.len() - 4]);
    let message = breaks(vec![cut], Manners::default(), "path = \"/people\"\nformat = \"ndjson\"\n", 1);
    assert!(message.contains("line 3 is not JSON"), "{message}");
}

#[test]
fn an_answer_that_is_made_to_take_for_ever_is_refused_at_once() {
    let attributes: String = (0..200_000).map(|number| format!(" a{number}='1'")).collect();
    let exchange = Exchange::json("GET /people", &Value::Null).with_header("content-type", "text/xml");
    let message = breaks(
        vec![exchange.with_body(format!("<l><data{attributes}/></l>").as_bytes())],
        Manners::default(),
        "path = \"/people\"\nrecords = \"data\"\n",
        1,
    );
    assert!(message.contains("an element has more than 1000 attributes"), "{message}");
    let deep = format!("{{\"data\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let exchange = Exchange::json("GET /people", &Value::Null).with_body(deep.as_bytes());
    let message = breaks(vec![exchange], Manners::default(), "path = \"/people\"\nrecords = \"data\"\n", 1);
    assert!(message.contains("it is not JSON"), "{message}");
}
