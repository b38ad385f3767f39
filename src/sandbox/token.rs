//! The bearer token of a request. Graph's tokens are opaque to clients, so any text is accepted; a JWT is judged by its claims.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::app::Caller;
use super::reply::Problem;
use super::request::CLOUDS;

/// The id of Graph as an application, which tokens may have as their audience instead of its root.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// The delegated permission that stands for everything its user may do; Azure CLI has it.
const AS_USER: &str = "Directory.AccessAsUser.All";

/// What a tenant expects of a JWT.
pub(super) struct Expected<'a> {
    /// The tenant's id.
    pub(super) tenant: &'a str,
    /// The root that was asked.
    pub(super) root: &'a str,
    /// The second of the tenant's clock.
    pub(super) now: i64,
    /// A JWT without permissions has those of the sandbox.
    pub(super) roleless: bool,
}

/// Reads the caller from its token, or refuses the token as Graph does.
pub(super) fn judge(token: &str, expected: &Expected<'_>) -> Result<Caller, Problem> {
    let Some(claims) = claims(token) else { return Ok(Caller::default()) };
    if claims["exp"].as_i64().is_some_and(|end| end <= expected.now) {
        return Err(refused("Lifetime validation failed, the token is expired."));
    }
    if claims["aud"].as_str().is_some_and(|audience| !is_graph(audience, expected.root)) {
        return Err(refused("Access token validation failure. Invalid audience."));
    }
    if claims["tid"].as_str().is_some_and(|tenant| !tenant.eq_ignore_ascii_case(expected.tenant)) {
        return Err(refused("Access token validation failure. Invalid issuer."));
    }
    let app = ["appid", "azp"].iter().find_map(|name| claims[*name].as_str()).map(str::to_owned);
    Ok(Caller { app, permissions: permissions(&claims, expected.roleless) })
}

/// 401 with the challenge of Graph.
pub(super) fn refused(message: &str) -> Problem {
    Problem::new(401, "InvalidAuthenticationToken", message).header(
        "WWW-Authenticate",
        "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"invalid_token\"",
    )
}

/// The claims of a JWT; `None` for any other text.
fn claims(token: &str) -> Option<Value> {
    let object = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
    };
    match token.split('.').collect::<Vec<_>>()[..] {
        [head, claims, _signature] => object(head).and_then(|_| object(claims)),
        _ => None,
    }
}

fn is_graph(audience: &str, root: &str) -> bool {
    let same = |known: &str| {
        let known = known.trim_end_matches("/v1.0");
        audience.trim_end_matches('/').trim_end_matches("/v1.0").eq_ignore_ascii_case(known)
    };
    audience.eq_ignore_ascii_case(GRAPH) || same(root) || CLOUDS.iter().any(|cloud| same(cloud))
}

/// The permissions that a token lists: `roles` of an app, `scp` of an app on behalf of a user. `None` stands for those of the sandbox.
fn permissions(claims: &Value, roleless: bool) -> Option<BTreeSet<String>> {
    let roles = claims["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let scopes = claims["scp"].as_str().into_iter().flat_map(str::split_whitespace);
    let listed: BTreeSet<String> = roles.chain(scopes).map(str::to_owned).collect();
    let unlimited = listed.contains(AS_USER) || (listed.is_empty() && roleless);
    (!unlimited).then_some(listed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected<'_> = Expected { tenant: "t", root: "http://127.0.0.1:1/v1.0", now: 100, roleless: false };

    fn jwt(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.x", part(&json!({})), part(claims))
    }

    #[test]
    fn opaque_text_has_the_permissions_of_the_sandbox() {
        for text in ["anything", "a.b.c", "a.b", "eyJ.eyJ.x"] {
            assert!(judge(text, &EXPECTED).unwrap().permissions.is_none(), "{text}");
        }
    }

    #[test]
    fn a_jwt_is_judged_by_what_it_says() {
        let judged = |claims: Value| judge(&jwt(&claims), &EXPECTED);
        for (claims, message) in [
            (json!({ "exp": 100 }), "the token is expired"),
            (json!({ "aud": "https://vault.azure.net" }), "Invalid audience"),
            (json!({ "tid": "other" }), "Invalid issuer"),
        ] {
            let problem = judged(claims.clone()).err().unwrap();
            assert_eq!((problem.status, problem.code), (401, "InvalidAuthenticationToken"));
            assert!(problem.message.contains(message), "{claims}: {}", problem.message);
        }
        for audience in [GRAPH, "https://graph.microsoft.com", "https://graph.microsoft.us/", "http://127.0.0.1:1"] {
            assert!(judged(json!({ "aud": audience, "exp": 101, "tid": "T" })).is_ok(), "{audience}");
        }
    }

    #[test]
    fn the_permissions_of_a_jwt_are_those_it_lists() {
        let listed = |claims: Value, roleless| {
            let caller = judge(&jwt(&claims), &Expected { roleless, ..EXPECTED }).unwrap();
            caller.permissions.map(|names| names.into_iter().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(listed(json!({ "roles": ["User.Read.All"] }), false).as_deref(), Some("User.Read.All"));
        assert_eq!(
            listed(json!({ "scp": "Group.Read.All User.Read.All" }), false).as_deref(),
            Some("Group.Read.All User.Read.All")
        );
        assert_eq!(listed(json!({ "scp": "openid Directory.AccessAsUser.All" }), false), None);
        assert_eq!((listed(json!({}), false).as_deref(), listed(json!({}), true)), (Some(""), None));
    }
}
