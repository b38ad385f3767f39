//! A quick digest of bytes, by which two nights are compared.

/// What both halves begin with, and by what they are multiplied: odd numbers without a pattern.
const SEEDS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F];
const FACTORS: [u64; 2] = [0xD6E8_FEB8_6659_FD93, 0xA076_1D64_78BD_642F];

/// Sixteen bytes that are the same for the same bytes, on every machine. It shows what changed and is no protection: bytes with a
/// digest of choice are easy to make.
pub(crate) fn quick_digest(bytes: &[u8]) -> [u8; 16] {
    let [mut one, mut other] = SEEDS.map(|seed| seed ^ bytes.len() as u64);
    let mut add = |word: u64| {
        one = fold(one ^ word, FACTORS[0]);
        other = fold(other.rotate_left(23) ^ word, FACTORS[1]);
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        add(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    add(u64::from_le_bytes(last));
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&fold(one, FACTORS[1]).to_le_bytes());
    digest[8..].copy_from_slice(&fold(other, FACTORS[0]).to_le_bytes());
    digest
}

/// Both halves of the product in one, so that every bit moves every other.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are taken apart")]
    let low = product as u64;
    low ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn neighbours_have_different_digests_in_both_halves() {
        let texts = (0..50_000).flat_map(|n| [format!("{n}"), format!("Department {n}, city {}", n % 7), format!("{n:040}")]);
        let mut texts: Vec<Vec<u8>> = texts.map(String::into_bytes).collect();
        texts.extend((0..200).map(|zeros| vec![0; zeros]));
        texts.extend((0..600).map(|bit: usize| {
            let mut bytes = vec![0xAA; 75];
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        }));
        let digests: Vec<[u8; 16]> = texts.iter().map(|text| quick_digest(text)).collect();
        for half in [0..8, 8..16] {
            let halves: HashSet<&[u8]> = digests.iter().map(|digest| &digest[half.clone()]).collect();
            assert_eq!(halves.len(), texts.len());
        }
    }

    #[test]
    fn a_digest_is_that_of_every_machine() {
        let digests = [&b""[..], b"a", b"12345678", b"123456789"].map(quick_digest);
        assert_eq!(digests.iter().collect::<HashSet<_>>().len(), 4);
        assert_eq!(quick_digest(b"123456789"), digests[3]);
    }
}
