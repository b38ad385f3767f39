//! The HTTP client of every target that is a web service.

use std::time::Duration;

use reqwest::Certificate;
use reqwest::redirect::Policy;

/// A client that follows nothing and repeats nothing by itself: every attempt must meet the quota and the journal.
///
/// On a machine without CA files it takes the roots that Mozilla trusts.
pub(crate) fn http_client(direct: bool) -> Result<reqwest::Client, String> {
    let base = || {
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("hrpush/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15))
            .timeout(Duration::from_secs(100));
        if direct { builder.no_proxy() } else { builder }
    };
    let built = base().build().or_else(|_| {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok());
        base().tls_certs_only(roots).build()
    });
    built.map_err(|error| error.to_string())
}
