//! The certificate authorities that a database server is verified against.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::{SqlSettings, Tls};
use crate::source::error::{Fault, FaultKind};

/// The authorities of the configured file.
pub(super) fn own(settings: &SqlSettings) -> Result<Vec<CertificateDer<'static>>, Fault> {
    match &settings.tls {
        Tls::Verify(Some(path)) => load(path),
        _ => Ok(Vec::new()),
    }
}

/// The authorities of the system, or those that browsers trust where it has none, and those of the configured file.
pub(super) fn roots(settings: &SqlSettings) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let mut roots = rustls_native_certs::load_native_certs().certs;
    if roots.is_empty() {
        roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
    }
    roots.extend(own(settings)?);
    Ok(roots)
}

/// What a driver needs that speaks rustls itself.
pub(super) fn client(settings: &SqlSettings) -> Result<ClientConfig, Fault> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots(settings)?);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| settings.system(error.to_string()))?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

fn load(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let shown = path.display().to_string();
    let unreadable = |why: String| Fault::of_file(&shown, FaultKind::Unreadable(why));
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| unreadable(error.to_string()))?;
    if found.is_empty() {
        return Err(unreadable("it holds no certificate in PEM form".into()));
    }
    Ok(found)
}
