//! Why Graph refused an operation: the only place that reads its error codes and its English.

use super::batch::Fault;
use super::culprits::{attributes_in_text, attributes_of, first_property, property_in_text};
use super::response::About;
use crate::target::{Culprits, NameConflict, Operation, Refusal, TakenName};

/// The properties that name an account, as Graph spells them in a conflict.
///
/// `netId` is the sign-in name in the service behind Entra: it stays taken for a while after a user with that name was deleted.
const NAMES: [(&str, TakenName); 5] = [
    ("userPrincipalName", TakenName::SignIn),
    ("netId", TakenName::SignIn),
    ("mailNickname", TakenName::Nickname),
    ("mail", TakenName::Mail),
    ("proxyAddresses", TakenName::Address),
];

/// The reason of a final refusal.
pub(in crate::graph) fn refusal(operation: &Operation, status: u16, fault: &Fault) -> Refusal {
    match fault.about {
        About::App => return Refusal::LockedOut,
        About::Transport if status == 403 => return Refusal::Barred,
        About::Transport => return Refusal::Other,
        About::Request => {}
    }
    let message = fault.message.as_deref().unwrap_or_default().to_lowercase();
    match (operation, status) {
        (_, 404) => Refusal::Absent,
        (Operation::AddMembers { .. }, _) if message.contains("already exist") => Refusal::AlreadyMember,
        (Operation::RemoveLicenses { .. }, _) if message.contains("does not have a corresponding license") => {
            Refusal::AlreadyDone
        }
        // The 403 of a gateway has no code of Graph's and implies nothing about permissions.
        (_, 403) if fault.code.is_some() => Refusal::Forbidden,
        (_, 400 | 409) => name_conflict(fault, &message).map_or(Refusal::Invalid, Refusal::NameTaken),
        // A 401 is about the app; 408, 423, 424 and 429 are about the moment.
        (_, 402 | 403 | 405 | 406 | 412..=415 | 422) => Refusal::Invalid,
        _ => Refusal::Other,
    }
}

/// The names that another object has. Graph names them in the details, older services and Exchange in the text alone.
fn name_conflict(fault: &Fault, message: &str) -> Option<NameConflict> {
    let is_conflict = |code: &str| code.eq_ignore_ascii_case("ObjectConflict") || code.eq_ignore_ascii_case("ConflictingObjects");
    let mut conflict = NameConflict::default();
    for (property, name) in NAMES {
        let in_details = fault.details.iter().any(|(code, target)| is_conflict(code) && target.eq_ignore_ascii_case(property));
        let text = format!("same value for property {} already exists", property.to_lowercase());
        if in_details || message.contains(&text) {
            conflict.names.insert(name);
        }
    }
    if message.contains("proxy address") && message.contains("is already being used") {
        conflict.names.insert(TakenName::Address);
        conflict.owner = fault.message.as_deref().and_then(owner_in_text);
    }
    let is_unnamed = message.contains("conflicting object with one or more of the specified property values is present");
    if conflict.names.is_empty() && is_unnamed && fault.details.iter().all(|(code, _)| !is_conflict(code)) {
        conflict.names.insert(TakenName::Unnamed);
    }
    (!conflict.names.is_empty()).then_some(conflict)
}

/// The owner in Exchange's words: `… already being used by the proxy addresses or LegacyExchangeDN of "Name". …`.
fn owner_in_text(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(" of \"")?;
    let (owner, _) = rest.split_once('"')?;
    (!owner.is_empty()).then(|| owner.to_owned())
}

/// The parts of the operation that the refusal points at: by its details, else by its text.
pub(in crate::graph) fn culprits(operation: &Operation, refusal: &Refusal, fault: &Fault) -> Culprits {
    let present = operation.attributes();
    let text = fault.message.as_deref().unwrap_or_default();
    let mut attributes: Vec<_> = fault.details.iter().flat_map(|(_, target)| attributes_of(target, &present)).collect();
    if attributes.is_empty() {
        attributes = attributes_in_text(text, &present);
    }
    if attributes.is_empty()
        && let Refusal::NameTaken(conflict) = refusal
    {
        let spelled = NAMES.iter().filter(|(_, name)| conflict.names.contains(name)).map(|(property, _)| *property);
        attributes = spelled.flat_map(|property| attributes_of(property, &present)).collect();
    }
    attributes.sort();
    attributes.dedup();
    let objects = operation.objects().into_iter().filter(|id| text.contains(&id.to_string())).cloned().collect();
    Culprits { attributes, property: first_property(&fault.details).or_else(|| property_in_text(text)), objects }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::directory::{Attribute, ObjectId, Value};

    fn fault(code: &str, message: &str, details: &[(&str, &str)]) -> Fault {
        let details = details.iter().map(|(code, target)| ((*code).to_owned(), (*target).to_owned())).collect();
        Fault { code: Some(code.to_owned()), message: Some(message.to_owned()), details, ..Fault::default() }
    }

    fn update(names: &[&str]) -> Operation {
        let edits = names.iter().map(|name| (Attribute::find(name).unwrap(), Some(Value::text("x")))).collect();
        Operation::UpdateUser { id: ObjectId::new("u").unwrap(), edits }
    }

    fn pointed_at(details: &[&str], text: &str, present: &[&str]) -> Vec<&'static str> {
        let details: Vec<(&str, &str)> = details.iter().map(|target| ("InvalidValue", *target)).collect();
        let (operation, fault) = (update(present), fault("Request_BadRequest", text, &details));
        let refusal = refusal(&operation, 400, &fault);
        culprits(&operation, &refusal, &fault).attributes.into_iter().map(|attribute| attribute.name).collect()
    }

    #[test]
    fn a_refusal_names_its_property_in_details_or_text() {
        let present =
            ["city", "department", "mail", "mobilePhone", "state", "employeeOrgData.costCenter", "employeeOrgData.division"];
        let org = ["employeeOrgData.costCenter", "employeeOrgData.division"];
        assert_eq!(pointed_at(&["mobilePhone"], "", &present), ["mobilePhone"]);
        assert_eq!(pointed_at(&["User.MobilePhone"], "", &present), ["mobilePhone"]);
        assert_eq!(pointed_at(&["", "mail", "department"], "", &present), ["department", "mail"]);
        assert_eq!(pointed_at(&["employeeOrgData"], "", &present), org);
        assert_eq!(pointed_at(&["employeeOrgData/division"], "", &present), [org[1]]);
        assert_eq!(pointed_at(&["proxyAddresses"], "", &present), ["mail"]);
        assert_eq!(pointed_at(&["properties"], "", &present), [""; 0]);
        assert_eq!(pointed_at(&["onPremisesImmutableId"], "", &present), [""; 0]);
        assert_eq!(pointed_at(&[], "Invalid value specified for property 'mail' of resource 'User'.", &present), ["mail"]);
        assert_eq!(pointed_at(&[], "The department property is too long.", &present), ["department"]);
        assert_eq!(pointed_at(&[], "Insufficient privileges to write mobilePhone.", &present), ["mobilePhone"]);
        assert_eq!(
            pointed_at(&[], "Another object with the same value for property proxyAddresses already exists.", &present),
            ["mail"]
        );
        // Words of plain English name nothing.
        assert_eq!(pointed_at(&[], "The state of the object does not allow mail to be changed.", &present), [""; 0]);
        assert_eq!(pointed_at(&[], "Insufficient privileges to complete the operation.", &present), [""; 0]);
        let extensions =
            ["onPremisesExtensionAttributes.extensionAttribute1", "onPremisesExtensionAttributes.extensionAttribute2"];
        assert_eq!(pointed_at(&["onPremisesExtensionAttributes"], "", &extensions), extensions);
        assert_eq!(pointed_at(&[], "Property extensionAttribute2 is too long", &extensions), [extensions[1]]);
        let badge = "extension_0123456789abcdef0123456789abcdef_badge";
        assert_eq!(pointed_at(&[], &format!("Invalid value for {badge}."), &["city", badge]), [badge]);
    }

    #[test]
    fn a_taken_name_is_recognised_in_every_wording() {
        let names = |message: &str, details: &[(&str, &str)]| {
            let create = Operation::CreateUser { attributes: BTreeMap::new(), password: "p".into() };
            match refusal(&create, 400, &fault("Request_BadRequest", message, details)) {
                Refusal::NameTaken(conflict) => (conflict.names.into_iter().collect::<Vec<_>>(), conflict.owner),
                other => panic!("{message}: {other:?}"),
            }
        };
        let one = |name| (vec![name], None);
        let same = |property: &str| format!("Another object with the same value for property {property} already exists.");
        assert_eq!(names(&same("userPrincipalName"), &[]), one(TakenName::SignIn));
        assert_eq!(names(&same("netId"), &[]), one(TakenName::SignIn));
        assert_eq!(names(&same("mailNickname"), &[]), one(TakenName::Nickname));
        assert_eq!(names(&same("proxyAddresses"), &[]), one(TakenName::Address));
        assert_eq!(names("", &[("ObjectConflict", "mail")]), one(TakenName::Mail));
        let unnamed = "A conflicting object with one or more of the specified property values is present in the directory.";
        assert_eq!(names(unnamed, &[]), one(TakenName::Unnamed));
        assert_eq!(names(unnamed, &[("ConflictingObjects", "userPrincipalName")]), one(TakenName::SignIn));
        let exchange = "The proxy address \"SMTP:ada@contoso.com\" is already being used by the proxy addresses or LegacyExchangeDN \
            of \"Claims Office\". Please choose another proxy address.";
        assert_eq!(names(exchange, &[]), (vec![TakenName::Address], Some("Claims Office".to_owned())));
        assert_eq!(pointed_at(&[], exchange, &["city", "mail"]), ["mail"]);
    }

    #[test]
    fn a_refusal_is_about_the_app_the_object_or_the_request() {
        let of = |operation: &Operation, status, fault: Fault| refusal(operation, status, &fault);
        let revoke = Operation::RevokeSessions { user: ObjectId::new("u").unwrap() };
        let denied = || fault("Authorization_RequestDenied", "Insufficient privileges.", &[]);
        assert_eq!(of(&revoke, 403, denied()), Refusal::Forbidden);
        assert_eq!(of(&revoke, 403, Fault { about: About::Transport, ..Fault::default() }), Refusal::Barred);
        assert_eq!(of(&revoke, 401, Fault { about: About::App, ..denied() }), Refusal::LockedOut);
        assert_eq!(of(&revoke, 404, denied()), Refusal::Absent);
        assert_eq!(of(&revoke, 501, denied()), Refusal::Other);
        let members = Operation::AddMembers { group: ObjectId::new("g").unwrap(), members: vec![ObjectId::new("u").unwrap()] };
        let there = "One or more added object references already exist for the following modified properties: 'members'.";
        assert_eq!(of(&members, 400, fault("Request_BadRequest", there, &[])), Refusal::AlreadyMember);
        let licence = Operation::RemoveLicenses { user: ObjectId::new("u").unwrap(), skus: Vec::new() };
        let gone = "User does not have a corresponding license.";
        assert_eq!(of(&licence, 400, fault("Request_BadRequest", gone, &[])), Refusal::AlreadyDone);
        let unsupported = fault("Request_BadRequest", "Unsupported member u", &[]);
        let culprits = culprits(&members, &Refusal::Invalid, &unsupported);
        assert_eq!(culprits.objects, [ObjectId::new("u").unwrap()].into());
    }
}
