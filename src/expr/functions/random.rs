//! Random texts. The same person and the same place in an expression give the same text, so that a preview and its run agree.

use crate::expr::args::Args;
use crate::expr::function::{Function, Implementation, Kind, Param, example, function, optional, required};
use crate::expr::runtime::Eval;
use crate::expr::value::Value;

const fn number(name: &'static str) -> Param {
    required(name, Kind::Number).filled()
}

pub(super) static ROWS: &[Function] = &[
    function(
        "Guid()",
        &[],
        Kind::Text,
        Implementation::Eager(|args| Ok(Value::owned(guid(&mut rng(args))))),
        "A new GUID in lower case with hyphens.",
    )
    .dialect("it follows from the person and the attribute, so that a preview and its run agree"),
    function(
        "RandomString(Length, MinimumNumbers, MinimumSpecialCharacters, MinimumCapital, MinimumLowerCase, [CharactersToAvoid])",
        &[
            number("Length"),
            number("MinimumNumbers"),
            number("MinimumSpecialCharacters"),
            number("MinimumCapital"),
            number("MinimumLowerCase"),
            optional("CharactersToAvoid", Kind::Text),
        ],
        Kind::Text,
        Implementation::Eager(|args| {
            let (length, minimums) = sizes(args)?;
            let avoid = args.text(5)?.unwrap_or_default();
            random_string(&mut rng(args), length, minimums, &avoid)
                .map(Value::owned)
                .ok_or_else(|| args.fault("bad-argument", "every character of a required kind is to be avoided"))
        }),
        "A random text of at most 256 characters with at least these numbers of digits, special characters, capitals and small letters.",
    )
    .examples(&[example("RandomString(5, 3, 3, 0, 0)", &[], "fault: bad-argument")])
    .dialect("the rest is filled from the kinds with a minimum above 0; if there is none, from letters and digits; it follows from the person and the attribute, so that a preview and its run agree"),
];

const DIGITS: &str = "0123456789";
const SPECIAL: &str = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";

/// A GUID in lower case with hyphens.
///
/// ```
/// # use hrpush::expr::functions::random::{Rng, guid};
/// assert_eq!(guid(&mut Rng::new("4711", 0)), guid(&mut Rng::new("4711", 0)));
/// assert_ne!(guid(&mut Rng::new("4711", 0)), guid(&mut Rng::new("4712", 0)));
/// ```
pub fn guid(rng: &mut Rng) -> String {
    uuid::Builder::from_random_bytes(rng.bytes()).into_uuid().to_string()
}

/// A text of `length` characters with at least `minimums` digits, special characters, capitals and small letters; `None` if every
/// character of a required kind is to be avoided.
///
/// ```
/// # use hrpush::expr::functions::random::{Rng, random_string};
/// let text = random_string(&mut Rng::new("4711", 0), 8, [2, 0, 0, 0], "0").unwrap();
/// assert!(text.len() == 8 && text.chars().all(|letter| letter.is_ascii_digit() && letter != '0'));
/// assert_eq!(random_string(&mut Rng::new("4711", 0), 8, [2, 0, 0, 0], "0123456789"), None);
/// ```
pub fn random_string(rng: &mut Rng, length: usize, minimums: [usize; 4], avoid: &str) -> Option<String> {
    let classes = [DIGITS, SPECIAL, CAPITALS, SMALL]
        .map(|class| class.chars().filter(|letter| !avoid.contains(*letter)).collect::<Vec<_>>());
    let mut letters = Vec::with_capacity(length);
    for (class, minimum) in classes.iter().zip(minimums) {
        for _ in 0..minimum {
            letters.push(rng.pick(class)?);
        }
    }
    let required = classes.iter().zip(minimums).filter(|(_, minimum)| *minimum > 0);
    let mut rest: Vec<char> = required.flat_map(|(class, _)| class.iter().copied()).collect();
    if rest.is_empty() {
        rest = [0, 2, 3].iter().flat_map(|class: &usize| classes[*class].iter().copied()).collect();
    }
    while letters.len() < length {
        letters.push(rng.pick(&rest)?);
    }
    rng.shuffle(&mut letters);
    Some(letters.into_iter().collect())
}

/// The length of a random text and the minimum of each kind of character.
fn sizes<'r>(args: &mut Args<'_, 'r>) -> Eval<'r, (usize, [usize; 4])> {
    let mut sizes = [0usize; 5];
    for (at, size) in sizes.iter_mut().enumerate() {
        let number = args.required_number(at)?;
        *size = usize::try_from(number).map_err(|_| args.fault_at(at, "bad-argument", "this cannot be negative"))?;
    }
    let [length, minimums @ ..] = sizes;
    if length > 256 {
        return Err(args.fault_at(0, "bad-argument", "a random text has at most 256 characters"));
    }
    let sum = minimums.iter().fold(0usize, |sum, minimum| sum.saturating_add(*minimum));
    if sum > length {
        return Err(args.fault_at(0, "bad-argument", format!("the minimums add up to {sum}, more than the length")));
    }
    Ok((length, minimums))
}

fn rng(args: &Args<'_, '_>) -> Rng {
    Rng::new(args.env.seed, args.site.span.start)
}

/// A source of random numbers that is the same for the same seed and place.
///
/// It is not a source of secrets: the seed is the person's key, from which anyone can repeat it. First passwords are made elsewhere.
#[derive(Debug)]
pub struct Rng {
    reader: blake3::OutputReader,
}

impl Rng {
    /// The source for a person and the place of a call in its expression.
    pub fn new(seed: &str, place: usize) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("hrpush 2026 chance of an expression");
        hasher.update(seed.as_bytes());
        hasher.update(&[0]);
        hasher.update(&(place as u64).to_le_bytes());
        Self { reader: hasher.finalize_xof() }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.reader.fill(&mut bytes);
        bytes
    }

    /// A number below a limit.
    fn below(&mut self, limit: usize) -> usize {
        let number = u64::from_le_bytes(self.bytes());
        usize::try_from(number % limit.max(1) as u64).unwrap_or(0)
    }

    fn pick(&mut self, letters: &[char]) -> Option<char> {
        if letters.is_empty() { None } else { Some(letters[self.below(letters.len())]) }
    }

    fn shuffle(&mut self, letters: &mut [char]) {
        for at in (1..letters.len()).rev() {
            let other = self.below(at + 1);
            letters.swap(at, other);
        }
    }
}
