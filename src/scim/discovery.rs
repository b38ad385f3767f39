//! The documents in which the server describes itself. They list what is stored and done, and nothing else: senders read them.

use serde_json::{Value, json};

use super::schema::{Attribute, ENTERPRISE, GROUP, ResourceKind, Type, USER, schema};

/// What this build of the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// The most resources of one page.
    pub max_results: u64,
    /// The most operations and bytes of a bulk request, where there are any.
    pub bulk: Option<(u64, u64)>,
}

/// The document of `/ServiceProviderConfig`.
pub fn service_provider_config(abilities: Abilities, base: &str) -> Value {
    let (max_operations, max_payload) = abilities.bulk.unwrap_or_default();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": {
            "supported": abilities.bulk.is_some(),
            "maxOperations": max_operations,
            "maxPayloadSize": max_payload,
        },
        "filter": { "supported": true, "maxResults": abilities.max_results },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "pagination": {
            "cursor": false,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": 100,
            "maxPageSize": abilities.max_results,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of `hrpush serve token new`, as Authorization: Bearer.",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// The documents of `/ResourceTypes`, with their ids.
pub fn resource_types(base: &str) -> Vec<(&'static str, Value)> {
    [ResourceKind::User, ResourceKind::Group]
        .into_iter()
        .map(|kind| {
            let extensions = match kind {
                ResourceKind::User => json!([{ "schema": ENTERPRISE, "required": false }]),
                ResourceKind::Group => json!([]),
            };
            let document = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": kind.name(),
                "name": kind.name(),
                "description": match kind {
                    ResourceKind::User => "People",
                    ResourceKind::Group => "Groups of people",
                },
                "endpoint": kind.endpoint(),
                "schema": kind.urn(),
                "schemaExtensions": extensions,
                "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", kind.name()) },
            });
            (kind.name(), document)
        })
        .collect()
}

/// The documents of `/Schemas`, with their URNs.
pub fn schemas(base: &str) -> Vec<(&'static str, Value)> {
    [(USER, "User", "People"), (GROUP, "Group", "Groups of people"), (ENTERPRISE, "EnterpriseUser", "People of a company")]
        .into_iter()
        .map(|(urn, name, description)| {
            let attributes = schema(urn).unwrap_or_default();
            let document = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
                "id": urn,
                "name": name,
                "description": description,
                "attributes": attributes.iter().map(described).collect::<Vec<_>>(),
                "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{urn}") },
            });
            (urn, document)
        })
        .collect()
}

fn described(attribute: &Attribute) -> Value {
    let kind = match attribute.kind {
        Type::Text => "string",
        Type::Flag => "boolean",
        Type::Moment => "dateTime",
        Type::Binary => "binary",
        Type::Reference => "reference",
        Type::Complex => "complex",
    };
    let mut document = json!({
        "name": attribute.name,
        "type": kind,
        "multiValued": attribute.is_list,
        "description": attribute.name,
        "required": attribute.is_required,
        "caseExact": attribute.is_exact,
        "mutability": if attribute.is_read_only { "readOnly" } else { "readWrite" },
        "returned": "default",
        "uniqueness": if attribute.is_unique { "server" } else { "none" },
    });
    if attribute.kind == Type::Reference {
        document["referenceTypes"] = match attribute.name {
            "$ref" => json!(["User", "Group"]),
            _ => json!(["external"]),
        };
    }
    if !attribute.parts.is_empty() {
        document["subAttributes"] = attribute.parts.iter().map(described).collect();
    }
    document
}
