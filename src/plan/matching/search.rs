//! The account that a record matches by itself.

use super::super::diff::hold;
use super::super::index::{Found, TextOf, fold};
use super::super::inputs::Inputs;
use super::super::people::PersonRow;
use super::super::plain::plain;
use super::super::recycle_bin::RecycleBin;
use super::Matching;
use super::account::{Account, How};
use crate::directory::{Attribute, ObjectId, UserNo, Users};
use crate::mapping::{Held, HeldCode};

impl<'a> Matching<'a> {
    pub(super) fn account(
        &self,
        inputs: &'a Inputs<'a>,
        row: PersonRow<'a>,
        bin: &RecycleBin<'a>,
    ) -> Result<Account<'a>, Box<Held>> {
        let hold = |code, message, help| Err(hold(&row.desired(self.users), code, message, help));
        for (at, index) in self.reading.indexes().iter().enumerate() {
            let mut how = How::By(u8::try_from(at).unwrap_or(u8::MAX));
            // By the first match attribute that one was found when the row was packed.
            let packed = row.facts().user.filter(|_| at == 0).map(Found::One);
            let look_up =
                || row.wanted_text(index.attribute, self.users).map_or(Found::Nobody, |text| index.find(self.users, text));
            let mut found = packed.unwrap_or_else(look_up);
            if at == 0
                && let (Found::Nobody, Some(previous)) = (&found, row.previous_key())
            {
                found = index.find(self.users, previous);
                how = How::PreviousKey;
            }
            match found {
                Found::Nobody => {}
                Found::One(user) => {
                    self.check_claim(row, user, at)?;
                    if at > 0 {
                        self.check_surname(row, user, index.attribute)?;
                    }
                    return Ok(Account::Live(user, how));
                }
                Found::Several(several) => {
                    let ids = several.iter().map(|user| self.users.at(*user).id());
                    let message = format!("{} users have the same {}: {}", several.len(), index.attribute, some_of(ids));
                    return hold(HeldCode::AmbiguousMatch, message, "leave the value with the one user to whom it belongs");
                }
            }
        }
        let keys = [row.key(), row.previous_key()].into_iter().flatten();
        let known: Vec<&ObjectId> = keys.filter_map(|key| Some(&inputs.ledger.people.get(key)?.id)).collect();
        for id in &known {
            if let Some(user) = self.users.number(id) {
                self.check_claim(row, user, 1)?;
                return Ok(Account::Live(user, How::Ledger));
            }
        }
        Ok(bin.find(row, &known).map_or(Account::None, Account::Deleted))
    }

    /// A user who carries another value in a match attribute that comes before belongs to somebody else.
    fn check_claim(&self, row: PersonRow<'_>, user: UserNo, before: usize) -> Result<(), Box<Held>> {
        let attributes = self.reading.indexes().iter().take(before).map(|index| index.attribute);
        let user = self.users.at(user);
        let Some(attribute) = other_key(row, self.users, &user, attributes) else { return Ok(()) };
        let message = format!("the user {} carries another {attribute}", user.id());
        let help = "find out whose account it is; correct the record or the account";
        Err(hold(&row.desired(self.users), HeldCode::ClaimedByOtherKey, message, help))
    }

    fn check_surname(&self, row: PersonRow<'_>, user: UserNo, by: Attribute) -> Result<(), Box<Held>> {
        let user = self.users.at(user);
        if !other_surname(row, self.users, &user) {
            return Ok(());
        }
        let message = format!("the user {} is matched by {by} alone and has another surname", user.id());
        let help = "if it is the same person, set the first match attribute on the account";
        Err(hold(&row.desired(self.users), HeldCode::DoubtfulMatch, message, help))
    }
}

/// The first of these match attributes in which the user carries another value, not empty, than the record has or had.
pub(in crate::plan) fn other_key(
    row: PersonRow<'_>,
    users: &Users,
    user: &impl TextOf,
    mut attributes: impl Iterator<Item = Attribute>,
) -> Option<Attribute> {
    attributes.find(|attribute| {
        let Some(carried) = user.text_of(*attribute) else { return false };
        let same = |text: &str| fold(*attribute, text) == fold(*attribute, carried);
        let wanted = row.wanted_text(*attribute, users).is_some_and(same);
        !wanted && !row.previous_key().is_some_and(same)
    })
}

/// Whether the surnames are known and differ, case and diacritics aside.
pub(in crate::plan) fn other_surname(row: PersonRow<'_>, users: &Users, user: &impl TextOf) -> bool {
    let names = Attribute::find("surname").and_then(|surname| row.wanted_text(surname, users).zip(user.text_of(surname)));
    names.is_some_and(|(wanted, present)| plain(wanted) != plain(present))
}

/// The first of these by their names, and how many there are besides: everybody of a thousand who share a value is told about it.
pub(super) fn some_of<T: ToString>(all: impl ExactSizeIterator<Item = T>) -> String {
    const TOLD: usize = 10;
    let more = all.len().saturating_sub(TOLD);
    let told: Vec<String> = all.take(TOLD).map(|one| one.to_string()).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    told.join(", ") + &more
}
