//! Where readings of a tenant are stored between runs.

/// Stores readings of the tenant between runs. It may lose any of them at any time, but never returns a part as if it were the whole.
///
/// A reading is a head, which contains the delta tokens, and a row for each object. Rows and head always change together. The store
/// implements this trait; what the bytes mean is the target's own affair.
pub trait SnapshotCache: Sync {
    /// Passes the head to `wanted`, and where that returns true, each row to `row`. Returns false where there is no reading or it broke off.
    fn load(&self, reading: &str, wanted: &mut dyn FnMut(&[u8]) -> bool, row: &mut dyn FnMut(&str, &[u8])) -> bool;

    /// Stores a reading in place of the one with the same name: its head and all its rows.
    fn replace(&self, reading: &str, head: &[u8], rows: &mut dyn Iterator<Item = (String, Vec<u8>)>);

    /// Updates a reading, unless its head is no longer the former one; `None` removes a row.
    fn advance(&self, reading: &str, former: &[u8], head: &[u8], rows: &mut dyn Iterator<Item = (String, Option<Vec<u8>>)>);

    /// Deletes a reading with all its rows.
    fn forget(&self, reading: &str);
}
