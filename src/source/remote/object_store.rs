//! The object stores: S3, Azure Blob Storage and Google Cloud Storage.

use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, RetryConfig};
use secrecy::ExposeSecret;

use super::{CONNECT, Entry, ObjectKind, Objects, Place, Remote, RemoteStore};
use crate::diagnostic::network;
use crate::source::error::{Fault, FaultKind};
use crate::source::files::readiness::Listed;

/// A prefix of an object store.
pub(super) struct Prefix {
    place: Place,
    store: Box<dyn ObjectStore>,
}

pub(super) fn open(remote: &Remote, objects: &Objects) -> Result<Prefix, Fault> {
    let place = &remote.place;
    let store = store(remote, objects).map_err(|error| failed(place, &error))?;
    Ok(Prefix { place: place.clone(), store })
}

fn store(remote: &Remote, objects: &Objects) -> Result<Box<dyn ObjectStore>, Error> {
    let Objects { kind, bucket, endpoint, region, account } = objects;
    let secret = remote.secret.as_ref().map(ExposeSecret::expose_secret);
    // The configuration lets plain http through for this machine alone.
    let plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let client = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(Duration::from_mins(10)).with_allow_http(plain);
    let retry = RetryConfig { max_retries: 3, retry_timeout: Duration::from_mins(1), ..RetryConfig::default() };
    Ok(match kind {
        ObjectKind::S3 => {
            let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry).with_client_options(client);
            if let Some(region) = region {
                builder = builder.with_region(region);
            }
            if let Some(endpoint) = endpoint {
                builder = builder.with_endpoint(endpoint);
            }
            if let (Some(id), Some(secret)) = (account, secret) {
                builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            }
            Box::new(builder.build()?)
        }
        ObjectKind::Azure => {
            let builder = MicrosoftAzureBuilder::from_env().with_container_name(bucket);
            let mut builder = builder.with_retry(retry).with_client_options(client);
            if let Some(account) = account {
                builder = builder.with_account(account);
            }
            if let Some(endpoint) = endpoint {
                builder = builder.with_endpoint(endpoint.clone());
            }
            match secret {
                // A shared access signature carries its own.
                Some(secret) if secret.contains("sig=") => builder = builder.with_config(AzureConfigKey::SasKey, secret),
                Some(secret) => builder = builder.with_access_key(secret),
                None => {}
            }
            Box::new(builder.build()?)
        }
        ObjectKind::Gcs => {
            let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket);
            let mut builder = builder.with_retry(retry).with_client_options(client);
            if let Some(endpoint) = endpoint {
                builder = builder.with_base_url(endpoint);
            }
            if let Some(secret) = secret {
                builder = builder.with_service_account_key(secret);
            }
            Box::new(builder.build()?)
        }
    })
}

impl Prefix {
    fn path(&self, name: &str) -> Result<Path, Fault> {
        let folder = self.place.folder.trim_matches('/');
        let key = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        Path::parse(key).map_err(|error| self.place.fault(FaultKind::Unreadable(error.to_string())))
    }
}

#[async_trait]
impl RemoteStore for Prefix {
    async fn list(&self, start: &str) -> Result<Vec<Entry>, Fault> {
        let folder = self.place.folder.trim_matches('/');
        let folder = Path::parse(folder).map_err(|error| self.place.fault(FaultKind::Unreadable(error.to_string())))?;
        let found = self.store.list_with_delimiter(Some(&folder)).await.map_err(|error| failed(&self.place, &error))?;
        Ok(found.objects.iter().map(entry).filter(|entry| entry.listed.name.starts_with(start)).collect())
    }

    async fn look(&self, name: &str) -> Result<Option<Entry>, Fault> {
        match self.store.head(&self.path(name)?).await {
            Ok(about) => Ok(Some(entry(&about))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(&self.place, &error)),
        }
    }

    async fn bytes(&self, entry: &Entry, most: u64) -> Result<Vec<u8>, Fault> {
        // Exactly the content that was judged, or none.
        let options = GetOptions { if_match: entry.tag.clone(), ..GetOptions::default() };
        let answer = self.store.get_opts(&self.path(&entry.listed.name)?, options).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(Error::Precondition { .. }) => return Err(self.place.fault(FaultKind::Changed)),
            Err(error) => return Err(failed(&self.place, &error)),
        };
        let mut bytes = Vec::with_capacity(usize::try_from(entry.size.min(most)).unwrap_or(0));
        let mut stream = answer.into_stream().map_err(|error| failed(&self.place, &error)).boxed();
        while let Some(chunk) = stream.try_next().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > most {
                break;
            }
        }
        Ok(bytes)
    }
}

fn entry(about: &ObjectMeta) -> Entry {
    let name = about.location.filename().unwrap_or_default().to_owned();
    Entry { listed: Listed { name, modified: Some(about.last_modified.into()) }, size: about.size, tag: about.e_tag.clone() }
}

fn failed(place: &Place, error: &Error) -> Fault {
    let hint = "the credential of this place, from [source] or the environment, must be allowed to list and read here";
    match error {
        Error::NotFound { .. } => place.fault(FaultKind::NotFound),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            place.system("the object store refused access").with_hint(hint)
        }
        other => {
            let words = words(other);
            // A listing that is refused comes as an error of no kind.
            if ["401 Unauthorized", "403 Forbidden"].iter().any(|status| words.contains(status)) {
                return place.system("the object store refused access").with_hint(hint);
            }
            match network::hint(other) {
                Some(hint) => place.system(format!("the object store cannot be reached: {words}")).with_hint(hint),
                None => place.system(format!("the object store answered unexpectedly: {words}")),
            }
        }
    }
}

/// An error with its causes, on one line, without the signatures that its addresses may carry.
fn words(error: &Error) -> String {
    let text = crate::source::error_text::chain(error);
    text.split(' ').map(|word| word.split_once('?').map_or(word, |(address, _)| address)).collect::<Vec<_>>().join(" ")
}
