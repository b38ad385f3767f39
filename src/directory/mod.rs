//! The directory: users, groups, their attributes, and the tenant at one moment.
//!
//! Plain values in Graph's own words. Nothing here does I/O.

mod attribute;
mod attributes;
mod countries;
mod ids;
pub mod roles;
mod row;
mod snapshot;
mod user_row;
mod users;
mod value;
mod words;

pub use attribute::{Attribute, ExtensionType, Kind, Spec, all_attributes};
pub use attributes::Attributes;
pub use countries::is_country;
pub use ids::{ObjectId, RowId, TenantId, Upn};
pub use row::{Lent, RowReader, RowWriter};
pub use snapshot::{DeletedUser, Group, GroupKind, MANAGED_GROUP_PREFIX, Privileged, Snapshot, User, UserType};
pub use user_row::{UserRow, Values};
pub use users::{Edited, UserNo, Users, UsersBuilder};
pub use value::{Value, ValueFault, at_midnight, calendar_date, canonical_date};
