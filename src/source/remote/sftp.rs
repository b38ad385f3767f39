//! An SFTP server, known by its key before a word of ours reaches it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use russh::client::{self, AuthResult, Handle};
use russh::keys::known_hosts::known_host_keys_path;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate, decode_secret_key};
use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, StatusCode};
use secrecy::ExposeSecret;
use tokio::io::AsyncReadExt as _;

use super::{CONNECT, Entry, HostKey, Place, Remote, RemoteStore, Sftp, SftpSignIn};
use crate::diagnostic::network;
use crate::source::error::{Fault, FaultKind};
use crate::source::files::readiness::Listed;

/// A server that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_mins(1);

/// An open folder of an SFTP server.
pub(super) struct Folder {
    place: Place,
    session: SftpSession,
    /// Kept open as long as the session.
    _connection: Handle<Door>,
}

/// By what the server may be known.
enum Known {
    Keys(Vec<PublicKey>),
    Fingerprint(String),
}

/// Looks at the server's key, and keeps the fingerprint of one that is not known.
struct Door {
    known: Known,
    stranger: Arc<Mutex<Option<String>>>,
}

impl client::Handler for Door {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let known = match &self.known {
            Known::Keys(keys) => keys.iter().any(|known| known.key_data() == key.key_data()),
            Known::Fingerprint(pinned) => *pinned == fingerprint,
        };
        if !known && let Ok(mut stranger) = self.stranger.lock() {
            *stranger = Some(fingerprint);
        }
        Ok(known)
    }
}

pub(super) async fn open(remote: &Remote, sftp: &Sftp) -> Result<Folder, Fault> {
    let place = &remote.place;
    match tokio::time::timeout(CONNECT, connect(remote, sftp)).await {
        Ok(folder) => folder,
        Err(_) => {
            let silence = format!("no answer from {}:{} within {} s", sftp.host, sftp.port, CONNECT.as_secs());
            Err(place.system(silence).with_hint(network::hint_of_silence()))
        }
    }
}

async fn connect(remote: &Remote, sftp: &Sftp) -> Result<Folder, Fault> {
    let Remote { place, .. } = remote;
    let mut config = client::Config { inactivity_timeout: Some(SILENCE), ..client::Config::default() };
    let known = known(place, sftp)?;
    if let Known::Keys(keys) = &known {
        // A server with several keys is asked for one that the file knows.
        config.preferred.key = keys.iter().map(PublicKey::algorithm).collect::<Vec<_>>().into();
    }
    let stranger = Arc::new(Mutex::new(None));
    let door = Door { known, stranger: Arc::clone(&stranger) };
    let connecting = Box::pin(client::connect(Arc::new(config), (sftp.host.as_str(), sftp.port), door));
    let mut connection =
        connecting.await.map_err(|error| match stranger.lock().ok().and_then(|mut stranger| stranger.take()) {
            Some(fingerprint) => unknown(place, sftp, &fingerprint),
            None => {
                let fault = place.system(format!("cannot connect to {}:{}: {error}", sftp.host, sftp.port));
                match network::hint(&error) {
                    Some(hint) => fault.with_hint(hint),
                    None => fault,
                }
            }
        })?;
    sign_in(remote, sftp, &mut connection).await?;
    let failed = |error: &dyn std::fmt::Display| place.system(format!("the server offers no SFTP: {error}"));
    let channel = connection.channel_open_session().await.map_err(|error| failed(&error))?;
    channel.request_subsystem(true, "sftp").await.map_err(|error| failed(&error))?;
    let session = SftpSession::new(channel.into_stream()).await.map_err(|error| failed(&error))?;
    session.set_timeout(SILENCE.as_secs());
    Ok(Folder { place: place.clone(), session, _connection: connection })
}

fn known(place: &Place, sftp: &Sftp) -> Result<Known, Fault> {
    let path = match &sftp.host_key {
        HostKey::Fingerprint(fingerprint) => return Ok(Known::Fingerprint(fingerprint.clone())),
        HostKey::KnownHosts(path) => path,
    };
    let shown = path.display().to_string();
    let unreadable = |why: String| Fault::of_file(&shown, FaultKind::Unreadable(why));
    std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let keys = known_host_keys_path(&sftp.host, sftp.port, path).map_err(|error| unreadable(error.to_string()))?;
    if keys.is_empty() {
        let fault = place.system(format!("{shown} has no key of {}, port {}", sftp.host, sftp.port));
        return Err(fault.with_hint(
            "`ssh-keyscan` shows the server's keys; compare one with what the server's owner publishes, then add the line",
        ));
    }
    Ok(Known::Keys(keys.into_iter().map(|(_, key)| key).collect()))
}

fn unknown(place: &Place, sftp: &Sftp, fingerprint: &str) -> Fault {
    let by = match &sftp.host_key {
        HostKey::KnownHosts(path) => path.display().to_string(),
        HostKey::Fingerprint(_) => "`host_key`".to_owned(),
    };
    place
        .system(format!("the server's key is {fingerprint}, which is not the one in {by}: nothing was sent to it"))
        .with_hint("ask its owner whether the key was changed; until then another server may be answering")
}

async fn sign_in(remote: &Remote, sftp: &Sftp, connection: &mut Handle<Door>) -> Result<(), Fault> {
    let Remote { place, secret, passphrase } = remote;
    let secret = secret.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
    let answer = match sftp.sign_in {
        SftpSignIn::Password => connection.authenticate_password(&sftp.user, secret).await,
        SftpSignIn::Key => {
            let passphrase = passphrase.as_ref().map(ExposeSecret::expose_secret);
            // The error of a key may quote it, so the message names only the kind of error.
            let key = decode_secret_key(secret, passphrase).map_err(|_| {
                let fault = place.system("the private key cannot be used");
                fault.with_hint(
                    "Ed25519 and ECDSA keys can be used; one with a passphrase needs `key_password_env` or `key_password_file`",
                )
            })?;
            connection.authenticate_publickey(&sftp.user, PrivateKeyWithHashAlg::new(Arc::new(key), None)).await
        }
    };
    match answer {
        Ok(AuthResult::Success) => Ok(()),
        Ok(AuthResult::Failure { .. }) => Err(place
            .system(format!("the server refused the sign-in of `{}`", sftp.user))
            .with_hint("check the user and the secret")),
        Err(error) => Err(place.system(format!("signing in broke off: {error}"))),
    }
}

impl Folder {
    fn path(&self, name: &str) -> String {
        match self.place.folder.as_str() {
            "" => name.to_owned(),
            "/" => format!("/{name}"),
            folder => format!("{folder}/{name}"),
        }
    }

    fn failed(&self, error: &SftpError) -> Fault {
        match error {
            SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile => self.place.fault(FaultKind::NotFound),
            SftpError::Status(status) if status.status_code == StatusCode::PermissionDenied => {
                self.place.system("the server does not permit this user to read here")
            }
            other => self.place.system(format!("the transfer broke off: {other}")),
        }
    }
}

#[async_trait]
impl RemoteStore for Folder {
    async fn list(&self, start: &str) -> Result<Vec<Entry>, Fault> {
        let folder = if self.place.folder.is_empty() { "." } else { &self.place.folder };
        let found = self.session.read_dir(folder).await.map_err(|error| self.failed(&error))?;
        let mut entries = Vec::new();
        for file in found.filter(|file| file.file_name().starts_with(start)) {
            // A link is followed, and what the listing leaves out is asked for.
            match self.look(&file.file_name()).await {
                Ok(entry) => entries.extend(entry),
                Err(fault) if fault.kind == FaultKind::Folder => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(entries)
    }

    async fn look(&self, name: &str) -> Result<Option<Entry>, Fault> {
        match self.session.metadata(self.path(name)).await {
            Ok(about) if about.is_dir() => Err(self.place.fault(FaultKind::Folder)),
            Ok(about) => Ok(Some(entry(name, &about))),
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn bytes(&self, entry: &Entry, most: u64) -> Result<Vec<u8>, Fault> {
        let file = self.session.open(self.path(&entry.listed.name)).await.map_err(|error| self.failed(&error))?;
        let mut bytes = Vec::with_capacity(usize::try_from(entry.size.min(most)).unwrap_or(0));
        let mut file = file.take(most.saturating_add(1));
        let read = file.read_to_end(&mut bytes).await;
        read.map_err(|error| self.place.system(format!("the transfer broke off: {error}")))?;
        Ok(bytes)
    }
}

fn entry(name: &str, about: &FileAttributes) -> Entry {
    Entry { listed: Listed { name: name.to_owned(), modified: about.modified().ok() }, size: about.len(), tag: None }
}
