//! The directory: users, groups, their attributes, and the tenant at one moment.
//!
//! Plain values in Graph's own words. Nothing here does I/O.

mod attribute;
mod attributes;
mod ids;
mod row_codec;
mod snapshot;
mod string_pool;
mod user;
mod user_row;
mod user_table;
mod value;

pub use attribute::countries::is_country;
pub use attribute::{Attribute, ExtensionType, Kind, Spec, Vocabulary, all_attributes, roles};
pub use attributes::Attributes;
pub use ids::{ObjectId, RowId, TenantId, Upn, UserNo};
pub use row_codec::{RowReader, RowWriter, ValueRef};
pub use snapshot::{DeletedUser, Group, GroupKind, MANAGED_GROUP_PREFIX, Privileged, Snapshot};
pub use user::{User, UserType};
pub use user_row::{UserRow, Values};
pub use user_table::{Edited, Users, UsersBuilder};
pub use value::{Value, ValueFault, at_midnight, calendar_date, canonical_date};
