//! Ids: random ones, ones derived from what they name, and the formats in which Graph writes them.
//!
//! The formats are those of the reference's samples: a meeting's id is base64 around its organizer and its
//! chat thread, a recording's around its organizer, tenant and calendar entry. Ids from outside are opaque;
//! only [`meeting_organizer`] looks into one, to learn whose meeting a request is about.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use uuid::Uuid;

use crate::clock::Ticks;

/// The name space of derived ids. Changing it changes every id that a seed file leaves out.
const NAMESPACE: Uuid = Uuid::from_u128(0x5f0a_3c62_9d1b_4e8a_a7c4_61e0_28d7_93b5);

/// A meeting id longer than this is not looked into; Graph's are below 304 characters.
const MAX_MEETING_ID_BYTES: usize = 2048;

/// The longest calendar id that is put into a recording's id; Outlook's own have 112 characters.
const MAX_EMBEDDED_ICAL_UID_BYTES: usize = 256;

/// How every Outlook GlobalObjectId begins, in hex ([MS-OXOCAL] section 2.2.1.27, Byte Array ID).
const GLOBAL_OBJECT_ID_HEAD: &str = "040000008200E00074C5B7101A82E008";

/// Ticks from 1601-01-01, where FILETIME begins, to 1970-01-01.
const FILETIME_OF_1970: i64 = 116_444_736_000_000_000;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What a meeting's id says about the meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingIdParts {
    /// The organizer's object id, in lower case.
    pub organizer: String,
    /// The id of the meeting's chat thread.
    pub thread: String,
}

/// A new random GUID, as text.
pub fn random() -> String {
    random_uuid().to_string()
}

/// A new random GUID.
pub fn random_uuid() -> Uuid {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes random ids"
    )]
    let id = Uuid::new_v4();
    id
}

/// A new GUID that sorts after those made before it.
pub fn time_ordered() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes time-ordered ids"
    )]
    let id = Uuid::now_v7();
    id.to_string()
}

/// The GUID (version 5) of the `count`-th object of this `kind` with exactly these `members`.
pub fn derived(kind: &str, members: &str, count: u64) -> String {
    // The members come last, so that no text of theirs can be taken for another part.
    let name = format!("{kind}\0{count}\0{members}");
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}

/// `text` as an id is kept: a GUID in lower case, anything else as it is.
pub fn normalized(text: String) -> String {
    if is_guid(&text) {
        text.to_ascii_lowercase()
    } else {
        text
    }
}

/// Whether `text` is a GUID in its plain form of 36 characters.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// The chat thread of a meeting, in Graph's form.
pub fn thread_id(guid: &str) -> String {
    format!("19:meeting_{}@thread.v2", BASE64_STANDARD.encode(guid))
}

/// The id of a meeting, in Graph's form.
pub fn meeting_id(organizer: &str, thread: &str) -> String {
    BASE64_STANDARD.encode(format!("1*{organizer}*0**{thread}"))
}

/// An address to join a meeting as such addresses are compared: percent escapes decoded as often as there are some.
/// Whoever asks has it out of a mail, a calendar or a log, encoded once more or once less.
pub fn join_web_url_key(url: &str) -> String {
    let mut text = url.trim().to_owned();
    // Graph's own addresses have escapes within escapes; what is still encoded after this was never an address.
    for _ in 0..4 {
        match odata::path::decode_segment(&text) {
            Some(decoded) if decoded != text => text = decoded,
            _ => break,
        }
    }
    text
}

/// The address to join a meeting, in Graph's form.
pub fn join_web_url(tenant: &str, organizer: &str, thread: &str) -> String {
    let context = format!("{{\"Tid\":\"{tenant}\",\"Oid\":\"{organizer}\"}}");
    format!(
        "https://teams.microsoft.com/l/meetup-join/{}/0?context={}",
        odata::encode_segment(thread),
        odata::encode_segment(&context)
    )
}

/// The number of twelve digits by which a person joins the meeting of that id, and the passcode that goes with it.
pub fn join_meeting_id(meeting: &str) -> (String, String) {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let number = Uuid::new_v5(&NAMESPACE, format!("joinMeetingId\0{meeting}").as_bytes()).as_u128();
    // Graph's numbers begin with no zero.
    let digits = 200_000_000_000 + number % 700_000_000_000;
    let mut rest = number / 700_000_000_000;
    let mut passcode = String::new();
    for _ in 0..6 {
        let place = usize::try_from(rest % 32).unwrap_or(0);
        passcode.extend(LETTERS.get(place).map(|letter| char::from(*letter)));
        rest /= 32;
    }
    (digits.to_string(), passcode)
}

/// What `id` says about its meeting, where it is base64 of `1*{organizer}*0**{thread}`.
///
/// Both alphabets are read, with and without padding. Time is linear in the length.
pub fn meeting_organizer(id: &str) -> Option<MeetingIdParts> {
    if id.len() > MAX_MEETING_ID_BYTES {
        return None;
    }
    let bytes = STANDARD.decode(id).or_else(|_| URL_SAFE.decode(id)).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let (organizer, thread) = text.strip_prefix("1*")?.split_once("*0**")?;
    if !is_guid(organizer) || thread.is_empty() || thread.chars().any(char::is_control) {
        return None;
    }
    Some(MeetingIdParts {
        organizer: organizer.to_ascii_lowercase(),
        thread: thread.to_owned(),
    })
}

/// The iCalUId of a made calendar entry: an Outlook GlobalObjectId of 56 bytes in hex.
///
/// The instance date is zero (a single meeting, or the whole series); `created` stands as FILETIME.
pub fn ical_uid(guid: &str, created: Option<Ticks>) -> String {
    let filetime = created.map_or(0, |at| at.0.saturating_add(FILETIME_OF_1970));
    let unique = guid.replace('-', "").to_ascii_uppercase();
    format!(
        "{GLOBAL_OBJECT_ID_HEAD}{:08X}{:016X}{:016X}{:08X}{unique}",
        0,
        filetime.swap_bytes(),
        0,
        16_u32.swap_bytes(),
    )
}

/// The id of a recording, in Graph's form; the bare GUID where no Outlook calendar entry backs the meeting.
pub fn recording_id(organizer: &str, tenant: &str, ical_uid: Option<&str>, guid: &str) -> String {
    match ical_uid.filter(|uid| is_global_object_id(uid)) {
        Some(uid) => BASE64_STANDARD.encode(format!("V2##1{organizer}{tenant}{uid}##{guid}")),
        None => guid.to_owned(),
    }
}

fn is_global_object_id(uid: &str) -> bool {
    uid.len() <= MAX_EMBEDDED_ICAL_UID_BYTES
        && uid.bytes().all(|b| b.is_ascii_hexdigit())
        && uid
            .get(..GLOBAL_OBJECT_ID_HEAD.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(GLOBAL_OBJECT_ID_HEAD))
}

/// The id of a meeting's transcript, in Graph's form.
pub fn transcript_id(guid: &str) -> String {
    BASE64_STANDARD.encode(format!("1##0##{guid}"))
}

/// The contentCorrelationId that the recording and the transcript of one call share.
pub fn content_correlation_id(parent: &str, call: &str) -> String {
    format!(
        "{}-0",
        derived("contentCorrelationId", &format!("{parent}\0{call}"), 0)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GUID: &str = "5d4faed7-44c6-4aaf-a9c0-9863c66c0d17";
    const ORGANIZER: &str = "1273a016-201d-4f95-8083-1b7f99b3edeb";
    const TENANT: &str = "2432b57b-0abd-43db-aa7b-16eadd115d34";
    const SAMPLE: &str = "MSoxMjczYTAxNi0yMDFkLTRmOTUtODA4My0xYjdmOTliM2VkZWIqMCoqMTk6bWVldGluZ19OV1EwWm1GbFpEY3RORFJqTmkwMFlXRm1MV0U1WXpBdE9UZzJNMk0yTm1Nd1pERTNAdGhyZWFkLnYy";

    #[test]
    fn made_meeting_ids_are_those_of_the_reference() {
        assert_eq!(meeting_id(ORGANIZER, &thread_id(GUID)), SAMPLE);
    }

    #[test]
    fn the_organizer_and_the_thread_of_the_reference_sample_are_read() {
        let parts = meeting_organizer(SAMPLE).unwrap();
        assert_eq!(parts.organizer, ORGANIZER);
        assert_eq!(parts.thread, thread_id(GUID));
    }

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        // `?>` in the thread gives `/` and `+` in the standard alphabet.
        for thread in ["19:a?>b", "19:a?>bc", "19:a?>bcd", "19:?>?>?>?>"] {
            let text = format!("1*{}*0**{thread}", ORGANIZER.to_uppercase());
            let padded = BASE64_STANDARD.encode(text);
            let url_safe = padded.replace('+', "-").replace('/', "_");
            for id in [
                padded.as_str(),
                padded.trim_end_matches('='),
                url_safe.as_str(),
                url_safe.trim_end_matches('='),
            ] {
                let parts = meeting_organizer(id).unwrap();
                assert_eq!(
                    (parts.organizer.as_str(), parts.thread.as_str()),
                    (ORGANIZER, thread)
                );
            }
        }
    }

    #[test]
    fn what_is_not_a_meeting_id_has_no_organizer() {
        let encode = |text: &str| BASE64_STANDARD.encode(text);
        let long = encode(&format!("1*{ORGANIZER}*0**{}", "a".repeat(4000)));
        for id in [
            "",
            "x",
            "====",
            GUID,
            SAMPLE.get(1..).unwrap(),
            &encode(&format!("2*{ORGANIZER}*0**19:x")),
            &encode(&format!("1*{ORGANIZER}*0**")),
            &encode(&format!("1*{ORGANIZER}*1**19:x")),
            &encode(&format!("1*{{{ORGANIZER}}}*0**19:x")),
            &encode(&format!("1*{ORGANIZER}*0**19:\n")),
            &encode("1*megan*0**19:x"),
            &BASE64_STANDARD.encode([0x31, 0x2a, 0xff, 0xfe]),
            &long,
        ] {
            assert_eq!(meeting_organizer(id), None, "{id}");
        }
    }

    #[test]
    fn derived_ids_depend_on_every_part_and_on_nothing_else() {
        let id = derived("users", "{}", 0);
        assert_eq!(id, "6d34adb7-bae9-52cb-9586-7ee860ea71e4");
        assert!(is_guid(&id));
        for other in [
            derived("users", "{}", 1),
            derived("tenants", "{}", 0),
            derived("users", "{ }", 0),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn a_made_ical_uid_has_the_layout_of_a_global_object_id() {
        let at = "2023-12-02T10:00:00Z".parse().unwrap();
        let uid = ical_uid(GUID, Some(at));
        assert_eq!(uid.len(), 112);
        assert!(is_global_object_id(&uid));
        let instance_date = uid.get(32..40).unwrap();
        let filetime = i64::from_str_radix(uid.get(40..56).unwrap(), 16).unwrap();
        assert_eq!(instance_date, "00000000");
        assert_eq!(filetime.swap_bytes(), at.0 + FILETIME_OF_1970);
        assert_eq!(uid.get(56..80).unwrap(), "000000000000000010000000");
        assert_eq!(uid.get(80..).unwrap(), GUID.replace('-', "").to_uppercase());
        assert_eq!(ical_uid(GUID, None).get(40..56).unwrap(), "0000000000000000");
    }

    #[test]
    fn recording_and_transcript_ids_decode_to_graphs_form() {
        let decode = |id: String| String::from_utf8(BASE64_STANDARD.decode(id).unwrap()).unwrap();
        let uid = ical_uid(GUID, None);
        assert_eq!(
            decode(recording_id(ORGANIZER, TENANT, Some(&uid), GUID)),
            format!("V2##1{ORGANIZER}{TENANT}{uid}##{GUID}")
        );
        assert_eq!(decode(transcript_id(GUID)), format!("1##0##{GUID}"));
        for uid in [None, Some("abc@calendar.example"), Some("é"), Some("04")] {
            assert_eq!(recording_id(ORGANIZER, TENANT, uid, GUID), GUID);
        }
    }

    #[test]
    fn random_and_time_ordered_ids_are_guids_that_do_not_repeat() {
        let ids: Vec<_> = (0..100).map(|_| time_ordered()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| is_guid(id)));
        assert!(is_guid(&random()));
        assert_ne!(random(), random());
    }

    #[test]
    fn only_guids_are_folded() {
        assert_eq!(normalized(GUID.to_uppercase()), GUID);
        for text in ["ABC", "{5D4FAED7-44C6-4AAF-A9C0-9863C66C0D17}", ""] {
            assert_eq!(normalized(text.to_owned()), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_into_without_panic(id in "\\PC{0,300}", bytes: Vec<u8>) {
            let _ = meeting_organizer(&id);
            let _ = meeting_organizer(&BASE64_STANDARD.encode(bytes));
        }

        #[test]
        fn made_meeting_ids_are_read_back(thread in "[ -~]{1,200}") {
            let parts = meeting_organizer(&meeting_id(ORGANIZER, &thread)).unwrap();
            prop_assert_eq!(parts.thread, thread);
        }
    }
}
