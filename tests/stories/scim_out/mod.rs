//! A SCIM service provider as the target: on any provider and in any weather it ends as HR says.

mod binary;
mod manners;
mod office;
mod provider;
mod weather;
