//! The whole way from the sources to [`Config`], and the documents that describe it.

use std::collections::BTreeMap;

use super::registry::{ISSUER_KEYS, KEYS, Key, Kind, PROVIDER_KEYS, TABLES};
use super::*;

const NO_ENVIRONMENT: [(&str, &str); 0] = [];

fn load_with(text: &str, flags: Flags, environment: &[(&str, &str)]) -> Result<Effective, Vec<Problem>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.toml");
    std::fs::write(&path, text).unwrap();
    let flags = Flags {
        config: Some(path),
        ..flags
    };
    load(&flags, environment.iter().copied())
}

/// What a file of that text gives.
pub(super) fn load_text(text: &str) -> Effective {
    load_with(text, Flags::default(), &[]).unwrap()
}

/// What is wrong with a file of that text, a line each.
pub(super) fn problems_of(text: &str) -> Vec<String> {
    let problems = load_with(text, Flags::default(), &[]).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

fn setting<'a>(effective: &'a Effective, key: &str) -> &'a Setting {
    effective
        .settings
        .iter()
        .find(|setting| setting.key == key)
        .unwrap()
}

#[test]
fn without_any_source_the_defaults_count() {
    let config = load(&Flags::default(), NO_ENVIRONMENT).unwrap().config;
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url, None);
    assert_eq!(config.profile, Profile::Graph);
    assert_eq!(config.cloud, Cloud::Global);
    assert_eq!(config.data, None);
    assert_eq!(config.shutdown_grace, Duration::from_secs(30));
    assert!(
        matches!(&config.metadata.place, MetadataPlace::Sqlite(file) if file == Path::new("graphophone.db"))
    );
    assert_eq!(config.metadata.connections, 16);
    assert!(matches!(&config.content, ContentConfig::Folder(folder) if folder == Path::new("content")));
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(config.log.requests);
    assert_eq!(config.limits.max_connections, 10_000);
    assert_eq!(config.limits.header_timeout, Duration::from_secs(15));
    assert_eq!(config.limits.send_timeout, Duration::from_secs(60));
    assert_eq!(config.limits.header_bytes, 32_768);
    assert_eq!(config.limits.json_bytes, 1_048_576);
    assert!(config.issuers.is_empty());
    assert_eq!(config.graph.expired_meetings, MeetingRule::Refuse);
    assert_eq!(config.graph.channel_meetings, MeetingRule::Refuse);
    assert_eq!(config.graph.uncalendared_meetings, MeetingRule::Refuse);
    assert_eq!(config.graph.query_options, QueryOptionsRule::Reference);
    assert!(config.graph.export_requires_policy);
}

#[test]
fn every_setting_of_a_file_arrives() {
    let config = load_text(
        "listen = '[::1]:0'\npublic_url = 'https://Recordings.example.org/'\nprofile = 'graph'\ncloud = 'usgov-l5'\n\
         data = '/srv/g'\nshutdown_grace = '500ms'\n\
         [metadata]\nurl = 'sqlite:/var/g.db'\nconnections = 2\n[content]\nurl = 'file:c/d'\n\
         [log]\nformat = 'json'\nrequests = false\n\
         [limits]\nmax_connections = 1\nheader_timeout = '1s'\nsend_timeout = '2s'\nheader_bytes = 8192\njson_bytes = 2048\n\
         [graph]\nexpired_meetings = 'serve'\nchannel_meetings = 'serve'\nuncalendared_meetings = 'serve'",
    )
    .config;
    assert_eq!(config.listen.to_string(), "[::1]:0");
    assert_eq!(
        config.public_url.as_deref(),
        Some("https://recordings.example.org")
    );
    assert_eq!(config.cloud, Cloud::UsGovL5);
    assert_eq!(config.shutdown_grace, Duration::from_millis(500));
    assert!(
        matches!(config.metadata_place(), Ok(MetadataPlace::Sqlite(file)) if file == Path::new("/var/g.db"))
    );
    assert_eq!(config.metadata.connections, 2);
    let content = config.content_place().unwrap();
    assert!(matches!(&content, ContentConfig::Folder(folder) if folder == Path::new("/srv/g/c/d")));
    assert_eq!(config.log.format, LogFormat::Json);
    assert!(!config.log.requests);
    assert_eq!(config.limits.max_connections, 1);
    assert_eq!(config.limits.header_timeout, Duration::from_secs(1));
    assert_eq!(config.limits.send_timeout, Duration::from_secs(2));
    assert_eq!(config.limits.header_bytes, 8192);
    assert_eq!(config.limits.json_bytes, 2048);
    assert_eq!(config.graph.expired_meetings, MeetingRule::Serve);
    assert_eq!(config.graph.channel_meetings, MeetingRule::Serve);
    assert_eq!(config.graph.uncalendared_meetings, MeetingRule::Serve);
}

#[test]
fn flag_beats_environment_beats_file_beats_profile_beats_default() {
    let text = "profile = 'archive'\nlisten = '127.0.0.1:1'\n[log]\nformat = 'json'\n[limits]\njson_bytes = 4096\n\
                [graph]\nchannel_meetings = 'refuse'";
    let flags = Flags {
        listen: Some("127.0.0.1:3".to_owned()),
        ..Flags::default()
    };
    let environment = [
        ("GRAPHOPHONE_LISTEN", "127.0.0.1:2"),
        ("GRAPHOPHONE_LIMITS__JSON_BYTES", "8192"),
        ("HOME", "/nowhere"),
    ];
    let effective = load_with(text, flags, &environment).unwrap();
    for (key, shown, origin) in [
        ("listen", "\"127.0.0.1:3\"", "--listen"),
        ("limits.json_bytes", "8192", "GRAPHOPHONE_LIMITS__JSON_BYTES"),
        ("graph.expired_meetings", "\"serve\"", "profile archive"),
        ("graph.query_options", "\"superset\"", "profile archive"),
        ("limits.header_bytes", "32768", "default"),
        ("public_url", "\"\"", "default"),
    ] {
        let setting = setting(&effective, key);
        assert_eq!(
            (setting.shown.as_str(), setting.origin.to_string().as_str()),
            (shown, origin),
            "{key}"
        );
    }
    for key in ["log.format", "graph.channel_meetings"] {
        assert!(matches!(&setting(&effective, key).origin, Origin::File(path) if path.ends_with("g.toml")));
    }
    assert_eq!(effective.config.listen.port(), 3);
    assert_eq!(effective.config.graph.channel_meetings, MeetingRule::Refuse);
}

#[test]
fn the_profile_may_come_from_the_environment() {
    let config = load(&Flags::default(), [("GRAPHOPHONE_PROFILE", "archive")]).unwrap();
    assert_eq!(config.config.graph.expired_meetings, MeetingRule::Serve);
    assert_eq!(config.config.graph.query_options, QueryOptionsRule::Superset);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn the_passphrase_of_backups_is_no_setting_and_no_mistake() {
    let loaded = load(&Flags::default(), [(BACKUP_PASSPHRASE, "four words of a test")]).unwrap();
    assert!(!format!("{loaded:?}").contains("four words"));
    let mistaken = load(&Flags::default(), [("GRAPHOPHONE_BACKUP_PASSPHRAS", "x")]);
    assert!(mistaken.is_err());
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = "listen = 'localhost:80'\npublic_url = 'https://a.example/path'\n[limits]\nmax_connection = 1\n[[issuers]]";
    let environment = [("GRAPHOPHONE_LOG__REQUESTS", "1"), ("GRAPHOPHONE_PORT", "80")];
    let problems = load_with(text, Flags::default(), &environment).unwrap_err();
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "limits.max_connection",
            "listen",
            "log.requests",
            "GRAPHOPHONE_PORT",
            "issuers[0].issuer",
            "issuers[0].audiences",
            "public_url",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn what_this_release_does_not_have_is_refused_by_name() {
    for (text, key) in [
        ("[metrics]\nlisten = '127.0.0.1:9464'", "metrics.listen"),
        (
            "[notifications]\nallowed_networks = ['127.0.0.2/32']",
            "notifications.allowed_networks",
        ),
        ("[notifications]\nallow_http = true", "notifications.allow_http"),
        ("[notifications]\nca_file = 'a'", "notifications.ca_file"),
        ("[content.s3]\nredirect = true", "content.s3.redirect"),
    ] {
        let problems = problems_of(text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        let expected = format!("{key}: this release does not have ");
        assert!(
            problems[0].starts_with(&expected) && !problems[0].contains("hush"),
            "{problems:?}"
        );
    }
}

#[test]
fn stores_are_files_below_data() {
    for (text, accepted) in [
        ("[metadata]\nurl = 'sqlite:a/b.db'", true),
        ("[metadata]\nurl = 'sqlite:'", false),
        ("[metadata]\nurl = 'sqlite::memory:'", false),
        ("[metadata]\nurl = 'sqlite://a.db'", false),
        ("[metadata]\nurl = 'sqlite:a.db?mode=ro'", false),
        ("[metadata]\nurl = 'graphophone.db'", false),
        ("[content]\nurl = 'file:/srv/content'", true),
        ("[content]\nurl = 'file:///srv/content'", false),
        ("[content]\nurl = ''", false),
    ] {
        assert_eq!(problems_of(text).is_empty(), accepted, "{text}");
    }
    let config = load(&Flags::default(), NO_ENVIRONMENT).unwrap().config;
    let problem = config.metadata_place().unwrap_err().to_string();
    assert!(problem.starts_with("data: required"), "{problem}");
}

/// The bucket of a file of that text in an environment.
fn bucket(text: &str, environment: &[(&str, &str)]) -> Result<(S3Config, Effective), Vec<String>> {
    match load_with(text, Flags::default(), environment) {
        Ok(effective) => match &effective.config.content {
            ContentConfig::S3(bucket) => Ok(((**bucket).clone(), effective)),
            ContentConfig::Folder(folder) => panic!("{}", folder.display()),
        },
        Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
    }
}

fn text(text: &str) -> SecretSource {
    SecretSource::Text(Secret::new(text.to_owned()))
}

const KEYS_OF_AWS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
    ("AWS_SECRET_ACCESS_KEY", "hush"),
];

#[test]
fn every_setting_of_a_bucket_arrives() {
    let (bucket, effective) = bucket(
        "[content]\nurl = 's3://my-bucket/a/b/'\n[content.s3]\nendpoint = 'https://s3.example.org:9000/path/'\n\
         region = 'eu-central-1'\naddressing = 'host'\nca_file = '/ca.pem'\naccess_key_id = 'AKIA'\n\
         secret_access_key_file = '/secret'\nsession_token = 'token'",
        &KEYS_OF_AWS,
    )
    .unwrap();
    let expected = S3Config {
        bucket: "my-bucket".to_owned(),
        prefix: "a/b".to_owned(),
        endpoint: Some("https://s3.example.org:9000/path".to_owned()),
        region: "eu-central-1".to_owned(),
        addressing: Addressing::Host,
        ca_file: Some(PathBuf::from("/ca.pem")),
        credentials: S3Credentials::Keys {
            access_key_id: text("AKIA"),
            secret_access_key: SecretSource::File(PathBuf::from("/secret")),
            session_token: Some(text("token")),
        },
    };
    assert_eq!(bucket, expected);
    assert!(effective.warnings.is_empty());
    assert_eq!(setting(&effective, "content.s3.session_token").shown, "***");
    assert!(!format!("{effective:?}").contains("token\")"), "{effective:?}");
}

#[test]
fn an_endpoint_decides_what_is_not_said() {
    let with = "content.url = 's3://bucket'\ncontent.s3.endpoint = 'http://127.0.0.1:9000'";
    let (found, effective) = bucket(with, &KEYS_OF_AWS).unwrap();
    assert_eq!(
        (found.addressing, found.region.as_str()),
        (Addressing::Path, "us-east-1")
    );
    assert!(effective.warnings.is_empty());
    let (found, _) = bucket(
        with,
        &[KEYS_OF_AWS.as_slice(), &[("AWS_DEFAULT_REGION", "eu-west-1")]].concat(),
    )
    .unwrap();
    assert_eq!(found.region, "eu-west-1");
    let without = "content.url = 's3://bucket'";
    let problems = bucket(without, &KEYS_OF_AWS).unwrap_err();
    assert!(
        problems.len() == 1 && problems[0].starts_with("content.s3.region: required"),
        "{problems:?}"
    );
    let regions = [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2")];
    let (found, _) = bucket(without, &[KEYS_OF_AWS, regions].concat()).unwrap();
    assert_eq!(
        (found.addressing, found.region.as_str()),
        (Addressing::Host, "eu-west-1")
    );
    let plain =
        "content.url = 's3://bucket'\n[content.s3]\nendpoint = 'http://s3.example.org'\nca_file = 'ca.pem'";
    let (_, effective) = bucket(plain, &KEYS_OF_AWS).unwrap();
    let keys: Vec<_> = effective
        .warnings
        .iter()
        .map(|warning| warning.key.as_str())
        .collect();
    assert_eq!(keys, ["content.s3.endpoint", "content.s3.ca_file"]);
}

#[test]
fn credentials_come_whole_from_the_first_source_that_has_any() {
    let head = "content.url = 's3://bucket'\n[content.s3]\nregion = 'eu-central-1'\n";
    let load = |lines: &str, environment: &[(&str, &str)]| bucket(&format!("{head}{lines}"), environment);
    let web = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_ROLE_SESSION_NAME", "name"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9/"),
    ];
    let all = [KEYS_OF_AWS.as_slice(), &web, &[("AWS_SESSION_TOKEN", "t")]].concat();
    let own = "access_key_id = 'AKIA'\nsecret_access_key = 'own'";
    let keys = |id, secret, token: Option<&str>| S3Credentials::Keys {
        access_key_id: text(id),
        secret_access_key: text(secret),
        session_token: token.map(text),
    };
    assert_eq!(load(own, &all).unwrap().0.credentials, keys("AKIA", "own", None));
    let (found, effective) = load("", &all).unwrap();
    assert_eq!(found.credentials, keys("AKIAENVIRONMENT", "hush", Some("t")));
    let shown = setting(&effective, "content.s3.secret_access_key");
    assert_eq!(
        (shown.shown.as_str(), shown.origin.to_string().as_str()),
        ("***", "AWS_SECRET_ACCESS_KEY")
    );
    let expected = S3Credentials::WebIdentity {
        token_file: PathBuf::from("/token"),
        role_arn: "arn:aws:iam::1:role/r".to_owned(),
        session_name: Some("name".to_owned()),
        sts_endpoint: Some("http://127.0.0.1:9".to_owned()),
    };
    assert_eq!(load("", &web).unwrap().0.credentials, expected);
    for (lines, environment, problem) in [
        (
            "",
            &[][..],
            "content.s3.access_key_id: required; set it and content.s3.secret_access_key, or ",
        ),
        (
            "access_key_id = 'AKIA'",
            &all,
            "content.s3.secret_access_key: required beside content.s3.access_key_id",
        ),
        (
            "secret_access_key_file = 's'",
            &all,
            "content.s3.access_key_id: required beside",
        ),
        (
            "session_token = 't'",
            &all,
            "content.s3.access_key_id: required beside content.s3.session_token",
        ),
        (
            "access_key_id = 'AKIA'\naccess_key_id_file = 'f'\nsecret_access_key = 's'",
            &all,
            "content.s3.access_key_id_file: content.s3.access_key_id is set as well",
        ),
        ("", &KEYS_OF_AWS[..1], "content.s3.secret_access_key: required"),
        ("", &web[..1], "content.s3.access_key_id: required; "),
        (
            "",
            &[web[0], web[1], ("AWS_ENDPOINT_URL_STS", "http://sts.example.org")],
            "AWS_ENDPOINT_URL_STS: expected",
        ),
    ] {
        let problems = load(lines, environment).unwrap_err();
        assert!(
            problems.iter().any(|found| found.starts_with(problem)),
            "{lines}: {problems:?}"
        );
        assert!(!problems.concat().contains("hush"), "{problems:?}");
    }
}

#[test]
fn buckets_and_endpoints_that_are_none_are_refused() {
    for (url, accepted) in [
        ("s3://bucket", true),
        ("s3://bucket/", true),
        ("s3://my.bucket-1/a_b/C.d", true),
        ("s3:bucket", false),
        ("s3://", false),
        ("s3://ab", false),
        ("s3://Bucket", false),
        ("s3://-bucket", false),
        ("s3://bucket-", false),
        ("s3://a..b", false),
        ("s3://192.168.0.1", false),
        ("s3://key:hush@bucket", false),
        ("s3://bucket//a", false),
        ("s3://bucket/a//b", false),
        ("s3://bucket/a//", false),
        ("s3://bucket/../a", false),
        ("s3://bucket/a b", false),
        ("s3://bucket/a?b", false),
        ("s3://bucket/a%2Fb", false),
    ] {
        let found = bucket(
            &format!("content.url = '{url}'\ncontent.s3.endpoint = 'https://a.example'"),
            &KEYS_OF_AWS,
        );
        match found {
            Ok(_) => assert!(accepted, "{url}"),
            Err(problems) => {
                assert!(!accepted && problems.len() == 1, "{url}: {problems:?}");
                assert!(
                    problems[0].starts_with("content.url: expected s3://BUCKET"),
                    "{problems:?}"
                );
                assert!(!problems[0].contains("hush"), "{problems:?}");
            }
        }
    }
    for endpoint in [
        "a.example",
        "https://u:hush@a.example",
        "https://a.example/?x",
        "https://a.example/%41",
        "s3://a",
    ] {
        let text = format!("content.url = 's3://bucket'\ncontent.s3.endpoint = '{endpoint}'");
        let problems = bucket(&text, &KEYS_OF_AWS).unwrap_err();
        assert!(
            problems.len() == 1 && problems[0].starts_with("content.s3.endpoint: expected a URL"),
            "{problems:?}"
        );
        assert!(!problems[0].contains("hush"), "{problems:?}");
    }
    let dotted = "content.url = 's3://my.bucket'\ncontent.s3.region = 'a'";
    assert!(bucket(dotted, &KEYS_OF_AWS).unwrap_err()[0].starts_with("content.s3.addressing: "));
}

#[test]
fn settings_of_a_bucket_beside_a_folder_are_refused() {
    for (line, key) in [
        ("endpoint = 'https://a.example'", "content.s3.endpoint"),
        ("region = 'a'", "content.s3.region"),
        ("addressing = 'path'", "content.s3.addressing"),
        ("ca_file = 'a'", "content.s3.ca_file"),
        ("access_key_id = 'a'", "content.s3.access_key_id"),
        (
            "secret_access_key_file = 'a'",
            "content.s3.secret_access_key_file",
        ),
        ("session_token = 'a'", "content.s3.session_token"),
    ] {
        let problems = problems_of(&format!("[content.s3]\n{line}"));
        assert!(
            problems.len() == 1 && problems[0].starts_with(&format!("{key}: a folder does not need it")),
            "{problems:?}"
        );
    }
    // What other programs read is nobody's business here.
    assert!(load_with("", Flags::default(), &KEYS_OF_AWS).is_ok());
}

#[test]
fn a_postgres_password_is_given_once_and_never_shown() {
    let url = |rest: &str| {
        format!("[metadata]\nurl = 'postgres://u{rest}@127.0.0.1/d?sslrootcert=ca.pem&sslmode=require'")
    };
    let config = load_text(&format!("{}\npassword_file = 'p'", url(""))).config;
    let MetadataPlace::Postgres(server) = config.metadata_place().unwrap() else {
        panic!("{config:?}");
    };
    let root = server.ssl_root_cert.clone().unwrap();
    assert!(root.is_absolute() && root.ends_with("ca.pem"), "{root:?}");
    assert!(matches!(server.password, Some(SecretSource::File(file)) if file.parent() == root.parent()));

    let effective = load_text(&url(":hush"));
    let shown = &setting(&effective, "metadata.url").shown;
    assert!(shown.contains("u:***@127.0.0.1"), "{shown}");
    assert!(!format!("{effective:?}").contains("hush"));

    for text in [
        format!("{}\npassword = 'hush'", url(":hush")),
        format!("{}\npassword = 'hush'\npassword_file = 'p'", url("")),
        "[metadata]\npassword = 'hush'".to_owned(),
    ] {
        let problems = problems_of(&text);
        assert!(problems[0].starts_with("metadata.password: "), "{problems:?}");
        assert!(!problems.concat().contains("hush"), "{problems:?}");
    }
}

#[test]
fn data_is_relative_to_the_file_that_names_it_and_otherwise_to_the_working_directory() {
    let of_file = load_text("data = 'd'").config.data.unwrap();
    assert!(of_file.is_absolute() && of_file.ends_with("d"));
    let of_environment = load_with("", Flags::default(), &[("GRAPHOPHONE_DATA", "d")]).unwrap();
    assert_eq!(of_environment.config.data.unwrap(), Path::new("d"));
    let flags = Flags {
        data: Some(PathBuf::from("e")),
        ..Flags::default()
    };
    let of_flag = load_with("data = 'd'", flags, &[]).unwrap();
    assert_eq!(of_flag.config.data.as_deref(), Some(Path::new("e")));
    assert_eq!(setting(&of_flag, "data").origin, Origin::Flag("data"));
}

#[test]
fn public_url_is_scheme_host_and_port_only() {
    for (url, accepted) in [
        ("https://a.example", true),
        ("http://a.example:8080/", true),
        ("https://[2001:db8::1]:8443", true),
        ("", true),
        ("a.example", false),
        ("https://a.example/graph", false),
        ("https://a.example?x", false),
        ("https://user@a.example", false),
        ("https://a.example//", false),
        ("ftp://a.example", false),
    ] {
        assert_eq!(
            problems_of(&format!("public_url = '{url}'")).is_empty(),
            accepted,
            "{url}"
        );
    }
}

#[test]
fn links_begin_with_public_url_or_else_with_the_bound_address() {
    let mut config = load(&Flags::default(), NO_ENVIRONMENT).unwrap().config;
    for (bound, expected) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("[::1]:9", "http://[::1]:9"),
        ("[fe80::1%2]:9", "http://[fe80::1]:9"),
    ] {
        assert_eq!(config.public_url_for(bound.parse().unwrap()).unwrap(), expected);
    }
    for wildcard in ["0.0.0.0:80", "[::]:80", "[::ffff:0.0.0.0]:80"] {
        let problem = config.public_url_for(wildcard.parse().unwrap()).unwrap_err();
        assert_eq!(problem.key, "public_url");
    }
    config.public_url = Some("https://a.example".to_owned());
    let url = config.public_url_for("0.0.0.0:80".parse().unwrap());
    assert_eq!(url.unwrap(), "https://a.example");
}

#[test]
fn what_is_risky_or_idle_is_warned_of() {
    let effective = load_text(
        "public_url = 'http://a.example'\n\
         [[issuers]]\nissuer = 'https://b.example'\naudiences = ['a']\njwks_file = 'k'\nca_file = 'c'",
    );
    let keys: Vec<_> = effective
        .warnings
        .iter()
        .map(|warning| warning.key.as_str())
        .collect();
    assert_eq!(keys, ["public_url", "issuers[0].ca_file"]);
    assert!(
        load_text("public_url = 'http://localhost:8080'")
            .warnings
            .is_empty()
    );
}

/// The reference with every example in it made a setting.
fn reference_in_full() -> toml::Table {
    let is_example = |line: &&str| {
        let name = line.split(" = ").next().unwrap_or_default();
        line.starts_with('[')
            || (line.contains(" = ")
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b)))
    };
    let lines = REFERENCE
        .lines()
        .map(|line| line.strip_prefix("# ").filter(is_example).unwrap_or(line));
    toml::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap()
}

fn leaves(table: &toml::Table, path: &str, into: &mut BTreeMap<String, toml::Value>) {
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => leaves(inner, &format!("{path}{name}."), into),
            _ => {
                into.insert(format!("{path}{name}"), value.clone());
            }
        }
    }
}

fn names(keys: &[Key]) -> Vec<&str> {
    let mut names: Vec<_> = keys.iter().map(|key| key.name).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_reference_has_every_setting_and_no_other() {
    let mut table = reference_in_full();
    let entries = TABLES.map(|(name, keys)| (keys, table.remove(name).unwrap()));
    let tables = entries
        .iter()
        .map(|(keys, entries)| (*keys, entries[0].as_table().unwrap()));
    for (keys, table) in tables.chain([(KEYS, &table)]) {
        let mut found = BTreeMap::new();
        leaves(table, "", &mut found);
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), names(keys));
        for key in keys {
            if let Some(default) = key.default {
                assert_eq!(
                    found[key.name],
                    value::from_text(key.kind, default),
                    "{}",
                    key.name
                );
            }
        }
    }
}

#[test]
fn the_reference_sets_nothing_but_defaults() {
    let table: toml::Table = toml::from_str(REFERENCE).unwrap();
    let mut found = BTreeMap::new();
    leaves(&table, "", &mut found);
    let with_default = KEYS.iter().filter(|key| key.default.is_some()).count();
    assert_eq!(found.len(), with_default);
    let shown = |effective: &Effective| -> Vec<(String, String)> {
        let settings = effective
            .settings
            .iter()
            .filter(|setting| setting.key != "graph.query_options");
        settings
            .map(|setting| (setting.key.clone(), setting.shown.clone()))
            .collect()
    };
    let defaults = load(&Flags::default(), NO_ENVIRONMENT).unwrap();
    let settings = shown(&load_text(REFERENCE));
    assert!(shown(&defaults).iter().all(|setting| settings.contains(setting)));
}

#[test]
fn the_documentation_has_a_row_for_every_setting_with_its_default() {
    let page = include_str!("../../docs/configuration.md");
    let cell = |row: &str, index: usize| row.split('|').nth(index).unwrap_or_default().trim().to_owned();
    let mut rows: BTreeMap<String, String> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| (cell(line, 1), cell(line, 2)))
        .collect();
    for (prefix, keys) in [
        ("", KEYS),
        ("issuers.", ISSUER_KEYS),
        ("identity_providers.", PROVIDER_KEYS),
    ] {
        for key in keys {
            let name = format!("`{prefix}{}`", key.name);
            let default = rows.remove(&name).unwrap_or_else(|| panic!("{name} has no row"));
            let expected = match (key.kind, key.default) {
                (_, None) => "–".to_owned(),
                (kind, Some(text)) => format!("`{}`", value::from_text(kind, text)),
            };
            assert_eq!(default, expected, "{name}");
        }
    }
    assert!(rows.is_empty(), "unknown settings: {rows:?}");
    assert!(KEYS.iter().all(|key| !matches!(key.kind, Kind::TextOrTexts)));
}

#[test]
fn the_examples_of_the_documentation_are_accepted() {
    let page = include_str!("../../docs/configuration.md");
    let examples: Vec<_> = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        assert_eq!(problems_of(example), [""; 0], "{example}");
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    assert_eq!(
        load_text("\u{feff}listen = '127.0.0.1:1'").config.listen.port(),
        1
    );
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let text = "public_url = 'https://u:hush@a.example'\n\
                [[issuers]]\nissuer = 'https://u:hush@a.example'\njwks_uri = 'https://u:hush@a.example'\naudiences = ['a']";
    let problems = problems_of(text);
    assert_eq!(problems.len(), 3);
    assert!(!problems.concat().contains("hush"), "{problems:?}");
}
