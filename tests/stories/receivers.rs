//! A receiver of messages on loopback: a webhook.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A webhook that keeps its requests and answers them with a list of statuses, then with 200.
pub(crate) struct Hook {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<(String, Vec<u8>)>>>,
}

impl Hook {
    pub(crate) fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut statuses: VecDeque<u16> = statuses.iter().copied().collect();
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let request = request(&mut socket);
                kept.lock().unwrap().push(request);
                let status = statuses.pop_front().unwrap_or(200);
                let head = format!("HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                let _sent = socket.write_all(head.as_bytes());
            }
        });
        Self { port, requests }
    }

    /// The address with a path that is a secret.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook/hunter2?sig=hunter2", self.port)
    }

    /// Takes the heads and the bodies of the requests so far.
    pub(crate) fn take_whole(&self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// Takes the requests so far, as text.
    pub(crate) fn take(&self) -> Vec<String> {
        self.take_whole().into_iter().map(|(head, body)| head + &String::from_utf8(body).unwrap()).collect()
    }

    /// Takes the bodies so far.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        let body = |request: String| serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        self.take().into_iter().map(body).collect()
    }

    /// Takes the events of the bodies so far.
    pub(crate) fn events(&self) -> Vec<String> {
        self.bodies().iter().map(|body| body["event"].as_str().unwrap_or("none").to_owned()).collect()
    }
}

/// The head and the body of a request.
fn request(socket: &mut TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(socket);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return (head, Vec::new());
        }
        if let Some(count) = line.to_lowercase().strip_prefix("content-length:") {
            length = count.trim().parse().unwrap();
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, body)
}
