//! An SFTP server on loopback, in the process of the tests, with files in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Msg, Session, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId};
use russh_sftp::protocol::{Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode};
use tokio::runtime::Runtime;

/// The files by their whole paths, with the second of their last change.
pub(crate) type Files = BTreeMap<&'static str, (u32, Vec<u8>)>;

/// A running server; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) host_key: PublicKey,
    _runtime: Runtime,
}

pub(crate) fn new_key() -> PrivateKey {
    PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap()
}

impl Server {
    /// Serves files to `hr` with the password `correct horse`, or with this key; connections end after so many reads.
    pub(crate) fn start(files: Files, key: Option<PublicKey>, reads: u32) -> Self {
        let runtime = Runtime::new().unwrap();
        let own = new_key();
        let host_key = own.public_key().clone();
        let config = Arc::new(Config { keys: vec![own], auth_rejection_time: std::time::Duration::ZERO, ..Config::default() });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let files = Arc::new(files);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let door = Door { files: Arc::clone(&files), key: key.clone(), reads, channels: HashMap::new() };
                if let Ok(session) = run_stream(Arc::clone(&config), stream, door).await {
                    tokio::spawn(session);
                }
            }
        });
        Self { port, host_key, _runtime: runtime }
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.host_key.fingerprint(HashAlg::Sha256).to_string()
    }
}

struct Door {
    files: Arc<Files>,
    key: Option<PublicKey>,
    reads: u32,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl russh::server::Handler for Door {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let right = user == "hr" && password == "correct horse";
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let right = user == "hr" && self.key.as_ref().is_some_and(|known| known.key_data() == key.public_key.key_data());
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        assert_eq!(name, "sftp");
        let channel = self.channels.remove(&id).unwrap();
        session.channel_success(id)?;
        russh_sftp::server::run(
            channel.into_stream(),
            Shelf { files: Arc::clone(&self.files), listed: false, reads: self.reads },
        )
        .await;
        Ok(())
    }
}

struct Shelf {
    files: Arc<Files>,
    listed: bool,
    reads: u32,
}

impl Shelf {
    fn attributes(&self, path: &str) -> Result<FileAttributes, StatusCode> {
        let (time, bytes) = self.files.get(path).ok_or(StatusCode::NoSuchFile)?;
        let regular = Some(0o100_644);
        Ok(FileAttributes {
            size: Some(bytes.len() as u64),
            mtime: Some(*time),
            atime: Some(*time),
            permissions: regular,
            ..FileAttributes::empty()
        })
    }
}

impl russh_sftp::server::Handler for Shelf {
    type Error = StatusCode;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, Self::Error> {
        self.listed = false;
        Ok(Handle { id, handle: path })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, Self::Error> {
        if std::mem::replace(&mut self.listed, true) {
            return Err(StatusCode::Eof);
        }
        let names = self.files.keys().filter_map(|path| path.strip_prefix(&format!("{handle}/")));
        let files = names.map(|name| File::new(name, FileAttributes::empty())).collect();
        Ok(Name { id, files })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        Ok(Attrs { id, attrs: self.attributes(&path)? })
    }

    async fn open(&mut self, id: u32, path: String, flags: OpenFlags, _: FileAttributes) -> Result<Handle, Self::Error> {
        assert!(!flags.contains(OpenFlags::WRITE), "a source is only read");
        self.attributes(&path)?;
        Ok(Handle { id, handle: path })
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Result<Data, Self::Error> {
        self.reads = self.reads.checked_sub(1).ok_or(StatusCode::ConnectionLost)?;
        let (_, bytes) = self.files.get(handle.as_str()).ok_or(StatusCode::NoSuchFile)?;
        let start = usize::try_from(offset).unwrap().min(bytes.len());
        let end = (start + len as usize).min(bytes.len());
        if start == end {
            return Err(StatusCode::Eof);
        }
        Ok(Data { id, data: bytes[start..end].to_vec() })
    }

    async fn close(&mut self, id: u32, _: String) -> Result<Status, Self::Error> {
        Ok(Status { id, status_code: StatusCode::Ok, error_message: String::new(), language_tag: String::new() })
    }
}
