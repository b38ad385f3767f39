//! The SCIM server: `[serve]`, and `[source]` with `kind = "scim"`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::duration;
use crate::diagnostic::toml::{Reader, Table};
use crate::endpoint::{Federation, Network, TlsFiles};
use crate::graph::Cloud;

/// How `hrpush serve` listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serve {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The certificate and its key.
    pub tls: Option<TlsFiles>,
    /// The networks of reverse proxies.
    pub behind_proxy: Vec<Network>,
    /// The largest body, in bytes.
    pub max_body: usize,
    /// A run starts when nothing was pushed for this time.
    pub run_after: Option<Duration>,
    /// The address for a monitor.
    pub metrics: Option<SocketAddr>,
    /// Whose signed assertions get tokens.
    pub federation: Option<Federation>,
}

/// What was pushed, as a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimSource {
    /// The name of the feed: that of the mapping, and of the tokens that push to it.
    pub feed: String,
}

impl Default for Serve {
    fn default() -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);
        Self {
            listen,
            tls: None,
            behind_proxy: Vec::new(),
            max_body: 1_000_000,
            run_after: None,
            metrics: None,
            federation: None,
        }
    }
}

impl Serve {
    /// Whether tokens that are sent to this address would cross a network in the clear.
    ///
    /// ```
    /// # use hrpush::config::Serve;
    /// assert!(Serve::default().is_open("0.0.0.0:8443".parse().unwrap()));
    /// assert!(!Serve::default().is_open("127.0.0.1:8443".parse().unwrap()));
    /// ```
    pub fn is_open(&self, address: SocketAddr) -> bool {
        !address.ip().is_loopback() && self.tls.is_none() && self.behind_proxy.is_empty()
    }
}

/// The way out where an address would be open.
pub(crate) const OPEN_HINT: &str = "set tls = { cert = \"…\", key = \"…\" } in [serve], or behind_proxy = [\"10.0.0.0/8\"]";

pub(super) fn read(reader: &mut Reader<'_>, fields: &Table<'_, '_>, cloud: Cloud) -> Serve {
    let mut serve = Serve::default();
    if let Some(tls) = reader.table(fields, "tls") {
        serve.tls = tls_files(reader, &tls);
    }
    for found in reader.strings(fields, "behind_proxy").unwrap_or_default() {
        match found.value.parse() {
            Ok(network) => serve.behind_proxy.push(network),
            Err(_) => reader.fault(&found.span, format!("`{}` is no network", found.value), "such as 10.0.0.0/8 or 192.0.2.7"),
        }
    }
    if let Some(found) = reader.string(fields, "max_body") {
        match bytes(&found.value) {
            Some(most) => serve.max_body = most,
            None => {
                reader.fault(&found.span, format!("`max_body` cannot be `{}`", found.value), "such as 500kB or 1MB, up to 64MB");
            }
        }
    }
    let quiet = |text: &str| duration::exact(text).and_then(|time| Duration::try_from(time).ok()).filter(|time| !time.is_zero());
    serve.run_after = duration::timed(reader, fields, "run_after", "such as 2min", quiet);
    if let Some(found) = reader.string(fields, "metrics") {
        serve.metrics = found.value.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
        if serve.metrics.is_none() {
            reader.fault(&found.span, "`metrics` is for this machine alone", "such as 127.0.0.1:9464");
        }
    }
    if let Some(found) = reader.string(fields, "listen") {
        match found.value.parse() {
            Ok(address) if serve.is_open(address) => {
                reader.fault(&found.span, "`listen` would send tokens over the network in the clear", OPEN_HINT);
            }
            Ok(address) => serve.listen = address,
            Err(_) => {
                reader.fault(&found.span, format!("`{}` is no address", found.value), "such as 127.0.0.1:8443 or [::1]:8443");
            }
        }
    }
    if let Some(table) = reader.table(fields, "federation") {
        serve.federation = federation(reader, &table, cloud);
    }
    reader.finish(fields);
    serve
}

/// All keys are required: an assertion of another tenant, for another audience or of another identity is no sender.
fn federation(reader: &mut Reader<'_>, fields: &Table<'_, '_>, cloud: Cloud) -> Option<Federation> {
    let [feed, tenant, audience, subject] =
        ["feed", "tenant", "audience", "subject"].map(|key| reader.required_text(fields, key));
    reader.finish(fields);
    let tenant = tenant?;
    // `common` and the name of a domain have no issuer of their own.
    let Some(id) = uuid::Uuid::try_parse(tenant.value.trim()).ok().filter(|_| tenant.value.contains('-')) else {
        let hint = "the id of your tenant, such as 8f2f4c2e-0000-0000-0000-000000000000: Entra admin center, Overview";
        reader.fault(&tenant.span, format!("`{}` is not the id of one tenant", tenant.value), hint);
        return None;
    };
    Some(Federation {
        feed: feed?.value.trim().to_owned(),
        tenant: id,
        authority: cloud.authority().to_owned(),
        audience: audience?.value,
        subject: subject?.value,
    })
}

fn tls_files(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<TlsFiles> {
    for key in ["cert", "key"] {
        if !fields.has(key) {
            reader.fault(&fields.span(), format!("[serve.tls] needs `{key}`"), "a file in PEM");
        }
    }
    let (certificate, key) = (reader.path(fields, "cert"), reader.path(fields, "key"));
    reader.finish(fields);
    certificate.zip(key).map(|(certificate, key)| TlsFiles { certificate, key })
}

/// A size such as `1MB`.
fn bytes(text: &str) -> Option<usize> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let number: usize = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        _ => return None,
    };
    number.checked_mul(unit).filter(|bytes| (1_000..=64_000_000).contains(bytes))
}

/// Reads the keys of `[source]` with `kind = "scim"`.
pub(super) fn source(reader: &mut Reader<'_>, fields: &Table<'_, '_>) -> Option<ScimSource> {
    let feed = reader.required_text(fields, "feed").map(|feed| feed.value.trim().to_owned());
    if !fields.has("mapping") {
        reader.fault(&fields.span(), "[source] needs `mapping`", "`hrpush init --preset scim-push` writes one");
    }
    reader.finish(fields);
    feed.map(|feed| ScimSource { feed })
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    #[test]
    fn an_address_of_the_network_needs_tls_or_a_proxy() {
        let read = |text: &str| parse(&format!("[serve]\n{text}"), std::path::Path::new("hrpush.toml"));
        let fault = read("listen = \"0.0.0.0:8443\"").unwrap_err().to_string();
        assert!(fault.contains("in the clear") && fault.contains("behind_proxy"), "{fault}");
        assert!(read("listen = \"0.0.0.0:8443\"\nbehind_proxy = [\"10.0.0.0/8\"]").is_ok());
        let serve =
            read("listen = \"0.0.0.0:8443\"\nmax_body = \"2MB\"\ntls = { cert = \"c.pem\", key = \"k.pem\" }").unwrap().serve;
        assert_eq!((serve.max_body, serve.tls.is_some()), (2_000_000, true));
        let keys = "federation = { feed = \"HR\", tenant = \"8F2F4C2E-0000-0000-0000-000000000000\", audience = \"api://x\", subject = \"s\" }";
        let issuer = |tenant: &str| {
            let text = format!("[serve]\n{keys}\n{tenant}");
            parse(&text, std::path::Path::new("hrpush.toml")).unwrap().serve.federation.unwrap().issuer()
        };
        assert_eq!(issuer(""), "https://login.microsoftonline.com/8f2f4c2e-0000-0000-0000-000000000000/v2.0");
        let government = "[tenant]\nid = \"contoso.com\"\ncloud = \"us-gov\"\nauth = { method = \"managed-identity\" }";
        assert!(issuer(government).starts_with("https://login.microsoftonline.us/"));
        for wrong in [
            "listen = \"here\"",
            "max_body = \"1\"",
            "max_body = \"9GB\"",
            "behind_proxy = [\"x\"]",
            "tls = { cert = \"c\" }",
            "run_after = \"0min\"",
            "metrics = \"0.0.0.0:9464\"",
            "federation = { feed = \"HR\", tenant = \"8f2f4c2e-0000-0000-0000-000000000000\", audience = \"api://x\" }",
            "federation = { feed = \"HR\", tenant = \"common\", audience = \"api://x\", subject = \"s\" }",
            "federation = { feed = \"HR\", tenant = \"contoso.com\", audience = \"api://x\", subject = \"s\" }",
            "federation = { feed = \"HR\", tenant = \"8f2f4c2e000000000000000000000000\", audience = \"api://x\", subject = \"s\" }",
            "federation = {}",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
