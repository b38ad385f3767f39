//! A mail server on loopback, with TLS where a story asks for it.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How a mail server is reached.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Manner {
    /// It offers STARTTLS.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// It knows no TLS.
    Plain,
}

/// What a mail server took: the commands in their order, and the letters.
#[derive(Default)]
pub(crate) struct Post {
    pub(crate) commands: Vec<String>,
    pub(crate) letters: Vec<String>,
    /// User and password of the sign-in.
    pub(crate) signed_in: Option<(String, String)>,
}

/// A mail server.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    pub(crate) post: Arc<Mutex<Post>>,
}

impl MailServer {
    pub(crate) fn start(manner: Manner, tls: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let post = Arc::new(Mutex::new(Post::default()));
        let kept = Arc::clone(&post);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let socket = socket.unwrap();
                let secured = |socket| StreamOwned::new(ServerConnection::new(Arc::clone(&tls)).unwrap(), socket);
                if manner == Manner::Implicit {
                    serve(BufReader::new(secured(socket)), &kept, true, false);
                    continue;
                }
                let plain = BufReader::new(socket);
                if let Some(socket) = serve(plain, &kept, true, manner == Manner::StartTls) {
                    serve(BufReader::new(secured(socket.into_inner())), &kept, false, false);
                }
            }
        });
        Self { port, post }
    }
}

/// Talks to one client. Returns the stream where the client wants to go on with TLS.
fn serve<S: Read + Write>(mut stream: BufReader<S>, post: &Mutex<Post>, greets: bool, offers_tls: bool) -> Option<BufReader<S>> {
    let say = |stream: &mut BufReader<S>, line: &str| {
        let stream = stream.get_mut();
        let _sent = stream.write_all(format!("{line}\r\n").as_bytes()).and_then(|()| stream.flush());
    };
    if greets {
        say(&mut stream, "220 localhost ESMTP");
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let shown = if verb == "AUTH" { "AUTH".to_owned() } else { line.clone() };
        post.lock().unwrap().commands.push(shown);
        match verb.as_str() {
            "EHLO" if offers_tls => say(&mut stream, "250-localhost\r\n250 STARTTLS"),
            "EHLO" => say(&mut stream, "250-localhost\r\n250 AUTH PLAIN"),
            "STARTTLS" => {
                say(&mut stream, "220 go on");
                return Some(stream);
            }
            "AUTH" => {
                let secret = line.split(' ').nth(2).unwrap_or_default();
                let secret = String::from_utf8(base64::prelude::BASE64_STANDARD.decode(secret).unwrap()).unwrap();
                let mut parts = secret.split('\0').skip(1).map(str::to_owned);
                post.lock().unwrap().signed_in = parts.next().zip(parts.next());
                say(&mut stream, "235 signed in");
            }
            "DATA" => {
                say(&mut stream, "354 go on");
                let mut letter = String::new();
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap_or(0) == 0 || line == ".\r\n" {
                        break;
                    }
                    letter.push_str(&line);
                }
                post.lock().unwrap().letters.push(letter);
                say(&mut stream, "250 taken");
            }
            "QUIT" => {
                say(&mut stream, "221 bye");
                return None;
            }
            _ => say(&mut stream, "250 ok"),
        }
    }
}
