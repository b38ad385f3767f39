//! All live users of a tenant, each in a row of bytes: a million of them in a few hundred megabytes.

use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::attribute::Attribute;
use super::ids::{ObjectId, RowId};
use super::row::{RowReader, RowWriter};
use super::snapshot::User;
use super::user_row::UserRow;

/// The number of a user among [`Users`]: the same as long as these are not changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserNo(u32);

impl UserNo {
    /// The place in a list with an entry for each of [`Users::numbers`].
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The number at that place.
    pub fn new(index: usize) -> Self {
        // A tenant has far fewer than four thousand million users.
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// Users by their ids.
#[derive(Clone, Default)]
pub struct Users {
    /// The attributes that users were read with; a row names its own by the place here.
    layouts: Vec<Arc<[Attribute]>>,
    /// Rows, each behind its length. Of users who went or were changed they stay, and nothing leads to them.
    bytes: Vec<u8>,
    /// Where the row of a number begins.
    starts: Vec<usize>,
    /// The numbers of those who are here, in the order of their ids.
    order: Vec<UserNo>,
    /// The numbers by the hash of the id as it stands in a row.
    by_id: HashTable<UserNo>,
    hasher: DefaultHashBuilder,
}

impl Users {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// One more than the highest number.
    pub fn numbers(&self) -> usize {
        self.starts.len()
    }

    /// The user of a number.
    ///
    /// # Panics
    /// If it is a number among other users.
    pub fn at(&self, number: UserNo) -> UserRow<'_> {
        let row = RowReader(&self.bytes[self.starts[number.index()]..]).piece();
        row.and_then(|row| UserRow::read(number, &self.layouts, row)).expect("only whole rows are taken in")
    }

    /// The number of a user.
    pub fn number(&self, id: &ObjectId) -> Option<UserNo> {
        let mut row = RowWriter::default();
        id.put(&mut row);
        self.find(&row.into_bytes())
    }

    /// The number of the user whose id stands in some row.
    pub fn number_of(&self, id: RowId<'_>) -> Option<UserNo> {
        self.find(id.bytes())
    }

    fn find(&self, id: &[u8]) -> Option<UserNo> {
        self.by_id.find(self.hasher.hash_one(id), |number| self.at(*number).row_id().bytes() == id).copied()
    }

    /// A user as it stands in its row.
    pub fn row(&self, id: &ObjectId) -> Option<UserRow<'_>> {
        self.number(id).map(|number| self.at(number))
    }

    /// A user by itself.
    pub fn get(&self, id: &ObjectId) -> Option<User> {
        self.row(id).map(|row| row.to_user())
    }

    /// Whether there is this user.
    pub fn contains_key(&self, id: &ObjectId) -> bool {
        self.number(id).is_some()
    }

    /// All of them as they stand in their rows, in the order of their ids.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = UserRow<'_>> {
        self.order.iter().map(|number| self.at(*number))
    }

    /// All of them by themselves, in the order of their ids.
    pub fn values(&self) -> impl ExactSizeIterator<Item = User> {
        self.rows().map(|row| row.to_user())
    }

    /// Puts a user in the place of the one with the same id, or beside the others.
    pub fn insert(&mut self, user: &User) {
        let row = self.pack(user);
        let (number, known) = self.put(&user.id, &row);
        if !known {
            let id = self.at(number).row_id();
            let last = self.order.last().is_none_or(|last| self.at(*last).row_id() < id);
            let at = if last { self.order.len() } else { self.order.partition_point(|other| self.at(*other).row_id() < id) };
            self.order.insert(at, number);
        }
    }

    /// Takes a user away.
    pub fn remove(&mut self, id: &ObjectId) -> Option<User> {
        let number = self.number(id)?;
        let user = self.at(number);
        let (hash, user) = (self.hasher.hash_one(user.row_id().bytes()), user.to_user());
        if let Ok(entry) = self.by_id.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
        self.order.retain(|other| *other != number);
        Some(user)
    }

    /// A user to be changed. What was changed is kept once the borrow ends.
    pub fn get_mut(&mut self, id: &ObjectId) -> Option<Edited<'_>> {
        let user = self.get(id)?;
        Some(Edited { users: self, user })
    }

    /// Changes everybody for whom `wanted` holds.
    pub fn change(&mut self, wanted: impl Fn(&UserRow<'_>) -> bool, change: impl Fn(&mut User)) {
        let chosen: Vec<User> = self.rows().filter(wanted).map(|row| row.to_user()).collect();
        for mut user in chosen {
            change(&mut user);
            self.insert(&user);
        }
    }

    fn pack(&mut self, user: &User) -> Vec<u8> {
        let names = user.attributes.names();
        let (layout, mut row) = self.begin(&user.id, names);
        UserRow::put_kept(user, &layout, &mut row);
        row.into_bytes()
    }

    fn begin(&mut self, id: &ObjectId, names: &Arc<[Attribute]>) -> (Arc<[Attribute]>, RowWriter) {
        let same = |known: &Arc<[Attribute]>| Arc::ptr_eq(known, names) || **known == **names;
        let layout = self.layouts.iter().position(same).unwrap_or_else(|| {
            self.layouts.push(Arc::clone(names));
            self.layouts.len() - 1
        });
        let mut row = RowWriter::default();
        row.number(layout);
        id.put(&mut row);
        (Arc::clone(&self.layouts[layout]), row)
    }

    /// Takes a row in; whether the id was known already.
    fn put(&mut self, id: &ObjectId, row: &[u8]) -> (UserNo, bool) {
        let start = self.bytes.len();
        let mut length = RowWriter::default();
        length.number(row.len());
        self.bytes.extend_from_slice(&length.into_bytes());
        self.bytes.extend_from_slice(row);
        if let Some(known) = self.number(id) {
            self.starts[known.index()] = start;
            return (known, true);
        }
        let number = UserNo::new(self.starts.len());
        self.starts.push(start);
        let mut by_id = std::mem::take(&mut self.by_id);
        let hash = |number: &UserNo| self.hasher.hash_one(self.at(*number).row_id().bytes());
        by_id.insert_unique(hash(&number), number, hash);
        self.by_id = by_id;
        (number, false)
    }
}

/// Shows how many they are: users are personal data.
impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Equal where the same users have the same values.
impl PartialEq for Users {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.values().zip(other.values()).all(|(one, other)| one == other)
    }
}

impl<'a> FromIterator<&'a User> for Users {
    fn from_iter<I: IntoIterator<Item = &'a User>>(users: I) -> Self {
        let mut builder = UsersBuilder::default();
        users.into_iter().for_each(|user| builder.push(user));
        builder.finish()
    }
}

/// Gathers users that come in any order.
#[derive(Default)]
pub struct UsersBuilder(Users);

impl UsersBuilder {
    /// Adds a user; of two with one id the later one stays.
    pub fn push(&mut self, user: &User) {
        let row = self.0.pack(user);
        self.put(&user.id, &row);
    }

    /// Adds a user whose row [`UserRow::put_kept`] wrote for these attributes; nothing where it is another one or broken.
    #[must_use]
    pub fn push_kept(&mut self, id: &ObjectId, attributes: &Arc<[Attribute]>, kept: &[u8]) -> Option<()> {
        if !UserRow::is_whole(attributes, kept) {
            return None;
        }
        let (_, mut row) = self.0.begin(id, attributes);
        row.bytes(kept);
        self.put(id, &row.into_bytes());
        Some(())
    }

    fn put(&mut self, id: &ObjectId, row: &[u8]) {
        let (number, known) = self.0.put(id, row);
        if !known {
            self.0.order.push(number);
        }
    }

    /// All of them.
    pub fn finish(self) -> Users {
        let mut users = self.0;
        let mut order = std::mem::take(&mut users.order);
        order.sort_by_key(|number| users.at(*number).row_id());
        users.order = order;
        users
    }
}

/// A user that is being changed.
pub struct Edited<'a> {
    users: &'a mut Users,
    user: User,
}

impl Deref for Edited<'_> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl DerefMut for Edited<'_> {
    fn deref_mut(&mut self) -> &mut User {
        &mut self.user
    }
}

impl Drop for Edited<'_> {
    fn drop(&mut self) {
        self.users.insert(&self.user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Upn, Value};

    fn user(id: &str) -> User {
        User::new(ObjectId::new(id).unwrap(), Upn::new(format!("{id}@contoso.com")))
    }

    fn ids(users: &Users) -> Vec<String> {
        users.rows().map(|row| row.id().to_string()).collect()
    }

    #[test]
    fn users_stand_in_the_order_of_their_ids_however_they_come() {
        let gathered: Users = ["c", "a", "b"].map(user).iter().collect();
        let mut inserted = Users::default();
        ["b", "c", "a"].map(user).iter().for_each(|user| inserted.insert(user));
        assert_eq!(ids(&gathered), ["a", "b", "c"]);
        assert!(gathered == inserted);
    }

    #[test]
    fn of_two_with_one_id_the_later_one_stays() {
        let mut later = user("a");
        later.enabled = Some(false);
        let mut users: Users = [user("a"), user("b"), later].iter().collect();
        assert_eq!(users.len(), 2);
        assert_eq!(users.row(&user("a").id).unwrap().enabled(), Some(false));
        users.insert(&user("a"));
        assert_eq!((users.len(), users.row(&user("a").id).unwrap().enabled()), (2, Some(true)));
    }

    #[test]
    fn whoever_goes_is_gone_and_can_come_back() {
        let mut users: Users = ["a", "b", "c"].map(user).iter().collect();
        assert!(users.remove(&user("b").id).unwrap() == user("b"));
        assert_eq!((ids(&users), users.contains_key(&user("b").id)), (vec!["a".to_owned(), "c".to_owned()], false));
        users.insert(&user("b"));
        assert_eq!(ids(&users), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_changed_is_kept_even_an_attribute_that_nobody_had() {
        let mut users: Users = ["a", "b"].map(user).iter().collect();
        let city = Attribute::find("city").unwrap();
        users.get_mut(&user("b").id).unwrap().attributes.insert(city, Value::text("Graz"));
        assert_eq!(users.rows().map(|row| row.text("city")).collect::<Vec<_>>(), [None, Some("Graz")]);
    }
}
