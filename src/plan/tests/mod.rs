//! Stories: a world, a change, the plan as text.

mod attacks;
mod groups;
mod guards;
mod laws;
mod lifecycle;
mod matching;
mod table;
pub(crate) mod world;
