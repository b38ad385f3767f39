//! Messages by mail: encrypted, signed in, and never in plain text to another machine.

use std::path::PathBuf;
use std::sync::Arc;

use crate::mail_server::{MailServer, Manner};
use crate::messages::{all_gone, sample};
use crate::private_ca::authority;
use crate::world::World;

fn mail(server: &MailServer, more: &str) -> String {
    let port = server.port;
    format!(
        "[notify]\n[notify.mail]\nserver = \"localhost:{port}\"\nfrom = \"hrpush <hrpush@example.com>\"\nto = [\"it@example.com\", \"hr@example.com\"]\n{more}\n"
    )
}

fn trusted(world: &World) -> (PathBuf, Arc<rustls::ServerConfig>) {
    let (pem, config) = authority();
    (world.write("ca.pem", pem), Arc::new(config))
}

#[test]
fn a_letter_goes_out_encrypted_and_signed_in() {
    for manner in [Manner::StartTls, Manner::Implicit] {
        let world = World::new();
        let (ca, tls) = trusted(&world);
        let server = MailServer::start(manner, tls);
        let implicit = if manner == Manner::Implicit { "tls = \"implicit\"\n" } else { "" };
        world.write("hrpush.toml", mail(&server, &format!("user = \"robot\"\npassword_env = \"PASSWORD\"\n{implicit}")));
        let variables = [("SSL_CERT_FILE", ca.to_str().unwrap()), ("PASSWORD", "hunter2")];
        let file = world.write("employees.csv", sample());
        let import = || world.run_with(&variables, ["import", file.to_str().unwrap(), "--yes"]);
        import().ends_with(0);
        std::fs::write(&file, all_gone()).unwrap();
        let ended = import().ends_with(3);
        let post = server.post.lock().unwrap();
        assert_eq!(post.letters.len(), 1, "{}\n{:?}", ended.err, post.commands);
        assert_eq!(post.signed_in, Some(("robot".to_owned(), "hunter2".to_owned())));
        let letter = &post.letters[0];
        for line in [
            "Subject: hrpush: Stopped by a guard",
            "Auto-Submitted: auto-generated",
            "To: it@example.com, hr@example.com",
            "Guards: disable: ",
        ] {
            assert!(letter.contains(line), "{line}\n{letter}");
        }
        assert!(post.commands.iter().any(|line| line.contains("<hr@example.com>")), "{:?}", post.commands);
        if manner == Manner::StartTls {
            let at = |verb: &str| post.commands.iter().position(|line| line.starts_with(verb)).unwrap();
            assert!(at("STARTTLS") < at("AUTH") && at("STARTTLS") < at("MAIL"), "{:?}", post.commands);
        }
    }
}

#[test]
fn nothing_is_sent_in_plain_text_to_another_machine_or_to_a_server_without_tls() {
    let world = World::new();
    let (ca, tls) = trusted(&world);
    let server = MailServer::start(Manner::Plain, Arc::clone(&tls));
    world.write("hrpush.toml", mail(&server, ""));
    let ended = world.run_with(&[("SSL_CERT_FILE", ca.to_str().unwrap())], ["notify", "test"]).ends_with(1);
    assert!(ended.err.contains("fail mail: "), "{}", ended.err);
    assert!(server.post.lock().unwrap().letters.is_empty());
    // Without the authority the certificate is not believed.
    let server = MailServer::start(Manner::Implicit, tls);
    world.write("hrpush.toml", mail(&server, "tls = \"implicit\""));
    world.run(["notify", "test"]).ends_with(1);
    assert!(server.post.lock().unwrap().commands.is_empty());
    // Loopback may be plain, and no other machine.
    let plain = mail(&server, "tls = \"none\"").replace("localhost", "mail.example.com");
    world.write("hrpush.toml", plain);
    assert!(world.run(["runs"]).ends_with(2).err.contains("needs TLS"));
    world.write("hrpush.toml", mail(&server, "password = \"hunter2\""));
    let err = world.run(["runs"]).ends_with(2).err;
    assert!(err.contains("would be a secret in this file") && !err.contains("hunter2"), "{err}");
}
