//! Approvals that are signed with OpenSSH keys, on this machine or another, by hrpush or by OpenSSH itself.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use ssh_key::private::{Ed25519Keypair, PrivateKey};
use ssh_key::{HashAlg, LineEnding};

use crate::approvals::{import, settled, state, stopped, without};
use crate::company::{Company, Row};
#[cfg(unix)]
use crate::terminal::on_terminal;
use crate::world::{Ended, World};

/// The key of a person, always the same.
fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

const ANN: u8 = 1;
const BOB: u8 = 2;
const EVE: u8 = 9;

fn line(name: &str, options: &str, seed: u8) -> String {
    format!("{name} {options} {}\n", key(seed).public_key().to_openssh().unwrap())
}

fn write_key(world: &World, name: &str, seed: u8) -> PathBuf {
    let path = world.write(name, key(seed).to_openssh(LineEnding::LF).unwrap().as_bytes());
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path
}

/// A company whose approvals are signed by Ann or Bob, and a run of it that was stopped.
struct Signed {
    company: Company,
    rows: Vec<Row>,
    fingerprint: String,
    /// The machine of the people who sign.
    desk: World,
}

impl Signed {
    fn new(config: &str) -> Self {
        let (company, rows) = settled();
        let signers = line("ann@contoso.com", "namespaces=\"hrpush\"", ANN) + &line("bob@contoso.com", "", BOB);
        company.world.write("allowed_signers", signers);
        company.world.write("hrpush.toml", format!("[approval]\nsigners = \"allowed_signers\"\n{config}"));
        company.hr(&without(&rows, &[2, 3, 4, 5]));
        company.hrpush(&["plan", "hr.csv", "--mapping", "map.toml", "--out", "plan.json"], true).ends_with(3);
        let fingerprint = stopped(&company);
        let desk = World::new();
        std::fs::copy(company.world.path("plan.json"), desk.path("plan.json")).unwrap();
        for (name, seed) in [("ann", ANN), ("bob", BOB), ("eve", EVE)] {
            write_key(&desk, name, seed);
        }
        Self { company, rows, fingerprint, desk }
    }

    /// Signs the saved plan on the other machine.
    fn sign(&self, name: &str, file: &str) -> String {
        self.desk.run(["approve", "--plan", "plan.json", "--sign", name, "-o", file]).ends_with(0);
        std::fs::read_to_string(self.desk.path(file)).unwrap()
    }

    /// Puts a statement on the server, signed with this key for this purpose.
    fn put(&self, text: &str, seed: u8, namespace: &str) {
        let signature = key(seed).sign(namespace, HashAlg::Sha512, text.as_bytes()).unwrap();
        self.company.world.write("yes.txt", text);
        self.company.world.write("yes.txt.sig", signature.to_pem(LineEnding::LF).unwrap());
    }

    fn accept(&self, code: i32) -> Ended {
        self.company.hrpush(&["approve", "--accept", "yes.txt"], false).ends_with(code)
    }

    fn refused(&self, part: &str) {
        let message = self.accept(2).err;
        assert!(message.contains(part) && message.contains("yes.txt"), "{part} is missing:\n{message}");
    }

    fn carried_out(&self) {
        assert_eq!(import(&self.company, 0).json()["applied"], 4);
        let again = import(&self.company, 0).json();
        assert_eq!(again["applied"], 0);
    }
}

#[test]
fn signed_on_one_machine_and_accepted_on_another() {
    let story = Signed::new("");
    let text = story.sign("ann", "yes.txt");
    let lines: Vec<&str> = text.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "hrpush.approval/1",
            "decision",
            "tenant",
            "feed",
            "fingerprint",
            "reading",
            "guards",
            "except",
            "signed-at",
            "valid-until",
            "nonce",
            "note"
        ]
    );
    assert!(text.contains("guards: disable=4/24\n") && text.contains(&story.fingerprint), "{text}");
    for file in ["yes.txt", "yes.txt.sig"] {
        std::fs::copy(story.desk.path(file), story.company.world.path(file)).unwrap();
    }
    let message = story.accept(0).out;
    assert!(message.contains("by ann@contoso.com"), "{message}");
    assert_eq!(message.lines().last(), Some("used by the next run; to carry it out now: hrpush sync"));
    story.carried_out();
    let runs = story.company.hrpush(&["runs", "--format", "json"], false).ends_with(0).json();
    assert_eq!(runs[1]["approvedBy"][0]["principal"], "ann@contoso.com");
    // Each is used once, also after the run.
    story.refused("accepted before");
}

#[test]
fn signed_in_the_state_folder_it_is_recorded_at_once() {
    let story = Signed::new("");
    let key = write_key(&story.company.world, "ann", ANN);
    story.company.hrpush(&["approve", "last", "--sign", key.to_str().unwrap()], false).ends_with(0);
    story.carried_out();
}

#[cfg(unix)]
#[test]
fn a_key_with_a_passphrase_asks_for_it_on_the_terminal_and_shows_none_of_it() {
    let story = Signed::new("");
    let kdf = ssh_key::Kdf::Bcrypt { salt: vec![7; 16], rounds: 1 };
    let locked = key(ANN).encrypt_with(ssh_key::Cipher::Aes256Ctr, kdf, 7, "hunter2 hunter2").unwrap();
    let path = story.desk.write("locked", locked.to_openssh(LineEnding::LF).unwrap().as_bytes());
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let sign = ["approve", "--plan", "plan.json", "--sign", "locked", "-o", "yes.txt"];
    let typed = |passphrase| on_terminal(&story.desk, &sign, ("Passphrase of locked: ", passphrase));
    let Some(signed) = typed("hunter2 hunter2") else { return };
    let shown = signed.ends_with(0).out;
    assert!(!shown.contains("hunter2") && shown.contains("4 of 24 accounts would be disabled"), "{shown}");
    for file in ["yes.txt", "yes.txt.sig"] {
        std::fs::copy(story.desk.path(file), story.company.world.path(file)).unwrap();
        std::fs::remove_file(story.desk.path(file)).unwrap();
    }
    story.accept(0);
    let wrong = typed("wrong").unwrap().ends_with(2).err;
    assert!(wrong.contains("the passphrase does not fit") && !story.desk.path("yes.txt").exists(), "{wrong}");
    // Without a terminal there is nothing to type on.
    let ended = story.desk.run(sign).ends_with(2);
    assert!(ended.err.contains("there is no terminal to ask for it") && ended.err.contains("hint: "), "{}", ended.err);
}

#[test]
fn without_a_signature_nothing_is_approved() {
    let story = Signed::new("");
    for arguments in [
        &["approve", "last"][..],
        &["import", "hr.csv", "--mapping", "map.toml", "--approve", &story.fingerprint],
        &["apply", "plan.json", "--yes", "--approve", &story.fingerprint],
    ] {
        let message = story.company.hrpush(arguments, false).ends_with(2).err;
        assert!(message.contains("has no signature") && message.contains("--sign KEY"), "{message}");
    }
    // One that was recorded before the file asked for signatures does not count.
    story.company.world.write("hrpush.toml", "");
    story.company.hrpush(&["approve", "last"], false).ends_with(0);
    story.company.world.write("hrpush.toml", "[approval]\nsigners = \"allowed_signers\"\n");
    stopped(&story.company);
    let eve = write_key(&story.company.world, "eve", EVE);
    let message = story.company.hrpush(&["approve", "last", "--sign", eve.to_str().unwrap()], false).ends_with(2).err;
    assert!(message.contains("is not in "), "{message}");
}

#[test]
fn a_forged_one_is_refused() {
    let story = Signed::new("");
    let text = story.sign("ann", "yes.txt");
    story.put(&text, EVE, "hrpush");
    story.refused("is not in ");
    story.put(&text, ANN, "file");
    story.refused("was made for `file`");
    story.put(&text, ANN, "hrpush");
    story.company.world.write("yes.txt", text.replace("except: -", "except: 4"));
    story.refused("does not fit the text");
    story.company.world.write("yes.txt.sig", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n");
    story.refused("is no signature of OpenSSH");
    story.company.world.write("yes.txt", text.replace('\n', "\r\n"));
    story.refused("this is not an approval of hrpush");
    // Of another reading or another feed, and signed: the plan of this folder is another.
    story.put(&text.replace("feed: employees", "feed: others"), ANN, "hrpush");
    story.refused("is not that of the plan");
    stopped(&story.company);
}

#[test]
fn an_expired_one_is_refused() {
    let story = Signed::new("");
    let text = story.sign("ann", "yes.txt");
    let at = |name: &str, time: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        text.replace(line, &format!("{name}: {time}"))
    };
    story.put(&at("valid-until", "2026-01-01T00:00:00Z"), ANN, "hrpush");
    story.refused("has expired");
    story.put(&at("signed-at", "2099-01-01T00:00:00Z"), ANN, "hrpush");
    story.refused("ahead of this machine's clock");
    // A validity that the signer chose does not go beyond that of the configuration.
    story.put(&at("valid-until", "2099-01-01T00:00:00Z").replace(&signed_at(&text), "2026-01-01T00:00:00Z"), ANN, "hrpush");
    story.refused("has expired");
    // Signed before the state folder was made, such as for a folder that was lost.
    state(&story.company, "update meta set value = '2098-01-01T00:00:00.000000Z' where name = 'created-at'");
    story.put(&text, ANN, "hrpush");
    story.refused("before this state folder was made");
    stopped(&story.company);
}

fn signed_at(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix("signed-at: ")).unwrap().to_owned()
}

#[test]
fn one_of_another_tenant_or_of_an_unknown_plan_is_refused() {
    let story = Signed::new("");
    let text = story.sign("ann", "yes.txt");
    let other = Signed::new("");
    other.put(&text, ANN, "hrpush");
    let message = other.accept(2).err;
    assert!(message.contains("is for the tenant"), "{message}");
    story.put(&text.replace(&story.fingerprint, &format!("sha256:{}", "0".repeat(64))), ANN, "hrpush");
    story.refused("a plan that this state folder does not have");
    stopped(&story.company);
}

#[test]
fn two_people_are_two_principals_with_two_keys() {
    let story = Signed::new("people = 2\n");
    let sign = |seed: u8| {
        let key = write_key(&story.company.world, "key", seed);
        story.company.hrpush(&["approve", "last", "--sign", key.to_str().unwrap()], false).ends_with(0);
    };
    for _ in 0..2 {
        sign(ANN);
        let message = import(&story.company, 3).err;
        assert!(message.contains('3') && !message.contains("error"), "{message}");
    }
    // A second key of the same person.
    let signers = line("ann@contoso.com", "", ANN) + &line("ann@contoso.com", "", EVE) + &line("bob@contoso.com", "", BOB);
    story.company.world.write("allowed_signers", signers);
    sign(EVE);
    import(&story.company, 3);
    sign(BOB);
    story.carried_out();
    let runs = story.company.hrpush(&["runs", "--format", "json"], false).ends_with(0).json();
    let names: Vec<&str> = runs[1]["approvedBy"].as_array().unwrap().iter().map(|by| by["principal"].as_str().unwrap()).collect();
    assert!(names.contains(&"ann@contoso.com") && names.contains(&"bob@contoso.com"), "{names:?}");
}

#[test]
fn a_key_that_is_taken_out_approves_nothing_any_more() {
    let story = Signed::new("");
    let text = story.sign("ann", "yes.txt");
    story.put(&text, ANN, "hrpush");
    story.accept(0);
    for signers in [line("bob@contoso.com", "", BOB), line("ann@contoso.com", "valid-before=\"20260101\"", ANN)] {
        story.company.world.write("allowed_signers", signers);
        stopped(&story.company);
    }
    story.company.world.write("allowed_signers", line("ann@contoso.com", "namespaces=\"git\"", ANN));
    stopped(&story.company);
    story.company.world.write("allowed_signers", line("ann@contoso.com", "cert-authority", ANN));
    stopped(&story.company);
    story.company.world.write("allowed_signers", line("ann@contoso.com", "", ANN));
    story.carried_out();
}

#[test]
fn a_signed_no_and_a_signed_exception_are_taken_as_they_are() {
    let story = Signed::new("");
    story
        .desk
        .run(["approve", "--plan", "plan.json", "--sign", "ann", "-o", "yes.txt", "--except", "4", "--note", "not 4"])
        .ends_with(0);
    let text = std::fs::read_to_string(story.desk.path("yes.txt")).unwrap();
    assert!(text.contains("except: 4\n") && text.ends_with("note: not 4\n"), "{text}");
    story.put(&text, ANN, "hrpush");
    story.accept(0);
    let outcome = import(&story.company, 4).json();
    assert_eq!(outcome["applied"], 3);
    story.put(&text.replace("decision: approve", "decision: reject").replace("nonce: ", "nonce: f"), ANN, "hrpush");
    story.refused("not written in full");
    assert!(!story.rows.is_empty());
}

#[test]
fn a_signed_no_rejects_the_plan_until_it_is_forgotten() {
    let story = Signed::new("");
    let yes = story.sign("ann", "yes.txt");
    // What OpenSSH signs need not come from `hrpush approve`: the lines are public.
    let no = yes.replace("decision: approve", "decision: reject").replace("note: -", "note: the file is wrong");
    story.put(&no, ANN, "hrpush");
    let accepted = story.accept(0);
    assert!(accepted.out.contains("ejected") && accepted.out.contains("ann@contoso.com"), "{}", accepted.out);
    // The leavers are skipped and stay loud; nothing of the plan is carried out, and no guard trips over it.
    for _ in 0..2 {
        let outcome = import(&story.company, 4).json();
        assert_eq!((&outcome["applied"], &outcome["summary"]["disable"]), (&0.into(), &0.into()), "{outcome}");
    }
    let listed = story.company.hrpush(&["decide", "2", "--list", "--format", "json"], false).ends_with(0).json();
    assert_eq!((&listed[0]["verdict"], &listed[0]["note"]), (&"reject".into(), &"the file is wrong".into()), "{listed}");
    // It is used once, as a yes is, and a yes by the same lines is another statement.
    story.refused("accepted before");
    for key in ["2", "3", "4", "5"] {
        story.company.hrpush(&["decide", key, "--forget"], false).ends_with(0);
    }
    import(&story.company, 3);
    assert!(!story.rows.is_empty());
}

#[test]
fn a_forged_no_is_refused_as_a_forged_yes_is() {
    let story = Signed::new("");
    let no = story.sign("ann", "yes.txt").replace("decision: approve", "decision: reject");
    story.put(&no, EVE, "hrpush");
    story.refused("refused");
    story.put(&no, ANN, "git");
    story.refused("refused");
    import(&story.company, 3);
}

#[test]
fn the_signatures_are_those_of_openssh() {
    if Command::new("ssh-keygen").arg("-?").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        eprintln!("skipped: ssh-keygen is not installed");
        return;
    }
    let story = Signed::new("");
    story.sign("ann", "yes.txt");
    let signers = story.company.world.path("allowed_signers");
    let keygen = |arguments: &[&str], input: Option<&str>| {
        let input = input.map_or_else(Stdio::null, |name| std::fs::File::open(story.desk.path(name)).unwrap().into());
        let output = Command::new("ssh-keygen").current_dir(story.desk.path("")).args(arguments).stdin(input).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let verify = ["-Y", "verify", "-f", signers.to_str().unwrap(), "-I", "ann@contoso.com", "-n", "hrpush", "-s", "yes.txt.sig"];
    keygen(&verify, Some("yes.txt"));
    // The other way, with a key of each kind.
    for (kind, bits) in [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048")] {
        let name = format!("{kind}{bits}");
        keygen(&["-q", "-t", kind, "-b", bits, "-N", "", "-f", &name], None);
        let public = std::fs::read_to_string(story.desk.path(&format!("{name}.pub"))).unwrap();
        story.company.world.write("allowed_signers", format!("cem@contoso.com {public}"));
        let text = format!("{name}.txt");
        story.desk.run(["approve", "--plan", "plan.json", "-o", &text]).ends_with(0);
        keygen(&["-Y", "sign", "-n", "hrpush", "-f", &name, &text], None);
        for (from, to) in [(text.clone(), "yes.txt"), (format!("{text}.sig"), "yes.txt.sig")] {
            std::fs::copy(story.desk.path(&from), story.company.world.path(to)).unwrap();
        }
        assert!(story.accept(0).out.contains("by cem@contoso.com"), "{name}");
    }
    story.carried_out();
}

#[test]
fn what_cannot_be_is_refused_with_the_configuration() {
    let world = World::new();
    let message = |config: &str| {
        world.write("hrpush.toml", config);
        world.run(["runs"]).ends_with(2).err
    };
    assert!(message("[approval]\npeople = 2\n").contains("needs `signers`"));
    assert!(message("[approval]\nsigners = \"a\"\npeople = 3\n").contains("1 or 2"));
    assert!(message("[approval]\nvalid = \"1y\"\n").contains("at most 30d"));
    assert!(message("[approval]\nsigner = \"a\"\n").contains("signers"));
    world.write("hrpush.toml", "[approval]\nvalid = \"3d\"\n");
    world.write("yes.txt", "");
    assert!(world.run(["approve", "--accept", "yes.txt"]).ends_with(2).err.contains("needs `signers`"));
    world.run(["approve", "--plan", "plan.json"]).ends_with(2);
}
