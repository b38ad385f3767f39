//! A server in a process of its own, and a client that speaks to it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

pub(super) const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A folder with the configuration of `init --preset scim-push`, and a running server.
pub(super) struct Server {
    pub(super) world: World,
    process: Child,
    talk: Option<BufReader<ChildStderr>>,
    /// The root of the service.
    pub(super) url: String,
    pub(super) token: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) headers: reqwest::header::HeaderMap,
}

impl Answer {
    #[track_caller]
    pub(super) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    pub(super) fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(super) fn kind(&self) -> &str {
        self.body["scimType"].as_str().unwrap_or_default()
    }
}

impl Server {
    pub(super) fn start() -> Self {
        Self::start_in(World::new(), "")
    }

    /// With more keys of `[serve]`.
    pub(super) fn with(keys: &str) -> Self {
        Self::start_in(World::new(), keys)
    }

    /// With more keys of `[serve]`, and the log on stderr.
    #[cfg(unix)]
    pub(super) fn talking(keys: &str) -> Self {
        let world = World::new();
        world.write("talks", "");
        Self::start_in(world, keys)
    }

    pub(super) fn start_in(world: World, keys: &str) -> Self {
        world.run(["init", "--preset", "scim-push"]).ends_with(0);
        Self::configured(world, keys)
    }

    /// In a folder that has its configuration by now.
    pub(super) fn start_again_in(world: World) -> Self {
        Self::configured(world, "")
    }

    fn configured(world: World, keys: &str) -> Self {
        let config = std::fs::read_to_string(world.path("hrpush.toml")).unwrap();
        world.write("hrpush.toml", config.replace("\n[serve]\n", &format!("\n[serve]\n{keys}\n")));
        let token = world.run(["serve", "token", "new", "--feed", "scim-push"]).ends_with(0).out.trim().to_owned();
        let (process, url) = serve(&world, &[]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { world, process, talk: None, url, token, client, runtime }
    }

    /// Kills the server at once, and starts it anew.
    pub(super) fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        (self.process, self.url) = serve(&self.world, &[]);
    }

    /// Reads the talk of the server until a line has this text.
    #[cfg(unix)]
    pub(super) fn wait_for(&mut self, text: &str) -> String {
        if let Some(stderr) = self.process.stderr.take() {
            self.talk = Some(BufReader::new(stderr));
        }
        // It stays open: a server cannot go on talking to a pipe that is closed.
        let lines = self.talk.as_mut().unwrap().lines();
        lines.map_while(Result::ok).find(|line| line.contains(text)).expect("the server ended without it")
    }

    /// Asks the server to end, and returns whether it ended well.
    #[cfg(unix)]
    pub(super) fn terminate(&mut self) -> bool {
        assert!(Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap().success());
        self.process.wait().unwrap().success()
    }

    /// Starts the server anew after it has ended.
    #[cfg(unix)]
    pub(super) fn restart_after_end(&mut self) {
        (self.process, self.url) = serve(&self.world, &[]);
    }

    /// Ends the server as the system does, where it has a way to ask.
    pub(super) fn end(&mut self) {
        #[cfg(unix)]
        assert!(self.terminate(), "it did not end well");
        #[cfg(not(unix))]
        self.kill();
    }

    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
    }

    /// A request with any body and token.
    pub(super) fn raw(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<Answer, String> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).body(body);
        }
        self.runtime.block_on(answered(request))
    }

    /// A GET with more headers.
    pub(super) fn get_with(&self, path: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.url)).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.runtime.block_on(answered(request)).unwrap()
    }

    /// A form for the token endpoint, as the user and with the password of the Basic scheme where there is one.
    pub(super) fn token_request(&self, form: &[(&str, &str)], basic: Option<(&str, &str)>) -> Answer {
        let url = self.url.replace("/scim/v2", "/oauth/token");
        let mut request = self.client.post(url).form(form);
        if let Some((user, password)) = basic {
            request = request.basic_auth(user, Some(password));
        }
        self.runtime.block_on(answered(request)).unwrap()
    }

    /// The most memory that the server had at once, in kB.
    #[cfg(target_os = "linux")]
    pub(super) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// The address that the server listens on.
    pub(super) fn address(&self) -> String {
        self.url.split('/').nth(2).unwrap().to_owned()
    }

    pub(super) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = (*body != Value::Null).then(|| ("application/scim+json", body.to_string().into_bytes()));
        self.raw(method, path, Some(&self.token), body).unwrap()
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body)
    }

    pub(super) fn patch(&self, path: &str, operations: &Value) -> Answer {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        self.send("PATCH", path, &body)
    }

    pub(super) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &Value::Null)
    }

    /// Pushes a person, and returns the path of the resource.
    pub(super) fn person(&self, number: usize) -> String {
        let id = self.post("/Users", &person(number)).is(201).id();
        format!("/Users/{id}")
    }

    /// Looks something up by a filter.
    pub(super) fn find(&self, endpoint: &str, filter: &str) -> Answer {
        let query: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        self.get(&format!("{endpoint}?filter={query}"))
    }
}

async fn answered(request: reqwest::RequestBuilder) -> Result<Answer, String> {
    let answer = request.send().await.map_err(|fault| fault.to_string())?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = answer.bytes().await.map_err(|fault| fault.to_string())?;
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    Ok(Answer { status, body, headers })
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(world: &World, options: &[&str]) -> (Child, String) {
    let log = if world.path("talks").exists() { "/dev/stderr" } else { "serve.log" };
    let mut process = Command::new(env!("CARGO_BIN_EXE_hrpush"))
        .current_dir(world.path(""))
        .args(["serve", "--listen", "127.0.0.1:0", "--log-file", log])
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It prints its address when it listens.
    let mut url = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
    assert!(url.ends_with("/scim/v2\n"), "the server did not start: {url}");
    (process, url.trim().to_owned())
}

/// A person as Entra's provisioning service creates one.
pub(super) fn person(number: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENT],
        "externalId": format!("E-{number:04}"), "userName": format!("p{number}@contoso.example"), "active": true, "addresses": null,
        "displayName": format!("Given{number} Family{number}"),
        "emails": [{ "primary": true, "type": "work", "value": format!("p{number}@contoso.example") }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": format!("Given{number} Family{number}"), "familyName": format!("Family{number}"), "givenName": format!("Given{number}") },
        "roles": [], "title": "Clerk", ENT: { "department": "Claims", "employeeNumber": format!("{number:04}") },
    })
}
