//! All live users of a tenant, each in a row of bytes: a million of them in a few hundred megabytes.

use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::attribute::Attribute;
use super::ids::{ObjectId, UserNo};
use super::row_codec::{RowReader, RowWriter};
use super::string_pool::StringPool;
use super::user::User;
use super::user_row::{Layout, UserRow, checked, checksum};

/// A block and a place in it.
#[derive(Clone, Copy)]
struct Start {
    block: u32,
    at: u32,
}

/// A block that is this long takes no more rows. Blocks neither move nor leave room unused, as one long list of bytes does while it grows.
const BLOCK: usize = 1 << 20;

/// Users by their ids.
#[derive(Clone, Default)]
pub struct Users {
    /// The attributes that users were read with; a row names its own by the place here.
    layouts: Vec<Layout>,
    /// Rows, each behind its length. Rows of removed or changed users remain, but nothing refers to them.
    blocks: Vec<Vec<u8>>,
    /// Where the row of a number begins.
    starts: Vec<Start>,
    /// The numbers of the current users, in the order of their ids.
    order: Vec<UserNo>,
    /// Whether they are not yet in that order: while they are gathered.
    mixed: bool,
    /// The numbers by the hash of the id as it stands in a row.
    by_id: HashTable<UserNo>,
    hasher: DefaultHashBuilder,
}

impl Users {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether the table has no user.
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
        let Start { block, at } = self.starts[number.index()];
        let row = RowReader(&self.blocks[block as usize][at as usize..]).piece();
        row.and_then(|row| UserRow::read(number, &self.layouts, row)).expect("only whole rows are taken in")
    }

    /// The number of a user.
    pub fn number(&self, id: &ObjectId) -> Option<UserNo> {
        id.lend(|id| self.find(id))
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

    /// The words in the rows that have these attributes, as [`UsersBuilder::set_words`] takes them.
    pub fn words(&self, attributes: &Arc<[Attribute]>) -> Vec<u8> {
        let mut words = RowWriter::default();
        match self.layouts.iter().find(|layout| layout.names == *attributes) {
            Some(layout) => layout.words.put(&mut words),
            None => StringPool::default().put(&mut words),
        }
        checksum(attributes, &[], words.since(0))
    }

    /// Puts a user in the place of the one with the same id, or beside the others.
    pub fn insert(&mut self, user: &User) {
        match self.take(user) {
            InsertOutcome::Known => {}
            InsertOutcome::Behind(number) => self.order.push(number),
            InsertOutcome::Between(number) => {
                let id = self.at(number).row_id();
                let at = self.order.partition_point(|other| self.at(*other).row_id() < id);
                self.order.insert(at, number);
            }
        }
    }

    /// Takes a user away.
    pub fn remove(&mut self, id: &ObjectId) -> Option<User> {
        let number = self.number(id)?;
        let user = self.at(number);
        let id = user.row_id();
        let place = self.order.partition_point(|other| self.at(*other).row_id() < id);
        let (hash, user) = (self.hasher.hash_one(id.bytes()), user.to_user());
        self.order.remove(place);
        if let Ok(entry) = self.by_id.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
        Some(user)
    }

    /// A user to be changed. What was changed is kept once the borrow ends.
    pub fn get_mut(&mut self, id: &ObjectId) -> Option<Edited<'_>> {
        let user = self.get(id)?;
        Some(Edited { users: self, user })
    }

    /// Changes every user for which `wanted` returns true.
    pub fn change(&mut self, wanted: impl Fn(&UserRow<'_>) -> bool, change: impl Fn(&mut User)) {
        let chosen: Vec<User> = self.rows().filter(wanted).map(|row| row.to_user()).collect();
        for mut user in chosen {
            change(&mut user);
            self.insert(&user);
        }
    }

    /// Takes a user in.
    fn take(&mut self, user: &User) -> InsertOutcome {
        let layout = self.layout(user.attributes.names());
        let mut row = RowWriter::default();
        UserRow::put(user, &mut self.layouts[layout], &mut row);
        self.take_row(user.id.to_row().since(0), layout, row.since(0))
    }

    /// Takes a row in as [`UserRow::put`] wrote it for that layout, with the id as it stands in a row.
    fn take_row(&mut self, id: &[u8], layout: usize, own: &[u8]) -> InsertOutcome {
        let mut head = RowWriter::default();
        head.number(layout);
        let start = self.write(&[head.since(0), id, own]);
        // A user that sorts behind the last one is not in the table.
        let behind = self.order.last().is_none_or(|last| self.at(*last).row_id().bytes() < id);
        let known = if behind && !self.mixed { None } else { self.find(id) };
        match known {
            Some(known) => {
                self.starts[known.index()] = start;
                InsertOutcome::Known
            }
            None if behind => InsertOutcome::Behind(self.add(id, start)),
            None => InsertOutcome::Between(self.add(id, start)),
        }
    }

    fn layout(&mut self, names: &Arc<[Attribute]>) -> usize {
        let same = |known: &Layout| Arc::ptr_eq(&known.names, names) || *known.names == **names;
        self.layouts.iter().position(same).unwrap_or_else(|| {
            self.layouts.push(Layout { names: Arc::clone(names), words: StringPool::growing(names.len()) });
            self.layouts.len() - 1
        })
    }

    /// Writes a row that consists of these pieces.
    fn write(&mut self, pieces: &[&[u8]]) -> Start {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        if self.blocks.last().is_none_or(|block| block.len() + length > BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK.max(length + 8)));
        }
        let block = self.blocks.len() - 1;
        let mut row = RowWriter::from(std::mem::take(&mut self.blocks[block]));
        let at = row.len();
        row.number(length);
        for piece in pieces {
            row.bytes(piece);
        }
        self.blocks[block] = row.into_bytes();
        // A row of four thousand million bytes, or as many blocks, has no room in memory.
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Start { block: small(block), at: small(at) }
    }

    /// Gives the row that begins there a number of its own.
    fn add(&mut self, id: &[u8], start: Start) -> UserNo {
        let number = UserNo::new(self.starts.len());
        self.starts.push(start);
        let mut by_id = std::mem::take(&mut self.by_id);
        let hash = |number: &UserNo| self.hasher.hash_one(self.at(*number).row_id().bytes());
        by_id.insert_unique(self.hasher.hash_one(id), number, hash);
        self.by_id = by_id;
        number
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

/// The result of adding one user to the table.
#[derive(Clone, Copy)]
enum InsertOutcome {
    /// The row that had the id already refers to this user.
    Known,
    /// The id comes behind the last one's.
    Behind(UserNo),
    /// It may belong anywhere.
    Between(UserNo),
}

/// Gathers users that come in any order.
#[derive(Default)]
pub struct UsersBuilder {
    users: Users,
}

impl UsersBuilder {
    /// Adds a user; of two with one id the later one stays.
    pub fn push(&mut self, user: &User) {
        let taken = self.users.take(user);
        self.note(taken);
    }

    /// Takes over the words that [`Users::words`] gave for these attributes, before any user; nothing where they are none.
    #[must_use]
    pub fn set_words(&mut self, attributes: &Arc<[Attribute]>, words: &[u8]) -> Option<()> {
        let words = StringPool::read(&mut RowReader(checked(attributes, &[], words)?))?;
        self.users.layouts = vec![Layout { names: Arc::clone(attributes), words }];
        Some(())
    }

    /// Adds a user by the row that [`UserRow::kept`] returned for these attributes. Skips a row that is damaged or has another
    /// id.
    #[must_use]
    pub fn push_kept(&mut self, id: &ObjectId, attributes: &Arc<[Attribute]>, kept: &[u8]) -> Option<()> {
        let taken = id.lend(|id| {
            let row = checked(attributes, id, kept)?;
            let layout = self.users.layouts.iter().position(|known| Arc::ptr_eq(&known.names, attributes))?;
            Some(self.users.take_row(id, layout, row))
        })?;
        self.note(taken);
        Some(())
    }

    fn note(&mut self, taken: InsertOutcome) {
        match taken {
            InsertOutcome::Known => {}
            InsertOutcome::Behind(number) => self.users.order.push(number),
            InsertOutcome::Between(number) => {
                self.users.mixed = true;
                self.users.order.push(number);
            }
        }
    }

    /// Makes room for so many more users.
    pub fn reserve(&mut self, count: usize) {
        let Users { starts, order, by_id, .. } = &mut self.users;
        starts.reserve(count);
        order.reserve(count);
        // The table is empty, or its entries would be hashed again.
        if by_id.is_empty() {
            *by_id = HashTable::with_capacity(count);
        }
    }

    /// Builds the table of all users that were added.
    pub fn finish(self) -> Users {
        let mut users = self.users;
        if users.mixed {
            let mut order = std::mem::take(&mut users.order);
            order.sort_by_cached_key(|number| users.at(*number).row_id());
            (users.order, users.mixed) = (order, false);
        }
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
