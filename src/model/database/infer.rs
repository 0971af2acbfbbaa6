//! Recognises a service's databases by the names of its variables and secrets, as users name them.

use super::names::{
    DOTNET, ENGINES, FILE, HOSTS, INSTANCE_HOSTS, INSTANCES, NAMES, ONLY_ALONE, OTHER_ENGINES, PASSWORDS, PORTS,
    PREFIXES, SECONDARY, TRAPS, URLS, USERS,
};
use super::{Database, DatabaseVariables, Holds};
use crate::model::Service;

/// Recognises the database of a service; where there are several, the one that its name makes the main one.
///
/// Returns `None` where nothing hints at one. Nothing is guessed from values; a known value can only tell that it is
/// no PostgreSQL database (`mysql://…`, port 3306), or which instance it is.
pub fn infer(service: &Service) -> Option<Database> {
    let named = Named::of(service);
    let mut found: Vec<(Rank, DatabaseVariables)> =
        named.all().filter_map(|name| lead(&named, name)).collect();
    // Stable: of equal ones, the first in the file.
    found.sort_by_key(|(rank, _)| *rank);
    let mut found = found.into_iter().map(|(_, variables)| variables);
    let variables = found.next()?;
    // Google's samples name an instance twice: by its socket, and by its connection name.
    let same = |other: &DatabaseVariables| match (other.password(), other.user()) {
        (Some(password), _) => variables.password() == Some(password),
        (None, Some(user)) => variables.user() == Some(user),
        (None, None) => false,
    };
    let others = found.filter(|other| !same(other)).map(|other| other.leading().to_owned()).collect();
    let of_variable = variables.instance().and_then(|name| service.variable(name)).map(|one| &one.value);
    let of_variable =
        of_variable.filter(|value| value.as_known().is_none_or(|text| text.matches(':').count() >= 2));
    let instance = of_variable.or(service.cloudsql_instances.first()).cloned();
    Some(Database { others, ..Database::new(variables, instance, false) })
}

/// How sure a name is to be the main way: smaller is surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Of a replica, of migrations.
    secondary: bool,
    /// Words stand before the usual name.
    prefixed: bool,
    kind: Kind,
    /// Its place among the usual names.
    place: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Url,
    Parts,
    Instance,
}

/// The service's variables by their names in capitals.
struct Named<'a> {
    service: &'a Service,
    names: Vec<(String, &'a str)>,
}

impl<'a> Named<'a> {
    fn of(service: &'a Service) -> Self {
        let secrets = service.secrets.iter().map(|secret| secret.target.as_str());
        let plain = service.env.iter().map(|variable| variable.name.as_str());
        let all = plain.chain(secrets.filter(|target| !target.starts_with('/')));
        Self { service, names: all.map(|name| (name.to_ascii_uppercase(), name)).collect() }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(upper, _)| upper.as_str())
    }

    /// A name as it is written.
    fn written(&self, upper: &str) -> Option<&'a str> {
        self.names.iter().find(|(one, _)| one == upper).map(|(_, written)| *written)
    }

    /// The first variable that begins with a prefix and goes on with one of the words; or one beside which `_FILE` says
    /// that a file holds the value.
    fn part(&self, prefixes: &[&str], words: &[&str]) -> Option<String> {
        let named = |end: &'static str| {
            let all = prefixes.iter().flat_map(|prefix| words.iter().map(move |word| (prefix, word)));
            all.map(move |(prefix, word)| format!("{prefix}{word}{end}"))
        };
        named("").chain(named(FILE)).find_map(|name| self.written(&name)).map(str::to_owned)
    }

    /// The variable of the password; where there is none, the one by which libpq finds it.
    fn password(&self, prefixes: &[&str]) -> Option<String> {
        let own = self.part(prefixes, PASSWORDS);
        own.or_else(|| self.written(Holds::PASSFILE).map(str::to_owned))
    }

    fn known(&self, upper: &str) -> Option<&str> {
        self.service.variable(self.written(upper)?)?.value.as_known().map(str::trim)
    }

    /// Whether a known value tells that what begins with a prefix is another engine's.
    fn of_another_engine(&self, prefix: &str) -> bool {
        let says = |word: &&str| {
            let value = self.known(&format!("{prefix}{word}")).unwrap_or_default();
            is_another_engine(value)
        };
        ENGINES.iter().any(says) || self.known(&format!("{prefix}PORT")) == Some("3306")
    }
}

/// Whether a text names or begins with another engine than PostgreSQL.
fn is_another_engine(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let bare = lower.strip_prefix("jdbc:").or(lower.strip_prefix("r2dbc:")).unwrap_or(&lower);
    // Django writes `django.db.backends.mysql`.
    let last = bare.split("://").next().unwrap_or(bare).rsplit('.').next().unwrap_or(bare);
    let first = if bare.contains("://") { bare } else { last };
    OTHER_ENGINES.iter().any(|other| first.starts_with(other))
}

/// Where a variable's name tells that it leads to a database: how surely, and with which variables beside it.
fn lead(named: &Named<'_>, upper: &str) -> Option<(Rank, DatabaseVariables)> {
    if is_trap(upper) {
        return None;
    }
    url(named, upper).or_else(|| parts(named, upper)).or_else(|| instance(named, upper))
}

fn rank(upper: &str, kind: Kind, place: usize, prefix: &str) -> Rank {
    let secondary = upper.split('_').any(|word| SECONDARY.contains(&word));
    Rank { secondary, prefixed: !prefix.is_empty(), kind, place }
}

/// What stands before a usual name; empty, or a word and `_`.
fn before<'n>(upper: &'n str, usual: &str) -> Option<&'n str> {
    upper.strip_suffix(usual).filter(|prefix| prefix.is_empty() || prefix.ends_with('_'))
}

/// Whether variables of this name hold a connection string of PostgreSQL's, as a rule.
pub fn holds_connection_string(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    !is_trap(&upper) && usual_url(&upper).is_some()
}

/// Its place among the usual names, and what stands before it.
fn usual_url(upper: &str) -> Option<(usize, &str)> {
    URLS.iter().enumerate().find_map(|(place, usual)| {
        // The longer name of two that end alike is its own (`SQLALCHEMY_DATABASE_URI`).
        let longer =
            || URLS.iter().any(|one| one.len() > usual.len() && one.ends_with(usual) && upper.ends_with(one));
        let prefix = before(upper, usual)?;
        let alone = prefix.is_empty() || !ONLY_ALONE.contains(usual);
        (alone && !longer()).then_some((place, prefix))
    })
}

fn is_trap(upper: &str) -> bool {
    upper.split('_').any(|word| TRAPS.contains(&word))
}

fn url(named: &Named<'_>, upper: &str) -> Option<(Rank, DatabaseVariables)> {
    // `DATABASE_URL_FILE`: a file holds it, where no variable does.
    let bare = upper.strip_suffix(FILE).filter(|bare| named.written(bare).is_none()).unwrap_or(upper);
    let usual = usual_url(bare);
    let written = named.written(upper)?;
    let known = named.known(upper).filter(|_| Holds::of(written) == Holds::Value);
    if known.is_some_and(is_another_engine) {
        return None;
    }
    let (place, prefix) = match usual {
        Some(found) => found,
        // .NET's names are free: something else must tell whose it is.
        None if upper.starts_with(DOTNET) => {
            let says = ["POSTGRES", "NPGSQL", "PG"].iter().any(|word| upper.contains(word));
            let host = known.is_some_and(|text| text.to_ascii_lowercase().contains("host="));
            (says || host).then_some((URLS.len(), ""))?
        }
        None => return None,
    };
    let rank = rank(upper, Kind::Url, place, prefix);
    let url = written.to_owned();
    let variables = DatabaseVariables::Dsn(url.clone());
    // Beside a connection string: Spring's USERNAME and PASSWORD, and the like.
    let beside = DatabaseVariables::Dsn(upper.to_owned());
    let beside = beside.prefix();
    if named.of_another_engine(beside) {
        return None;
    }
    let part = |words: &[&str]| named.part(&[beside], words);
    let (user, password) = (part(USERS), part(PASSWORDS));
    let variables = match user.is_some() || password.is_some() {
        true => DatabaseVariables::Url { url, user, password, name: part(&["NAME", "DBNAME", "DB_NAME"]) },
        false => variables,
    };
    Some((rank, variables))
}

fn parts(named: &Named<'_>, upper: &str) -> Option<(Rank, DatabaseVariables)> {
    let host = named.written(upper)?.to_owned();
    if let Some(prefix) = INSTANCE_HOSTS.iter().find_map(|usual| before(upper, usual)) {
        let beside = beside_instance(named, prefix)?;
        let port = named.part(&[&beside], PORTS);
        let rank = rank(upper, Kind::Parts, 0, prefix);
        let [user, name] = [USERS, NAMES].map(|words| named.part(&[&beside], words));
        let password = named.password(&[&beside]);
        return Some((rank, DatabaseVariables::Parts { host, port, user, password, name }));
    }
    let whole = HOSTS.iter().find_map(|word| upper.strip_suffix(word))?;
    let (place, before) =
        PREFIXES.iter().enumerate().rev().find_map(|(place, usual)| Some((place, before(whole, usual)?)))?;
    let part = |words: &[&str]| named.part(&[whole], words);
    let [port, user, name] = [PORTS, USERS, NAMES].map(part);
    let password = named.password(&[whole]);
    // `DB_HOST` is known by itself; less usual words need something beside them.
    let usual = upper.ends_with("HOST") || upper.ends_with("HOSTNAME");
    if named.of_another_engine(whole) || !usual && user.is_none() && password.is_none() {
        return None;
    }
    // Two names for the host: the first of the table is it.
    let first = HOSTS.iter().find_map(|word| named.written(&format!("{whole}{word}")));
    if first.is_some_and(|first| first != host) {
        return None;
    }
    Some((
        rank(upper, Kind::Parts, place, before),
        DatabaseVariables::Parts { host, port, user, password, name },
    ))
}

fn instance(named: &Named<'_>, upper: &str) -> Option<(Rank, DatabaseVariables)> {
    let (place, prefix) =
        INSTANCES.iter().enumerate().find_map(|(place, usual)| Some((place, before(upper, usual)?)))?;
    let instance = named.written(upper)?.to_owned();
    let beside = beside_instance(named, prefix)?;
    let [user, name] = [USERS, NAMES].map(|words| named.part(&[&beside], words));
    let password = named.password(&[&beside]);
    let variables = DatabaseVariables::Instance { instance, user, password, name };
    Some((rank(upper, Kind::Instance, place, prefix), variables))
}

/// The prefix of the user and password that belong to an instance: without either, its name alone leads nowhere.
fn beside_instance(named: &Named<'_>, prefix: &str) -> Option<String> {
    let prefixes = [
        "DB_",
        "DATABASE_",
        "POSTGRES_",
        "SQL_",
        "CLOUD_SQL_",
        "CLOUDSQL_",
        "PG",
        "PG_",
        "SPRING_DATASOURCE_",
    ];
    let with_own = prefixes.iter().map(|usual| format!("{prefix}{usual}"));
    let mut all = with_own.chain(prefixes.iter().map(|usual| (*usual).to_owned()));
    all.find(|beside| {
        let led = named.part(&[beside], USERS).or_else(|| named.part(&[beside], PASSWORDS)).is_some();
        led && !named.of_another_engine(beside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeploysVia, Place, SecretReference, Stated, Variable};

    /// `NAME=value` is plain, `NAME` alone a secret.
    fn service(variables: &[&str]) -> Service {
        let place = Place { file: "a".into(), line: 1, column: 1 };
        let known = |text: &str| Stated::known(text, place.clone());
        let mut service = Service::new(DeploysVia::Native, place.clone());
        for one in variables {
            match one.split_once('=') {
                Some((name, value)) => {
                    service.env.push(Variable { name: name.to_owned(), value: known(value) });
                }
                None => service.secrets.push(SecretReference {
                    target: (*one).to_owned(),
                    secret: known("s"),
                    version: known("1"),
                }),
            }
        }
        service
    }

    /// What is recognised: the names, and behind `|` the others.
    fn seen(variables: &[&str]) -> String {
        let Some(found) = infer(&service(variables)) else { return String::new() };
        let kind = match &found.variables {
            DatabaseVariables::Dsn(_) => "dsn",
            DatabaseVariables::Url { .. } => "url",
            DatabaseVariables::Parts { .. } => "parts",
            DatabaseVariables::Instance { .. } => "instance",
        };
        let others =
            if found.others.is_empty() { String::new() } else { format!(" | {}", found.others.join(" ")) };
        format!("{kind} {}{others}", found.variables.names().join(" "))
    }

    #[test]
    fn databases_are_recognised_as_users_and_frameworks_name_them() {
        for (variables, expected) in [
            (&["DATABASE_URL"][..], "dsn DATABASE_URL"),
            (&["PORT=8080", "POSTGRES_DSN"], "dsn POSTGRES_DSN"),
            (&["SQLALCHEMY_DATABASE_URI"], "dsn SQLALCHEMY_DATABASE_URI"),
            (&["DB_CONNECTION_STRING"], "dsn DB_CONNECTION_STRING"),
            (&["DATABASE_URL", "DIRECT_URL"], "dsn DATABASE_URL | DIRECT_URL"),
            (&["DIRECT_URL", "POSTGRES_PRISMA_URL"], "dsn POSTGRES_PRISMA_URL | DIRECT_URL"),
            (
                &[
                    "SPRING_DATASOURCE_URL=jdbc:postgresql://h/d",
                    "SPRING_DATASOURCE_USERNAME=u",
                    "SPRING_DATASOURCE_PASSWORD",
                ],
                "url SPRING_DATASOURCE_URL SPRING_DATASOURCE_USERNAME SPRING_DATASOURCE_PASSWORD",
            ),
            (
                &[
                    "SPRING_R2DBC_URL=r2dbc:postgresql://h/d",
                    "SPRING_R2DBC_USERNAME=u",
                    "SPRING_R2DBC_PASSWORD",
                ],
                "url SPRING_R2DBC_URL SPRING_R2DBC_USERNAME SPRING_R2DBC_PASSWORD",
            ),
            (
                &[
                    "QUARKUS_DATASOURCE_JDBC_URL",
                    "QUARKUS_DATASOURCE_USERNAME=u",
                    "QUARKUS_DATASOURCE_PASSWORD",
                ],
                "url QUARKUS_DATASOURCE_JDBC_URL QUARKUS_DATASOURCE_USERNAME QUARKUS_DATASOURCE_PASSWORD",
            ),
            (
                &["JDBC_DATABASE_URL", "JDBC_DATABASE_USERNAME", "JDBC_DATABASE_PASSWORD"],
                "url JDBC_DATABASE_URL JDBC_DATABASE_USERNAME JDBC_DATABASE_PASSWORD",
            ),
            (&["DB_URL", "DB_USER", "DB_PASSWORD"], "url DB_URL DB_USER DB_PASSWORD"),
            (
                &["KC_DB_URL", "KC_DB_USERNAME", "KC_DB_PASSWORD"],
                "url KC_DB_URL KC_DB_USERNAME KC_DB_PASSWORD",
            ),
            (
                &[
                    "TYPEORM_HOST=h",
                    "TYPEORM_PORT=5432",
                    "TYPEORM_USERNAME",
                    "TYPEORM_PASSWORD",
                    "TYPEORM_DATABASE",
                ],
                "parts TYPEORM_HOST TYPEORM_PORT TYPEORM_USERNAME TYPEORM_PASSWORD TYPEORM_DATABASE",
            ),
            (
                &["PGHOST=h", "PGPORT=5432", "PGUSER=u", "PGPASSWORD", "PGDATABASE=d"],
                "parts PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE",
            ),
            (
                &["POSTGRES_SERVER=h", "POSTGRES_USER=u", "POSTGRES_PASSWORD", "POSTGRES_DB=d"],
                "parts POSTGRES_SERVER POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB",
            ),
            (
                &["AUTH_DB_HOST=h", "AUTH_DB_USER=u", "AUTH_DB_PASSWORD", "AUTH_DB_NAME=d"],
                "parts AUTH_DB_HOST AUTH_DB_USER AUTH_DB_PASSWORD AUTH_DB_NAME",
            ),
            (&["APP_DATABASE_URL"], "dsn APP_DATABASE_URL"),
            (
                &["PRIMARY_DATABASE_URL", "REPLICA_DATABASE_URL"],
                "dsn PRIMARY_DATABASE_URL | REPLICA_DATABASE_URL",
            ),
            (
                &["REPLICA_DATABASE_URL", "PRIMARY_DATABASE_URL"],
                "dsn PRIMARY_DATABASE_URL | REPLICA_DATABASE_URL",
            ),
            (
                &[
                    "INSTANCE_UNIX_SOCKET=/cloudsql/p:r:i",
                    "INSTANCE_CONNECTION_NAME=p:r:i",
                    "DB_NAME=d",
                    "DB_USER=u",
                    "DB_PASS",
                ],
                "parts INSTANCE_UNIX_SOCKET DB_USER DB_PASS DB_NAME",
            ),
            (
                &["INSTANCE_HOST=10.0.0.3", "DB_PORT=5432", "DB_NAME=d", "DB_USER=u", "DB_PASS"],
                "parts INSTANCE_HOST DB_PORT DB_USER DB_PASS DB_NAME",
            ),
            (
                &["INSTANCE_CONNECTION_NAME=p:r:i", "DB_USER=u", "DB_PASS", "DB_NAME=d"],
                "instance INSTANCE_CONNECTION_NAME DB_USER DB_PASS DB_NAME",
            ),
            (
                &["CLOUD_SQL_CONNECTION_NAME=p:r:i", "DB_USER", "DB_PASS"],
                "instance CLOUD_SQL_CONNECTION_NAME DB_USER DB_PASS",
            ),
            (
                &[
                    "CLOUD_SQL_CONNECTION_NAME=p:r:i",
                    "CLOUD_SQL_USER",
                    "CLOUD_SQL_PASSWORD",
                    "CLOUD_SQL_DATABASE",
                ],
                "instance CLOUD_SQL_CONNECTION_NAME CLOUD_SQL_USER CLOUD_SQL_PASSWORD CLOUD_SQL_DATABASE",
            ),
            (&["ConnectionStrings__Postgres"], "dsn ConnectionStrings__Postgres"),
            (&["ConnectionStrings__Default=Host=h;Username=u"], "dsn ConnectionStrings__Default"),
            (&["database_url"], "dsn database_url"),
            (&["DATABASE_URL", "DB_HOST=h"], "dsn DATABASE_URL | DB_HOST"),
            (
                &[
                    "DB_POSTGRESDB_HOST=h",
                    "DB_POSTGRESDB_USER=u",
                    "DB_POSTGRESDB_PASSWORD",
                    "DB_TYPE=postgresdb",
                ],
                "parts DB_POSTGRESDB_HOST DB_POSTGRESDB_USER DB_POSTGRESDB_PASSWORD",
            ),
            (&["DB_ENGINE=django.db.backends.postgresql", "DB_HOST=h"], "parts DB_HOST"),
            (
                &["POSTGRES_HOST=h", "POSTGRES_USER_FILE=/run/user", "POSTGRES_PASSWORD_FILE=/run/password"],
                "parts POSTGRES_HOST POSTGRES_USER_FILE POSTGRES_PASSWORD_FILE",
            ),
            (&["DB_HOST=h", "DB_PASSWORD", "DB_PASSWORD_FILE=/run/p"], "parts DB_HOST DB_PASSWORD"),
            (&["DATABASE_URL_FILE=/run/url"], "dsn DATABASE_URL_FILE"),
            (&["DATABASE_URL", "DATABASE_URL_FILE=/run/url"], "dsn DATABASE_URL"),
            (&["PGHOST=h", "PGUSER=u", "PGPASSFILE=/run/pgpass"], "parts PGHOST PGUSER PGPASSFILE"),
            (&["DB_HOST=h", "DB_USER=u", "PGPASSFILE=/run/pgpass"], "parts DB_HOST DB_USER PGPASSFILE"),
        ] {
            assert_eq!(seen(variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn look_alikes_of_other_stores_are_none() {
        for variables in [
            &["REDIS_URL"][..],
            &["REDIS_HOST=h", "REDIS_PASSWORD"],
            &["MONGODB_URL", "MONGO_DB_CONNECTION_STRING", "MONGO_DATABASE_URL"],
            &["MYSQL_HOST=h", "MYSQL_USER=u", "MYSQL_PASSWORD", "MYSQL_DATABASE_URL"],
            &["FIREBASE_DATABASE_URL=https://x.firebaseio.com", "FIREBASE_ADMIN_DATABASE_URL"],
            &["FIRESTORE_DATABASE_ID=x", "REDIS_INSTANCE", "DB_INSTANCE"],
            &["DATABASE_URL=mysql://u:p@h/d"],
            &["DATABASE_URL=sqlite:///app.db"],
            &["DB_URL=jdbc:mysql://h/d", "DB_USER=u"],
            &["DB_HOST=h", "DB_PORT=3306", "DB_PASSWORD"],
            &["DB_HOST=h", "DB_CONNECTION=mysql"],
            &["DB_HOST=h", "DB_ENGINE=django.db.backends.mysql"],
            &["TEST_DATABASE_URL", "SHADOW_DATABASE_URL"],
            &[
                "CLOUD_SQL_HOST=34.1.2.3",
                "CLOUD_SQL_PORT=3306",
                "CLOUD_SQL_INSTANCE=p:r:i",
                "CLOUD_SQL_USER=u",
            ],
            &["INSTANCE_CONNECTION_NAME=p:r:i"],
            &["SERVICE_HOST=h", "API_URL=https://h", "HOST=0.0.0.0", "SERVER=x", "SMTP_HOST=h"],
            &["ConnectionStrings__Default=Server=tcp:h,1433;User Id=u"],
            &["ConnectionStrings__Default"],
            &["DB_IP=10.0.0.3"],
            &["WEBHOOK_URL", "BASE_URL=https://x", "NEXTAUTH_URL=https://x"],
        ] {
            assert_eq!(seen(variables), "", "{variables:?}");
        }
    }

    #[test]
    fn the_instance_is_read_off_its_variable() {
        let found = infer(&service(&["INSTANCE_CONNECTION_NAME=p:r:i", "DB_USER=u"])).unwrap();
        assert_eq!(found.instance.as_ref().and_then(Stated::as_known), Some("p:r:i"));
        let found = infer(&service(&["CLOUD_SQL_INSTANCE=db", "DB_USER=u"])).unwrap();
        assert_eq!(found.instance, None);
    }

    #[test]
    fn a_prefix_is_what_stands_before_the_word() {
        for (leading, expected) in [
            ("DB_HOST", "DB_"),
            ("PGHOST", "PG"),
            ("AUTH_DB_HOSTNAME", "AUTH_DB_"),
            ("SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_"),
            ("QUARKUS_DATASOURCE_JDBC_URL", "QUARKUS_DATASOURCE_"),
            ("JDBC_URL", "JDBC_"),
            ("INSTANCE_HOST", "DB_"),
            ("DB_CONNECTION_STRING", "DB_"),
            ("AUTH_DATABASE_URL_FILE", "AUTH_DATABASE_"),
            ("WHATEVER", "DB_"),
        ] {
            assert_eq!(DatabaseVariables::Dsn(leading.to_owned()).prefix(), expected, "{leading}");
        }
    }
}
