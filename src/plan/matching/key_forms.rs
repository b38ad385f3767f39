//! The number in a key, whatever form a system or a spreadsheet gives it.

/// The first digit of each block of decimal digits of a living script.
const ZEROS: [char; 19] = [
    '0', '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}',
    '\u{d66}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}', '\u{17e0}', '\u{ff10}',
];

/// The numbers that a key may mean, without leading zeros: all its digits, its longest run of digits, and where it looks like a decimal number
/// (`10001.00`, `1.0001E4`) the value of that. None where it has no digit but zeros.
pub(in crate::plan) fn numbers(key: &str) -> Vec<String> {
    let key: String = key.trim().chars().map(|c| digit(c).unwrap_or(c)).collect();
    let all: String = key.chars().filter(char::is_ascii_digit).collect();
    let longest = key.split(|c: char| !c.is_ascii_digit()).max_by_key(|run| run.len()).unwrap_or_default().to_owned();
    let mut numbers: Vec<String> =
        [Some(all), Some(longest), decimal(&key)].into_iter().flatten().map(|number| without_zeros(&number).to_owned()).collect();
    numbers.retain(|number| !number.is_empty());
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// A key as a spreadsheet leaves it.
pub(in crate::plan) fn without_zeros(key: &str) -> &str {
    key.trim_start_matches('0')
}

fn digit(c: char) -> Option<char> {
    let zero = ZEROS.into_iter().find(|zero| (u32::from(*zero)..u32::from(*zero) + 10).contains(&u32::from(c)))?;
    char::from_digit(u32::from(c) - u32::from(zero), 10)
}

/// The whole number that a spreadsheet shows with decimal places or an exponent.
fn decimal(key: &str) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let (mantissa, exponent) = match key.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.trim_start_matches('+').parse::<usize>().ok().filter(|power| *power < 40)?)
        }
        None => (key, 0),
    };
    let (whole, places) = mantissa.rsplit_once(['.', ',']).unwrap_or((mantissa, ""));
    let places = places.trim_end_matches('0');
    if !is_number(whole) || !(places.is_empty() || is_number(places)) || places.len() > exponent {
        return None;
    }
    Some(format!("{whole}{places}{}", "0".repeat(exponent - places.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same_number(left: &str, right: &str) -> bool {
        let right = numbers(right);
        numbers(left).iter().any(|number| right.contains(number))
    }

    #[test]
    fn one_number_in_many_forms() {
        for form in [
            "010001",
            "E10001",
            "10 001",
            "10,001",
            "10.001",
            "10001-A",
            "10001.00",
            "10001,0",
            "1.0001E4",
            "1,0001e+4",
            "#10001",
            "+10001",
            "DE-10001/2",
            "\u{661}\u{660}\u{660}\u{660}\u{661}",
            "\u{ff11}\u{ff10}\u{ff10}\u{ff10}\u{ff11}",
            " 10001 ",
        ] {
            assert!(same_number("10001", form) && same_number(form, "10001"), "{form}: {:?}", numbers(form));
        }
        for other in ["1001", "10002", "100010", "110001", "", "ABC", "000", "1.0001E5", "E1", "1E999"] {
            assert!(!same_number("10001", other), "{other}: {:?}", numbers(other));
        }
        assert!(!same_number("ABC", "XYZ") && !same_number("000", "00"));
    }
}
