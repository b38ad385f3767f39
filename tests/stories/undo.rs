//! Undo: the inverse of an earlier run.
