//! `hrpush reject`: a no to a plan. Its changes are skipped until HR's records change.

use super::approve::{answer, passphrase, show};
use super::cli::{Common, Reject};
use super::run::settings;
use crate::session::approval::answer::{Answer, Signing};
use crate::session::error::{Ended, Failure};

pub(super) fn reject(common: &Common, args: &Reject) -> Result<Ended, Failure> {
    let settings = settings(common)?;
    let signing = args.signing.sign.as_deref().map(|key| Signing { key, ask: &passphrase });
    let no = Answer { approves: false, except: Vec::new(), note: Some(args.note.clone()) };
    let given = answer(&settings, &args.fingerprint, &no, (signing, args.signing.output.as_deref()))?;
    show(common, &settings, &given)
}
