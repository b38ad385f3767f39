//! Assertions that are signed here: JSON Web Tokens, and SAML 2.0 as SuccessFactors takes it.

use std::fmt::Write as _;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::source::rest::error::RestError;
use crate::source::rest::settings::{Assertion, secret};
use crate::source::rest::shape::template::Values;

/// An assertion is used at once: it need not live longer, but the clocks of both sides may differ.
const LIFE: SignedDuration = SignedDuration::from_mins(10);
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A JSON Web Token, signed with RS256.
pub(super) fn jwt(says: &Assertion, values: &Values, now: Timestamp) -> Result<String, RestError> {
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let claims = json!({
        "iss": says.issuer.fill(values), "sub": says.subject.fill(values), "aud": says.audience.fill(values),
        "iat": now.as_second(), "exp": (now + SKEW).as_second(), "jti": uuid::Uuid::new_v4().to_string(),
    });
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = sign(&secret(&says.key)?, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// A SAML 2.0 assertion with an enveloped signature.
///
/// Its text is written in the canonical form at once (exclusive C14N), so that what is digested is what is sent.
pub(super) fn saml(
    says: &Assertion,
    values: &Values,
    client: &str,
    recipient: &str,
    now: Timestamp,
) -> Result<String, RestError> {
    let id = format!("_{}", uuid::Uuid::new_v4().simple());
    let at = |moment: Timestamp| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (from, to) = (at(now - SKEW), at(now + LIFE));
    let (issuer, subject) = (text(&says.issuer.fill(values)), text(&says.subject.fill(values)));
    let audience = text(&says.audience.fill(values));
    let head = format!(
        "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" IssueInstant=\"{}\" Version=\"2.0\">\
         <saml2:Issuer>{issuer}</saml2:Issuer>",
        at(now)
    );
    let mut rest = format!(
        "<saml2:Subject><saml2:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">{subject}</saml2:NameID>\
         <saml2:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <saml2:SubjectConfirmationData NotOnOrAfter=\"{to}\" Recipient=\"{}\"></saml2:SubjectConfirmationData>\
         </saml2:SubjectConfirmation></saml2:Subject>\
         <saml2:Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{to}\"><saml2:AudienceRestriction><saml2:Audience>{audience}\
         </saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>\
         <saml2:AuthnStatement AuthnInstant=\"{}\" SessionIndex=\"{id}\"><saml2:AuthnContext><saml2:AuthnContextClassRef>\
         urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml2:AuthnContextClassRef></saml2:AuthnContext>\
         </saml2:AuthnStatement>",
        attribute(recipient),
        at(now)
    );
    if !client.is_empty() {
        let _ = write!(
            rest,
            "<saml2:AttributeStatement><saml2:Attribute Name=\"api_key\"><saml2:AttributeValue>{}</saml2:AttributeValue>\
             </saml2:Attribute></saml2:AttributeStatement>",
            text(client)
        );
    }
    rest.push_str("</saml2:Assertion>");
    let digest = STANDARD.encode(Sha256::digest(format!("{head}{rest}")));
    let info = signed_info(&id, &digest);
    let signature = STANDARD.encode(sign(&secret(&says.key)?, info.as_bytes())?);
    Ok(format!(
        "{head}<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}<ds:SignatureValue>{signature}</ds:SignatureValue>\
         </ds:Signature>{rest}"
    ))
}

/// What the signature is made over: the digest of the assertion, and how it was had.
fn signed_info(id: &str, digest: &str) -> String {
    format!(
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
}

fn sign(pem: &SecretString, message: &[u8]) -> Result<Vec<u8>, RestError> {
    let unusable = |why: &str| {
        RestError::Unusable(format!(
            "the signing key is {why}\n  hint: an RSA key of 2048 bits or more as PEM, `-----BEGIN PRIVATE KEY-----` (PKCS#8)"
        ))
    };
    let der = der(pem.expose_secret()).ok_or_else(|| unusable("no PEM"))?;
    let pair = RsaKeyPair::from_pkcs8(&der).map_err(|_| unusable("no RSA key in PKCS#8"))?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| unusable("unfit to sign"))?;
    Ok(signature)
}

fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
}

/// Text content in the canonical form.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

/// An attribute's value in the canonical form.
fn attribute(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    text.replace('\t', "&#x9;").replace('\n', "&#xA;").replace('\r', "&#xD;")
}

#[cfg(test)]
pub(in crate::source::rest) mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;
    use crate::source::rest::settings::Secret;
    use crate::source::rest::shape::template::Template;

    #[derive(Debug)]
    struct Given(String);

    impl Secret for Given {
        fn read(&self) -> Result<SecretString, String> {
            Ok(self.0.clone().into())
        }
    }

    /// What an assertion says with a key of its own, and the public half of the key.
    pub(in crate::source::rest) fn key() -> (Assertion, Vec<u8>) {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        let template = |text: &str| Template::parse(text, &|_| false).unwrap();
        let says = Assertion {
            key: std::sync::Arc::new(Given(pem)),
            issuer: template("I&C"),
            subject: template("<api>"),
            audience: template("www.successfactors.com"),
        };
        (says, pair.public_key().as_ref().to_vec())
    }

    fn verifies(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(message, signature).is_ok()
    }

    #[test]
    fn both_kinds_carry_a_signature_that_verifies() {
        let (says, public) = key();
        let now: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let token = jwt(&says, &Values::default(), now).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        assert!(verifies(&public, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()));

        let text = saml(&says, &Values::default(), "KEY", "https://hr.example/oauth/token", now).unwrap();
        let part = |from: &str, to: &str| {
            let start = text.find(from).unwrap();
            &text[start..start + text[start..].find(to).unwrap() + to.len()]
        };
        let info = part("<ds:SignedInfo", "</ds:SignedInfo>");
        let value = part("<ds:SignatureValue>", "</ds:SignatureValue>");
        let value = STANDARD.decode(value.split(['<', '>']).nth(2).unwrap()).unwrap();
        assert!(verifies(&public, info.as_bytes(), &value));
        // Taken out again, the signature leaves what was digested.
        let bare = text.replace(part("<ds:Signature xmlns", "</ds:Signature>"), "");
        assert!(info.contains(&STANDARD.encode(Sha256::digest(&bare))));
        assert!(bare.contains("<saml2:Issuer>I&amp;C</saml2:Issuer>") && bare.contains("&lt;api&gt;"), "{bare}");
    }
}
