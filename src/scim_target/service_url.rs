//! The addresses of a service provider, and which of them a token may be sent to.

use std::fmt;

use url::Url;

use crate::directory::ObjectId;
use crate::scim::ResourceKind;

/// The address below which a service provider has `/Users` and `/Groups`, or that of its token endpoint.
///
/// Always https, or plain http on a loopback host, so that no token crosses a network unencrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl(Url);

/// Why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceUrlFault {
    /// It cannot be read as an address, or contains more than one.
    #[error("is not an address of the form https://host/path")]
    Unreadable,
    /// Plain http to another machine.
    #[error("would send the credential over the network in the clear; plain http is for this machine alone")]
    Plain,
}

impl ServiceUrl {
    /// Reads an address.
    ///
    /// ```
    /// # use hrpush::scim_target::ServiceUrl;
    /// assert_eq!(ServiceUrl::new("https://idp.example/scim/v2/").unwrap().to_string(), "https://idp.example/scim/v2");
    /// assert!(ServiceUrl::new("http://127.0.0.1:8080/scim").is_ok());
    /// assert!(ServiceUrl::new("http://idp.example/scim").is_err());
    /// ```
    ///
    /// # Errors
    /// An address that is none, contains a user, a query or a fragment, or is plain http to another machine.
    pub fn new(text: &str) -> Result<Self, ServiceUrlFault> {
        let mut url = Url::parse(text.trim()).map_err(|_| ServiceUrlFault::Unreadable)?;
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !bare || url.host().is_none() {
            return Err(ServiceUrlFault::Unreadable);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(ServiceUrlFault::Plain),
            _ => return Err(ServiceUrlFault::Unreadable),
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Whether the service runs on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The address for the HTTP client.
    pub(super) const fn url(&self) -> &Url {
        &self.0
    }

    /// The address of a path such as `/Users`, with its query.
    pub(super) fn below(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        if !query.is_empty() {
            // Blanks as %20: some providers refuse the `+` of forms.
            let encoded =
                |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
            let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
            url.set_query(Some(&pairs.join("&")));
        }
        url
    }

    /// The id at the end of a `Location`, which may be relative; none where it leads to another origin or another collection.
    pub(super) fn id_at(&self, kind: ResourceKind, location: &str) -> Option<ObjectId> {
        let url = self.below("/", &[]).join(location).ok()?;
        if url.origin() != self.0.origin() {
            return None;
        }
        let mut segments = url.path_segments()?.rev();
        let id = ObjectId::new(segments.next()?)?;
        segments.next()?.eq_ignore_ascii_case(kind.endpoint().trim_start_matches('/')).then_some(id)
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(crate::diagnostic::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_carries_no_credential_and_is_encrypted() {
        for bad in ["https://user:pw@idp.example", "https://idp.example/?x=1", "ftp://idp.example", "idp.example", "https://"] {
            assert_eq!(ServiceUrl::new(bad), Err(ServiceUrlFault::Unreadable), "{bad}");
        }
        for bad in ["http://idp.example", "http://127.0.0.1.idp.example", "http://localhost.idp.example"] {
            assert_eq!(ServiceUrl::new(bad), Err(ServiceUrlFault::Plain), "{bad}");
        }
    }

    #[test]
    fn a_filter_is_encoded_without_plus_signs() {
        let base = ServiceUrl::new("https://idp.example/scim/v2/").unwrap();
        let url = base.below("/Users", &[("filter", "userName eq \"a+b@x\"")]);
        assert_eq!(url.as_str(), "https://idp.example/scim/v2/Users?filter=userName%20eq%20%22a%2Bb%40x%22");
    }

    #[test]
    fn a_location_of_another_origin_gives_no_id() {
        let base = ServiceUrl::new("https://idp.example/scim/v2").unwrap();
        let id = |location: &str| base.id_at(ResourceKind::User, location).map(|id| id.to_string());
        assert_eq!(id("https://idp.example/scim/v2/Users/u1").as_deref(), Some("u1"));
        assert_eq!(id("/scim/v2/users/u1").as_deref(), Some("u1"));
        assert_eq!(id("https://evil.example/scim/v2/Users/u1"), None);
        assert_eq!(id("https://idp.example/scim/v2/Groups/u1"), None);
        assert_eq!(id("https://idp.example/scim/v2/Users/"), None);
    }
}
