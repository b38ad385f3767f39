//! Graph's addresses: the one place that spells them.

use std::fmt;

use thiserror::Error;
use url::Url;

use super::filter::Literal;
use crate::diagnostic;
use crate::directory::ObjectId;

const VERSION: &str = "/v1.0";

/// The address of a Graph service, such as `https://graph.microsoft.com`.
///
/// Always https, or plain http on a loopback host, so that no token crosses a network unencrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct GraphUrl(Url);

/// Why an address is no Graph service for us.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UrlFault {
    /// It cannot be read as an address.
    #[error("`{text}` is not an address of the form https://host")]
    Unreadable {
        /// The address as given.
        text: String,
    },
    /// Plain http to another machine.
    #[error("`{text}` would send the access token in the clear, hint: plain http is for loopback hosts alone")]
    Plain {
        /// The address as given.
        text: String,
    },
    /// A link that leads to another host.
    #[error("Graph answered with a link to `{origin}`, which is not the configured host; the token was not sent there")]
    Foreign {
        /// Where the link leads, without path and query.
        origin: String,
    },
}

impl GraphUrl {
    /// Reads an address; `/v1.0` at its end and a closing slash are taken off.
    ///
    /// ```
    /// # use hrpush::graph::GraphUrl;
    /// assert_eq!(GraphUrl::new("https://graph.microsoft.com/v1.0/").unwrap().to_string(), "https://graph.microsoft.com");
    /// assert!(GraphUrl::new("http://127.0.0.1:8080").is_ok());
    /// assert!(GraphUrl::new("http://graph.microsoft.com").is_err());
    /// ```
    ///
    /// # Errors
    /// An address that is none, names a user, or is plain http to another machine.
    pub fn new(text: &str) -> Result<Self, UrlFault> {
        let unreadable = || UrlFault::Unreadable { text: shown(text) };
        let mut url = Url::parse(text.trim()).map_err(|_| unreadable())?;
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !bare || url.host().is_none() {
            return Err(unreadable());
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(UrlFault::Plain { text: shown(text) }),
            _ => return Err(unreadable()),
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(path.strip_suffix(VERSION).unwrap_or(&path).trim_end_matches('/'));
        Ok(Self(url))
    }

    /// Whether the service runs on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The service without version, as it is shown and compared.
    pub fn root(&self) -> String {
        self.0.as_str().trim_end_matches('/').to_owned()
    }

    /// The host with its port, as messages name it.
    pub(in crate::graph) fn host(&self) -> String {
        crate::diagnostic::network::host(&self.0)
    }

    /// The address with its scheme and path.
    pub(in crate::graph) const fn url(&self) -> &Url {
        &self.0
    }

    /// The whole address of a path such as `/users`.
    pub(in crate::graph) fn absolute(&self, path: &str) -> String {
        format!("{}{VERSION}{path}", self.root())
    }

    /// The path of a link that Graph gave, for use within a `$batch` or by [`GraphUrl::absolute`].
    ///
    /// # Errors
    /// A link to another origin: following it would hand the token to a stranger.
    pub(in crate::graph) fn follow(&self, link: &str) -> Result<String, UrlFault> {
        let url = Url::parse(link).map_err(|_| UrlFault::Foreign { origin: String::from("an unreadable address") })?;
        let foreign = || UrlFault::Foreign { origin: url.origin().ascii_serialization() };
        if url.origin() != self.0.origin() || !url.username().is_empty() || url.password().is_some() {
            return Err(foreign());
        }
        url.as_str().strip_prefix(&self.absolute("")).filter(|path| path.starts_with('/')).map(str::to_owned).ok_or_else(foreign)
    }
}

/// Leaves out what could be a secret: everything behind a `?`, and before an `@`.
fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    text.rsplit_once('@').map_or(text, |(_, host)| host).to_owned()
}

/// Whether an address leads to this machine.
pub(in crate::graph) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(diagnostic::is_loopback)
}

impl fmt::Display for GraphUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root())
    }
}

impl fmt::Debug for GraphUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GraphUrl({})", self.root())
    }
}

/// The address of a membership, `/groups/{group}/members/{member}/$ref`.
///
/// Without its `/$ref` the same DELETE would delete the member object itself, so this type has no other spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRef {
    group: ObjectId,
    member: ObjectId,
}

impl MemberRef {
    /// The membership of an object in a group.
    pub fn new(group: &ObjectId, member: &ObjectId) -> Self {
        Self { group: group.clone(), member: member.clone() }
    }
}

impl fmt::Display for MemberRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/groups/{}/members/{}/$ref", self.group, self.member)
    }
}

/// A path with a query; values are percent-encoded, so that no value can end its parameter.
pub(in crate::graph) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut text = String::from(path);
    for (position, (name, value)) in parameters.iter().enumerate() {
        text.push(if position == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

/// The path of a group by its uniqueName, an alternate key.
pub(in crate::graph) fn group_by_name(unique_name: &str) -> String {
    let mut path = String::from("/groups(uniqueName=");
    encode(&Literal::text(unique_name).to_string(), &mut path);
    path.push(')');
    path
}

/// Percent-encodes all but unreserved characters and those that `OData`'s own syntax needs.
fn encode(value: &str, into: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'$' | b'(' | b')' | b',' | b'=' | b'\'' => {
                into.push(char::from(byte));
            }
            _ => {
                use fmt::Write as _;
                write!(into, "%{byte:02X}").expect("writing to a String cannot fail");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ObjectId {
        ObjectId::new(text).unwrap()
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in ["http://127.0.0.1:80", "http://localhost:9", "http://[::1]:1/v1.0", "https://graph.microsoft.us"] {
            assert!(GraphUrl::new(good).is_ok(), "{good}");
        }
        for bad in
            ["http://10.0.0.1", "http://localhost.evil.example", "ftp://localhost", "https://u:p@graph.microsoft.com", "graph"]
        {
            assert!(GraphUrl::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refused_address_shows_no_password() {
        assert!(!GraphUrl::new("http://me:secret@host/?token=x").unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn a_link_to_another_host_is_not_followed() {
        let base = GraphUrl::new("https://graph.microsoft.com").unwrap();
        assert_eq!(base.follow("https://graph.microsoft.com/v1.0/users?$skiptoken=a%20b").unwrap(), "/users?$skiptoken=a%20b");
        for foreign in [
            "https://graph.microsoft.com.evil.example/v1.0/users",
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com:444/v1.0/users",
            "https://graph.microsoft.com@evil.example/v1.0/users",
            "https://x@graph.microsoft.com/v1.0/users",
            "/v1.0/users",
        ] {
            assert!(matches!(base.follow(foreign), Err(UrlFault::Foreign { .. })), "{foreign}");
        }
    }

    #[test]
    fn a_membership_always_ends_in_ref() {
        assert_eq!(MemberRef::new(&id("g"), &id("m")).to_string(), "/groups/g/members/m/$ref");
    }

    #[test]
    fn a_value_cannot_leave_its_parameter() {
        let path = with_query("/users", &[("$filter", "mail eq 'a&b#c+d é'"), ("$top", "1")]);
        assert_eq!(path, "/users?$filter=mail%20eq%20'a%26b%23c%2Bd%20%C3%A9'&$top=1");
    }
}
