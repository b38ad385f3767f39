//! The functions of text and of several texts.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use unicode_normalization::char::is_combining_mark;

use super::diacritics;
use super::evaluate::{Args, Eval, LARGEST, fault, too_large};
use super::value::Value;

/// Applies a function to the text, or to each of several.
fn each<'r>(value: Value<'r>, apply: impl Fn(Cow<'r, str>) -> Cow<'r, str>) -> Value<'r> {
    match value {
        Value::Null => Value::Null,
        Value::List(items) => Value::List(items.into_iter().map(apply).collect()),
        Value::Text(text) => Value::Text(apply(text)),
        other => {
            other.to_text().map_or(Value::Null, |text| Value::Text(Cow::Owned(apply(Cow::Owned(text.into_owned())).into_owned())))
        }
    }
}

/// Changes a text through a function of `&str`, keeping the loan where nothing changes.
fn through(text: Cow<'_, str>, change: impl Fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => change(text),
        Cow::Owned(text) => match change(&text) {
            // A part of the same length is the whole.
            Cow::Borrowed(part) if part.len() == text.len() => Cow::Owned(text),
            changed => Cow::Owned(changed.into_owned()),
        },
    }
}

pub(crate) fn append<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    affix(args, 0, 1, false)
}

pub(crate) fn prepend<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    affix(args, 1, 0, true)
}

fn affix<'r>(args: &mut Args<'_, 'r>, source: usize, affix: usize, before: bool) -> Eval<'r> {
    let Some(affix) = args.text(affix)? else { return Ok(args.take(source)) };
    let source = args.take(source);
    let count = if let Value::List(items) = &source { items.len() } else { 1 };
    if affix.len().saturating_mul(count) > LARGEST {
        return Err(too_large(args.span));
    }
    Ok(each(source, |text| {
        let (one, two) = if before { (&*affix, &*text) } else { (&*text, &*affix) };
        let mut both = String::with_capacity(one.len() + two.len());
        both.push_str(one);
        both.push_str(two);
        Cow::Owned(both)
    }))
}

pub(crate) fn join<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let separator = args.text(0)?.unwrap_or_default();
    let size: usize = args.values[1..].iter().map(|value| value.size() + separator.len()).sum();
    let mut joined = String::with_capacity(size.min(LARGEST));
    let (mut present, mut first) = (false, true);
    for at in 1..args.len() {
        let value = args.take(at);
        present |= value != Value::Null;
        let mut add = |text: &str| {
            if text.is_empty() {
                return true;
            }
            if !first {
                joined.push_str(&separator);
            }
            first = false;
            joined.push_str(text);
            joined.len() <= LARGEST
        };
        let fits = match &value {
            Value::Text(text) => add(text),
            Value::List(items) => items.iter().all(|item| add(item)),
            other => other.to_text().is_none_or(|text| add(&text)),
        };
        if !fits {
            return Err(too_large(args.span));
        }
    }
    Ok(if present { Value::owned(joined) } else { Value::Null })
}

/// The byte where a text reaches a number of UTF-16 units; a pair is never split.
fn units(text: &str, count: usize) -> usize {
    if text.is_ascii() {
        return count.min(text.len());
    }
    let mut left = count;
    for (at, letter) in text.char_indices() {
        let Some(rest) = left.checked_sub(letter.len_utf16()) else { return at };
        left = rest;
    }
    text.len()
}

fn slice(text: Cow<'_, str>, start: usize, end: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.drain(..start);
            Cow::Owned(text)
        }
    }
}

pub(crate) fn left<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let count = args.required_number(1)?;
    let Some(text) = args.text(0)? else { return Ok(Value::lent("")) };
    let Ok(count) = usize::try_from(count) else { return Ok(Value::Text(text)) };
    let end = units(&text, count);
    Ok(Value::Text(slice(text, 0, end)))
}

pub(crate) fn mid<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let start = args.required_number(1)?;
    let length = args.required_number(2)?;
    let start = usize::try_from(start)
        .ok()
        .and_then(|start| start.checked_sub(1))
        .ok_or_else(|| fault(args.place(1), "bad-argument", "the first character is 1"))?;
    let length = usize::try_from(length).map_err(|_| fault(args.place(2), "bad-argument", "a length cannot be negative"))?;
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let start = units(&text, start);
    let end = start + units(&text[start..], length);
    Ok(Value::Text(slice(text, start, end)))
}

pub(crate) fn in_str<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let start = args.number(2)?.unwrap_or(1);
    let start = usize::try_from(start)
        .ok()
        .and_then(|start| start.checked_sub(1))
        .ok_or_else(|| fault(args.place(2), "bad-argument", "the first character is 1"))?;
    let ignore_case = match args.number(3)?.unwrap_or(0) {
        0 => false,
        1 => true,
        _ => return Err(fault(args.place(3), "bad-argument", "the comparison is vbTextCompare or vbBinaryCompare")),
    };
    let (Some(text), Some(wanted)) = (args.text(0)?, args.text(1)?) else { return Ok(Value::Number(0)) };
    let (text, wanted) = if ignore_case {
        (Cow::Owned(change_case(&text, None, false)), Cow::Owned(change_case(&wanted, None, false)))
    } else {
        (text, wanted)
    };
    if start >= text.encode_utf16().count() {
        return Ok(Value::Number(0));
    }
    let from = units(&text, start);
    let found = text[from..].find(&*wanted).filter(|_| !text.is_empty());
    Ok(Value::Number(found.map_or(0, |found| {
        let before = text[..from + found].encode_utf16().count();
        i64::try_from(before + 1).unwrap_or(i64::MAX)
    })))
}

/// The letters of a culture that differ from the invariant ones.
fn turkish(culture: Option<&str>) -> bool {
    culture.is_some_and(|culture| {
        let language = culture.split(['-', '_']).next().unwrap_or_default();
        language.eq_ignore_ascii_case("tr") || language.eq_ignore_ascii_case("az")
    })
}

/// Changes case letter by letter, as .NET does: no letter becomes two.
fn change_case(text: &str, culture: Option<&str>, upper: bool) -> String {
    let turkish = turkish(culture);
    text.chars()
        .map(|letter| match (letter, upper, turkish) {
            ('i', true, true) => 'İ',
            ('ı', true, true) => 'I',
            ('I', false, true) => 'ı',
            ('İ', false, true) => 'i',
            ('ı', true, false) | ('İ', false, false) => letter,
            (_, true, _) => simple(letter, letter.to_uppercase()),
            (_, false, _) => simple(letter, letter.to_lowercase()),
        })
        .collect()
}

fn simple(letter: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}

fn case<'r>(args: &mut Args<'_, 'r>, upper: bool) -> Eval<'r> {
    let culture = args.text(1)?.filter(|culture| !culture.is_empty());
    if let Some(culture) = &culture
        && !is_culture(culture)
    {
        return Err(fault(args.place(1), "bad-argument", "this is no name of a culture, such as `tr-TR`"));
    }
    let culture = culture.as_deref();
    Ok(each(args.take(0), |text| {
        through(text, |text| {
            let same = culture.is_none()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii() && if upper { !byte.is_ascii_lowercase() } else { !byte.is_ascii_uppercase() });
            if same { Cow::Borrowed(text) } else { Cow::Owned(change_case(text, culture, upper)) }
        })
    }))
}

pub(crate) fn is_culture(name: &str) -> bool {
    let mut parts = name.split(['-', '_']);
    parts
        .next()
        .is_some_and(|language| (2..=8).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic()))
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

pub(crate) fn to_lower<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    case(args, false)
}

pub(crate) fn to_upper<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    case(args, true)
}

/// Upper-cases the first letter of each word and lower-cases the rest; without separators every character that is no letter, digit
/// or mark starts a word.
pub(crate) fn title_case(text: &str, separators: Option<&str>) -> String {
    let separates = |letter: char| match separators {
        Some(separators) => separators.contains(letter),
        None => {
            !(letter.is_alphanumeric()
                || is_combining_mark(letter)
                || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'))
        }
    };
    let mut starts = true;
    text.chars()
        .map(|letter| {
            let mapped = match letter {
                'ı' | 'İ' => letter,
                _ if starts => simple(letter, letter.to_uppercase()),
                _ => simple(letter, letter.to_lowercase()),
            };
            starts = separates(letter);
            mapped
        })
        .collect()
}

pub(crate) fn pcase<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let separators = args.text(1)?.filter(|separators| !separators.is_empty());
    Ok(each(args.take(0), |text| Cow::Owned(title_case(&text, separators.as_deref()))))
}

pub(crate) fn strip_spaces<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(each(args.take(0), |text| {
        if !text.as_bytes().contains(&b' ') {
            return text;
        }
        let mut text = text.into_owned();
        text.retain(|letter| letter != ' ');
        Cow::Owned(text)
    }))
}

pub(crate) fn trim<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(each(args.take(0), |text| through(text, |text| Cow::Borrowed(text.trim()))))
}

pub(crate) fn normalize_diacritics<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(each(args.take(0), |text| through(text, diacritics::normalize)))
}

pub(crate) fn word<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let number = args.required_number(1)?;
    let delimiters = args.text(2)?.unwrap_or_default();
    let Some(text) = args.text(0)? else { return Ok(Value::lent("")) };
    let Some(skip) = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)) else { return Ok(Value::lent("")) };
    let found = text.split(|letter| delimiters.contains(letter)).filter(|word| !word.is_empty()).nth(skip).unwrap_or_default();
    Ok(Value::owned(found))
}

pub(crate) fn split<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let delimiter = args.text(1)?.unwrap_or_default();
    let Some(items) = args.list(0)? else { return Ok(Value::Null) };
    if delimiter.is_empty() {
        return Ok(Value::List(items.into_iter().filter(|item| !item.is_empty()).collect()));
    }
    let mut parts: Vec<Cow<'r, str>> = Vec::new();
    for item in items {
        match item {
            Cow::Borrowed(item) => parts.extend(item.split(&*delimiter).filter(|part| !part.is_empty()).map(Cow::Borrowed)),
            Cow::Owned(item) => {
                parts.extend(item.split(&*delimiter).filter(|part| !part.is_empty()).map(|part| Cow::Owned(part.to_owned())));
            }
        }
    }
    Ok(Value::List(parts))
}

pub(crate) fn item<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let index = args.required_number(1)?;
    let Some(items) = args.list(0)? else { return Ok(Value::Null) };
    let count = items.len();
    usize::try_from(index)
        .ok()
        .and_then(|index| index.checked_sub(1))
        .and_then(|index| items.into_iter().nth(index))
        .map(Value::Text)
        .ok_or_else(|| {
            fault(args.place(1), "out-of-range", format!("there is no value {index}: the first is 1, and there are {count}"))
        })
}

pub(crate) fn count<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(Value::Number(match args.take(0) {
        Value::Null => 0,
        Value::List(items) => i64::try_from(items.len()).unwrap_or(i64::MAX),
        _ => 1,
    }))
}

pub(crate) fn remove_duplicates<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(items) = args.list(0)? else { return Ok(Value::Null) };
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    Ok(Value::List(items.into_iter().filter(|item| seen.insert(item.clone())).collect()))
}

pub(crate) fn to_base64<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok(Value::owned(STANDARD.encode(bytes)))
}

/// Base64 with or without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn decode(args: &Args<'_, '_>, text: &str) -> Result<Vec<u8>, Box<super::evaluate::Stop>> {
    LENIENT.decode(text.trim()).map_err(|_| fault(args.place(0), "bad-base64", "this is no base64"))
}

pub(crate) fn from_base64<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let encoding = args.text(1)?.unwrap_or_default();
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let bytes = decode(args, &text)?;
    let decoded = match &*encoding {
        "" | "Unicode" => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok().filter(|_| bytes.len() % 2 == 0)
        }
        "UTF8" => String::from_utf8(bytes).ok(),
        "ASCII" => String::from_utf8(bytes).ok().filter(|text| text.is_ascii()),
        _ => return Err(fault(args.place(1), "bad-argument", "the encoding is UTF8, Unicode or ASCII")),
    };
    decoded.map(Value::owned).ok_or_else(|| fault(args.place(0), "bad-base64", "these bytes are no text of that encoding"))
}

pub(crate) fn to_utf8_hex<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(text) = args.text(0)? else { return Ok(Value::Null) };
    let mut hex = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        let _ = write!(hex, "{byte:02X}");
    }
    Ok(Value::owned(hex))
}

pub(crate) fn string_from_sid<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let Some(text) = args.text(0)?.filter(|text| !text.is_empty()) else { return Ok(Value::Null) };
    if text.starts_with("S-1-") {
        return Ok(Value::Text(text));
    }
    let bytes = decode(args, &text)?;
    let wrong = || fault(args.place(0), "bad-sid", "these bytes are no security identifier");
    let [revision, count, a, b, c, d, e, f, rest @ ..] = bytes.as_slice() else { return Err(wrong()) };
    if rest.len() != usize::from(*count) * 4 {
        return Err(wrong());
    }
    let authority = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
    let mut sid = format!("S-{revision}-{authority}");
    for part in rest.chunks_exact(4) {
        let _ = write!(sid, "-{}", u32::from_le_bytes([part[0], part[1], part[2], part[3]]));
    }
    Ok(Value::owned(sid))
}

/// The value of the n-th component of a distinguished name, from the left.
pub(crate) fn dn_component<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let number = args.required_number(1)?;
    let Some(dn) = args.text(0)? else { return Ok(Value::Null) };
    let mut components = vec![String::new()];
    let mut letters = dn.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ',' => components.push(String::new()),
            '\\' => components.last_mut().into_iter().for_each(|last| last.extend(letters.next())),
            _ => components.last_mut().into_iter().for_each(|last| last.push(letter)),
        }
    }
    let component = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).and_then(|at| components.get(at));
    Ok(component.map_or(Value::Null, |component| {
        let value = component.split_once('=').map_or(component.as_str(), |(_, value)| value);
        Value::owned(value.trim())
    }))
}

pub(crate) fn cstr<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(args.text(0)?.map_or(Value::Null, Value::Text))
}

pub(crate) fn same<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    Ok(args.take(0))
}

pub(crate) fn default_domain<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    match &args.env.context.default_domain {
        Some(domain) => Ok(Value::owned(domain)),
        None => Err(args.fault("no-default-domain", "the tenant's default domain is not known")),
    }
}

/// Chance that is the same for the same seed and place.
struct Chance {
    reader: blake3::OutputReader,
}

impl Chance {
    fn new(args: &Args<'_, '_>) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("hrpush 2026 chance of an expression");
        hasher.update(args.env.seed.as_bytes());
        hasher.update(&[0]);
        hasher.update(&(args.span.start as u64).to_le_bytes());
        Self { reader: hasher.finalize_xof() }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.reader.fill(&mut bytes);
        bytes
    }

    /// A number below a bound.
    fn below(&mut self, bound: usize) -> usize {
        let drawn = u64::from_le_bytes(self.bytes());
        usize::try_from(drawn % bound.max(1) as u64).unwrap_or(0)
    }

    fn pick(&mut self, letters: &[char]) -> Option<char> {
        if letters.is_empty() { None } else { Some(letters[self.below(letters.len())]) }
    }
}

pub(crate) fn guid<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let bytes = Chance::new(args).bytes();
    Ok(Value::owned(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()))
}

const DIGITS: &str = "0123456789";
const SPECIAL: &str = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";

pub(crate) fn random_string<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let mut sizes = [0usize; 5];
    for (at, size) in sizes.iter_mut().enumerate() {
        let number = args.required_number(at)?;
        *size = usize::try_from(number).map_err(|_| fault(args.place(at), "bad-argument", "this cannot be negative"))?;
    }
    let [length, minimums @ ..] = sizes;
    if length > 256 {
        return Err(fault(args.place(0), "bad-argument", "a random text has at most 256 characters"));
    }
    let sum = minimums.iter().fold(0usize, |sum, minimum| sum.saturating_add(*minimum));
    if sum > length {
        return Err(fault(args.place(0), "bad-argument", format!("the minimums add up to {sum}, more than the length")));
    }
    let avoid = args.text(5)?.unwrap_or_default();
    let classes = [DIGITS, SPECIAL, CAPITALS, SMALL]
        .map(|class| class.chars().filter(|letter| !avoid.contains(*letter)).collect::<Vec<_>>());
    let mut chance = Chance::new(args);
    let mut drawn = Vec::with_capacity(length);
    for (class, minimum) in classes.iter().zip(minimums) {
        for _ in 0..minimum {
            drawn.push(chance.pick(class).ok_or_else(|| args.fault("bad-argument", "no character of a demanded kind is left"))?);
        }
    }
    // The kinds that are asked for fill the rest; if none is, letters and digits do.
    let mut rest: Vec<char> =
        classes.iter().zip(minimums).filter(|(_, minimum)| *minimum > 0).flat_map(|(class, _)| class.iter().copied()).collect();
    if rest.is_empty() {
        rest = [0, 2, 3].iter().flat_map(|class| classes[*class].iter().copied()).collect();
    }
    while drawn.len() < length {
        drawn.push(chance.pick(&rest).ok_or_else(|| args.fault("bad-argument", "every character is to be avoided"))?);
    }
    for at in (1..drawn.len()).rev() {
        let other = chance.below(at + 1);
        drawn.swap(at, other);
    }
    Ok(Value::owned(drawn.into_iter().collect::<String>()))
}
