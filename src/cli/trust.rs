//! `graphophone tls trust`

use std::fmt::Write as _;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::output::line;
use super::{Failure, StoreArgs};
use crate::tls::{LocalAuthority, authority_file, authority_name};

/// Tell clients of the certificate authority for development.
#[derive(Debug, Subcommand)]
pub(super) enum TlsCommand {
    /// Print how clients are told of the authority that `tls.development` and `demo --tls` have made. Changes nothing.
    Trust(Trust),
}

#[derive(Debug, Args)]
#[command(after_help = "\
The authority signs for this machine alone, and its key stays in the data folder. Tell clients of it for tests, and take it
back when they are done; where others are to use the server, get a certificate that their systems know already.")]
pub(super) struct Trust {
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object on one line instead.
    #[arg(long)]
    json: bool,
}

/// A client or a system, and what it is told in a shell.
struct Client {
    /// Its name in JSON.
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// How it is told of the authority.
    trust: &'static [&'static str],
    /// How it forgets it again.
    remove: &'static [&'static str],
}

/// Stand for the path of the certificate and the name of the authority in the lines of [`CLIENTS`].
const FILE: &str = "{ca}";
const NAME: &str = "{name}";

const CLIENTS: [Client; 14] = [
    Client {
        name: "curl",
        title: "curl",
        trust: &["curl --cacert {ca} …"],
        remove: &[],
    },
    Client {
        name: "openssl",
        title: "OpenSSL, Go, Rust and .NET on Linux, Ruby, PHP; httpx in Python: instead of what the system trusts",
        trust: &["export SSL_CERT_FILE={ca}"],
        remove: &["unset SSL_CERT_FILE"],
    },
    Client {
        name: "python",
        title: "Python: requests, msal, azure-identity: instead of what they trust",
        trust: &["export REQUESTS_CA_BUNDLE={ca} SSL_CERT_FILE={ca}"],
        remove: &["unset REQUESTS_CA_BUNDLE SSL_CERT_FILE"],
    },
    Client {
        name: "node",
        title: "Node.js: beside what it trusts",
        trust: &["export NODE_EXTRA_CA_CERTS={ca}"],
        remove: &["unset NODE_EXTRA_CA_CERTS"],
    },
    Client {
        name: "java",
        title: "Java: a store of its own, instead of what it trusts",
        trust: &[
            "keytool -importcert -noprompt -alias graphophone -file {ca} -keystore graphophone.p12 -storetype PKCS12 -storepass changeit",
            "java -Djavax.net.ssl.trustStore=graphophone.p12 -Djavax.net.ssl.trustStorePassword=changeit …",
        ],
        remove: &["rm graphophone.p12"],
    },
    Client {
        name: "go",
        title: "Go on Linux: instead of what the system trusts; elsewhere it asks the system",
        trust: &["export SSL_CERT_FILE={ca}"],
        remove: &["unset SSL_CERT_FILE"],
    },
    Client {
        name: "dotnet",
        title: ".NET on Linux: instead of what the system trusts; elsewhere it asks the system",
        trust: &["export SSL_CERT_FILE={ca}"],
        remove: &["unset SSL_CERT_FILE"],
    },
    Client {
        name: "debian",
        title: "Debian, Ubuntu: all that ask the system",
        trust: &[
            "sudo cp {ca} /usr/local/share/ca-certificates/graphophone-development.crt",
            "sudo update-ca-certificates",
        ],
        remove: &[
            "sudo rm /usr/local/share/ca-certificates/graphophone-development.crt",
            "sudo update-ca-certificates --fresh",
        ],
    },
    Client {
        name: "fedora",
        title: "Fedora, RHEL: all that ask the system",
        trust: &[
            "sudo cp {ca} /etc/pki/ca-trust/source/anchors/graphophone-development.pem",
            "sudo update-ca-trust",
        ],
        remove: &[
            "sudo rm /etc/pki/ca-trust/source/anchors/graphophone-development.pem",
            "sudo update-ca-trust",
        ],
    },
    Client {
        name: "macos",
        title: "macOS, with Safari and Chrome",
        trust: &[
            "security add-trusted-cert -r trustRoot -p ssl -k ~/Library/Keychains/login.keychain-db {ca}",
        ],
        remove: &[
            "security remove-trusted-cert {ca}",
            "security delete-certificate -c '{name}' ~/Library/Keychains/login.keychain-db",
        ],
    },
    Client {
        name: "windows",
        title: "Windows, with Edge and Chrome: after copying the file there",
        trust: &["certutil -user -addstore Root ca.pem"],
        remove: &["certutil -user -delstore Root \"{name}\""],
    },
    Client {
        name: "chromium",
        title: "Chrome and Chromium on Linux (certutil is in libnss3-tools or nss-tools)",
        trust: &["certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n graphophone-development -i {ca}"],
        remove: &["certutil -d sql:$HOME/.pki/nssdb -D -n graphophone-development"],
    },
    Client {
        name: "firefox",
        title: "Firefox: Settings, Certificates, View Certificates, Authorities, Import; or, with PROFILE its folder",
        trust: &["certutil -d sql:PROFILE -A -t C,, -n graphophone-development -i {ca}"],
        remove: &["certutil -d sql:PROFILE -D -n graphophone-development"],
    },
    Client {
        name: "openssl-check",
        title: "To see that it works",
        trust: &["openssl s_client -verify_return_error -CAfile {ca} -connect 127.0.0.1:PORT"],
        remove: &[],
    },
];

impl TlsCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self::Trust(trust) = self;
        trust.run()
    }
}

impl Trust {
    fn run(self) -> Result<(), Failure> {
        let config = self.store.load(None)?.config;
        let folder = config
            .authority_folder()
            .map_err(|problem| Failure::refused([problem]))?;
        let file = std::path::absolute(authority_file(&folder))?;
        if !file.is_file() {
            return Err(Failure::at_work(format!(
                "{} is not there: it is made when a server starts with tls.development = true, or by graphophone demo --tls \
                 --data DIR",
                file.display()
            )));
        }
        if self.json {
            return Ok(line(&as_json(&file).to_string())?);
        }
        Ok(line(as_text(&file).trim_end())?)
    }
}

/// A path as a word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c);
    match text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// A line of [`CLIENTS`] for the authority of that file.
fn filled(line: &str, file: &Path) -> String {
    let line = line.replace(FILE, &quoted(file));
    match line.contains(NAME) {
        true => line.replace(NAME, &authority_name(file).unwrap_or_default()),
        false => line,
    }
}

fn as_text(file: &Path) -> String {
    let mut text = format!(
        "The certificate of the authority is {}\n\
         Clients are told of it in these ways. What follows \"again:\" takes it back.\n",
        quoted(file)
    );
    let mut say = |line: &str| {
        // Writing into a String does not fail.
        let _written = writeln!(text, "{line}");
    };
    for client in &CLIENTS {
        say("");
        say(client.title);
        for line in client.trust {
            say(&format!("  {}", filled(line, file)));
        }
        if !client.remove.is_empty() {
            say("  again:");
        }
        for line in client.remove {
            say(&format!("  {}", filled(line, file)));
        }
    }
    text
}

fn as_json(file: &Path) -> Value {
    let lines = |lines: &[&str]| -> Vec<String> { lines.iter().map(|line| filled(line, file)).collect() };
    let clients: Map<String, Value> = CLIENTS
        .iter()
        .map(|client| {
            let own = json!({
                "title": client.title,
                "trust": lines(client.trust),
                "remove": lines(client.remove),
            });
            (client.name.to_owned(), own)
        })
        .collect();
    json!({ "caFile": file.display().to_string(), "clients": clients })
}

/// What a start says of the authority.
pub(super) fn notice(authority: &LocalAuthority) -> String {
    let file = quoted(&authority.file());
    let data = quoted(authority.data());
    let names: Vec<&str> = authority.names().collect();
    format!(
        "graphophone: the certificate for {} is signed by a local authority that no client knows: {file}\n\
         graphophone: tell clients of it with curl --cacert; SSL_CERT_FILE (OpenSSL, Go, Rust, .NET, httpx); \
         REQUESTS_CA_BUNDLE (Python requests); NODE_EXTRA_CA_CERTS (Node.js); keytool (Java)\n\
         graphophone: the lines for each, and for systems and browsers: graphophone tls trust --data {data}",
        names.join(", ")
    )
}
