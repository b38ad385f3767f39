//! Laws of keys and uploads.

use proptest::prelude::*;

use crate::directory::ObjectId;
use crate::target::{Upload, UploadState, UserRecord};

proptest! {
    #[test]
    fn a_key_comes_back_from_its_id(key in "\\PC{1,20}") {
        prop_assert_eq!(ObjectId::of_key(&key).map(|id| id.key()), Some(key));
    }

    #[test]
    fn two_keys_never_share_an_id(one in "[A-C~./ ]{1,4}", other in "[A-C~./ ]{1,4}") {
        prop_assert_eq!(ObjectId::of_key(&one) == ObjectId::of_key(&other), one == other);
    }

    #[test]
    fn only_an_accepted_or_effective_record_is_a_baseline(enabled: bool, was: Option<bool>, state in 0_usize..5) {
        let states = [UploadState::Sent, UploadState::Accepted, UploadState::Done, UploadState::Skipped, UploadState::Failed];
        let record = |enabled| UserRecord { enabled, ..UserRecord::default() };
        let in_effect = was.map(record);
        let id = ObjectId::of_key("E-1").unwrap();
        let sent_at = jiff::Timestamp::UNIX_EPOCH;
        let upload = Upload { id, record: record(enabled), state: states[state], sent_at, in_effect: in_effect.clone(), entry: None };
        let wanted = if upload.state == UploadState::Accepted { Some(record(enabled)) } else { in_effect };
        prop_assert_eq!(upload.baseline().cloned(), wanted);
    }
}
