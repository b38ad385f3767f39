//! Dates and comparisons.

use proptest::prelude::*;

use super::*;

#[test]
fn dates_are_read_and_written_as_in_dotnet() {
    for (text, wanted) in [
        (r#"FormatDateTime("2025-03-07", , "yyyy-MM-dd", "dddd, d MMM yy 'at' H")"#, "Friday, 7 Mar 25 at 0"),
        (r#"FormatDateTime("3/7/2025 1:05:09 PM", , "M/d/yyyy h:mm:ss tt", "yyyyMMdd'T'HHmmss.ff")"#, "20250307T130509.00"),
        (r#"FormatDateTime("2025-03-07+02:00", , "yyyy-MM-ddzzz", "yyyy-MM-dd HH:mm")"#, "2025-03-06 22:00"),
        (r#"FormatDateTime(" 7 Mar 2025 ", , "d MMM yyyy", "s")"#, "2025-03-07T00:00:00"),
        (r#"FormatDateTime("2025-03-07", , "yyyy-MM-dd", "%d")"#, "7"),
        (r#"CDate("2024-02-29T23:59:59.5Z")"#, "2/29/2024 11:59:59 PM"),
        (r#"CDate("12/31/2025")"#, "12/31/2025 12:00:00 AM"),
        (r#"CDate("Thu, 01 Jan 2009 16:00:00 GMT")"#, "1/1/2009 4:00:00 PM"),
        (r#"CDate("Jan 5, 2021 3:04 PM")"#, "1/5/2021 3:04:00 PM"),
        (r#"CDate("Tuesday, 5 January 2021")"#, "1/5/2021 12:00:00 AM"),
        (r#"CDate("05-jan-2021")"#, "1/5/2021 12:00:00 AM"),
        (r#"DateAdd("yyyy", 1, "2024-02-29")"#, "2/28/2025 12:00:00 AM"),
        (r#"CStr(DateDiff("m", "2025-01-31", "2025-02-01"))"#, "1"),
        (r#"CStr(DateDiff("d", "2025-01-01T12:00:00", "2025-01-02T11:00:00"))"#, "0"),
        (r#"CStr(DateDiff("ww", "2025-07-26", "2025-07-27"))"#, "1"),
    ] {
        assert_eq!(yields(text, &json!({})), json!(wanted).to_string(), "{text}");
    }
    for wrong in ["31/12/2025", "Wed, 5 Jan 2021", "5 Janu 2021", "05-Jan 2021", "31 Feb 2021", "Jan 2021", "Tuesday", "5 Jan 21"]
    {
        assert_eq!(yields("CDate([a])", &json!({"a": wrong})), "fault: bad-date", "{wrong}");
    }
    assert_eq!(yields(r#"DateAdd("d", 9223372036854775807, "2025-01-01")"#, &json!({})), "fault: out-of-range");
}

#[test]
fn dates_compare_as_dates_and_decimals_as_numbers() {
    // Now() is 7/30/2025.
    for (condition, record, holds) in [
        ("CDate([d]) < Now()", json!({"d": "2026-01-31"}), false),
        ("CDate([d]) < Now()", json!({"d": "2025-02-01"}), true),
        ("[d] > Now()", json!({"d": "2020-01-01"}), false),
        ("[d] > Now()", json!({"d": "2025-12-31"}), true),
        ("[d] > Now()", json!({"d": "8/1/2025 12:00:00 AM"}), true),
        ("Now() >= [d]", json!({"d": "2025-07-30"}), true),
        ("Now() = [d]", json!({"d": "2025-07-30T00:00:00Z"}), true),
        ("Now() <> [d]", json!({"d": "2025-07-30"}), false),
        ("[d] < Now()", json!({"d": ""}), false),
        ("[d] < Now()", json!({"d": null}), false),
        ("[d] <> Now()", json!({"d": " "}), true),
        ("DateAdd(\"d\", 14, Now()) > [d]", json!({"d": "2025-08-10"}), true),
        ("DateAdd(\"m\", 1, [d]) > \"2025-12-01\"", json!({"d": "2025-11-15"}), true),
        ("Coalesce([d], \"9999-12-31\") < Now()", json!({"d": null}), false),
        ("IIF(IsNullOrEmpty([d]), \"9999-12-31\", [d]) < Now()", json!({"d": ""}), false),
        ("FormatDateTime([d], , \"d.M.yyyy\", \"yyyy-MM-dd\") < Now()", json!({"d": "31.12.2024"}), true),
        ("FormatDateTime([d], , \"d.M.yyyy\", \"yyyyMMdd\") < \"20250101\"", json!({"d": "31.12.2024"}), true),
        ("FormatDateTime([d], , \"d.M.yyyy\", \"%M\") > \"9\"", json!({"d": "31.12.2024"}), true),
        ("[d] < [e]", json!({"d": "2025-10-01", "e": "2025-09-30T23:59:59Z"}), false),
        ("[d] = [e]", json!({"d": "2025-10-01", "e": "2025-10-01T00:00:00Z"}), true),
        ("[d] = [e]", json!({"d": "5", "e": "05"}), false),
        ("[d] = [e]", json!({"d": "a", "e": "A"}), false),
        ("[d] < \"2026-01-01\"", json!({"d": ""}), false),
        ("[f] < \"1\"", json!({"f": "0.875"}), true),
        ("[f] > \"9\"", json!({"f": "10.5"}), true),
        ("[f] >= 9", json!({"f": "10,5"}), true),
        ("[f] = 5", json!({"f": "5.0"}), true),
        ("InStr([f], \"x\") < \"1\"", json!({"f": "abc"}), true),
        ("Len([f]) = \"3\"", json!({"f": "abc"}), true),
        ("Len([f]) > \"10\"", json!({"f": "abc"}), false),
    ] {
        assert_eq!(yields(&format!("CBool({condition})"), &record), holds.to_string(), "{condition} {record}");
    }
}

#[test]
fn two_digit_years_have_one_century_everywhere() {
    let format = record::DayFormat::new("%d.%m.%y").unwrap();
    for year in 0..100 {
        let text = format!("31.12.{year:02}");
        let day = format.day(&text, &jiff::tz::TimeZone::UTC).unwrap();
        assert_eq!(day.year(), record::full_year(year), "{text}");
        let written = yields(r#"FormatDateTime([d], , "d.M.yy", "yyyy-MM-dd")"#, &json!({ "d": text }));
        assert_eq!(written, json!(day.to_string()).to_string(), "{text}");
    }
}

#[test]
fn decimals_are_equal_by_value_and_identifiers_by_text() {
    let equal = |cell: &str, text: &str| yields(&format!(r#"CBool([a] = "{text}")"#), &json!({ "a": cell })) == "true";
    for (cell, text) in [("0.50", "0.5"), ("0,5", "0.5"), ("38.50", "38.5"), ("-1.0", "-1.00"), ("+0.5", "0.5")] {
        assert!(equal(cell, text) && equal(text, cell), "{cell} = {text}");
        assert_eq!(yields("CBool([a] <> [b])", &json!({ "a": cell, "b": text })), "false");
    }
    for (cell, text) in [
        ("007", "7"),
        ("7", "7.0"),
        ("00.50", "0.5"),
        ("1,500", "1.5"),
        ("0.5", "0.51"),
        ("0.12345678901234567891", "0.12345678901234567892"),
        ("1.10.0", "1.1.0"),
        ("0.5", "-0.5"),
    ] {
        assert!(!equal(cell, text) && !equal(text, cell), "{cell} = {text}");
    }
}

#[test]
fn a_comparison_of_doubtful_meaning_is_refused() {
    for (text, code) in [
        ("Now() > 5", "doubtful-comparison"),
        ("CDate([d]) = IsPresent([d])", "doubtful-comparison"),
        ("DateDiff(\"d\", [d], Now()) > Now()", "doubtful-comparison"),
        ("IIF([a] = \"1\", [d], 7) < Now()", "doubtful-comparison"),
        ("FormatDateTime([d], , \"yyyy-MM-dd\", \"dd.MM.yyyy\") < Now()", "doubtful-comparison"),
        ("FormatDateTime([d], , \"yyyy-MM-dd\", \"dd.MM.yyyy\") < \"01.01.2026\"", "doubtful-comparison"),
        ("[d] > FormatDateTime(Now(), \"M/d/yyyy h:mm:ss tt\", \"MMM yyyy\")", "doubtful-comparison"),
        (
            "FormatDateTime([d], , \"yyyy-MM-dd\", \"yyyyMMdd\") < FormatDateTime([e], , \"yyyy-MM-dd\", \"yyyy-MM-dd\")",
            "doubtful-comparison",
        ),
        ("[d] < Now() & \"\"", ""),
        ("Now() > \"31.12.2026\"", "bad-date"),
        ("IIF([a] = \"1\", [d], \"never\") < Now()", "bad-date"),
        ("Now() > \"\"", "kind"),
        ("CDate([d]) = \"\"", ""),
        ("Count([m]) > \"many\"", "kind"),
        ("Count([m]) = \"many\"", ""),
    ] {
        let text = format!("CBool({text})");
        assert_eq!(codes(&text, &Rules::open()).first().copied().unwrap_or_default(), code, "{text}");
    }
    for (text, record, code) in [
        ("[d] < Now()", json!({"d": "31.12.2026"}), "bad-date"),
        ("[d] < [e]", json!({"d": "31.12.2026", "e": "01.01.2027"}), "doubtful-comparison"),
        ("[d] < \"2026-01-01\"", json!({"d": "05/01/2026"}), "doubtful-comparison"),
        ("Len([d]) < [e]", json!({"d": "x", "e": "two"}), "not-a-number"),
    ] {
        assert_eq!(yields(&format!("CBool({text})"), &record), format!("fault: {code}"), "{text} {record}");
    }
    let fault = Expression::check("IIF(Now() > 5, \"a\", \"b\")", &Rules::open()).unwrap_err().remove(0);
    assert!(fault.hint.unwrap().contains("DateDiff"));
}

#[test]
fn an_empty_date_is_absent_wherever_a_date_is_read() {
    for empty in [json!(""), json!("  "), json!(null)] {
        for text in [
            "CDate([d])",
            "FormatDateTime([d], , \"dd/MM/yyyy\", \"yyyy-MM-dd\")",
            "FormatDateTime([d], \"dd/MM/yyyy\", \"yyyy-MM-dd\")",
            "FormatDateTime(CDate([d]), , \"M/d/yyyy h:mm:ss tt\", \"yyyy-MM-dd\")",
            "DateAdd(\"d\", 1, [d])",
            "DateAdd(\"d\", [d], Now())",
            "DateDiff(\"d\", [d], Now())",
            "NumFromDate([d])",
        ] {
            assert_eq!(yields(text, &json!({"d": empty})), "null", "{text} {empty}");
        }
    }
    assert_eq!(yields("CDate(\"\")", &json!({})), "null");
    assert_eq!(yields("CDate([d])", &json!({"d": "x"})), "fault: bad-date");
}

#[test]
fn styles_are_names_or_the_sum_of_their_numbers() {
    let read =
        |styles: &str, d: &str| yields(&format!("FormatDateTime([d], {styles}, \"d.M.yyyy\", \"yyyy-MM-dd\")"), &json!({"d": d}));
    for styles in ["\"32\"", "\"64\"", "\"80\"", "\"0\"", "\"None\"", "\"AssumeLocal\"", "32"] {
        assert_eq!(read(styles, "7.3.2025"), "\"2025-03-07\"", "{styles}");
        assert_eq!(read(styles, " 7.3.2025"), "fault: bad-date", "{styles}");
    }
    for styles in ["\"7\"", "\"3\"", "\"AllowWhiteSpaces\"", "\"39\"", ""] {
        assert_eq!(read(styles, " 7.3.2025 "), "\"2025-03-07\"", "{styles}");
    }
    for styles in ["\"256\"", "\"-1\"", "\"96\"", "\"160\"", "\"AssumeLocal, AssumeUniversal\"", "\"Foo\"", "300"] {
        assert_eq!(read(styles, "7.3.2025"), "fault: date-style", "{styles}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_day_that_is_formatted_reads_back_and_keeps_its_order(days in 0i64..57_000, other in 0i64..57_000, format in prop::sample::select(vec![
        "yyyy-MM-dd", "d.M.yyyy", "dd/MM/yyyy", "yyyyMMdd", "M/d/yyyy h:mm:ss tt", "dddd, d MMMM yyyy", "dd-MMM-yyyy", "yyyy-MM-ddTHH:mm:ssZ",
    ])) {
        let day = |days: i64| date(1930, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
        let (one, two) = (day(days), day(other));
        let there = format!("FormatDateTime([d], , \"yyyy-MM-dd\", \"{format}\")");
        let back = format!("FormatDateTime({there}, , \"{format}\", \"yyyy-MM-dd\")");
        prop_assert_eq!(yields(&back, &json!({"d": one.to_string()})), json!(one.to_string()).to_string());
        let record = json!({"d": one.to_string(), "e": two.to_string()});
        for text in ["[d] < [e]", "CDate([d]) < [e]", "[d] < CDate([e])", "CDate([d]) < CDate([e])", "DateDiff(\"d\", [d], [e]) > 0"] {
            prop_assert_eq!(yields(&format!("CBool({text})"), &record), (one < two).to_string(), "{}", text);
        }
    }
}
