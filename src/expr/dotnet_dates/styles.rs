//! The flags of .NET's `DateTimeStyles`.

/// How a reading treats blanks and zones: the flags of .NET's `DateTimeStyles`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Styles(u16);

/// The names of the flags, with their numbers.
const STYLES: [(&str, u16); 10] = [
    ("None", 0),
    ("AllowLeadingWhite", 1),
    ("AllowTrailingWhite", 2),
    ("AllowInnerWhite", 4),
    ("AllowWhiteSpaces", 7),
    ("NoCurrentDateDefault", 8),
    ("AdjustToUniversal", 16),
    ("AssumeLocal", 32),
    ("AssumeUniversal", 64),
    ("RoundtripKind", 128),
];

impl Default for Styles {
    fn default() -> Self {
        Self(128 + 1 + 2)
    }
}

impl Styles {
    pub(super) const LEADING: u16 = 1;
    pub(super) const TRAILING: u16 = 2;
    pub(super) const INNER: u16 = 4;
    pub(super) const NO_CURRENT: u16 = 8;

    /// The names of .NET's `DateTimeStyles`, separated by commas, or the sum of their numbers. The local zone is UTC.
    pub(crate) fn new(names: &str) -> Result<Self, String> {
        let mut flags = 0;
        if let Ok(sum) = names.trim().parse::<u16>() {
            flags = Some(sum).filter(|sum| *sum < 256).ok_or_else(|| format!("`{sum}` is not a sum of date styles"))?;
        } else {
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let known = STYLES.iter().find(|(known, _)| *known == name);
                flags |= known.ok_or_else(|| format!("`{name}` is not a date style"))?.1;
            }
        }
        // .NET refuses these too.
        let (adjust, zones) = (flags & 16 != 0, flags & (32 + 64));
        if zones == 32 + 64 {
            return Err("AssumeLocal and AssumeUniversal exclude each other".to_owned());
        }
        if flags & 128 != 0 && (adjust || zones != 0) {
            return Err("RoundtripKind excludes AssumeLocal, AssumeUniversal and AdjustToUniversal".to_owned());
        }
        Ok(Self(flags))
    }

    pub(super) fn has(self, flag: u16) -> bool {
        self.0 & flag != 0
    }
}
