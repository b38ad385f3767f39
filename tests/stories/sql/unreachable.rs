//! Servers that are not there, do not answer in their language, or hang up.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};

use crate::world::World;

/// The end of a run against this port.
fn message(scheme: &str, port: u16, more: &str) -> String {
    let world = World::new();
    let secret = world.write("secret", "hunter2\n");
    #[cfg(unix)]
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = format!(
        "[source]\nkind = \"sql\"\nurl = \"{scheme}://hr@127.0.0.1:{port}/hr\"\npassword_file = \"secret\"\nquery = \"SELECT 1 AS x\"\n{more}"
    );
    world.write("hrpush.toml", text);
    let ended = world.run(["plan", "--out", "plan.json"]).ends_with(1);
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    ended.err
}

const SCHEMES: [&str; 3] = ["postgres", "mysql", "sqlserver"];

#[test]
fn a_server_that_is_not_there_ends_the_run_with_its_place() {
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    for scheme in SCHEMES {
        let message = message(scheme, port, "");
        assert!(message.contains(&format!("at 127.0.0.1:{port}: ")) && message.contains("efused"), "{scheme}: {message}");
    }
}

/// A server that takes one connection, says something, and hangs up.
fn rude(says: &'static [u8]) -> (u16, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(says);
        let _ = stream.shutdown(Shutdown::Write);
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        heard
    });
    (port, served)
}

#[test]
fn a_server_that_hangs_up_or_speaks_another_language_is_an_error() {
    for scheme in SCHEMES {
        for says in [b"".as_slice(), b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
            let (port, served) = rude(says);
            let message = message(scheme, port, "");
            assert!(message.contains("cannot connect to"), "{scheme}: {message}");
            served.join().unwrap();
        }
    }
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    // PostgreSQL answers the wish for TLS with one letter.
    let (port, served) = rude(b"N");
    let message = message("postgres", port, "tls = \"verify\"\n");
    assert!(message.contains("TLS"), "{message}");
    served.join().unwrap();
}

/// What SQL Server answers first: its version, and that it has no encryption.
const NO_ENCRYPTION: &[u8] =
    b"\x04\x01\x00\x1a\x00\x00\x01\x00\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff\x10\x00\x07\xd0\x00\x00\x02";

#[test]
fn no_password_goes_to_a_sql_server_without_encryption() {
    let (port, served) = rude(NO_ENCRYPTION);
    let message = message("sqlserver", port, "tls = \"verify\"\n");
    assert!(message.contains("cannot connect to SQL Server"), "{message}");
    let heard = served.join().unwrap();
    // The first packet asks for the encryption (0x12); a sign-in (0x10) must not follow in the clear.
    let length = usize::from(u16::from_be_bytes([heard[2], heard[3]]));
    assert_eq!(heard[0], 0x12);
    assert_ne!(heard.get(length), Some(&0x10), "{message}");
}
