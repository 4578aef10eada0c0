//! Types that are no entities: what properties hold, and what `$metadata` says of them (contract sections 1.5 and 5.1).

/// An enumeration. What comes behind `unknownFutureValue` is shown only to who prefers to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnumType {
    /// Its name without `microsoft.graph.`.
    pub name: &'static str,
    /// Its members, each with its number.
    pub members: &'static [(&'static str, u32)],
}

/// A structured type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComplexType {
    /// Its name without `microsoft.graph.`.
    pub name: &'static str,
    /// What it extends.
    pub base: Option<&'static str>,
    /// It may have members that nobody has declared.
    pub is_open: bool,
    /// Its members, each with its type as CSDL writes it.
    pub properties: &'static [(&'static str, &'static str)],
}

/// The sentinel of an enumeration that grows.
pub const UNKNOWN: &str = "unknownFutureValue";

/// In which role somebody takes part.
pub const ONLINE_MEETING_ROLE: EnumType = EnumType {
    name: "onlineMeetingRole",
    members: &[
        ("attendee", 0),
        ("presenter", 1),
        (UNKNOWN, 2),
        ("producer", 3),
        ("coorganizer", 4),
    ],
};

/// Every enumeration.
pub static ENUM_TYPES: &[EnumType] = &[
    EnumType {
        name: "allowedLobbyAdmitterRoles",
        members: &[
            ("organizerAndCoOrganizersAndPresenters", 0),
            ("organizerAndCoOrganizers", 1),
            (UNKNOWN, 2),
        ],
    },
    EnumType {
        name: "lobbyBypassScope",
        members: &[
            ("organizer", 0),
            ("organization", 1),
            ("organizationAndFederated", 2),
            ("everyone", 3),
            (UNKNOWN, 4),
            ("invited", 5),
            ("organizationExcludingGuests", 6),
        ],
    },
    EnumType {
        name: "meetingChatHistoryDefaultMode",
        members: &[("none", 0), ("all", 1), (UNKNOWN, 2)],
    },
    EnumType {
        name: "meetingChatMode",
        members: &[("enabled", 0), ("disabled", 1), ("limited", 2), (UNKNOWN, 3)],
    },
    EnumType {
        name: "meetingLiveShareOptions",
        members: &[("enabled", 0), ("disabled", 1), (UNKNOWN, 2)],
    },
    EnumType {
        name: "meetingType",
        members: &[
            ("adhoc", 0),
            ("scheduled", 1),
            ("recurring", 2),
            ("broadcast", 3),
            ("meetnow", 4),
            (UNKNOWN, 5),
        ],
    },
    EnumType {
        name: "onlineMeetingPresenters",
        members: &[
            ("everyone", 0),
            ("organization", 1),
            ("roleIsPresenter", 2),
            ("organizer", 3),
            (UNKNOWN, 4),
        ],
    },
    ONLINE_MEETING_ROLE,
    EnumType {
        name: "teamworkUserIdentityType",
        members: &[
            ("aadUser", 0),
            ("onPremiseAadUser", 1),
            ("anonymousGuest", 2),
            ("federatedUser", 3),
            ("personalMicrosoftAccountUser", 4),
            ("skypeUser", 5),
            ("phoneUser", 6),
            (UNKNOWN, 7),
            ("emailUser", 8),
        ],
    },
];

/// Every structured type.
pub static COMPLEX_TYPES: &[ComplexType] = &[
    ComplexType {
        name: "chatInfo",
        base: None,
        is_open: false,
        properties: &[
            ("messageId", "Edm.String"),
            ("replyChainMessageId", "Edm.String"),
            ("threadId", "Edm.String"),
        ],
    },
    ComplexType {
        name: "identity",
        base: None,
        is_open: true,
        properties: &[("displayName", "Edm.String"), ("id", "Edm.String")],
    },
    ComplexType {
        name: "identitySet",
        base: None,
        is_open: true,
        properties: &[
            ("application", "graph.identity"),
            ("device", "graph.identity"),
            ("user", "graph.identity"),
        ],
    },
    ComplexType {
        name: "joinMeetingIdSettings",
        base: None,
        is_open: false,
        properties: &[
            ("isPasscodeRequired", "Edm.Boolean"),
            ("joinMeetingId", "Edm.String"),
            ("passcode", "Edm.String"),
        ],
    },
    ComplexType {
        name: "lobbyBypassSettings",
        base: None,
        is_open: false,
        properties: &[
            ("isDialInBypassEnabled", "Edm.Boolean"),
            ("scope", "graph.lobbyBypassScope"),
        ],
    },
    ComplexType {
        name: "meetingParticipantInfo",
        base: None,
        is_open: true,
        properties: &[
            ("identity", "graph.identitySet"),
            ("role", "graph.onlineMeetingRole"),
            ("upn", "Edm.String"),
        ],
    },
    ComplexType {
        name: "meetingParticipants",
        base: None,
        is_open: false,
        properties: &[
            ("attendees", "Collection(graph.meetingParticipantInfo)"),
            ("organizer", "graph.meetingParticipantInfo"),
        ],
    },
    ComplexType {
        name: "teamworkUserIdentity",
        base: Some("identity"),
        is_open: true,
        properties: &[("userIdentityType", "graph.teamworkUserIdentityType")],
    },
    ComplexType {
        name: "watermarkProtectionValues",
        base: None,
        is_open: false,
        properties: &[
            ("isEnabledForContentSharing", "Edm.Boolean"),
            ("isEnabledForVideo", "Edm.Boolean"),
        ],
    },
];

/// The enumeration of that name.
pub fn enum_type(name: &str) -> Option<&'static EnumType> {
    ENUM_TYPES.iter().find(|one| one.name == name)
}

/// The structured type of that name.
pub fn complex_type(name: &str) -> Option<&'static ComplexType> {
    COMPLEX_TYPES.iter().find(|one| one.name == name)
}

impl EnumType {
    /// The member of that name, as who does not know newer members sees it.
    pub fn shown(&self, member: &'static str, include_unknown: bool) -> &'static str {
        let number = |name: &str| {
            self.members
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, n)| *n)
        };
        match (number(member), number(UNKNOWN)) {
            (Some(number), Some(sentinel)) if number > sentinel && !include_unknown => UNKNOWN,
            _ => member,
        }
    }
}
