//! One way to lock a mutex.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, also after another thread has panicked while it held the lock.
///
/// A panic is reported where its thread is joined. The value behind the lock is still usable, since no holder leaves it half changed, so
/// a second panic here would only hide the first one.
///
/// ```
/// # use std::sync::Mutex;
/// # use hrpush::record::lock;
/// let counter = Mutex::new(1);
/// *lock(&counter) += 1;
/// assert_eq!(*lock(&counter), 2);
/// ```
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
