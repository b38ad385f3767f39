//! When a delivered file may be read: which of several, and whether it has come to rest.

use std::time::{Duration, SystemTime};

use crate::source::error::{Fault, FaultKind};

/// What must hold before a delivered file is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The name of the file that says that the delivery is complete; `{name}` stands for the name of the HR file, `{stem}` for
    /// its name without the last ending. It must not be older than the HR file.
    pub done_file: Option<String>,
    /// For so long the file must not have changed.
    pub min_age: Option<Duration>,
}

/// A file that lies somewhere, before its bytes are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name without its folder.
    pub name: String,
    /// When it was last changed.
    pub modified: Option<SystemTime>,
}

/// The newest of several files; of several as new, the last by name.
pub fn newest<'a>(found: impl IntoIterator<Item = &'a Listed>) -> Option<&'a Listed> {
    found.into_iter().max_by(|a, b| a.modified.cmp(&b.modified).then_with(|| a.name.cmp(&b.name)))
}

impl Arrival {
    /// The name of the done-file of an HR file.
    pub fn done_name(&self, name: &str) -> Option<String> {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        self.done_file.as_ref().map(|pattern| pattern.replace("{name}", name).replace("{stem}", stem))
    }

    /// Judges whether a file may be read now; `done` is the done-file where there is one.
    ///
    /// # Errors
    /// Why not yet.
    pub fn judge(&self, file: &Listed, done: Option<&Listed>, now: SystemTime) -> Result<(), Fault> {
        let early = |why: String| Err(Fault::of_file(&file.name, FaultKind::NotReady(why)));
        if let Some(wanted) = self.done_name(&file.name) {
            match done {
                None => return early(format!("its done-file `{wanted}` is not there")),
                Some(done) if done.modified < file.modified => {
                    return early(format!("its done-file `{wanted}` is older than the file itself"));
                }
                Some(_) => {}
            }
        }
        let Some(wanted) = self.min_age.filter(|age| !age.is_zero()) else { return Ok(()) };
        let Some(modified) = file.modified else {
            return early("its time of change is unknown, but `min_age` is set".to_owned());
        };
        match now.duration_since(modified) {
            Ok(age) if age >= wanted => Ok(()),
            Ok(age) => early(format!("it was changed {} s ago, `min_age` requires {} s", age.as_secs(), wanted.as_secs())),
            Err(_) => early("it was changed in the future: the clocks differ".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, seconds: u64) -> Listed {
        Listed { name: name.to_owned(), modified: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)) }
    }

    fn now(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_file_must_have_come_to_rest() {
        let arrival = Arrival { min_age: Some(Duration::from_mins(10)), ..Arrival::default() };
        let file = at("hr.csv", 1_000);
        assert!(arrival.judge(&file, None, now(1_600)).is_ok());
        let early = arrival.judge(&file, None, now(1_599)).unwrap_err().to_string();
        assert!(early.contains("599 s ago") && early.contains("600 s"), "{early}");
        assert!(arrival.judge(&file, None, now(999)).unwrap_err().to_string().contains("future"));
    }

    #[test]
    fn a_done_file_belongs_to_the_delivery_it_follows() {
        let arrival = Arrival { done_file: Some("{stem}.done".to_owned()), ..Arrival::default() };
        let file = at("hr.csv", 100);
        assert_eq!(arrival.done_name("hr.csv").as_deref(), Some("hr.done"));
        assert!(arrival.judge(&file, Some(&at("hr.done", 100)), now(100)).is_ok());
        assert!(arrival.judge(&file, None, now(100)).unwrap_err().to_string().contains("`hr.done` is not there"));
        let stale = arrival.judge(&file, Some(&at("hr.done", 99)), now(100)).unwrap_err().to_string();
        assert!(stale.contains("older than the file"), "{stale}");
    }

    #[test]
    fn the_newest_is_taken_and_of_two_the_last_by_name() {
        let files = [at("b.csv", 5), at("a.csv", 9), at("c.csv", 9)];
        assert_eq!(newest(&files).map(|file| file.name.as_str()), Some("c.csv"));
    }
}
