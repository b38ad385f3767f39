//! The table of functions, by kind. What a function does stands in its own module; this says how it is called and what it means.

pub(crate) mod case;
pub(crate) mod date;
mod diacritics;
mod encoding;
mod list;
pub(crate) mod logic;
mod random;
mod replace;
mod text;

use crate::expr::function::{Example, Function, Kind, Param, Run, optional, repeated, required};

pub(crate) static ALL: &[&[Function]] = &[TEXT, MANY, LOGIC, DATES, CODES, DRAWN, ROLES];

/// A function of fixed arguments; [`Function::dialect`] and the number of arguments are set by the methods below.
const fn function(
    usage: &'static str,
    params: &'static [Param],
    result: Kind,
    run: Run,
    doc: &'static str,
    examples: &'static [Example],
) -> Function {
    let (name, _) = usage.as_bytes().split_at(paren(usage.as_bytes()));
    let name = match std::str::from_utf8(name) {
        Ok(name) => name,
        Err(_) => usage,
    };
    let mut min = 0;
    let mut max = Some(params.len());
    let mut at = 0;
    while at < params.len() {
        match params[at].need {
            crate::expr::function::Need::Required => min = at + 1,
            crate::expr::function::Need::Repeated => max = None,
            crate::expr::function::Need::Optional => {}
        }
        at += 1;
    }
    Function { name, usage, doc, dialect: None, params, min, max, result, examples, run }
}

const fn paren(usage: &[u8]) -> usize {
    let mut at = 0;
    while at < usage.len() && usage[at] != b'(' {
        at += 1;
    }
    at
}

impl Function {
    const fn reads(mut self, dialect: &'static str) -> Self {
        self.dialect = Some(dialect);
        self
    }

    const fn takes(mut self, min: usize, max: Option<usize>) -> Self {
        self.min = min;
        self.max = max;
        self
    }
}

const fn ex(expression: &'static str, record: &'static [(&'static str, &'static str)], yields: &'static str) -> Example {
    Example { expression, record, yields }
}

const SOURCE: Param = required("source", Kind::Text);
const EACH: Param = required("source", Kind::Any);

static TEXT: &[Function] = &[
    function("Append(source, suffix)", &[EACH, required("suffix", Kind::Text)], Kind::Same, Run::Eager(text::append),
        "The source followed by the suffix.",
        &[ex(r#"Append([Login], "@contoso.com")"#, &[("Login", "ann")], r#""ann@contoso.com""#), ex(r#"Append([Login], "-x")"#, &[], "null")])
        .reads("an absent source stays absent; an absent suffix adds nothing; of several values each gets the suffix"),
    function("Prepend(prefix, source)", &[required("prefix", Kind::Text), EACH], Kind::Any, Run::Eager(text::prepend),
        "The prefix followed by the source. A legacy function.",
        &[ex(r#"Prepend("x-", [mail])"#, &[("mail", "a@contoso.com")], r#""x-a@contoso.com""#)])
        .reads("an absent source stays absent"),
    function("Join(separator, source1, source2, ...)", &[required("separator", Kind::Text), repeated("source", Kind::Any)], Kind::Text, Run::Eager(list::join),
        "The sources with the separator between them. Absent and empty sources are skipped; several values are joined one by one.",
        &[ex(r#"Join(", ", "", [Last], [First])"#, &[("Last", "Doe"), ("First", "John")], r#""Doe, John""#), ex(r#"Join(" ", [Last], [First])"#, &[], "null")])
        .takes(2, None)
        .reads("if all sources are absent, so is the result; if one of them is only empty, it is empty"),
    function("Left(String, NumChars)", &[required("String", Kind::Text), required("NumChars", Kind::Number)], Kind::Text, Run::Eager(text::left),
        "The first characters of a text. A number that is too large or negative gives the whole text.",
        &[ex(r#"Left("John Doe", 3)"#, &[], r#""Joh""#), ex("Left([Name], 3)", &[], r#""""#), ex(r#"Left("John", -1)"#, &[], r#""John""#)])
        .reads("characters are counted as .NET counts them (UTF-16), but none is split"),
    function("Len(source)", &[SOURCE], Kind::Number, Run::Eager(text::len),
        "How many characters a text has.",
        &[ex(r#"Len("John")"#, &[], "4"), ex(r#"IIF(Len([Phone]) = "10", "ten", "other")"#, &[("Phone", "0123456789")], r#""ten""#), ex("Len([Phone])", &[], "0")])
        .reads("characters are counted as .NET counts them (UTF-16); an absent text has none"),
    function("Mid(source, start, length)", &[SOURCE, required("start", Kind::Number), required("length", Kind::Number)], Kind::Text, Run::Eager(text::mid),
        "A part of a text; the first character is 1. A length beyond the end is clipped.",
        &[ex(r#"Mid("John Doe", 3, 5)"#, &[], r#""hn Do""#), ex(r#"Mid("John", 9, 5)"#, &[], r#""""#), ex(r#"Mid("John", 0, 2)"#, &[], "fault: bad-argument")])
        .reads("an absent source stays absent; a start beyond the end gives an empty text; a start below 1 is a fault"),
    function("InStr(value1, value2, [start], [compareType])",
        &[required("value1", Kind::Text), required("value2", Kind::Text), optional("start", Kind::Number), optional("compareType", Kind::Any)], Kind::Number, Run::Eager(text::in_str),
        "Where the second text first stands in the first: 1 is the first character, 0 means nowhere. compareType is vbBinaryCompare or vbTextCompare.",
        &[ex(r#"InStr("The quick brown fox", "quick")"#, &[], "5"), ex(r#"InStr("repEated", "e", 3, vbTextCompare)"#, &[], "4")])
        .reads("case counts unless vbTextCompare is given; in an absent text nothing is found"),
    function("ToLower(source, [culture])", &[EACH, optional("culture", Kind::Text)], Kind::Same, Run::Eager(case::to_lower),
        "The text in lower case, by the rules of a culture such as `tr-TR`, else the invariant ones.",
        &[ex(r#"ToLower("ÄB")"#, &[], r#""äb""#), ex(r#"ToLower("TITLE", "tr-TR")"#, &[], r#""tıtle""#)])
        .reads("an absent source stays absent; no letter becomes two; of several values each is changed"),
    function("ToUpper(source, [culture])", &[EACH, optional("culture", Kind::Text)], Kind::Same, Run::Eager(case::to_upper),
        "The text in upper case, by the rules of a culture such as `tr-TR`, else the invariant ones.",
        &[ex(r#"ToUpper("abc-é")"#, &[], r#""ABC-É""#), ex(r#"ToUpper("straße")"#, &[], r#""STRAßE""#)])
        .reads("an absent source stays absent; no letter becomes two; of several values each is changed"),
    function("PCase(source, [wordSeparators])", &[EACH, optional("wordSeparators", Kind::Text)], Kind::Same, Run::Eager(case::pcase),
        "Each word with its first letter in upper case and the rest in lower case. With separators, only those characters start a word.",
        &[ex("PCase([n])", &[("n", "PABLO GONSALVES (SECOND)")], r#""Pablo Gonsalves (Second)""#), ex(r#"PCase("PINTO-DE'SILVA", " '-")"#, &[], r#""Pinto-De'Silva""#)])
        .reads("without separators every character that is no letter, digit or mark starts a word, the apostrophe too; an absent source stays absent"),
    function("StripSpaces(source)", &[EACH], Kind::Same, Run::Eager(text::strip_spaces),
        "The text without blanks.",
        &[ex(r#"StripSpaces(" Mary Ann ")"#, &[], r#""MaryAnn""#)])
        .reads("only the plain blank (U+0020) is removed; an absent source stays absent"),
    function("Trim(value)", &[EACH], Kind::Same, Run::Eager(text::trim),
        "The text without white space at its ends; of several values each. A function of cloud sync.",
        &[ex(r#"Trim("  Ann ")"#, &[], r#""Ann""#)]),
    function("NormalizeDiacritics(source)", &[EACH], Kind::Same, Run::Eager(text::normalize_diacritics),
        "Latin letters with marks become plain ones: é e, ö o, å a, ł l, æ ae, ø oe, ß ss. Case is kept.",
        &[ex(r#"NormalizeDiacritics("Zoë Bjørn Weiß")"#, &[], r#""Zoe Bjoern Weiss""#), ex(r#"NormalizeDiacritics("Nguyễn Đặng Þór")"#, &[], r#""Nguyen Dang THor""#), ex(r#"NormalizeDiacritics("Йован")"#, &[], r#""Йован""#)])
        .reads("what Entra's table lacks is reduced too: stacked Vietnamese marks to the base letter, and đ ð þ œ to d d th oe; other scripts stay"),
    function("Word(String, WordNumber, Delimiters)", &[required("String", Kind::Text), required("WordNumber", Kind::Number), required("Delimiters", Kind::Text)], Kind::Text, Run::Eager(text::word),
        "The n-th word, from 1; every character of the delimiters separates. Empty where there are too few.",
        &[ex(r#"Word("This,string!has&many separators", 3, ",!&#")"#, &[], r#""has""#), ex(r#"Word([s], 1, " ")"#, &[], r#""""#)])
        .reads("adjacent delimiters count as one; a text without delimiters is one word"),
    function("Replace(source, [oldValue], [regexPattern], [regexGroupName], [replacementValue], [replacementAttributeName], [template])",
        &[EACH, optional("oldValue", Kind::Text), optional("regexPattern", Kind::Text), optional("regexGroupName", Kind::Text), optional("replacementValue", Kind::Text), optional("replacementAttributeName", Kind::Text), optional("template", Kind::Text)],
        Kind::Same, Run::Eager(replace::replace),
        "Replaces text. The places that are filled choose how: oldValue + replacementValue: every occurrence; oldValue + template: every occurrence in the template becomes the source; regexPattern + replacementValue: every match, with $1 and ${name}; regexPattern + regexGroupName + replacementValue: what the group matched; regexPattern + regexGroupName + replacementAttributeName: if the source is empty, what the group finds in the other attribute. Regular expressions are those of .NET.",
        &[
            ex(r#"Replace("Product Developer", "Developer", , , "Engineer", , )"#, &[], r#""Product Engineer""#),
            ex(r#"Replace([Login], "@id", , , , , "user-@id-x")"#, &[("Login", "7")], r#""user-7-x""#),
            ex(r#"Replace("john_doe72", , "[a-zA-Z_]*", , "", , )"#, &[], r#""72""#),
            ex(r#"Replace("49-123", , "(?<cc>\\d+)-(?<num>\\d+)", "cc", "X", , )"#, &[], r#""X-123""#),
            ex(r#"Replace([a], , "(?<n>\\d+)", "n", , [b], )"#, &[("b", "room 12")], r#""12""#),
        ])
        .takes(7, Some(7))
        .reads("an absent source stays absent; text of a match outside the group survives; if the group finds nothing in the other attribute, the result is absent"),
    function("CStr(value)", &[required("value", Kind::Any)], Kind::Text, Run::Eager(text::cstr),
        "The text of a number or a boolean.",
        &[ex("CStr(42)", &[], r#""42""#), ex("CStr(CBool(1))", &[], r#""True""#)])
        .reads("an absent value stays absent"),
    function("Redact(value)", &[required("value", Kind::Any)], Kind::Same, Run::Eager(text::same),
        "The value, shown as [Redact] in logs.",
        &[ex(r#"Redact("pa55")"#, &[], r#""pa55""#)]),
    function("CRef(value)", &[required("value", Kind::Any)], Kind::Same, Run::Eager(text::same),
        "The value as a reference. A function of cloud sync; here the value itself.",
        &[ex(r#"CRef("CN=Ann")"#, &[], r#""CN=Ann""#)]),
    function("DNComponent(dn, n)", &[required("dn", Kind::Text), required("n", Kind::Number)], Kind::Text, Run::Eager(text::dn_component),
        "The value of the n-th component of a distinguished name, from the left. A function of cloud sync.",
        &[ex(r#"DNComponent("CN=Ann,OU=Sales,DC=contoso", 2)"#, &[], r#""Sales""#)])
        .reads("a component that is not there is absent"),
    function("DefaultDomain()", &[], Kind::Text, Run::Eager(text::default_domain),
        "The default verified domain of the tenant.",
        &[ex(r#"Join("@", "ann", DefaultDomain())"#, &[], r#""ann@contoso.com""#)]),
];

static MANY: &[Function] = &[
    function(
        "Split(source, delimiter)",
        &[required("source", Kind::Any), required("delimiter", Kind::Text)],
        Kind::List,
        Run::Eager(list::split),
        "The parts of a text between the delimiters, as several values.",
        &[ex(r#"Split("a;b;c", ";")"#, &[], r#"["a","b","c"]"#), ex(r#"Split("a;;b", ";")"#, &[], r#"["a","b"]"#)],
    )
    .reads("blanks around the parts are kept; empty parts are dropped; an absent source stays absent"),
    function(
        "Item(attribute, index)",
        &[required("attribute", Kind::Any), required("index", Kind::Number)],
        Kind::Text,
        Run::Eager(list::item),
        "One of several values; the first is 1.",
        &[ex(r#"Item(Split("a;b", ";"), 2)"#, &[], r#""b""#), ex(r#"Item(Split("a;b", ";"), 3)"#, &[], "fault: out-of-range")],
    )
    .reads("an index outside is a fault, 0 too; of an absent attribute the item is absent"),
    function(
        "Count(attribute)",
        &[required("attribute", Kind::Any)],
        Kind::Number,
        Run::Eager(list::count),
        "How many values there are.",
        &[ex(r#"Count(Split("a;b;c;d", ";"))"#, &[], "4"), ex("Count([m])", &[], "0")],
    )
    .reads("an absent attribute has 0 values, a single one 1"),
    function(
        "RemoveDuplicates(attribute)",
        &[required("attribute", Kind::Any)],
        Kind::List,
        Run::Eager(list::remove_duplicates),
        "The values without repetitions.",
        &[ex(r#"RemoveDuplicates(Split("a;b;a;A", ";"))"#, &[], r#"["a","b","A"]"#)],
    )
    .reads("the first of equal values stays in its place; case counts"),
];

static LOGIC: &[Function] = &[
    function("IIF(condition, valueIfTrue, valueIfFalse)", &[required("condition", Kind::Flag), required("valueIfTrue", Kind::Any), required("valueIfFalse", Kind::Any)], Kind::Any, Run::Iif,
        "One of two values. Conditions compare with =, <>, >, >=, <, <=; nest IIF for AND and OR.",
        &[ex(r#"IIF([Country] = "USA", "True", "False")"#, &[("Country", "USA")], r#""True""#), ex(r#"IIF([a] = "", "yes", "no")"#, &[], r#""no""#), ex(r#"IIF([a] <> "x", "yes", "no")"#, &[], r#""yes""#)])
        .reads("only the chosen value is evaluated; texts compare exactly, case counts; a number compares with numeric text as number; what is absent equals nothing (= is false, <> true, the order false); an absent or empty condition does not hold"),
    function("Switch(source, [defaultValue], key1, value1, key2, value2, ...)", &[required("source", Kind::Text), optional("defaultValue", Kind::Any), repeated("key, value", Kind::Any)], Kind::Any, Run::Switch,
        "The value of the first key that equals the source, else the default. Case counts. The key \"\" matches an absent source too.",
        &[ex(r#"Switch([Active], "?", "1", "yes", "0", "no")"#, &[("Active", "0")], r#""no""#), ex(r#"Switch([x], [x], "", "fallback")"#, &[], r#""fallback""#), ex(r#"Switch([x], , "1", "one")"#, &[("x", "2")], "null")])
        .takes(2, None)
        .reads("only the chosen value is evaluated; without a match an empty default is absent; the first of two equal keys counts"),
    function("Coalesce(source1, source2, ..., [default])", &[repeated("source", Kind::Any)], Kind::Any, Run::Coalesce,
        "The first value that is not absent.",
        &[ex("Coalesce([mail], [upn])", &[("upn", "a@contoso.com")], r#""a@contoso.com""#), ex("Coalesce([mail], [upn])", &[], "null"), ex(r#"Coalesce([mail], "x")"#, &[("mail", "")], r#""""#)])
        .takes(1, None)
        .reads("an empty text is a value and is not skipped; for cells that may be empty use Switch([x], [x], \"\", [y])"),
    function("Not(source)", &[required("source", Kind::Any)], Kind::Flag, Run::Eager(logic::not),
        "False for True, else True.",
        &[ex(r#"Not("True")"#, &[], "false"), ex("Not([x])", &[], "true")])
        .reads("true in any case is True; an absent source gives True"),
    function("IsNull(source)", &[required("source", Kind::Any)], Kind::Flag, Run::Eager(logic::is_null),
        "Whether the attribute is absent. An empty text is not.",
        &[ex("IsNull([x])", &[], "true"), ex("IsNull([x])", &[("x", "")], "false")]),
    function("IsNothing(source)", &[required("source", Kind::Any)], Kind::Flag, Run::Eager(logic::is_null),
        "Whether the attribute is absent. A legacy name of IsNull.",
        &[ex("IsNothing([x])", &[], "true")]),
    function("IsNullOrEmpty(source)", &[required("source", Kind::Any)], Kind::Flag, Run::Eager(logic::is_null_or_empty),
        "Whether the attribute is absent or empty.",
        &[ex("IsNullOrEmpty([x])", &[("x", "")], "true"), ex("IsNullOrEmpty([x])", &[("x", "a")], "false")]),
    function("IsPresent(source)", &[required("source", Kind::Any)], Kind::Flag, Run::Eager(logic::is_present),
        "Whether the attribute is neither absent nor empty.",
        &[ex("IsPresent([x])", &[("x", "a")], "true"), ex("IsPresent([x])", &[], "false")]),
    function("IsString(source)", &[required("source", Kind::Any)], Kind::Flag, Run::Eager(logic::is_string),
        "Whether the value is one text.",
        &[ex("IsString([x])", &[("x", "a")], "true"), ex("IsString(7)", &[], "false")])
        .reads("an absent value and several values are no text"),
    function("CBool(expression)", &[required("expression", Kind::Any)], Kind::Flag, Run::Eager(logic::cbool),
        "The boolean of a comparison, or whether a number is not 0.",
        &[ex("CBool([a] = [b])", &[("a", "x"), ("b", "x")], "true"), ex("CBool(0)", &[], "false")])
        .reads("true and false are read in any case, other text is a fault; an absent or empty value is absent"),
    function("BitAnd(value1, value2)", &[required("value1", Kind::Number), required("value2", Kind::Number)], Kind::Number, Run::Eager(logic::bit_and),
        "The bits that both numbers have.",
        &[ex("BitAnd(&HF, &HF7)", &[], "7"), ex(r#"BitAnd("514", 2)"#, &[], "2")])
        .reads("an absent number gives an absent result"),
    function("IgnoreFlowIfNullOrEmpty(expression)", &[required("expression", Kind::Any)], Kind::Same, Run::Eager(logic::ignore_if_empty),
        "The value; if it is absent or empty, the target attribute is left as it is.",
        &[ex("IgnoreFlowIfNullOrEmpty([x])", &[("x", "a")], r#""a""#), ex("IgnoreFlowIfNullOrEmpty([x])", &[("x", "")], "IgnoreAttributeFlow")]),
    function("SelectUniqueValue(rule1, rule2, ...)", &[repeated("rule", Kind::Any)], Kind::Text, Run::SelectUnique,
        "The first candidate that is free in the target. Only at the top of an attribute that is set on create.",
        &[ex(r#"SelectUniqueValue(Append([n], "1"), Append([n], "2"))"#, &[("n", "ann")], r#"candidates ["ann1","ann2"]"#)])
        .takes(2, None)
        .reads("it works for targets in Entra too; a candidate that is absent or empty is passed over"),
    function("Error(text)", &[required("text", Kind::Text)], Kind::Any, Run::Eager(logic::error),
        "A fault of the whole object with this text. A function of cloud sync.",
        &[ex(r#"IIF([a] = "x", Error("no x"), "fine")"#, &[("a", "x")], "fault: raised"), ex(r#"IIF([a] = "x", Error("no x"), "fine")"#, &[("a", "y")], r#""fine""#)]),
];

const DATE_NOTE: &str = "ISO dates and timestamps, month-first dates with slashes and dates with an English month (`5 Jan 2021`) are read; without an offset they are UTC; an absent, empty or blank date gives an absent result";

static DATES: &[Function] = &[
    function("CDate(text)", &[required("text", Kind::Date)], Kind::Date, Run::Eager(date::cdate),
        "The date of a text in UTC, as M/d/yyyy h:mm:ss tt.",
        &[ex(r#"CDate("2021-06-30+08:00")"#, &[], r#""6/29/2021 4:00:00 PM""#), ex(r#"CDate("2020-03-16")"#, &[], r#""3/16/2020 12:00:00 AM""#)])
        .reads(DATE_NOTE),
    function("Now()", &[], Kind::Date, Run::Eager(date::now),
        "The current moment in UTC, as M/d/yyyy h:mm:ss tt. It is the same in a whole run.",
        &[ex("Now()", &[], r#""7/30/2025 12:00:00 AM""#)]),
    function("DateAdd(interval, value, dateTime)", &[required("interval", Kind::Text), required("value", Kind::Number), required("dateTime", Kind::Date)], Kind::Date, Run::Eager(date::date_add),
        "A date moved by so many intervals: yyyy, m, d, ww, h, n (minute), s.",
        &[ex(r#"DateAdd("d", -3, "2025-01-02")"#, &[], r#""12/30/2024 12:00:00 AM""#), ex(r#"DateAdd("m", 1, CDate("2025-01-31"))"#, &[], r#""2/28/2025 12:00:00 AM""#)])
        .reads("a day that the month lacks becomes its last; an absent or blank number or date gives an absent result"),
    function("DateDiff(interval, date1, date2)", &[required("interval", Kind::Text), required("date1", Kind::Date), required("date2", Kind::Date)], Kind::Number, Run::Eager(date::date_diff),
        "How many intervals the second date is later: yyyy, m, d, ww, h, n (minute), s.",
        &[ex(r#"DateDiff("d", "2021-08-18", "2021-08-31")"#, &[], "13"), ex(r#"DateDiff("ww", "8/25/2021 5:41:18 PM", "2012-03-16-07:00")"#, &[], "-493")])
        .reads("d, h, n, s cut the elapsed time to whole ones; ww counts Sundays; m and yyyy subtract calendar fields; an absent or blank date gives an absent result"),
    function("DateFromNum(value)", &[required("value", Kind::Number)], Kind::Date, Run::Eager(date::date_from_num),
        "The date of a FILETIME: 100 nanoseconds since 1601 in UTC.",
        &[ex("DateFromNum(129699324000000000)", &[], r#""1/1/2012 11:00:00 PM""#)]),
    function("NumFromDate(value)", &[required("value", Kind::Date)], Kind::Number, Run::Eager(date::num_from_date),
        "The FILETIME of a date: 100 nanoseconds since 1601 in UTC.",
        &[ex(r#"NumFromDate("2012-01-01 23:00:00")"#, &[], "129699324000000000")])
        .reads(DATE_NOTE),
    function("FormatDateTime(source, [dateTimeStyles], inputFormat, outputFormat)",
        &[required("source", Kind::Date), optional("dateTimeStyles", Kind::Text), required("inputFormat", Kind::Text), required("outputFormat", Kind::Text)], Kind::Text, Run::Eager(date::format_date_time),
        "A date read with one .NET format and written with another. With three arguments the styles are left out.",
        &[ex(r#"FormatDateTime("20150123105347.1Z", "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")"#, &[], r#""2015-01-23""#), ex(r#"FormatDateTime([d], , "d.M.yyyy", "yyyy-MM-dd")"#, &[("d", "7.3.2025")], r#""2025-03-07""#), ex(r#"FormatDateTime([d], "32", "d.M.yyyy", "yyyy-MM-dd")"#, &[("d", "")], "null"), ex(r#"FormatDateTime([d], , "yyyy-MM-dd", "dd")"#, &[("d", "2025-3-7")], "fault: bad-date")])
        .takes(3, Some(4))
        .reads("an offset in the source (zzz, Z) moves the date to UTC; an absent, empty or blank source is absent; styles are names or the sum of their .NET numbers; two-digit years (yy) are 1950 to 2049; unknown letters stand for themselves"),
];

static CODES: &[Function] = &[
    function(
        "ConvertToBase64(source)",
        &[SOURCE],
        Kind::Text,
        Run::Eager(encoding::to_base64),
        "The base64 of the text in UTF-16.",
        &[ex(r#"ConvertToBase64("Hello world!")"#, &[], r#""SABlAGwAbABvACAAdwBvAHIAbABkACEA""#)],
    ),
    function(
        "ConvertFromBase64(source, [encoding])",
        &[SOURCE, optional("encoding", Kind::Text)],
        Kind::Text,
        Run::Eager(encoding::from_base64),
        "The text of a base64, in Unicode (UTF-16), UTF8 or ASCII. A function of cloud sync.",
        &[
            ex(r#"ConvertFromBase64("SGVsbG8gd29ybGQh", UTF8)"#, &[], r#""Hello world!""#),
            ex(r#"ConvertFromBase64("SABpAA==")"#, &[], r#""Hi""#),
        ],
    ),
    function(
        "ConvertToUTF8Hex(source)",
        &[SOURCE],
        Kind::Text,
        Run::Eager(encoding::to_utf8_hex),
        "The bytes of the text in UTF-8, as hexadecimal digits in upper case.",
        &[ex(r#"ConvertToUTF8Hex("Zoë")"#, &[], r#""5A6FC3AB""#)],
    ),
    function(
        "StringFromSid(sid)",
        &[required("sid", Kind::Text)],
        Kind::Text,
        Run::Eager(encoding::string_from_sid),
        "The text of a security identifier that is given as base64. A function of cloud sync.",
        &[ex(r#"StringFromSid("AQEAAAAAAAUSAAAA")"#, &[], r#""S-1-5-18""#)],
    )
    .reads("an identifier that is text already stays"),
];

static DRAWN: &[Function] = &[
    function("Guid()", &[], Kind::Text, Run::Eager(random::guid),
        "A new GUID in lower case with hyphens.", &[])
        .reads("it is drawn from the person and the attribute, so that a preview and its run agree"),
    function("RandomString(Length, MinimumNumbers, MinimumSpecialCharacters, MinimumCapital, MinimumLowerCase, [CharactersToAvoid])",
        &[required("Length", Kind::Number), required("MinimumNumbers", Kind::Number), required("MinimumSpecialCharacters", Kind::Number), required("MinimumCapital", Kind::Number), required("MinimumLowerCase", Kind::Number), optional("CharactersToAvoid", Kind::Text)],
        Kind::Text, Run::Eager(random::random_string),
        "A random text of at most 256 characters with so many digits, special characters, capitals and small letters at least.",
        &[ex("RandomString(5, 3, 3, 0, 0)", &[], "fault: bad-argument")])
        .reads("the rest is filled from the kinds whose minimum is above 0; if there is none, from letters and digits; it is drawn from the person and the attribute, so that a preview and its run agree"),
];

const ROLE: Run = Run::Refused("app role functions read the role assignments of an Entra app, which no HR source has");

static ROLES: &[Function] = &[
    function(
        "SingleAppRoleAssignment([appRoleAssignments])",
        &[EACH],
        Kind::Any,
        ROLE,
        "Outbound only: recognised and refused.",
        &[],
    ),
    function("AppRoleAssignments([appRoleAssignments])", &[EACH], Kind::Any, ROLE, "Outbound only: recognised and refused.", &[]),
    function(
        "AppRoleAssignmentsComplex([appRoleAssignments])",
        &[EACH],
        Kind::Any,
        ROLE,
        "Outbound only: recognised and refused.",
        &[],
    ),
    function(
        "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])",
        &[EACH],
        Kind::Any,
        ROLE,
        "Outbound only: recognised and refused.",
        &[],
    ),
];
