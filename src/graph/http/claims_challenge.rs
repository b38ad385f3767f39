//! What a 401 or a 403 says besides: a claims challenge asks for more than a new token, or than a permission.

/// The way out of a challenge.
pub(in crate::graph) const HINT: &str = "a condition of Entra keeps this app out (claims challenge), hint: an administrator finds the Conditional \
    Access policy, or the revoked sign-in, under Entra, Sign-in logs, Service principal sign-ins, and lets this app and this machine's \
    address pass";

/// Whether a refusal is a challenge, by its `WWW-Authenticate`, or where a gateway or a batch has lost that, by its own words.
///
/// Continuous access evaluation refuses a token before it expires where a condition of Entra is not met, and names what it would take
/// in `claims`. An unattended app cannot satisfy it: an administrator must.
pub(in crate::graph) fn is_challenge(status: u16, www_authenticate: Option<&str>, said: [Option<&str>; 3]) -> bool {
    let has = |text: Option<&str>, words: &[&str]| {
        text.map(str::to_ascii_lowercase).is_some_and(|text| words.iter().any(|word| text.contains(word)))
    };
    let words = ["insufficient_claims", "insufficientclaims", "continuous access evaluation"];
    matches!(status, 401 | 403)
        && (has(www_authenticate, &["insufficient_claims", "claims="]) || said.iter().any(|text| has(*text, &words)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::http::{HeaderMap, StatusCode};
    use axum::response::IntoResponse as _;
    use secrecy::SecretString;
    use serde_json::json;

    use super::*;
    use crate::directory::ObjectId;
    use crate::graph::{Auth, Client, Cloud, Credential, GraphUrl, Reader, Settings, Writer};
    use crate::target::{Operation, Refusal};

    const CHALLENGE: &str = r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;

    #[test]
    fn a_challenge_is_told_from_a_stale_token_and_from_a_missing_permission() {
        let none = [None; 3];
        assert!(is_challenge(401, Some(CHALLENGE), none) && is_challenge(403, Some(CHALLENGE), none));
        assert!(is_challenge(403, None, [None, Some("InsufficientClaims"), None]));
        let words = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: LocationConditionEvaluationSatisfied";
        assert!(is_challenge(401, None, [Some("InvalidAuthenticationToken"), None, Some(words)]));
        assert!(!is_challenge(401, Some(r#"Bearer realm="", error="invalid_token""#), none));
        assert!(!is_challenge(403, None, [Some("Authorization_RequestDenied"), None, Some("Insufficient privileges.")]));
        assert!(!is_challenge(400, Some(CHALLENGE), none) && !is_challenge(401, None, none));
    }

    /// A token service and a Graph on this machine: each token has a number, and Graph takes those from the `good` one on.
    async fn service(good: u64, inside: bool, status: u16) -> (String, Arc<AtomicU64>) {
        let given = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&given);
        let refusal = json!({ "error": { "code": "InvalidAuthenticationToken", "message": "Not from here." } });
        let answer = move |uri: axum::http::Uri, headers: HeaderMap| async move {
            if uri.path().ends_with("/token") {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let token = json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": format!("t{number}") });
                return axum::Json(token).into_response();
            }
            let bearer = headers["authorization"].to_str().unwrap().to_owned();
            let number: u64 = bearer.trim_start_matches("Bearer t").parse().unwrap();
            let batch = uri.path().ends_with("/$batch");
            match (number >= good, batch) {
                (true, true) => axum::Json(json!({ "responses": [{ "id": "0", "status": 204 }] })).into_response(),
                (true, false) => axum::Json(json!({ "value": [{ "id": "b" }] })).into_response(),
                (false, true) if inside => {
                    let part =
                        json!({ "id": "0", "status": status, "headers": { "WWW-Authenticate": CHALLENGE }, "body": refusal });
                    axum::Json(json!({ "responses": [part] })).into_response()
                }
                _ => (StatusCode::from_u16(status).unwrap(), [("www-authenticate", CHALLENGE)], refusal.to_string())
                    .into_response(),
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
        (format!("http://{address}"), given)
    }

    fn connected(url: &str) -> Arc<Client> {
        let secret = SecretString::from("s");
        let auth = Auth::ClientSecret { tenant: "contoso.com".into(), client_id: "app".into(), secret };
        let credential = Credential::new(auth, Cloud::Global, Some(url)).unwrap();
        let base = GraphUrl::new(&format!("{url}/v1.0")).unwrap();
        Arc::new(Client::connect(Settings::new(base), credential).unwrap())
    }

    #[tokio::test]
    async fn a_401_is_answered_once_with_a_new_token() {
        for inside in [false, true] {
            let (url, given) = service(2, inside, 401).await;
            let client = connected(&url);
            let writer = Writer::new(Arc::clone(&client));
            let revoke = Operation::RevokeSessions { user: ObjectId::new("a").unwrap() };
            let answers = writer.send(vec![revoke]).await;
            assert!(answers[0].is_done(), "{:?}", answers[0]);
            assert_eq!(given.load(Ordering::SeqCst), 2, "one token, and a new one");
            assert_eq!(client.requests().retried, 1);
        }
    }

    #[tokio::test]
    async fn a_claims_challenge_that_a_new_token_does_not_meet_says_who_must_act() {
        for (inside, status) in [(false, 401), (true, 401), (false, 403), (true, 403)] {
            let (url, given) = service(9, inside, status).await;
            let client = connected(&url);
            let writer = Writer::new(Arc::clone(&client));
            let revoke = Operation::RevokeSessions { user: ObjectId::new("a").unwrap() };
            let answer = writer.send(vec![revoke]).await.remove(0);
            assert_eq!((answer.refusal(), answer.transcript.status), (Some(&Refusal::LockedOut), Some(status)));
            assert!(answer.transcript.message.unwrap().contains("Conditional Access"));
            let output = Reader::new(client).members(&ObjectId::new("g").unwrap()).await.unwrap_err().to_string();
            assert!(
                output.contains(&status.to_string()) && output.contains("Not from here. (") && output.contains("hint: "),
                "{output}"
            );
            assert!(!output.contains("permission"), "{output}");
            assert!(given.load(Ordering::SeqCst) <= 5, "tokens are not asked for again and again");
        }
    }
}
