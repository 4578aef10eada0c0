//! Multipart uploads that never ended: they cost money and are not to be seen by listing objects.

use std::collections::HashSet;

use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpRequest, HttpRequestBody};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use serde::Deserialize;

use super::super::{ContentError, ContentKey, Swept};
use super::Bucket;
use super::connect::bucket_url;
use super::fault::{Doing, Fault};
use crate::clock::Ticks;

/// Pages of a thousand uploads that are looked at each time.
const MAX_PAGES: usize = 100;

/// An answer to `ListMultipartUploads`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>), as far as it is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
    #[serde(default, rename = "Upload")]
    uploads: Vec<Unfinished>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unfinished {
    key: String,
    upload_id: String,
    initiated: String,
}

/// Removes the unfinished uploads of our own keys that were begun before `oldest`, and that nobody will go on with. Those of
/// anybody else in the bucket are left alone.
pub(super) async fn sweep(
    bucket: &Bucket,
    oldest: Ticks,
    going_on: &HashSet<uuid::Uuid>,
) -> Result<Swept, ContentError> {
    let mut swept = Swept::default();
    let mut after = None;
    for _ in 0..MAX_PAGES {
        let page = list(bucket, after.as_ref()).await?;
        for upload in &page.uploads {
            let Some(key) = our_key(bucket, &upload.key) else {
                continue;
            };
            let unique = uuid::Uuid::try_parse(key.unique());
            if unique.is_ok_and(|unique| going_on.contains(&unique)) {
                swept.kept += 1;
                continue;
            }
            // An instant that cannot be read is not old.
            let begun = upload.initiated.parse::<Ticks>();
            if !begun.is_ok_and(|begun| begun < oldest) {
                swept.kept += 1;
                continue;
            }
            match abort(bucket, upload).await {
                Ok(()) => swept.removed(&upload.key),
                // The others are not kept waiting for it.
                Err(error) => {
                    tracing::warn!(content.unfinished = upload.key, %error, "an unfinished write could not be removed");
                    swept.kept += 1;
                }
            }
        }
        after = page.next_key_marker.zip(page.next_upload_id_marker);
        if !page.is_truncated || after.is_none() {
            break;
        }
    }
    Ok(swept)
}

/// The key that a name in the bucket is; `None` for what somebody else has put there.
fn our_key(bucket: &Bucket, name: &str) -> Option<ContentKey> {
    let prefix = bucket.list_prefix().unwrap_or_default();
    name.strip_prefix(&prefix).and_then(ContentKey::from_row)
}

async fn abort(bucket: &Bucket, upload: &Unfinished) -> Result<(), ContentError> {
    let path = Path::from(upload.key.as_str());
    match bucket.asking.abort_multipart(&path, &upload.upload_id).await {
        // Somebody else has ended it meanwhile.
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(bucket.fault(Doing::RemoveUnfinished, &error).into()),
    }
}

/// One page, of what follows `after`. `object_store` signs the request and sends it, but has no such call of its own.
async fn list(bucket: &Bucket, after: Option<&(String, String)>) -> Result<Page, ContentError> {
    let mut url = format!("{}?uploads=&max-uploads=1000", bucket_url(&bucket.config));
    if let Some(prefix) = bucket.list_prefix() {
        url.push_str(&format!("&prefix={}", encoded(&prefix)));
    }
    if let Some((key, id)) = after {
        url.push_str(&format!(
            "&key-marker={}&upload-id-marker={}",
            encoded(key),
            encoded(id)
        ));
    }
    let places = bucket.places();
    let unreadable = || ContentError::from(Fault::nonsense(&places, "a listing that cannot be read"));
    let failed = |error| ContentError::from(bucket.fault(Doing::ListUnfinished, &error));
    let mut request = HttpRequest::new(HttpRequestBody::empty());
    *request.uri_mut() = url.parse().map_err(|_| unreadable())?;
    let account = bucket
        .asking
        .credentials()
        .get_credential()
        .await
        .map_err(failed)?;
    let signer = AwsAuthorizer::new(&account, "s3", &bucket.config.region);
    signer.try_authorize(&mut request, None).map_err(failed)?;
    let no_answer = |error| {
        failed(object_store::Error::Generic {
            store: "S3",
            source: Box::new(error),
        })
    };
    let answer = bucket.client.execute(request).await.map_err(no_answer)?;
    let status = answer.status().as_u16();
    let body = answer.into_body().bytes().await.map_err(no_answer)?;
    let text = String::from_utf8_lossy(&body);
    if status != 200 {
        return Err(Fault::of_status(Doing::ListUnfinished, &places, status, &text).into());
    }
    quick_xml::de::from_str(&text).map_err(|_| unreadable())
}

/// Percent-encoded as a signature wants it (RFC 3986 section 2.3).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}
