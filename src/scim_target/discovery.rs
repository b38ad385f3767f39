//! What a provider says of itself, and where its profile says otherwise.

use serde_json::{Map, Value as Json};

use super::client::Client;
use super::error::ScimTargetError;
use super::profile::{Paging, UpdateMethod};

/// The answer of `/ServiceProviderConfig`, as far as hrpush has a use for it. Each is absent where the provider does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderConfig {
    /// Whether PATCH is supported.
    pub patch: Option<bool>,
    /// Whether bulk requests are supported.
    pub bulk: Option<bool>,
    /// Whether filters are supported.
    pub filter: Option<bool>,
    /// The most resources that a filter returns.
    pub max_results: Option<u64>,
    /// Whether entity tags are supported.
    pub etag: Option<bool>,
    /// Whether lists can be read by cursor.
    pub cursor: Option<bool>,
    /// Whether lists can be read by index.
    pub index: Option<bool>,
    /// How to sign in, by the types of the schemes.
    pub authentication: Vec<String>,
}

/// Asks the provider. None where it has no such document, which is a hint and no fault.
///
/// # Errors
/// No answer, or a refusal.
pub async fn provider_config(client: &Client) -> Result<Option<ProviderConfig>, ScimTargetError> {
    for path in ["/ServiceProviderConfig", "/ServiceProviderConfigs"] {
        let reply = client.read("read what the provider says of itself", client.url.below(path, &[])).await?;
        if let Some(body) = reply.body.filter(|_| reply.status != 404) {
            return Ok(Some(ProviderConfig::read(&body)));
        }
    }
    Ok(None)
}

impl ProviderConfig {
    fn read(body: &Map<String, Json>) -> Self {
        let flag = |table: &str, key: &str| body.get(table)?.get(key)?.as_bool();
        let schemes = body.get("authenticationSchemes").and_then(Json::as_array).into_iter().flatten();
        Self {
            patch: flag("patch", "supported"),
            bulk: flag("bulk", "supported"),
            filter: flag("filter", "supported"),
            max_results: body.get("filter").and_then(|filter| filter.get("maxResults")?.as_u64()),
            etag: flag("etag", "supported"),
            cursor: flag("pagination", "cursor"),
            index: flag("pagination", "index"),
            authentication: schemes.filter_map(|scheme| scheme.get("type")?.as_str().map(str::to_owned)).collect(),
        }
    }

    /// What the provider says, in one line.
    pub fn summary(&self) -> String {
        let said = |what: &str, flag: Option<bool>| flag.map(|flag| format!("{what} {}", if flag { "yes" } else { "no" }));
        let mut parts: Vec<String> = [
            said("patch", self.patch),
            said("bulk", self.bulk),
            said("filter", self.filter),
            self.max_results.map(|most| format!("at most {most} results")),
            said("etag", self.etag),
            said("cursor paging", self.cursor),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !self.authentication.is_empty() {
            parts.push(format!("sign-in by {}", self.authentication.join(", ")));
        }
        parts.join(", ")
    }

    /// Where the profile differs from it.
    ///
    /// ```
    /// # use hrpush::scim_target::{Profile, ProviderConfig};
    /// let said = ProviderConfig { patch: Some(false), ..ProviderConfig::default() };
    /// let differences = said.differences(&Profile::embedded("rfc").unwrap());
    /// assert_eq!(differences, ["the provider has no PATCH, the profile `rfc` uses it: PUT is used after the first refusal"]);
    /// ```
    pub fn differences(&self, profile: &super::Profile) -> Vec<String> {
        let name = &profile.name;
        let mut found = Vec::new();
        if self.patch == Some(false) && profile.update == UpdateMethod::Patch {
            found.push(format!("the provider has no PATCH, the profile `{name}` uses it: PUT is used after the first refusal"));
        }
        if self.patch == Some(true) && profile.update == UpdateMethod::Put {
            found.push(format!("the provider has PATCH, the profile `{name}` sends whole resources by PUT"));
        }
        if self.filter == Some(false) {
            found.push("the provider has no filters: accounts cannot be looked up before they are created".to_owned());
        }
        if self.cursor == Some(false) && profile.paging == Paging::Cursor {
            found.push(format!("the provider has no cursor paging, the profile `{name}` uses it"));
        }
        if self.index == Some(false) && profile.paging == Paging::Index {
            found.push(format!("the provider has no index paging, the profile `{name}` uses it"));
        }
        if let Some(most) = self.max_results.filter(|most| *most > 0 && *most < u64::from(profile.page_size)) {
            found.push(format!(
                "the provider returns at most {most} results, the profile `{name}` asks for {}",
                profile.page_size
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim_target::Profile;

    #[test]
    fn what_is_said_is_compared_with_the_profile() {
        let body = json!({
            "patch": { "supported": true }, "bulk": { "supported": false, "maxOperations": 0 },
            "filter": { "supported": true, "maxResults": 50 }, "pagination": { "cursor": false, "index": true },
            "authenticationSchemes": [{ "type": "oauthbearertoken" }],
        });
        let config = ProviderConfig::read(body.as_object().unwrap());
        assert_eq!(
            config.summary(),
            "patch yes, bulk no, filter yes, at most 50 results, cursor paging no, sign-in by oauthbearertoken"
        );
        let differences = |name: &str| config.differences(&Profile::embedded(name).unwrap()).len();
        assert_eq!((differences("rfc"), differences("entra")), (1, 2));
        assert_eq!(ProviderConfig::default().differences(&Profile::embedded("rfc").unwrap()), [""; 0]);
    }
}
