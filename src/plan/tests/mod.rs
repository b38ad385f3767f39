//! Stories: a world, a change, the plan as text.

mod approvals;
mod attacks;
mod damage;
mod groups;
mod guards;
mod hr_file;
mod identity;
mod laws;
mod leaving;
mod lifecycle;
mod managers;
mod matching;
mod missing;
mod quarter_laws;
mod table;
mod unique;
pub(crate) mod world;
