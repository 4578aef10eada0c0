//! What is different about the content of a transcript (contract section 4): its forms, and the tenant's switches.

use bytes::Bytes;
use http::HeaderMap;
use http::header::ACCEPT;
use http_body_util::BodyExt;

use super::content::{Found, open};
use crate::db::artifacts::{ArtifactKind, Stream};
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::request::Call;
use crate::media::webvtt::{self, Transcript};

/// The largest transcript that something else is made of: a day of speech is less.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// What the media type of the text without speakers is.
const UNATTRIBUTED: &str = "application/vnd.microsoft.graph.transcript+text";
/// What transcripts once could be had as.
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// In which form content is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is stored.
    Stored,
    /// What was said and when, without saying by whom.
    Unattributed,
    /// `metadataContent`, made of the transcript.
    Metadata,
}

impl Form {
    /// Of a recording there is one; `$format` changes nothing.
    pub(super) fn recording(format: Option<&str>) -> Result<Self, ApiError> {
        match format {
            Some(format) if !is_json(format) => Err(ApiError::bad_request(
                "The query option '$format' takes json here, and that changes nothing.",
            )),
            _ => Ok(Self::Stored),
        }
    }

    /// Of a transcript: what `$format` says, else the first of the accepted media types that there is.
    pub(super) fn transcript(
        stream: Stream,
        headers: &HeaderMap,
        format: Option<&str>,
    ) -> Result<Self, ApiError> {
        match format {
            Some(format) if is(format, "text/vtt") || is_json(format) => return Ok(Self::Stored),
            Some(_) => {
                return Err(ApiError::bad_request(format!(
                    "The query option '$format' takes text/vtt here. Text without speakers is to be had with the header \
                     Accept: {UNATTRIBUTED}."
                )));
            }
            None => {}
        }
        let values = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let types: Vec<&str> = values
            .flat_map(|value| value.split(','))
            .map(|one| one.split(';').next().unwrap_or_default().trim())
            .filter(|one| !one.is_empty())
            .collect();
        let only_docx = !types.is_empty() && types.iter().all(|one| is(one, DOCX));
        if only_docx {
            return Err(ApiError::bad_request(format!(
                "Transcripts are not offered as {DOCX} any more: ask for text/vtt."
            )));
        }
        let mut told_apart = types
            .into_iter()
            .filter(|one| is(one, "text/vtt") || is(one, UNATTRIBUTED));
        match told_apart.next() {
            Some(first) if is(first, UNATTRIBUTED) && stream == Stream::Content => Ok(Self::Unattributed),
            _ => Ok(Self::Stored),
        }
    }
}

fn is(text: &str, media_type: &str) -> bool {
    text.eq_ignore_ascii_case(media_type)
}

fn is_json(format: &str) -> bool {
    is(format, "json") || format.to_ascii_lowercase().starts_with("application/json")
}

/// The tenant's switch for who said what. That for transcripts altogether is part of the access decision.
pub(super) fn may_have(
    call: &Call<'_>,
    kind: ArtifactKind,
    stream: Stream,
    form: Form,
) -> Result<(), ApiError> {
    let attribution = call
        .caller
        .tenant
        .as_ref()
        .is_none_or(|tenant| tenant.speaker_attribution_enabled);
    let says_who = kind == ArtifactKind::Transcript && stream == Stream::Content && form == Form::Stored;
    if attribution || !says_who {
        return Ok(());
    }
    let mut error = ApiError::new(
        ErrorCode::Forbidden,
        format!(
            "Speaker-attributed transcript content is disabled for this tenant. Retry with Accept '{UNATTRIBUTED}'."
        ),
    );
    error.inner_code = Some("SpeakerAttributionNotAllowed");
    Err(error)
}

/// What has been made of a stored transcript.
pub(super) struct Derived {
    /// The whole of it.
    pub(super) bytes: Bytes,
    /// Its media type.
    pub(super) media_type: &'static str,
    /// Changes with what it was made of.
    pub(super) version: String,
}

/// Makes the form that was asked for of the stored transcript.
pub(super) async fn derive(call: &Call<'_>, found: &Found) -> Result<Derived, ApiError> {
    let opened = open(call, found).await?;
    let cannot = |why: &'static str| ApiError::new(ErrorCode::NotFound, why);
    let not_text = || cannot("The stored transcript is not WebVTT, so this form of it cannot be made.");
    let size = opened.reader.size_bytes();
    if size > MAX_BYTES {
        return Err(cannot(
            "The stored transcript is too large for this form of it to be made.",
        ));
    }
    // What is read and what is made of it is in memory as a whole: a few at a time.
    let _place = call.app.derivations.place().await;
    let unique = opened.key.unique().to_owned();
    let stream = Body::Content(opened.reader.read(0, size).await?);
    let whole = stream.collect().await.map_err(ApiError::unavailable)?.to_bytes();
    let (form, created) = (found.form, found.artifact.created);
    // Reading a long meeting's transcript takes a while.
    let made = tokio::task::spawn_blocking(move || {
        let transcript = Transcript::from_bytes(&whole)?;
        match form {
            Form::Metadata => webvtt::metadata_content(&transcript, created, None),
            Form::Unattributed | Form::Stored => Ok(webvtt::unattributed(&transcript)),
        }
    });
    let text = made
        .await
        .map_err(ApiError::unavailable)?
        .map_err(|_| not_text())?;
    let (version, media_type) = match form {
        // It says when each word was spoken, which may change without the transcript.
        Form::Metadata => (format!("{unique}-metadata-{:x}", created.0), "text/vtt"),
        Form::Unattributed | Form::Stored => (format!("{unique}-text"), UNATTRIBUTED),
    };
    Ok(Derived {
        bytes: text.into(),
        media_type,
        version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &[&str], format: Option<&str>) -> Result<Form, u16> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, value.parse().unwrap());
        }
        Form::transcript(Stream::Content, &headers, format).map_err(|error| error.code.status().as_u16())
    }

    #[test]
    fn the_first_accepted_form_that_there_is_counts() {
        for (accept, expected) in [
            (&[][..], Ok(Form::Stored)),
            (&["*/*"], Ok(Form::Stored)),
            (&["text/vtt"], Ok(Form::Stored)),
            (&["application/octet-stream, application/json"], Ok(Form::Stored)),
            (&[UNATTRIBUTED], Ok(Form::Unattributed)),
            (
                &["APPLICATION/vnd.microsoft.graph.transcript+TEXT; q=0.9"],
                Ok(Form::Unattributed),
            ),
            (&[UNATTRIBUTED, "text/vtt"], Ok(Form::Unattributed)),
            (&["text/vtt", UNATTRIBUTED], Ok(Form::Stored)),
            (&["text/vtt", DOCX], Ok(Form::Stored)),
            (&[DOCX], Err(400)),
            (&[",,;"], Ok(Form::Stored)),
        ] {
            assert_eq!(form(accept, None), expected, "{accept:?}");
        }
    }

    #[test]
    fn a_format_counts_before_what_is_accepted() {
        assert_eq!(form(&[UNATTRIBUTED], Some("text/vtt")), Ok(Form::Stored));
        assert_eq!(form(&[], Some("json")), Ok(Form::Stored));
        for other in [UNATTRIBUTED, DOCX, "xml"] {
            assert_eq!(form(&[], Some(other)), Err(400), "{other}");
        }
    }
}
