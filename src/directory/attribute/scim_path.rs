//! Attributes that are named by a SCIM path, for targets that have attributes beyond those of Entra.

use super::roles;
use super::spec::Kind;
use crate::scim::{self, AttributePath, ENTERPRISE, Filter, Operator, ResourceKind, Type};

/// Attributes of a SCIM user that have a name in Entra, or that only the service provider sets.
const RESERVED: [&str; 7] = ["userName", "active", "id", "schemas", "meta", "groups", "password"];

/// The kind of values at a SCIM path; none where a mapping cannot write there.
///
/// The path must be in its one spelling. The elements of a list are named by a filter of equalities, so that a missing element can be
/// made from it.
pub(super) fn kind(name: &str) -> Option<Kind> {
    if name == roles::EXTERNAL_ID {
        return Some(Kind::Text);
    }
    if !scim::is_column(name) {
        return None;
    }
    let path: AttributePath = name.parse().ok()?;
    if path.to_string() != name {
        return None;
    }
    if let Some(urn) = &path.urn {
        // The manager is a reference, which `[manager]` of a mapping sets.
        let is_manager = **urn == *ENTERPRISE && &*path.name == "manager";
        return (path.filter.is_none() && !is_manager).then_some(Kind::Text);
    }
    core(&path)
}

fn core(path: &AttributePath) -> Option<Kind> {
    let attribute = ResourceKind::User.attributes().iter().find(|known| known.name == &*path.name)?;
    if attribute.is_read_only || RESERVED.contains(&attribute.name) {
        return None;
    }
    let typed = |attribute: &scim::Attribute| if attribute.kind == Type::Flag { Kind::Flag } else { Kind::Text };
    let part = || path.part.as_ref().and_then(|part| attribute.parts.iter().find(|known| known.name == &**part)).map(typed);
    match (attribute.is_list, &path.filter) {
        (true, Some(filter)) if is_made_of_equalities(filter) => part(),
        (false, None) if attribute.kind == Type::Complex => part(),
        (false, None) if path.part.is_none() => Some(typed(attribute)),
        _ => None,
    }
}

fn is_made_of_equalities(filter: &Filter) -> bool {
    let plain = |path: &AttributePath| path.urn.is_none() && path.filter.is_none() && path.part.is_none();
    filter.conjunction().is_some_and(|terms| terms.iter().all(|(path, operator, _)| *operator == Operator::Eq && plain(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_an_attribute_where_a_value_can_be_written() {
        for good in [
            "externalId",
            "nickName",
            "name.middleName",
            r#"emails[type eq "home"].value"#,
            r"roles[primary eq true].value",
            "urn:contoso:employee:JobCode",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division",
        ] {
            assert_eq!(kind(good), Some(Kind::Text), "{good}");
        }
        assert_eq!(kind(r#"emails[type eq "home"].primary"#), Some(Kind::Flag));
        for bad in [
            "userName",
            "active",
            "id",
            "groups",
            "manager",
            "members",
            "uniqueName",
            "NickName",
            "name",
            "emails",
            r#"emails[type co "home"].value"#,
            "jobTitel",
            "urn:ietf:params:scim:schemas:core:2.0:User:nickName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        ] {
            assert_eq!(kind(bad), None, "{bad}");
        }
    }
}
