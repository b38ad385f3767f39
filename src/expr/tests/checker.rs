//! The faults that the checker finds before the first record.

use super::*;

#[test]
fn all_faults_are_told_at_once() {
    let text = "Joyn(\"\", [a], ToLowr([b]), Mid([c], 1), Switch([d], , \"1\"), \u{201c}x\u{201d})";
    let codes = codes(text, &Rules::open());
    assert_eq!(codes, ["unknown-function", "unknown-function", "argument-count", "switch-tail", "curly-quote"]);
}

#[test]
fn faults_name_the_nearest_function_and_its_usage() {
    let faults = Expression::check("ToLowr([a])", &Rules::open()).unwrap_err();
    assert!(faults[0].hint.as_deref().unwrap().contains("ToLower(source, [culture])"), "{faults:?}");
    assert_eq!(faults[0].span, 0..6);
}

#[test]
fn leaks_of_a_copied_page_are_named() {
    for (text, code) in [
        ("Append([a], &quot;x&quot;)", "html-entity"),
        ("Append([a],\u{a0}\"x\")", "no-break-space"),
        ("Append([a], \u{201c}x\u{201d})", "curly-quote"),
        ("Append([a], 'x')", "single-quote"),
        ("Append([a], \"x)", "unclosed-text"),
        ("Append([a, \"x\")", "unclosed-attribute"),
    ] {
        assert_eq!(codes(text, &Rules::open()).first(), Some(&code), "{text}");
    }
}

#[test]
fn places_set_rules() {
    let plain = Rules { want: Want::Text, ..Rules::default() };
    assert_eq!(codes("SelectUniqueValue([a], [b])", &plain), ["select-unique"]);
    assert_eq!(codes("Append(SelectUniqueValue([a], [b]), \"\")", &Rules::open()), ["select-unique"]);
    assert_eq!(codes("IIF([a] = \"1\", IgnoreObjectFlow, \"x\")", &plain), ["ignore-object"]);
    assert_eq!(codes("Split([a], \",\")", &plain), ["kind"]);
    assert_eq!(codes("IIF(IsNull([a]), \"x\", Split([a], \",\"))", &plain), ["kind"]);
    assert_eq!(codes("IsNull([a])", &plain), ["kind"]);
    assert_eq!(codes("CStr(IsNull([a]))", &plain), [""; 0]);
    assert_eq!(codes("IsNull([a])", &Rules { want: Want::Date, ..Rules::default() }), ["kind"]);
    assert_eq!(codes("Guid()", &Rules { secret: true, ..Rules::default() }), ["secret"]);
    assert_eq!(codes("AppRoleAssignmentsComplex([appRoleAssignments])", &Rules::open()), ["outbound-only"]);
    assert_eq!(codes("[a] = [b]", &Rules::open()), ["comparison"]);
}

#[test]
fn constants_are_read_by_the_checker() {
    for (text, code) in [
        (r#"Replace([a], , "(", , "", , )"#, "regex"),
        (r#"Replace([a], , "(?<n>x)", "m", "", , )"#, "regex"),
        (r#"FormatDateTime([a], , "YYYY-MM-DD", "yyyy")"#, "date-format"),
        (r#"FormatDateTime([a], , "hello '", "yyyy")"#, "date-format"),
        (r#"DateAdd("q", 1, [a])"#, "bad-interval"),
        (r#"InStr([a], "x", 1, "%")"#, "bad-argument"),
        (r#"InStr([a], "x", 1, 2)"#, "bad-argument"),
        (r#"InStr([a], "x", 0)"#, "bad-argument"),
        ("CDate(IsNull([a]))", "kind"),
        (r#"Mid([a], "one", 2)"#, "kind"),
        (r#"ToLower(Split([a], ","))"#, ""),
        (r#"Left(Split([a], ","), 2)"#, "kind"),
        (r#"CDate("not a date")"#, "bad-date"),
    ] {
        assert_eq!(codes(text, &Rules::open()).first().copied().unwrap_or_default(), code, "{text}");
    }
}
