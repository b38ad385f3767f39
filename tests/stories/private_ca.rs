//! A Graph behind a certificate of the company's own authority, and the proxy that everything else goes by.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::world::{World, project};

/// An authority as PEM, and a server for `localhost` that it vouches for.
pub(crate) fn authority() -> (String, ServerConfig) {
    let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_key = rcgen::KeyPair::generate().unwrap();
    let pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(root, root_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let leaf: CertificateDer<'static> = leaf.der().to_vec().into();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    (pem, config.with_no_client_auth().with_single_cert(vec![leaf], key).unwrap())
}

/// Answers every request over TLS with a refusal that names itself. Returns the port.
fn serve(config: ServerConfig) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = Stream::new(&mut tls, &mut socket);
            let _request = stream.read(&mut [0; 16_384]);
            let body = r#"{"error":{"code":"InvalidAuthenticationToken","message":"told over TLS"}}"#;
            let head = format!("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _sent = stream.write_all(format!("{head}{body}").as_bytes());
            stream.conn.send_close_notify();
            let _flushed = stream.flush();
        }
    });
    port
}

#[test]
fn a_private_authority_is_trusted_by_ssl_cert_file_and_loopback_goes_by_no_proxy() {
    let (pem, config) = authority();
    let port = serve(config);
    let world = World::new();
    let ca = world.write("ca.pem", pem);
    let url = format!("https://localhost:{port}/v1.0");
    let nobody = "http://127.0.0.1:9";
    let variables = [
        ("SSL_CERT_FILE", ca.to_str().unwrap()),
        ("HTTPS_PROXY", nobody),
        ("https_proxy", nobody),
        ("ALL_PROXY", nobody),
        ("HRPUSH_ACCESS_TOKEN", "t"),
    ];
    let file = project("samples/employees.csv");
    let ended = world.run_with(&variables, ["import", file.to_str().unwrap(), "--dry-run", "--graph-url", &url]).ends_with(1);
    assert!(ended.err.contains("401") && ended.err.contains("told over TLS"), "{}", ended.err);
}
