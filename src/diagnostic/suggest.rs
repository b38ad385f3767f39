//! The known name that a wrong one was probably meant to be.

/// The known name nearest to an unknown one, if one is near enough: at most one wrong letter in three. Case, blanks and punctuation make no
/// difference. Of equally near names the first is returned.
///
/// ```
/// use hrpush::diagnostic::nearest;
/// assert_eq!(nearest("create-befor", ["create_before", "delete_after"]), Some("create_before"));
/// assert_eq!(nearest("colour", ["create_before", "delete_after"]), None);
/// ```
pub fn nearest<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let folded = fold(unknown);
    let length = folded.chars().count();
    if length == 0 {
        return None;
    }
    let near = |name: &'n str| {
        let (other, most) = (fold(name), (name.chars().count() / 3).max(1));
        // The distance is at least the difference of the lengths, which costs far less.
        let comparable = length.abs_diff(other.chars().count()) <= most;
        comparable.then(|| strsim::damerau_levenshtein(&folded, &other)).filter(|distance| *distance <= most)
    };
    known.into_iter().filter_map(|name| Some((near(name)?, name))).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The hint for an unknown name, if a known one is near.
///
/// ```
/// use hrpush::diagnostic::did_you_mean;
/// assert_eq!(did_you_mean("departmnt", ["department", "jobTitle"]), Some("did you mean `department`?".to_owned()));
/// ```
pub fn did_you_mean<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(unknown, known).map(|name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_name_is_found_whatever_its_case_and_its_dashes() {
        assert_eq!(nearest("Client_Secret", ["client-secret", "azure-cli"]), Some("client-secret"));
        assert_eq!(nearest("gaurd", ["guard", "plan"]), Some("guard"));
        assert_eq!(nearest("removemembers", ["removeMembers"]), Some("removeMembers"));
    }

    #[test]
    fn a_name_that_resembles_none_has_no_neighbour() {
        assert_eq!(nearest("x", ["id", "auth"]), None);
        assert_eq!(nearest("--", ["a"]), None);
    }
}
