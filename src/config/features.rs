//! Parts of hrpush that a build may leave out: a configuration that needs one is refused with its name.

use std::ops::Range;

use crate::diagnostic::toml::Reader;

/// A part that is a Cargo feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feature {
    Sftp,
    Objects,
    Sql,
    Passwords,
    Mail,
    Signatures,
}

impl Feature {
    /// Its name in Cargo.toml, what it serves, and whether this build has it.
    fn about(self) -> (&'static str, &'static str, bool) {
        match self {
            Self::Sftp => ("sftp", "SFTP servers", cfg!(feature = "sftp")),
            Self::Objects => ("objects", "object stores", cfg!(feature = "objects")),
            Self::Sql => ("sql", "database servers", cfg!(feature = "sql")),
            Self::Signatures => ("signatures", "signed approvals", cfg!(feature = "signatures")),
            Self::Passwords => ("passwords", "files of encrypted passwords", cfg!(feature = "passwords")),
            Self::Mail => ("mail", "messages by mail", cfg!(feature = "mail")),
        }
    }

    /// Whether this build has it; reports the fault at the place that needs it.
    pub(super) fn is_built(self, reader: &mut Reader<'_>, span: &Range<usize>) -> bool {
        let (name, what, built) = self.about();
        if !built {
            let hint = format!(
                "released binaries have it; build your own with `cargo build --release --features {name}`, or `--features full` for all"
            );
            reader.fault(span, format!("this build has no support for {what}: it lacks the feature `{name}`"), hint);
        }
        built
    }
}
