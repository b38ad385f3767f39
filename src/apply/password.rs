//! First passwords: long, random, never stored.

use secrecy::SecretString;

const LETTERS: &[&[u8]] = &[b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnopqrstuvwxyz", b"23456789", b"!#$%*+-=?@_"];
const LENGTH: usize = 40;

/// The operating system returns no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("no random numbers can be had from the operating system: {0}")]
pub struct NoRandomness(getrandom::Error);

/// A password of 40 characters out of all four classes, some 235 bits.
pub fn first_password() -> Result<SecretString, NoRandomness> {
    let all: Vec<u8> = LETTERS.concat();
    let mut draw = Draw { bytes: [0; 2 * LENGTH], left: 0 };
    let mut password = String::with_capacity(LENGTH);
    for class in LETTERS {
        password.push(draw.letter(class)?);
    }
    while password.len() < LENGTH {
        password.push(draw.letter(&all)?);
    }
    draw.bytes.fill(0);
    Ok(SecretString::from(password))
}

/// Random bytes, fetched many at a time.
struct Draw {
    bytes: [u8; 2 * LENGTH],
    left: usize,
}

impl Draw {
    /// One letter, each equally likely: bytes beyond the last whole multiple are drawn again.
    fn letter(&mut self, letters: &[u8]) -> Result<char, NoRandomness> {
        let most = 256 - 256 % letters.len();
        loop {
            if self.left == 0 {
                getrandom::fill(&mut self.bytes).map_err(NoRandomness)?;
                self.left = self.bytes.len();
            }
            self.left -= 1;
            let at = usize::from(self.bytes[self.left]);
            if at < most {
                return Ok(char::from(letters[at % letters.len()]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn passwords_are_long_and_of_all_classes_and_differ() {
        let first = first_password().unwrap();
        let text = first.expose_secret();
        assert_eq!(text.len(), LENGTH);
        for class in LETTERS {
            assert!(text.bytes().any(|byte| class.contains(&byte)));
        }
        assert_ne!(text, first_password().unwrap().expose_secret());
    }
}
