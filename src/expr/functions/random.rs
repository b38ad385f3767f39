//! What is drawn by chance: the same person and the same place in an expression draw the same again.

use crate::expr::args::Args;
use crate::expr::evaluate::{Eval, fault};
use crate::expr::value::Value;

pub(crate) fn guid<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let bytes = Chance::new(args).bytes();
    Ok(Value::owned(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()))
}

const DIGITS: &str = "0123456789";
const SPECIAL: &str = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";

pub(crate) fn random_string<'r>(args: &mut Args<'_, 'r>) -> Eval<'r> {
    let (length, minimums) = sizes(args)?;
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
    chance.shuffle(&mut drawn);
    Ok(Value::owned(drawn.into_iter().collect::<String>()))
}

/// The length of a random text, and how many of each kind it has at least.
fn sizes<'r>(args: &mut Args<'_, 'r>) -> Eval<'r, (usize, [usize; 4])> {
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
    Ok((length, minimums))
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

    fn shuffle(&mut self, letters: &mut [char]) {
        for at in (1..letters.len()).rev() {
            let other = self.below(at + 1);
            letters.swap(at, other);
        }
    }
}
