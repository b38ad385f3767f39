//! Days on their way through a mapping: `[lifecycle]` and the attributes read one text as one day.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::directory::Value;
use crate::expr::Context;
use crate::mapping::*;
use crate::record::{At, Header, Place, Record};

const TODAY: Date = date(2026, 11, 20);

fn mapping(source: &str) -> Mapping {
    let text = format!(
        "version = 1\nname = \"t\"\n[source]\nkey = \"[Id]\"\n{source}\n[[match]]\ntarget = \"employeeId\"\n[attributes]\n\
         employeeId = \"[Id]\"\nemployeeHireDate = \"[Start]\"\nemployeeLeaveDateTime = \"[End]\"\n\
         city = 'IIF(IsNull([City]), \"absent\", \"there\")'\n[lifecycle]\nstart = \"[Start]\"\nend = \"[End]\"\nstatus = \"[Status]\"\n\
         left = [\"Gone\"]\nactive = [\"Here\"]\n"
    );
    Mapping::parse(&text, Path::new("t.toml")).unwrap_or_else(|errors| panic!("{errors}"))
}

fn map(mapping: &Mapping, [start, end, status, city]: [&str; 4]) -> Mapped {
    let header = Arc::new(Header::new(["Id", "Start", "End", "Status", "City"]).unwrap());
    let place = Place { source: "hr.csv".into(), at: At::Line(7) };
    let record = Record::from_text(Arc::clone(&header), place, ["7", start, end, status, city]);
    mapping.bind(&header).unwrap().map(&record, &Context::on(TODAY, None))
}

fn desired(mapped: Mapped) -> Desired {
    match mapped {
        Mapped::Desired(desired) => desired,
        Mapped::Held(held) => panic!("held: {} {}", held.code.as_str(), held.message),
        Mapped::OutOfScope { .. } => panic!("out of scope"),
    }
}

fn held(mapped: Mapped) -> Held {
    match mapped {
        Mapped::Held(held) => held,
        _ => panic!("not held"),
    }
}

fn text<'d>(desired: &'d Desired, name: &str) -> Option<&'d str> {
    desired.attributes.iter().find(|wanted| wanted.attribute.name == name).and_then(|wanted| match &wanted.flow {
        Flow::Set(Value::Text(text)) => Some(&**text),
        _ => None,
    })
}

#[test]
fn years_of_two_digits_are_no_years_of_four() {
    for (format, start, end) in
        [("%d.%m.%Y", "01.12.26", "31.12.27"), ("%m/%d/%Y", "12/01/26", "12/31/27"), ("%Y%m%d", "261201", "271231")]
    {
        let long = held(map(&mapping(&format!("dates = [{format:?}]")), [start, "", "Here", ""]));
        assert_eq!(long.code, HeldCode::InvalidValue, "{format}");
        let short = format.replace("%Y", "%y");
        assert!(long.help.contains(&format!("add {short:?} to `dates`")), "{}", long.help);
        let person = desired(map(&mapping(&format!("dates = [{short:?}]")), [start, end, "Here", ""]));
        assert_eq!(person.stage, Stage::Upcoming { start: date(2026, 12, 1) }, "{format}");
        assert_eq!(text(&person, "employeeHireDate"), Some("2026-12-01T00:00:00Z"));
        assert_eq!(text(&person, "employeeLeaveDateTime"), Some("2027-12-31T00:00:00Z"));
    }
}

#[test]
fn days_that_cannot_be_meant_hold_and_say_what_may_be_behind_them() {
    let mapping = mapping("");
    for (start, end, message, help) in [
        ("1441-01-01", "", "Hijri", "Gregorian"),
        ("2020-01-01", "1449-12-30", "Hijri", "Gregorian"),
        ("2563-01-01", "", "Buddhist", "Gregorian"),
        ("2020-01-01", "2566-11-30", "Buddhist", "Gregorian"),
        ("1900-01-01", "", "placeholder", "first working day"),
        ("9999-12-31", "", "placeholder", "first working day"),
        ("2020-01-01", "1753-01-01", "placeholder", "no_end = [\"1753-01-01\"]"),
        ("2020-01-01", "2200-12-31", "60 years", "no_end = [\"2200-12-31\"]"),
        ("0026-12-01", "", "two digits", "four digits"),
        ("1899-12-31T00:00:00", "", "before 1930", "first working day"),
    ] {
        let held = held(map(&mapping, [start, end, "Here", ""]));
        assert_eq!(held.code, HeldCode::ImpossibleDate, "{start} {end}");
        assert!(held.message.contains(message), "{start} {end}: {}", held.message);
        assert!(held.help.contains(help), "{start} {end}: {}", held.help);
        assert!(!held.help.contains("no_end") || help.contains("no_end"), "{start} {end}: {}", held.help);
    }
}

#[test]
fn the_line_that_the_help_shows_lets_the_person_through() {
    let stays = |source: &str, end: &str| desired(map(&mapping(source), ["2020-01-01", end, "Here", ""])).stage;
    for end in ["2200-12-31", "2200-12-31T23:59:59Z", "/Date(7289568000000)/"] {
        assert_eq!(stays("no_end = [\"2200-12-31\"]", end), Stage::Active { start: Some(date(2020, 1, 1)) }, "{end}");
    }
}

#[test]
fn a_leaver_by_status_leaves_whatever_the_dates_are() {
    for (start, end) in [("1441-01-01", "1449-12-30"), ("soon", "2200-12-31"), ("31.12.26", ""), ("9999-12-31", "n/a")] {
        let person = desired(map(&mapping(""), [start, end, "Gone", ""]));
        assert_eq!(person.stage, Stage::Left { end: None }, "{start} {end}");
        assert!(!person.left_out.is_empty(), "{start} {end}");
    }
}

#[test]
fn an_open_end_is_no_leave_date() {
    for end in
        ["9999-12-31", "2999-01-01", "4712-12-31", "2099-12-31", "1900-01-01", "0001-01-01T00:00:00", "9999-12-31T23:59:59Z"]
    {
        let person = desired(map(&mapping(""), ["2020-01-01", end, "Here", ""]));
        assert_eq!(person.stage, Stage::Active { start: Some(date(2020, 1, 1)) }, "{end}");
        let leave = person.attributes.iter().find(|wanted| wanted.attribute.name == "employeeLeaveDateTime").unwrap();
        assert_eq!(leave.flow, Flow::Clear, "{end}");
    }
}

#[test]
fn a_cell_that_is_listed_as_nothing_is_absent() {
    let mapping = mapping("nothing = [\"-\", \"n/a\"]");
    let city = |cell: &str| text(&desired(map(&mapping, ["2020-01-01", "N/A", "Here", cell])), "city").unwrap().to_owned();
    assert_eq!(
        (city("-"), city(" N/A "), city(""), city("x")),
        ("absent".into(), "absent".into(), "there".into(), "there".into())
    );
}

#[test]
fn forms_with_a_time_of_day_are_accepted() {
    let mapping = mapping("dates = [\"%b %d, %Y %I:%M %p\", \"%d.%m.%Y %H:%M\"]\ntime_zone = \"Asia/Tokyo\"");
    for start in ["Dec 31, 2027 5:00 PM", "31.12.2027 23:59", "2027-12-31T00:00:00-08:00"] {
        let person = desired(map(&mapping, [start, "", "Here", ""]));
        assert_eq!(person.stage, Stage::Upcoming { start: date(2027, 12, 31) }, "{start}");
        assert_eq!(text(&person, "employeeHireDate"), Some("2027-12-31T00:00:00Z"), "{start}");
    }
}

#[test]
fn a_day_first_file_with_times_is_not_read_month_first() {
    let day_first = held(map(&mapping("dates = [\"%d/%m/%Y\"]"), ["5/1/2026 12:00:00 AM", "", "Here", ""]));
    assert_eq!(day_first.code, HeldCode::InvalidValue);
    let with_times = mapping("dates = [\"%d/%m/%Y\", \"%d/%m/%Y %I:%M:%S %p\"]");
    let stage = |start: &str| desired(map(&with_times, [start, "", "Here", ""])).stage;
    for start in ["5/1/2026 12:00:00 AM", "05/01/2026", "2026-01-05"] {
        assert_eq!(stage(start), Stage::Active { start: Some(date(2026, 1, 5)) }, "{start}");
    }
    let entra = desired(map(&mapping(""), ["5/1/2026 12:00:00 AM", "", "Here", ""]));
    assert_eq!(entra.stage, Stage::Active { start: Some(date(2026, 5, 1)) });
}

#[test]
fn a_directory_extension_of_a_date_is_the_same_day() {
    let name = "extension_0123456789abcdef0123456789abcdef_when";
    let text_of_mapping = format!(
        "version = 1\nname = \"t\"\n[source]\nkey = \"[Id]\"\ndates = [\"%d.%m.%Y\"]\n[[match]]\ntarget = \"employeeId\"\n[attributes]\n\
         employeeId = \"[Id]\"\n{name} = \"[Start]\"\n"
    );
    let mapping = Mapping::parse(&text_of_mapping, Path::new("t.toml")).unwrap_or_else(|errors| panic!("{errors}"));
    crate::directory::Attribute::find(name).unwrap().set_extension_type(crate::directory::ExtensionType::DateTime);
    for start in ["2024-01-31", "31.01.2024", "2024-01-31T00:00:00+02:00", "2024-01-31 00:00:00", "1/31/2024 12:00:00 AM"] {
        let person = desired(map(&mapping, [start, "", "", ""]));
        assert_eq!(text(&person, name), Some("2024-01-31T00:00:00Z"), "{start}");
    }
    // A moment within the day stays a moment.
    assert_eq!(text(&desired(map(&mapping, ["2024-01-31T08:30:00Z", "", "", ""])), name), Some("2024-01-31T08:30:00Z"));
    assert_eq!(held(map(&mapping, ["soon", "", "", ""])).code, HeldCode::InvalidValue);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lifecycle_and_attributes_read_one_day(days in 0i32..57_000, moment in 0i64..86_400, zone in prop::sample::select(vec!["UTC", "Pacific/Auckland", "America/Denver"])) {
        let day = date(1930, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
        let mapping = mapping(&format!("dates = [\"%d.%m.%Y\"]\ntime_zone = {zone:?}"));
        let at = day.at(0, 0, 0, 0).checked_add(jiff::SignedDuration::from_secs(moment)).unwrap();
        for (text_of_day, moves) in [
            (day.to_string(), false),
            (day.strftime("%d.%m.%Y").to_string(), false),
            (format!("{day}T00:00:00+13:00"), false),
            (format!("{day} 00:00:00.000"), false),
            (format!("{day}-07:00"), false),
            (format!("{at}"), false),
            (format!("{at}Z"), true),
        ] {
            let Mapped::Desired(person) = map(&mapping, [&text_of_day, "", "Here", ""]) else {
                prop_assert!(moves, "{} is held", text_of_day);
                continue;
            };
            let (Stage::Upcoming { start } | Stage::PreHire { start } | Stage::Active { start: Some(start) }) = person.stage else {
                panic!("{text_of_day}")
            };
            prop_assert_eq!(text(&person, "employeeHireDate"), Some(&*format!("{start}T00:00:00Z")), "{}", &text_of_day);
            if !moves {
                prop_assert_eq!(start, day, "{}", text_of_day);
            } else if moment > 0 {
                let there = at.to_zoned(TimeZone::UTC).unwrap().with_time_zone(TimeZone::get(zone).unwrap()).date();
                prop_assert_eq!(start, there, "{}", text_of_day);
            }
        }
    }
}
