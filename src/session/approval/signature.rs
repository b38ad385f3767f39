//! Signatures by OpenSSH keys, as `ssh-keygen -Y sign -n hrpush` makes them and `ssh-keygen -Y verify` checks them.

use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use super::super::error::Failure;
use super::signers;
use crate::config::SecretFrom;
use crate::plan::Approver;

/// What the signatures are for: one that was made for another purpose approves nothing.
const NAMESPACE: &str = "hrpush";

/// The question for the passphrase of a key.
pub(crate) type AskPassphrase<'a> = &'a dyn Fn(&Path) -> Result<String, Failure>;

/// Signs a text with a private key.
pub(crate) fn sign(key: &Path, text: &str, ask: AskPassphrase<'_>) -> Result<String, Failure> {
    let refuse = |problem: &str| Failure::usage(format!("{}: {problem}", key.display()));
    let secret = SecretFrom::File(PathBuf::from(key)).read().map_err(Failure::usage)?;
    let pem = format!("{}\n", secret.expose_secret());
    let mut private =
        PrivateKey::from_openssh(pem).map_err(|fault| refuse(&format!("this is no private key of OpenSSH: {fault}\n  hint: --sign takes the private key, not its .pub file; `ssh-keygen -t ed25519` makes one")))?;
    let algorithm = private.algorithm();
    if private.is_encrypted() {
        private = private
            .decrypt(ask(key)?)
            .map_err(|_| refuse("the passphrase does not fit\n  hint: sign again; `ssh-keygen -y -f KEY` tries a passphrase"))?;
    }
    let signed = private.sign(NAMESPACE, HashAlg::Sha512, text.as_bytes()).map_err(|_| {
        refuse(&format!(
            "hrpush does not sign with keys of the kind {algorithm}\n  hint: without --sign, -o FILE writes the text alone; sign it with `ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE`"
        ))
    })?;
    signed.to_pem(LineEnding::LF).map_err(|fault| refuse(&format!("the signature cannot be written: {fault}")))
}

/// The person whose key signed a text. The key must be allowed at each of these moments.
pub(crate) fn verify(signers: &Path, text: &str, signature: &str, at: &[Timestamp]) -> Result<Approver, Failure> {
    let signature =
        SshSig::from_pem(signature).map_err(|fault| Failure::usage(format!("this is no signature of OpenSSH: {fault}")))?;
    if signature.namespace() != NAMESPACE {
        let namespace = crate::report::shown(signature.namespace());
        return Err(Failure::usage(format!(
            "the signature was made for `{namespace}`, not for `{NAMESPACE}`\n  hint: it is made by `ssh-keygen -Y sign -n {NAMESPACE}`"
        )));
    }
    let key = signature.public_key();
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let listed: Vec<_> = signers::read(signers)?.into_iter().filter(|signer| signer.has(key)).collect();
    if listed.is_empty() {
        return Err(Failure::usage(format!(
            "the key {fingerprint} of the signature is not in {}\n  hint: ask a person of that file to sign",
            signers.display()
        )));
    }
    let allowed: Vec<_> = listed.into_iter().filter(|signer| signer.allows(NAMESPACE)).collect();
    if allowed.is_empty() {
        return Err(Failure::usage(format!(
            "{} does not allow the key {fingerprint} to sign for `{NAMESPACE}`",
            signers.display()
        )));
    }
    let mut valid = allowed.into_iter().filter(|signer| at.iter().all(|at| signer.is_valid_at(*at))).peekable();
    if valid.peek().is_none() {
        return Err(Failure::usage(format!("by {} the key {fingerprint} is not valid at this time", signers.display())));
    }
    if !fits(key, text, &signature) {
        return Err(Failure::usage(
            "the signature does not fit the text: one of them was altered\n  hint: copy both files again, as they were written",
        ));
    }
    let principals = valid.flat_map(|signer| signer.principals).collect();
    Ok(Approver { principals, key: Some(fingerprint) })
}

fn fits(key: &KeyData, text: &str, signature: &SshSig) -> bool {
    match key {
        KeyData::Rsa(rsa) => rsa_fits(rsa, text, signature).is_some(),
        _ => PublicKey::from(key.clone()).verify(NAMESPACE, text.as_bytes(), signature).is_ok(),
    }
}

/// RSA is checked by the library that checks it for TLS. SHA-1 is refused, as OpenSSH does.
fn rsa_fits(key: &ssh_key::public::RsaPublicKey, text: &str, signature: &SshSig) -> Option<()> {
    let parameters: &RsaParameters = match signature.algorithm() {
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) } => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) } => &RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    };
    let signed = SshSig::signed_data(NAMESPACE, signature.hash_alg(), text.as_bytes()).ok()?;
    let components = RsaPublicKeyComponents { n: key.n().as_positive_bytes()?, e: key.e().as_positive_bytes()? };
    components.verify(parameters, &signed, signature.signature_bytes()).ok()
}
