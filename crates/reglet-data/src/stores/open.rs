//! Which store an address is of.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use super::Patience;
use crate::remote::{Remote, Scheme};

/// Opens the store that holds an object. Credentials and endpoints come from the environment by the conventions of
/// `object_store`: `AWS_ACCESS_KEY_ID`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME` and so on, or from the
/// machine's own role.
pub(super) fn open(remote: &Remote, patience: &Patience) -> object_store::Result<Arc<dyn ObjectStore>> {
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: patience.pause, max_backoff: patience.pause * 64, base: 2.0 },
        max_retries: patience.retries,
        retry_timeout: patience.whole,
    };
    let times = [
        (ClientConfigKey::ReadTimeout, patience.silence),
        (ClientConfigKey::ConnectTimeout, patience.silence),
        (ClientConfigKey::Timeout, patience.whole),
    ];
    let times = times.map(|(key, time)| (key, format!("{} ms", time.as_millis())));
    let place = remote.place.as_str();
    Ok(match remote.scheme {
        Scheme::S3 => {
            let builder = AmazonS3Builder::from_env().with_bucket_name(place).with_retry(retry);
            let timed = |builder: AmazonS3Builder, (key, time)| {
                builder.with_config(AmazonS3ConfigKey::Client(key), time)
            };
            Arc::new(times.into_iter().fold(builder, timed).build()?)
        }
        Scheme::Gs => {
            let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(place).with_retry(retry);
            let timed = |builder: GoogleCloudStorageBuilder, (key, time)| {
                builder.with_config(GoogleConfigKey::Client(key), time)
            };
            Arc::new(times.into_iter().fold(builder, timed).build()?)
        }
        Scheme::Az => {
            let builder = MicrosoftAzureBuilder::from_env().with_container_name(place).with_retry(retry);
            let timed = |builder: MicrosoftAzureBuilder, (key, time)| {
                builder.with_config(AzureConfigKey::Client(key), time)
            };
            Arc::new(times.into_iter().fold(builder, timed).build()?)
        }
        Scheme::Https | Scheme::Http => {
            let scheme = if remote.scheme == Scheme::Https { "https" } else { "http" };
            let options = ClientOptions::new().with_allow_http(remote.scheme == Scheme::Http);
            let options =
                times.into_iter().fold(options, |options, (key, time)| options.with_config(key, time));
            let url = format!("{scheme}://{place}");
            Arc::new(HttpBuilder::new().with_url(url).with_client_options(options).with_retry(retry).build()?)
        }
    })
}
