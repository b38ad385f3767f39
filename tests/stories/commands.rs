//! The commands, point by point.
