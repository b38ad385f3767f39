//! A request as the tenant sees it, from the wire or from inside a batch.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::reply::Problem;

/// One request with its path taken apart.
pub(super) struct Request {
    pub(super) method: String,
    /// The path below the version root, as it was sent.
    pub(super) path: String,
    /// The path in Graph's spelling.
    pub(super) segments: Vec<String>,
    query: Vec<(String, String)>,
    headers: HashMap<String, String>,
    pub(super) body: Option<Value>,
}

/// The names in paths, which Graph takes in any case.
const NAMES: &[&str] = &[
    "$batch",
    "$count",
    "$ref",
    "$value",
    "administrativeUnits",
    "assignLicense",
    "auditLogs",
    "authentication",
    "authenticationMethodConfigurations",
    "authenticationMethodsPolicy",
    "bulkUpload",
    "checkMemberGroups",
    "checkMemberObjects",
    "delta",
    "deletedItems",
    "directReports",
    "directory",
    "directoryObjects",
    "directoryRoles",
    "domains",
    "getAvailableExtensionProperties",
    "getByIds",
    "getMemberGroups",
    "getMemberObjects",
    "groups",
    "jobs",
    "licenseDetails",
    "manager",
    "memberOf",
    "members",
    "organization",
    "owners",
    "policies",
    "provisioning",
    "restore",
    "revokeSignInSessions",
    "roleAssignments",
    "roleDefinitions",
    "roleEligibilityScheduleInstances",
    "roleEligibilitySchedules",
    "roleManagement",
    "servicePrincipals",
    "subscribedSkus",
    "synchronization",
    "temporaryAccessPassMethods",
    "transitiveMemberOf",
    "transitiveMembers",
    "users",
];

/// The types in paths.
const CASTS: &[&str] =
    &["microsoft.graph.user", "microsoft.graph.group", "microsoft.graph.directoryRole", "microsoft.graph.administrativeUnit"];

impl Request {
    /// Takes a relative URL such as `/users?$top=5` apart.
    pub(super) fn new(method: &str, url: &str, headers: HashMap<String, String>, body: Option<Value>) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let parts = path.split('/').filter(|part| !part.is_empty());
        let segments = parts.flat_map(|part| keyed(&decoded(part))).map(|part| spelled(&part)).collect();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { method: method.to_ascii_uppercase(), path: path.to_owned(), segments, query, headers, body }
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name) || key.eq_ignore_ascii_case(name.trim_start_matches('$')))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(super) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The body, which has to be an object.
    pub(super) fn object(&self) -> Result<&Map<String, Value>, Problem> {
        self.body
            .as_ref()
            .and_then(Value::as_object)
            .ok_or_else(|| Problem::new(400, "BadRequest", "Empty Payload. JSON content expected."))
    }

    /// The parameters of an action, each of them known.
    pub(super) fn parameters(&self, known: &[&str]) -> Result<Map<String, Value>, Problem> {
        let given = match &self.body {
            None => return Ok(Map::new()),
            Some(body) => body.as_object().ok_or_else(|| Problem::bad("The body of an action has to be an object."))?,
        };
        let mut out = Map::new();
        for (name, value) in given {
            if name == "@odata.type" || name == "@odata.context" {
                continue;
            }
            let known = known.iter().find(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| {
                Problem::new(400, "BadRequest", format!("The parameter '{name}' is not a parameter of this operation."))
            })?;
            out.insert((*known).to_owned(), value.clone());
        }
        Ok(out)
    }

    /// Whether the header that opens the index store was sent.
    pub(super) fn eventual(&self) -> bool {
        self.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
    }

    /// Whether the query may use the index store.
    pub(super) fn advanced(&self) -> bool {
        self.eventual() && self.query("$count").is_some_and(|count| count.eq_ignore_ascii_case("true"))
    }

    /// This URL again with another token, and without those it had.
    pub(super) fn link(&self, base: &str, token: &str, value: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, kept) in &self.query {
            if !["$skiptoken", "$deltatoken"].contains(&key.to_lowercase().as_str()) {
                query.append_pair(key, kept);
            }
        }
        query.append_pair(token, value);
        format!("{base}/{}?{}", self.path.trim_start_matches('/'), query.finish())
    }
}

/// A segment in Graph's spelling: names in any case, `graph.user` for `microsoft.graph.user`, actions with or without their namespace.
fn spelled(part: &str) -> String {
    let known =
        |names: &[&str], part: &str| names.iter().find(|name| name.eq_ignore_ascii_case(part)).map(|name| (*name).to_owned());
    let bare = ["microsoft.graph.", "graph."].iter().find_map(|space| {
        part.get(..space.len()).filter(|start| start.eq_ignore_ascii_case(space)).map(|_| &part[space.len()..])
    });
    let cast = bare.and_then(|bare| known(CASTS, &format!("microsoft.graph.{bare}")).or_else(|| known(NAMES, bare)));
    cast.or_else(|| known(NAMES, part)).unwrap_or_else(|| part.to_owned())
}

/// `groups(uniqueName='x')` and `users('x')` as segments.
fn keyed(part: &str) -> Vec<String> {
    let Some((name, key)) = part.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?))) else {
        return vec![part.to_owned()];
    };
    if key.is_empty() {
        return vec![name.to_owned()];
    }
    let plain = |text: &str| text.trim_matches('\'').replace("''", "'");
    match key.split_once('=') {
        Some((property, value)) if !key.starts_with('\'') => vec![name.to_owned(), format!("{property}={}", plain(value))],
        _ => vec![name.to_owned(), plain(key)],
    }
}

fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        if first == b'%'
            && let (Some(high), Some(low)) = (hex(0), hex(1))
        {
            bytes.push(high * 16 + low);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The roots of the Graph clouds, which any tenant takes in references and as audiences.
pub(super) const CLOUDS: [&str; 4] = [
    "https://graph.microsoft.com/v1.0",
    "https://graph.microsoft.us/v1.0",
    "https://dod-graph.microsoft.us/v1.0",
    "https://microsoftgraph.chinacloudapi.cn/v1.0",
];

/// The id in a reference such as `https://graph.microsoft.com/v1.0/users/{id}`; `base` is the root of the request.
pub(super) fn referenced(link: &Value, base: &str) -> Result<String, Problem> {
    let refuse = || Problem::bad(format!("Invalid URL format specified in @odata.id or @odata.bind: {link}."));
    let text = link.as_str().ok_or_else(refuse)?;
    let roots = CLOUDS.iter().copied().chain([base]);
    let path = roots.filter_map(|root| text.strip_prefix(root)).find_map(|rest| rest.strip_prefix('/')).ok_or_else(refuse)?;
    let segments: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .flat_map(|part| keyed(&decoded(part)))
        .map(|part| spelled(&part))
        .collect();
    match &segments[..] {
        [set, id] if matches!(set.as_str(), "users" | "groups" | "directoryObjects") => Ok(id.clone()),
        _ => Err(refuse()),
    }
}
