//! The directory: users, groups, their attributes, and the tenant at one moment.
//!
//! Plain values in Graph's own words. Nothing here does I/O.

mod attribute;
mod attributes;
mod ids;
mod row_codec;
mod snapshot;
mod string_pool;
mod user_row;
mod user_table;
mod value;

pub use attribute::countries::is_country;
pub use attribute::{Attribute, ExtensionType, Kind, Spec, all_attributes, roles};
pub use attributes::Attributes;
pub use ids::{ObjectId, RowId, TenantId, Upn};
pub use row_codec::{Lent, RowReader, RowWriter};
pub use snapshot::{DeletedUser, Group, GroupKind, Privileged, Snapshot, User, UserType};
pub use user_row::{UserRow, Values};
pub use user_table::{Edited, UserNo, Users, UsersBuilder};
pub use value::{Value, ValueFault, at_midnight, calendar_date, canonical_date};
