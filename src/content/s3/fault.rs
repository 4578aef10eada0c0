//! [`Fault`]: what an S3 store's refusal means, in one line that names the setting to change.
//!
//! Of what the store says only its code is repeated: its texts may hold an account, a signature, or markup.

use std::error::Error;
use std::io;

use object_store::client::{HttpError, HttpErrorKind};

use super::super::{ContentError, ContentKey};
use super::connect::bucket_url;
use crate::config::{S3Config, S3Credentials};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Read,
    Write,
    Remove,
    List,
    ListUnfinished,
    RemoveUnfinished,
}

impl Doing {
    /// The right that it takes.
    pub(super) const fn right(self) -> &'static str {
        match self {
            Self::Read => "s3:GetObject",
            Self::Write => "s3:PutObject",
            Self::Remove => "s3:DeleteObject",
            Self::List => "s3:ListBucket",
            Self::ListUnfinished => "s3:ListBucketMultipartUploads",
            Self::RemoveUnfinished => "s3:AbortMultipartUpload",
        }
    }
}

/// What lines name.
#[derive(Clone, Debug)]
pub(in super::super) struct Places {
    bucket: String,
    address: String,
    region: String,
    is_web_identity: bool,
}

impl Places {
    pub(super) fn of(config: &S3Config) -> Self {
        Self {
            bucket: config.bucket.clone(),
            address: config.endpoint.clone().unwrap_or_else(|| bucket_url(config)),
            region: config.region.clone(),
            is_web_identity: matches!(config.credentials, S3Credentials::WebIdentity { .. }),
        }
    }
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// There is no such object, or no such upload.
    NoObject,
    /// There is no such bucket.
    NoBucket,
    /// The account may not.
    Denied,
    /// The account, its secret or its token is not what the store knows.
    Account,
    /// Clocks differ.
    Clock,
    /// The bucket is elsewhere.
    Region,
    /// No space is left.
    Full,
    /// The object is another one by now.
    Changed,
    /// The store does not know this operation.
    NotBuilt,
    /// No answer, or none that helps: it may be another in a moment.
    Away,
}

/// Why the store did not do what was asked.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) meaning: Meaning,
    line: String,
}

impl Fault {
    /// What an error of the client stands for.
    pub(super) fn of(doing: Doing, places: &Places, error: &object_store::Error) -> Self {
        let heard = Heard::from(error);
        if heard.is_token_service && places.is_web_identity {
            return Self::of_token_service(&heard);
        }
        if heard.status.is_none() && heard.trouble.is_some() {
            return Self::no_answer(places, &heard);
        }
        let found_by_kind = match error {
            object_store::Error::NotFound { .. } => Some(Meaning::NoObject),
            object_store::Error::Precondition { .. } => Some(Meaning::Changed),
            _ => None,
        };
        Self::of_answer(doing, places, &heard, found_by_kind)
    }

    /// What an answer stands for that was not asked for by way of the crate.
    pub(super) fn of_status(doing: Doing, places: &Places, status: u16, body: &str) -> Self {
        let heard = Heard {
            status: Some(status),
            code: code_in(body),
            ..Heard::default()
        };
        Self::of_answer(doing, places, &heard, None)
    }

    /// The object has changed since it was opened.
    pub(super) fn changed() -> Self {
        Self {
            meaning: Meaning::Changed,
            line: "the object is another one than the one that was opened".to_owned(),
        }
    }

    /// Something that makes no sense, from the store.
    pub(super) fn nonsense(places: &Places, what: &str) -> Self {
        Self {
            meaning: Meaning::Away,
            line: format!("content.s3.endpoint: {} answers {what}", places.address),
        }
    }

    /// Whether `error` says that the bucket itself is missing.
    pub(super) fn is_no_bucket(error: &(dyn Error + 'static)) -> bool {
        Heard::from(error).code.as_deref() == Some("NoSuchBucket")
    }

    /// The same for whoever asked for an object.
    pub(super) fn of_object(self, key: &ContentKey) -> ContentError {
        match self.meaning {
            Meaning::NoObject => ContentError::NotFound(key.clone()),
            _ => self.into(),
        }
    }

    fn of_token_service(heard: &Heard) -> Self {
        let line = match (heard.status, heard.trouble) {
            (None, Some(Trouble::File)) => "AWS_WEB_IDENTITY_TOKEN_FILE: the file cannot be read".to_owned(),
            (None, _) => "AWS_ENDPOINT_URL_STS: the token service does not answer".to_owned(),
            (Some(_), _) => format!(
                "AWS_ROLE_ARN: the token service gives no keys for this role ({})",
                heard.told()
            ),
        };
        let meaning = match heard.status {
            Some(status) if status < 500 => Meaning::Account,
            _ => Meaning::Away,
        };
        Self { meaning, line }
    }

    fn no_answer(places: &Places, heard: &Heard) -> Self {
        let address = &places.address;
        let line = match heard.trouble {
            Some(Trouble::Name) => format!("content.s3.endpoint: the host of {address} has no address"),
            Some(Trouble::Certificate) => format!(
                "content.s3.endpoint: the certificate of {address} is not one to trust; \
                 name the authority that signed it in content.s3.ca_file"
            ),
            Some(Trouble::Connect) => format!(
                "content.s3.endpoint: nobody answers at {address}; start it, or correct host and port"
            ),
            Some(Trouble::Slow) => format!("content.s3.endpoint: {address} did not answer in time"),
            Some(Trouble::Other | Trouble::File) | None => {
                format!("content.s3.endpoint: the connection to {address} broke off")
            }
        };
        Self {
            meaning: Meaning::Away,
            line,
        }
    }

    fn of_answer(doing: Doing, places: &Places, heard: &Heard, by_kind: Option<Meaning>) -> Self {
        let (told, bucket, address) = (heard.told(), &places.bucket, &places.address);
        let right = doing.right();
        let account = match places.is_web_identity {
            true => "AWS_ROLE_ARN",
            false => "content.s3.access_key_id",
        };
        let meaning = heard.meaning().or(by_kind).unwrap_or(Meaning::Away);
        let line = match meaning {
            Meaning::NoObject => format!("the object is not there ({told})"),
            Meaning::NoBucket => format!(
                "content.url: there is no bucket `{bucket}` at {address} ({told}); make it, or name another"
            ),
            Meaning::Denied => format!(
                "{account}: this account may not use the bucket `{bucket}` so ({told}); it needs the right {right}"
            ),
            Meaning::Account => match heard.code.as_deref() {
                Some("SignatureDoesNotMatch") => {
                    format!("content.s3.secret_access_key: it does not belong to the access key ({told})")
                }
                Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => {
                    format!("content.s3.session_token: the store does not accept it any more ({told})")
                }
                _ => format!("{account}: the store does not know this access key ({told})"),
            },
            Meaning::Clock => format!(
                "content.s3.endpoint: the clocks of this machine and of {address} differ by too much ({told}); \
                 set this machine's clock"
            ),
            Meaning::Region => format!(
                "content.s3.region: the bucket `{bucket}` is not in {} ({told}); name the region that it is in",
                places.region
            ),
            Meaning::Full => format!("content.url: no space is left in the bucket `{bucket}` ({told})"),
            Meaning::Changed => Self::changed().line,
            Meaning::NotBuilt => format!("content.s3.endpoint: {address} does not offer {right} ({told})"),
            Meaning::Away => format!("content.s3.endpoint: {address} answers {told}"),
        };
        Self { meaning, line }
    }
}

impl From<Fault> for ContentError {
    fn from(fault: Fault) -> Self {
        match fault.meaning {
            Meaning::Full => Self::Full,
            Meaning::NoBucket | Meaning::Denied | Meaning::Account | Meaning::Clock | Meaning::Region => {
                Self::Refused(fault.line)
            }
            Meaning::NotBuilt => Self::NotOffered(fault.line),
            Meaning::NoObject | Meaning::Changed | Meaning::Away => Self::Unavailable(fault.line),
        }
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault.line)
    }
}

/// What can be learnt from an error and those that caused it.
#[derive(Debug, Default)]
struct Heard {
    status: Option<u16>,
    code: Option<String>,
    trouble: Option<Trouble>,
    /// It comes from the service that exchanges a web identity for keys.
    is_token_service: bool,
}

/// What kept an answer from coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Name,
    Certificate,
    Connect,
    Slow,
    /// Not the network: a file here.
    File,
    Other,
}

impl Heard {
    /// The crate keeps status and body of an answer in an error that cannot be named, so they are read from its text; a test
    /// for each meaning notices should that change.
    fn from(error: &(dyn Error + 'static)) -> Self {
        let mut heard = Self::default();
        let mut link = Some(error);
        while let Some(error) = link {
            let text = error.to_string();
            if heard.status.is_none() {
                heard.status = status_in(&text);
                heard.code = code_in(&text);
            }
            // The crate hides the address of the token service and of nothing else.
            heard.is_token_service |= text.contains(" REDACTED ");
            if text.contains("token file") {
                heard.is_token_service = true;
                heard.trouble = Some(Trouble::File);
            }
            if let Some(http) = error.downcast_ref::<HttpError>() {
                heard.trouble = Some(trouble_of(http));
            } else if error.is::<io::Error>() && heard.trouble.is_none() {
                let is_late = error
                    .downcast_ref::<io::Error>()
                    .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
                heard.trouble = Some(if is_late { Trouble::Slow } else { Trouble::File });
            }
            link = error.source();
        }
        heard
    }

    /// Code or status, to be put between brackets.
    fn told(&self) -> String {
        match (&self.code, self.status) {
            (Some(code), _) => code.clone(),
            (None, Some(status)) => format!("status {status}"),
            (None, None) => "something that cannot be read".to_owned(),
        }
    }

    fn meaning(&self) -> Option<Meaning> {
        let by_code = match self.code.as_deref().unwrap_or_default() {
            "NoSuchBucket" | "InvalidBucketName" => Meaning::NoBucket,
            "NoSuchKey" | "NoSuchUpload" => Meaning::NoObject,
            "InvalidAccessKeyId"
            | "InvalidAccessKey"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "InvalidToken"
            | "TokenRefreshRequired" => Meaning::Account,
            "RequestTimeTooSkewed" | "RequestExpired" => Meaning::Clock,
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
                Meaning::Region
            }
            "QuotaExceeded"
            | "InsufficientStorage"
            | "XMinioStorageFull"
            | "XMinioAdminBucketQuotaExceeded" => Meaning::Full,
            "NotImplemented" => Meaning::NotBuilt,
            "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => Meaning::Denied,
            _ => {
                return Some(match self.status? {
                    301 | 307 => Meaning::Region,
                    // Without a code: the answer to HEAD.
                    403 if self.code.is_none() => Meaning::Denied,
                    401 | 403 => Meaning::Account,
                    404 => Meaning::NoObject,
                    412 => Meaning::Changed,
                    405 | 501 => Meaning::NotBuilt,
                    507 => Meaning::Full,
                    _ => return None,
                });
            }
        };
        Some(by_code)
    }
}

fn trouble_of(error: &HttpError) -> Trouble {
    let mut link = error.source();
    while let Some(cause) = link {
        let text = cause.to_string();
        if text.contains("dns error") {
            return Trouble::Name;
        }
        if text.contains("certificate") {
            return Trouble::Certificate;
        }
        link = cause.source();
    }
    match error.kind() {
        HttpErrorKind::Connect => Trouble::Connect,
        HttpErrorKind::Timeout => Trouble::Slow,
        _ => Trouble::Other,
    }
}

/// The number after `status code: `.
fn status_in(text: &str) -> Option<u16> {
    if text.contains("Received redirect without LOCATION") {
        return Some(301);
    }
    let (_, rest) = text.split_once("non-2xx status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// What stands in the element `Code` of an error's body.
fn code_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let fine = (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    fine.then(|| code.to_owned())
}
