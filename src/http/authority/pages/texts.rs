//! What the pages say, in English and in French.

use http::{HeaderMap, header};

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http::authority) enum Language {
    /// English, where no other is asked for.
    English,
    /// French.
    French,
}

/// The most entries of an `Accept-Language` that are looked at.
const MAX_ENTRIES: usize = 32;

impl Language {
    /// The language that a request prefers: by `ui_locales` (OpenID Connect Core section 3.1.2.1), else by its browser (RFC 9110
    /// section 12.5.4).
    pub(in crate::http::authority) fn of(headers: &HeaderMap, ui_locales: Option<&str>) -> Self {
        let by_name = |name: &str| match name.split(['-', '_']).next() {
            Some(code) if code.eq_ignore_ascii_case("fr") => Some(Self::French),
            Some(code) if code.eq_ignore_ascii_case("en") => Some(Self::English),
            _ => None,
        };
        if let Some(found) = ui_locales.and_then(|names| names.split(' ').find_map(by_name)) {
            return found;
        }
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        let mut best = (0.0, Self::English);
        for entry in accepted.unwrap_or_default().split(',').take(MAX_ENTRIES) {
            let mut parts = entry.split(';');
            let found = parts.next().and_then(|name| by_name(name.trim()));
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q=")?.parse::<f64>().ok())
                .unwrap_or(1.0);
            if let Some(found) = found.filter(|_| quality > best.0) {
                best = (quality, found);
            }
        }
        best.1
    }

    /// As `lang` has it.
    pub(in crate::http::authority) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// Its texts.
    pub(in crate::http::authority) const fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
        }
    }
}

/// Every text of the pages.
pub(in crate::http::authority) struct Texts {
    pub sign_in: &'static str,
    pub to_continue_to: &'static str,
    pub sign_in_with: &'static str,
    pub user_name: &'static str,
    pub password: &'static str,
    pub no_second_factor: &'static str,
    pub wrong_password: &'static str,
    pub account_disabled: &'static str,
    pub wait: &'static str,
    pub provider_refused: &'static str,
    pub provider_unknown: &'static str,
    pub provider_name_taken: &'static str,
    pub permissions_requested: &'static str,
    pub signed_in_as: &'static str,
    pub wants_to: &'static str,
    pub consent_note: &'static str,
    pub for_all: &'static str,
    pub accept: &'static str,
    pub cancel: &'static str,
    pub let_device_in: &'static str,
    pub device_shows: &'static str,
    pub device_warning: &'static str,
    pub enter_code: &'static str,
    pub enter_code_text: &'static str,
    pub code: &'static str,
    pub next: &'static str,
    pub wrong_code: &'static str,
    pub device_done: &'static str,
    pub device_done_text: &'static str,
    pub device_denied: &'static str,
    pub device_denied_text: &'static str,
    pub set_password: &'static str,
    pub set_password_text: &'static str,
    pub new_password: &'static str,
    pub password_again: &'static str,
    pub passwords_differ: &'static str,
    pub password_too_short: &'static str,
    pub password_too_long: &'static str,
    pub password_is_name: &'static str,
    pub password_is_common: &'static str,
    pub password_set: &'static str,
    pub password_set_text: &'static str,
    pub link_ended: &'static str,
    pub link_ended_text: &'static str,
    pub signed_in: &'static str,
    pub signed_out: &'static str,
    pub signed_out_text: &'static str,
    pub cannot_go_on: &'static str,
    pub page_ended: &'static str,
    pub from_elsewhere: &'static str,
    pub try_again_later: &'static str,
    permissions: &'static [(&'static str, &'static str)],
}

impl Texts {
    /// What a permission means; `None` for one that only its name is known of.
    pub(in crate::http::authority) fn permission(&self, name: &str) -> Option<&'static str> {
        let found = self.permissions.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| *text)
    }
}

const ENGLISH: Texts = Texts {
    sign_in: "Sign in",
    to_continue_to: "to go on to",
    sign_in_with: "Sign in with",
    user_name: "User name",
    password: "Password",
    no_second_factor: "There is no second factor here. Organisations that want one let their own provider sign people in.",
    wrong_password: "User name or password is wrong.",
    account_disabled: "This account is disabled. Ask your administrator.",
    provider_refused: "The other provider has not signed you in. Try again.",
    provider_unknown: "Nobody here is known by this account. Ask your administrator.",
    provider_name_taken: "Somebody else has this user name here. Ask your administrator.",
    wait: "Too many wrong attempts from here. Try again in this many seconds:",
    permissions_requested: "Permissions requested",
    signed_in_as: "You are signed in as",
    wants_to: "The application wants to:",
    consent_note: "Accept only if you know this application. An administrator can take the consent back.",
    for_all: "Consent for everybody in the organisation",
    accept: "Accept",
    cancel: "Cancel",
    let_device_in: "Let this device in?",
    device_shows: "The device shows the code",
    device_warning: "Go on only if you began this yourself, on a device in front of you. Whoever sent you this code gets into \
                     your account.",
    enter_code: "Enter the code",
    enter_code_text: "Enter the code that your program or device shows.",
    code: "Code",
    next: "Continue",
    wrong_code: "This code is unknown or has ended.",
    device_done: "The device is let in",
    device_done_text: "You can close this page and go back to your device.",
    device_denied: "The device is kept out",
    device_denied_text: "You can close this page.",
    set_password: "Set a password",
    set_password_text: "At least 8 characters, for",
    new_password: "New password",
    password_again: "New password, again",
    password_too_short: "The password has fewer than 8 characters.",
    password_too_long: "The password has more than 128 characters.",
    password_is_name: "The password is the user name.",
    password_is_common: "This password is one of the first that anybody would try.",
    passwords_differ: "The two passwords are not the same.",
    password_set: "The password is set",
    password_set_text: "You can sign in with it now.",
    link_ended: "This link has ended",
    link_ended_text: "It was used already, or it is too old. Ask your administrator for a new one.",
    signed_in: "You are signed in",
    signed_out: "You are signed out",
    signed_out_text: "You can close this page.",
    cannot_go_on: "This cannot go on",
    page_ended: "This page has ended. Go back to the application and sign in again; cookies must be allowed.",
    from_elsewhere: "This request came from another site and was refused.",
    try_again_later: "The server cannot do this at the moment. Try again later.",
    permissions: &[
        (
            "OnlineMeetingRecording.Read.All",
            "Read recordings of online meetings that you can see",
        ),
        (
            "OnlineMeetingTranscript.Read.All",
            "Read transcripts of online meetings that you can see",
        ),
        ("OnlineMeetings.Read", "Read your online meetings"),
        ("OnlineMeetings.ReadWrite", "Read and create your online meetings"),
        ("CallRecordings.Read.All", "Read recordings of your calls"),
        ("CallRecording.Read.All", "Read recordings of your calls"),
        ("CallTranscripts.Read.All", "Read transcripts of your calls"),
        ("User.Read", "Read your profile"),
    ],
};

const FRENCH: Texts = Texts {
    sign_in: "Se connecter",
    to_continue_to: "pour continuer vers",
    sign_in_with: "Se connecter avec",
    user_name: "Nom d’utilisateur",
    password: "Mot de passe",
    no_second_factor: "Il n’y a pas de second facteur ici. Une organisation qui en veut un confie la connexion à son propre \
                       fournisseur.",
    wrong_password: "Le nom d’utilisateur ou le mot de passe est faux.",
    account_disabled: "Ce compte est désactivé. Adressez-vous à votre administrateur.",
    provider_refused: "L’autre fournisseur ne vous a pas connecté. Réessayez.",
    provider_unknown: "Ce compte n’est connu de personne ici. Adressez-vous à votre administrateur.",
    provider_name_taken: "Quelqu’un d’autre a déjà ce nom d’utilisateur ici. Adressez-vous à votre administrateur.",
    wait: "Trop d’essais erronés depuis cet endroit. Réessayez dans ce nombre de secondes :",
    permissions_requested: "Autorisations demandées",
    signed_in_as: "Vous êtes connecté en tant que",
    wants_to: "L’application souhaite :",
    consent_note: "N’acceptez que si vous connaissez cette application. Un administrateur peut revenir sur cet accord.",
    for_all: "Accepter pour toute l’organisation",
    accept: "Accepter",
    cancel: "Annuler",
    let_device_in: "Laisser entrer cet appareil ?",
    device_shows: "L’appareil affiche le code",
    device_warning: "Ne continuez que si vous avez commencé vous-même, sur un appareil devant vous. Qui vous a envoyé ce code \
                     entre dans votre compte.",
    enter_code: "Saisir le code",
    enter_code_text: "Saisissez le code qu’affiche votre programme ou votre appareil.",
    code: "Code",
    next: "Continuer",
    wrong_code: "Ce code est inconnu ou n’est plus valable.",
    device_done: "L’appareil est autorisé",
    device_done_text: "Vous pouvez fermer cette page et revenir à votre appareil.",
    device_denied: "L’appareil est refusé",
    device_denied_text: "Vous pouvez fermer cette page.",
    set_password: "Choisir un mot de passe",
    set_password_text: "Au moins 8 caractères, pour",
    new_password: "Nouveau mot de passe",
    password_again: "Nouveau mot de passe, encore une fois",
    password_too_short: "Le mot de passe a moins de 8 caractères.",
    password_too_long: "Le mot de passe a plus de 128 caractères.",
    password_is_name: "Le mot de passe est le nom d’utilisateur.",
    password_is_common: "Ce mot de passe est l’un des premiers que chacun essaierait.",
    passwords_differ: "Les deux mots de passe ne sont pas les mêmes.",
    password_set: "Le mot de passe est enregistré",
    password_set_text: "Vous pouvez maintenant vous en servir pour vous connecter.",
    link_ended: "Ce lien n’est plus valable",
    link_ended_text: "Il a déjà servi ou il est trop ancien. Demandez-en un autre à votre administrateur.",
    signed_in: "Vous êtes connecté",
    signed_out: "Vous êtes déconnecté",
    signed_out_text: "Vous pouvez fermer cette page.",
    cannot_go_on: "Impossible de continuer",
    page_ended: "Cette page n’est plus valable. Revenez à l’application et reconnectez-vous ; les cookies doivent être acceptés.",
    from_elsewhere: "Cette demande venait d’un autre site et a été refusée.",
    try_again_later: "Le serveur ne peut pas répondre pour le moment. Réessayez plus tard.",
    permissions: &[
        (
            "OnlineMeetingRecording.Read.All",
            "Lire les enregistrements des réunions en ligne auxquelles vous avez accès",
        ),
        (
            "OnlineMeetingTranscript.Read.All",
            "Lire les transcriptions des réunions en ligne auxquelles vous avez accès",
        ),
        ("OnlineMeetings.Read", "Lire vos réunions en ligne"),
        ("OnlineMeetings.ReadWrite", "Lire et créer vos réunions en ligne"),
        (
            "CallRecordings.Read.All",
            "Lire les enregistrements de vos appels",
        ),
        ("CallRecording.Read.All", "Lire les enregistrements de vos appels"),
        (
            "CallTranscripts.Read.All",
            "Lire les transcriptions de vos appels",
        ),
        ("User.Read", "Lire votre profil"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_what_was_asked_for_or_what_the_browser_prefers() {
        for (locales, accept, expected) in [
            (None, "", Language::English),
            (None, "fr", Language::French),
            (None, "fr-CH, en;q=0.5", Language::French),
            (None, "de, en;q=0.3, fr;q=0.7", Language::French),
            (None, "de, en, fr", Language::English),
            (None, "fr;q=0", Language::English),
            (None, "fr;q=x", Language::French),
            (Some("en"), "fr", Language::English),
            (Some("de fr-CA"), "en", Language::French),
            (Some("de"), "fr", Language::French),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
            assert_eq!(Language::of(&headers, locales), expected, "{locales:?} {accept}");
        }
    }

    #[test]
    fn both_languages_know_the_same_permissions() {
        let names = |texts: &Texts| {
            texts
                .permissions
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&ENGLISH), names(&FRENCH));
    }
}
