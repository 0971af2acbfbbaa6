//! Everybody who asks which database a service's variables lead to, asked for the same sets of variables: the check (of
//! the revision), the probe (of its own process), the dry run (of the files), the sandbox's service and its world.
//!
//! `table.txt` holds what each answers. `UPDATE=1` writes the answers anew; the comments stay.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Connection, SslMode};
use crate::in_place::{self, Names};
use crate::model::{DeploysVia, Place, SecretReference, Service, Stated, Target, Variable, infer_database};
use crate::sandbox::world::World;
use crate::text::vault::Vault;
use crate::{findings, live, sandbox};

const TABLE: &str = "src/connection/table.txt";

/// A set of variables, and what surrounds it.
#[derive(Default)]
struct Case {
    title: String,
    /// What was decided about it.
    comments: Vec<String>,
    variables: Vec<(String, String)>,
    attached: Vec<String>,
    /// Files of the container, by their names.
    files: Vec<(String, String)>,
}

fn cases(table: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in table.lines() {
        if let Some(title) = line.strip_prefix("== ") {
            cases.push(Case { title: title.to_owned(), ..Case::default() });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if line.starts_with('#') {
            case.comments.push(line.to_owned());
        } else if let Some(name) = line.strip_prefix("@attached ") {
            case.attached.push(name.to_owned());
        } else if let Some((name, content)) =
            line.strip_prefix("@file ").and_then(|file| file.split_once(' '))
        {
            case.files.push((name.to_owned(), content.to_owned()));
        } else if let Some((name, value)) = line.split_once('=').filter(|(name, _)| is_name(name)) {
            case.variables.push((name.to_owned(), value.to_owned()));
        }
    }
    cases
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Case {
    /// The variables, with the files where they are in this test.
    fn values(&self, folder: &Path) -> Vec<(String, String)> {
        let put = |value: &str| value.replace("{dir}", &folder.display().to_string());
        self.variables.iter().map(|(name, value)| (name.clone(), put(value))).collect()
    }

    fn service(&self, folder: &Path) -> Service {
        let place = Place { file: "table".into(), line: 1, column: 1 };
        let known = |text: &str| Stated::known(text, place.clone());
        let mut service = Service::new(DeploysVia::Native, place.clone());
        for (name, value) in self.values(folder) {
            service.env.push(Variable { name, value: known(&value) });
        }
        for (name, _) in &self.files {
            service.secrets.push(SecretReference {
                target: folder.join(name).display().to_string(),
                secret: known(&name.replace('.', "-")),
                version: known("1"),
            });
        }
        service.cloudsql_instances = self.attached.iter().map(|name| known(name)).collect();
        service.database = infer_database(&service);
        service
    }

    async fn answers(&self, folder: &Path) -> Vec<(&'static str, String)> {
        for (name, content) in &self.files {
            let path = folder.join(name);
            std::fs::write(&path, content.replace("\\n", "\n")).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&path, mode).unwrap();
        }
        let service = self.service(folder);
        if service.database.is_none() {
            return vec![("all", "no database".to_owned())];
        }
        let values = self.values(folder);
        // Where the gate dials from inside, it sees the container's files as the service does.
        let mounts: Vec<_> =
            self.attached.iter().map(|_| json!({"name": "sql", "mountPath": "/cloudsql"})).collect();
        let revision = serde_json::from_value(json!({
            "containers": [{
                "env": values.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
                "volumeMounts": mounts,
            }],
            "volumes": [{"name": "sql", "cloudSqlInstance": {"instances": self.attached}}],
        }))
        .unwrap();
        let scope = live::testing::scope(service.clone());
        let checked = live::connection::asked(&scope, &revision).await;
        let checked = checked.as_ref().map_or_else(|said| said.clone(), whole);

        let process: BTreeMap<String, SecretString> =
            values.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let probed = in_place::way(&Names::default(), &process, &Vault::default());
        let probed = probed.map_or_else(|(_, why)| format!("! {why}"), |way| whole(&way.connection));

        let looked_at = findings::asked(&service);

        let target = Arc::new(Target {
            key: "auth".to_owned(),
            name: "auth".to_owned(),
            project: "p".to_owned(),
            region: "r".to_owned(),
            revision: None,
            service,
        });
        let mut world = World::default();
        for (name, content) in &self.files {
            world.has_secret("p", &name.replace('.', "-"), &content.replace("\\n", "\n"));
        }
        let world = world.described(&[target]);
        let invented = self.invented(&world);
        let serving = sandbox::asked(world);
        let all = [
            ("check", checked),
            ("probe", probed),
            ("files", looked_at),
            ("service", serving),
            ("world", invented),
        ];
        all.map(|(who, answer)| (who, self.readable(&answer, folder))).to_vec()
    }

    /// What the world puts behind the variables.
    fn invented(&self, world: &World) -> String {
        let link = world.services[0].link.as_ref().unwrap();
        let instance = &world.instances[world.instance(&link.instance).unwrap()];
        let role = instance.role(&link.role).unwrap();
        let password = role.password.as_ref().map(ExposeSecret::expose_secret);
        core(&link.host, &instance.port.to_string(), Some(&link.role), password, Some(&link.name))
    }

    /// Without the folder of this run, and without a word that chance gave.
    fn readable(&self, answer: &str, folder: &Path) -> String {
        answer.replace(&folder.display().to_string(), "{dir}")
    }
}

/// `host:port user:password@name`; `-` is what is not stated. Port and name have the defaults that all drivers share.
pub(crate) fn core(
    host: &str,
    port: &str,
    user: Option<&str>,
    password: Option<&str>,
    name: Option<&str>,
) -> String {
    let host = if host.is_empty() { "-" } else { host };
    // What the world invents differs in every run.
    let password = password.map(|one| if one.len() == 24 { "invented" } else { one });
    let port = if port.is_empty() { "5432" } else { port };
    let name = name.or(user);
    let [user, password, name] = [user, password, name].map(|part| part.unwrap_or("-"));
    format!("{host}:{port} {user}:{password}@{name}")
}

fn whole(connection: &Connection) -> String {
    let Connection { host, port, user, password, database, .. } = connection;
    let password = password.as_ref().map(ExposeSecret::expose_secret);
    let mut text = core(host, &port.to_string(), Some(user), password, Some(database));
    for server in &connection.others {
        write!(text, " then={server}").unwrap();
    }
    if connection.sslmode != SslMode::Prefer {
        write!(text, " sslmode={}", connection.sslmode).unwrap();
    }
    if connection.target != super::SessionTarget::Any {
        write!(text, " target={}", connection.target).unwrap();
    }
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    for (what, stated) in [
        ("timeout", number(connection.connect_timeout.map(|time| time.as_secs()))),
        ("balanced", connection.balanced.then(|| "yes".to_owned())),
        ("root", connection.files.root.clone()),
        ("certificate", connection.files.certificate.clone()),
        ("key", connection.files.key.clone()),
        ("options", connection.options.clone()),
        ("pool", number(connection.pool.map(u64::from))),
    ] {
        if let Some(stated) = stated {
            write!(text, " {what}={stated}").unwrap();
        }
    }
    text
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test reads its own environment")]
async fn everybody_is_asked_the_same() {
    let table = std::fs::read_to_string(TABLE).unwrap();
    let head: String =
        table.lines().take_while(|line| !line.starts_with("==")).map(|line| format!("{line}\n")).collect();
    let mut written = head;
    let mut wrong = Vec::new();
    let cases = cases(&table);
    assert!(cases.len() >= 40, "{}", cases.len());
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        let answers = case.answers(folder.path()).await;
        writeln!(written, "== {}", case.title).unwrap();
        case.comments.iter().for_each(|line| writeln!(written, "{line}").unwrap());
        case.variables.iter().for_each(|(name, value)| writeln!(written, "{name}={value}").unwrap());
        case.attached.iter().for_each(|name| writeln!(written, "@attached {name}").unwrap());
        case.files.iter().for_each(|(name, content)| writeln!(written, "@file {name} {content}").unwrap());
        let first = &answers[0].1;
        let place = |answer: &str| answer.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let one = answers.iter().all(|(_, answer)| place(answer) == place(first));
        let decided = case.comments.iter().any(|line| line.starts_with("# Differs: "));
        if one == decided {
            wrong.push(format!("{}: {answers:?}", case.title));
        }
        if answers.iter().all(|(_, answer)| answer == first) {
            writeln!(written, "  all:     {first}").unwrap();
        } else {
            for (who, answer) in &answers {
                let who = format!("{who}:");
                writeln!(written, "  {who:<8} {answer}").unwrap();
            }
        }
        written.push('\n');
    }
    let written = format!("{}\n", written.trim_end());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(TABLE, written).unwrap();
    } else {
        assert!(table == written, "{TABLE} is old; UPDATE=1 writes it anew:\n{written}");
    }
    let what = "who differs without a word why (# Differs: …), and who does not differ with one";
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}
