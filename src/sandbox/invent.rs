//! Inventions for what a pipeline's files leave open, so that it can run in the sandbox.
//!
//! What is known stays. An expression is filled in piece by piece, the same piece always in the same way, so that
//! `$PROJECT_ID` in the project and in the connection name of an instance still agree.

use std::time::Duration;

use crate::connection::DEFAULT_PORT;
use crate::connection::driver::{self, Family};
use crate::model::{
    Database, DatabaseVariables, Journey, Pipeline, SecretReference, Service, Stated, Step, To, Value,
    Variable, VpcAccess,
};

use super::random;

/// Region of what names none.
const REGION: &str = "europe-west1";
/// Project of what names none.
const PROJECT: &str = "sandbox-project";
/// The private address of the first invented database.
pub(super) const PRIVATE_HOST: &str = "10.20.0.3";
/// The public address of the first invented database (TEST-NET-3, RFC 5737: nobody's).
pub(super) const PUBLIC_HOST: &str = "203.0.113.3";

/// The pipeline with every name, project, region and value that it leaves open filled in by an invention.
///
/// The URLs that it states are taken out: they lead to the real services, and Cloud Run's stand-in knows the
/// sandbox's own. The health window is cut short: nothing in the sandbox changes by waiting.
pub fn fill(pipeline: &Pipeline) -> Pipeline {
    let first = |of: fn(&Service) -> Option<&Stated>| {
        pipeline.services.iter().filter_map(of).find_map(Stated::as_known).map(str::to_owned)
    };
    let inventions = Inventions {
        project: first(|service| service.project.as_ref()).unwrap_or_else(|| PROJECT.to_owned()),
        region: first(|service| service.region.as_ref()).unwrap_or_else(|| REGION.to_owned()),
    };
    let mut filled = pipeline.clone();
    for (index, service) in filled.services.iter_mut().enumerate() {
        inventions.service(service, index + 1);
    }
    leave_out_journeys(&mut filled.services);
    for journey in filled.services.iter_mut().flat_map(|service| &mut service.journeys) {
        journey.timeout = journey.timeout.max(WALK);
        journey.steps.iter_mut().for_each(|step| step.timeout = step.timeout.max(STEP));
    }
    filled
}

/// What the sample service can do; other journeys lead to nothing in the sandbox.
const WALKABLE: &[&str] = &["/auth/", "/chat", "/api/me", "/live"];

/// Leaves out the journeys that lead where the sample service has nothing, and those that need them.
fn leave_out_journeys(services: &mut [Service]) {
    let walkable = |step: &Step| match &step.head.to {
        To::Path { path, .. } => WALKABLE.iter().any(|known| path.to_string().starts_with(known)),
        To::Url { .. } => false,
    };
    let left_out = |journey: &Journey| !journey.steps.iter().all(walkable);
    let all = services.iter().flat_map(|service| &service.journeys);
    let mut gone: Vec<String> =
        all.clone().filter(|one| left_out(one)).map(|one| one.name.raw().to_owned()).collect();
    loop {
        let needs_one = |journey: &&Journey| {
            !gone.iter().any(|name| name == journey.name.raw())
                && journey.needs.iter().any(|need| gone.iter().any(|name| name == need.raw()))
        };
        let more: Vec<String> = all.clone().filter(needs_one).map(|one| one.name.raw().to_owned()).collect();
        if more.is_empty() {
            break;
        }
        gone.extend(more);
    }
    for service in services {
        service.journeys.retain(|journey| !gone.iter().any(|name| name == journey.name.raw()));
    }
}

/// Nothing in the sandbox changes by waiting: what is broken stays so, and a healthy service answers at once. However
/// busy the machine, some answers are taken before it ends ([`crate::live::RunSettings::fewest_answers`]).
const WINDOW: Duration = Duration::from_secs(2);
/// A pause that shows several answers within [`WINDOW`].
const INTERVAL: Duration = Duration::from_millis(200);
/// What a step of a journey may take at least: nothing hangs in the sandbox, and what is slow is this machine.
const STEP: Duration = Duration::from_secs(60);
/// What a journey may take at least.
const WALK: Duration = Duration::from_secs(240);

/// What stands for a project and a region wherever one is left open.
struct Inventions {
    project: String,
    region: String,
}

impl Inventions {
    fn service(&self, service: &mut Service, number: usize) {
        let place = service.place.clone();
        let stated = |text: String| Some(Stated::known(text, place.clone()));
        service.url = None;
        service.health.window = service.health.window.min(WINDOW);
        service.health.interval = service.health.interval.min(INTERVAL);
        self.each([&mut service.project, &mut service.region, &mut service.manifest, &mut service.image]);
        self.each([&mut service.tag]);
        if service.project.is_none() {
            service.project = stated(self.project.clone());
        }
        if service.region.is_none() {
            service.region = stated(self.region.clone());
        }
        match &mut service.name {
            Some(name) => self.with(name, |text| slug(text, '-')),
            none => *none = stated(format!("service-{number}")),
        }
        self.database(service);
        let Service { vpc, cloudsql_instances, env, secrets, sidecars, .. } = service;
        self.vpc(vpc);
        cloudsql_instances.iter_mut().for_each(|instance| self.instance(instance));
        self.injected(env, secrets);
        for sidecar in sidecars {
            self.each([&mut sidecar.name, &mut sidecar.image]);
            self.injected(&mut sidecar.env, &mut sidecar.secrets);
        }
        if let Some(account) = &mut service.service_account {
            let project = &self.project;
            self.with(account, |text| match text.contains('@') {
                true => text.to_owned(),
                false => format!("{}@{project}.iam.gserviceaccount.com", slug(text, '-')),
            });
        }
        if let Some(port) = &mut service.port {
            self.with(port, |_| "8080".to_owned());
        }
        service.health_paths.retain(|path| path.as_known().is_some());
        if let Some(path) = &mut service.health.path {
            self.with(path, |_| "/health".to_owned());
        }
        for condition in &mut service.health.conditions {
            self.with(condition, str::to_owned);
        }
    }

    /// Values of the variables that lead to the database: an invented one must make sense there.
    fn database(&self, service: &mut Service) {
        let Some(Database { variables, instance, .. }) = &mut service.database else { return };
        if let Some(instance) = instance {
            self.instance(instance);
        }
        let host = invented_host(&service.vpc, &service.cloudsql_instances, instance.as_ref());
        let variables = variables.clone();
        let all: Vec<String> = service.env.iter().map(|variable| variable.name.clone()).collect();
        let names = || all.iter().map(String::as_str);
        let mut set = |name: &Option<String>, value: &dyn Fn(&str) -> String| {
            let variable = service.env.iter_mut().find(|variable| Some(&variable.name) == name.as_ref());
            if let Some(variable) = variable {
                self.with(&mut variable.value, value);
            }
        };
        match variables {
            DatabaseVariables::Dsn(name) => {
                let password = random::word(24);
                let dsn = dsn(&name, names(), &host, Some(("app", password.as_str())), "app");
                set(&Some(name), &|_| dsn.clone());
            }
            DatabaseVariables::Url { url, user, password, name } => {
                let dsn = dsn(&url, names(), &host, None, "app");
                set(&Some(url), &|_| dsn.clone());
                set(&user, &|text| slug(text, '_'));
                set(&password, &|_| random::word(24));
                set(&name, &|text| slug(text, '_'));
            }
            DatabaseVariables::Instance { instance: variable, user, password, name } => {
                let connection = instance.as_ref().map(|instance| instance.raw().to_owned());
                let of_host = host.strip_prefix("/cloudsql/").map(str::to_owned);
                let invented = || format!("{}:{}:db", self.project, self.region);
                let connection = connection.or(of_host).unwrap_or_else(invented);
                set(&Some(variable), &|_| connection.clone());
                set(&user, &|text| slug(text, '_'));
                set(&password, &|_| random::word(24));
                set(&name, &|text| slug(text, '_'));
            }
            DatabaseVariables::Parts { host: host_name, port, user, password, name } => {
                set(&Some(host_name), &|_| host.clone());
                set(&port, &|_| "5432".to_owned());
                set(&user, &|text| slug(text, '_'));
                set(&password, &|_| random::word(24));
                set(&name, &|text| slug(text, '_'));
            }
        }
    }

    fn vpc(&self, vpc: &mut VpcAccess) {
        self.each([&mut vpc.connector, &mut vpc.network, &mut vpc.subnet]);
        if let Some(egress) = &mut vpc.egress {
            self.with(egress, |_| "private-ranges-only".to_owned());
        }
    }

    fn instance(&self, instance: &mut Stated) {
        self.with(instance, |text| match text.split(':').count() {
            3 => text.to_owned(),
            _ => format!("{}:{}:{}", self.project, self.region, slug(text, '-')),
        });
    }

    fn injected(&self, env: &mut [Variable], secrets: &mut [SecretReference]) {
        for variable in env {
            self.with(&mut variable.value, str::to_owned);
        }
        for reference in secrets {
            self.with(&mut reference.secret, str::to_owned);
            self.with(&mut reference.version, |_| "latest".to_owned());
        }
    }

    fn each<const N: usize>(&self, places: [&mut Option<Stated>; N]) {
        for stated in places.into_iter().flatten() {
            self.with(stated, str::to_owned);
        }
    }

    /// Fills in one text if it is open: pieces first, then what the place needs.
    fn with(&self, stated: &mut Stated, shape: impl Fn(&str) -> String) {
        let Value::Unresolved { expression, fallback } = &stated.value else { return };
        let text = match fallback {
            Some(fallback) if !fallback.is_empty() && !fallback.contains('$') => fallback.clone(),
            Some(_) | None => shape(&self.text(expression)),
        };
        stated.value = Value::Known(text);
    }

    /// An expression with every placeholder in it replaced.
    fn text(&self, expression: &str) -> String {
        let mut text = String::new();
        let mut rest = expression;
        while let Some(start) = rest.find('$') {
            text.push_str(&rest[..start]);
            let (inside, after) = placeholder(&rest[start + 1..]);
            text.push_str(&self.word(inside));
            rest = after;
        }
        text.push_str(rest);
        text
    }

    /// What stands for a placeholder.
    fn word(&self, inside: &str) -> String {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        // The last dotted part names it: `vars.REGION`, `steps.deploy.outputs.url`; `NAME:-default` has it first.
        let inside = inside.split([':', '|']).next().unwrap_or(inside).trim();
        let ident = inside.rsplit(|c| !name(c)).find(|part| !part.is_empty()).unwrap_or("value");
        let upper = ident.to_ascii_uppercase();
        if upper.contains("PROJECT") {
            self.project.clone()
        } else if upper.contains("REGION") || upper.contains("LOCATION") {
            self.region.clone()
        } else {
            slug(ident, '-')
        }
    }
}

/// Splits after a `$`: what is inside the placeholder, and what follows it.
fn placeholder(rest: &str) -> (&str, &str) {
    for (open, close) in [("{{", "}}"), ("{", "}"), ("(", ")")] {
        if let Some(inside) = rest.strip_prefix(open) {
            return inside.split_once(close).unwrap_or((inside, ""));
        }
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.split_at(end)
}

/// Lower-case letters and digits, everything else one separator; never empty, and beginning with a letter.
pub(super) fn slug(text: &str, separator: char) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with(separator) {
            slug.push(separator);
        }
    }
    let slug = slug.trim_end_matches(separator);
    match slug.chars().next() {
        Some(c) if c.is_ascii_alphabetic() => slug.to_owned(),
        Some(_) => format!("x{separator}{slug}"),
        None => "value".to_owned(),
    }
}

/// Where an invented database stands: where the service can reach it by what the pipeline gives it.
pub(super) fn invented_host(vpc: &VpcAccess, attached: &[Stated], instance: Option<&Stated>) -> String {
    if vpc.connector.is_some() || vpc.network.is_some() || vpc.subnet.is_some() {
        return PRIVATE_HOST.to_owned();
    }
    match (attached.first(), instance) {
        (Some(socket), _) => format!("/cloudsql/{}", socket.raw()),
        (None, Some(_) | None) => PUBLIC_HOST.to_owned(),
    }
}

/// A connection string for a variable, in the form that its driver takes; without user and password where variables of
/// their own hold them.
pub(super) fn dsn<'a>(
    variable: &str,
    beside: impl Iterator<Item = &'a str> + Clone,
    host: &str,
    login: Option<(&str, &str)>,
    name: &str,
) -> String {
    let socket = host.starts_with('/');
    match driver::meant_for(variable, "", beside) {
        [Family::Jdbc] => {
            let place = match host.strip_prefix("/cloudsql/") {
                Some(instance) => format!(
                    "jdbc:postgresql:///{name}?socketFactory=com.google.cloud.sql.postgres.SocketFactory\
                     &cloudSqlInstance={instance}&unixSocketPath={host}"
                ),
                None => format!("jdbc:postgresql://{host}:{DEFAULT_PORT}/{name}"),
            };
            let separator = if socket { '&' } else { '?' };
            login.map_or_else(
                || place.clone(),
                |(user, password)| format!("{place}{separator}user={user}&password={password}"),
            )
        }
        [Family::Npgsql] => {
            let login = login.map(|(user, password)| format!(";Username={user};Password={password}"));
            format!("Host={host};Port={DEFAULT_PORT};Database={name}{}", login.unwrap_or_default())
        }
        families => {
            let login = login.map(|(user, password)| format!("{user}:{password}@")).unwrap_or_default();
            // What Spring's reactive drivers begin with.
            let scheme = if variable.to_ascii_uppercase().contains("R2DBC") { "r2dbc:" } else { "" };
            // Prisma wants a host, whatever its query says.
            let nowhere = if families == [Family::Prisma] { "localhost" } else { "" };
            if socket {
                // A socket folder goes into the query, as libpq reads it there.
                format!("{scheme}postgresql://{login}{nowhere}/{name}?host={host}")
            } else {
                format!("{scheme}postgresql://{login}{host}:{DEFAULT_PORT}/{name}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeploysVia, Place};

    #[test]
    fn connection_strings_are_such_as_their_drivers_take() {
        for (variable, beside) in [
            ("DATABASE_URL", "LOG_LEVEL"),
            ("DATABASE_URL", "NODE_ENV"),
            ("DATABASE_URL", "DJANGO_SETTINGS_MODULE"),
            ("DATABASE_URL", "RAILS_ENV"),
            ("SPRING_DATASOURCE_URL", "LOG_LEVEL"),
            ("POSTGRES_PRISMA_URL", "LOG_LEVEL"),
            ("SQLALCHEMY_DATABASE_URI", "LOG_LEVEL"),
            ("ConnectionStrings__Postgres", "LOG_LEVEL"),
        ] {
            for host in ["10.20.0.3", "/cloudsql/p:r:i"] {
                let names = || [variable, beside].into_iter();
                let text = dsn(variable, names(), host, Some(("u", "p")), "d");
                let read = driver::parse(variable, &text, names()).unwrap();
                assert_eq!((read.host.as_deref(), read.user.as_deref()), (Some(host), Some("u")), "{text}");
                assert!(driver::dialled(variable, &text, names()).is_ok(), "{text}");
                let bare = dsn(variable, names(), host, None, "d");
                assert!(driver::parse(variable, &bare, names()).unwrap().user.is_none(), "{bare}");
            }
        }
    }

    fn place() -> Place {
        Place { file: "cloudbuild.yaml".into(), line: 1, column: 1 }
    }

    fn inventions() -> Inventions {
        Inventions { project: "acme".to_owned(), region: "europe-west1".to_owned() }
    }

    #[test]
    fn placeholders_are_filled_in_alike_everywhere() {
        let cases = [
            ("$PROJECT_ID", "acme"),
            ("${_REGION}", "europe-west1"),
            ("${PROJECT_ID}:${_REGION}:auth-db", "acme:europe-west1:auth-db"),
            ("${{ vars.GCP_PROJECT }}", "acme"),
            ("${{ secrets.DB_HOST }}", "db-host"),
            ("${NAME:-auth}", "name"),
            ("auth-$_ENV-v1", "auth-env-v1"),
            ("$", "value"),
            ("${{ unclosed", "unclosed"),
        ];
        for (expression, expected) in cases {
            assert_eq!(inventions().text(expression), expected, "{expression}");
        }
    }

    #[test]
    fn filling_leaves_nothing_open_keeps_what_is_known_and_takes_urls_out() {
        let mut service = Service::new(DeploysVia::GcloudRunDeploy, place());
        service.name = Some(Stated::unresolved("$_SERVICE", place()));
        service.project = Some(Stated::known("acme", place()));
        service.url = Some(Stated::known("https://auth.example.com", place()));
        service.env = vec![
            Variable { name: "DB_HOST".to_owned(), value: Stated::unresolved("$_DB_HOST", place()) },
            Variable { name: "DB_PORT".to_owned(), value: Stated::unresolved("$_DB_PORT", place()) },
            Variable { name: "LOG".to_owned(), value: Stated::known("info", place()) },
        ];
        service.vpc.connector = Some(Stated::unresolved("$_CONNECTOR", place()));
        service.database = crate::model::infer_database(&service);
        let filled = fill(&Pipeline { services: vec![service], ..Pipeline::default() });
        let service = &filled.services[0];
        assert_eq!(service.name.as_ref().and_then(Stated::as_known), Some("service"));
        assert_eq!(service.project.as_ref().and_then(Stated::as_known), Some("acme"));
        assert_eq!(service.region.as_ref().and_then(Stated::as_known), Some(REGION));
        assert_eq!(service.url, None);
        let values: Vec<_> = service.env.iter().map(|variable| variable.value.as_known()).collect();
        assert_eq!(values, [Some(PRIVATE_HOST), Some("5432"), Some("info")]);
    }

    #[test]
    fn slugs_are_names() {
        for (text, expected) in
            [("_DB_HOST", "db-host"), ("9lives", "x-9lives"), ("__", "value"), ("ä", "value")]
        {
            assert_eq!(slug(text, '-'), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_expression_stops_the_filling(expression in "\\PC{0,60}") {
            let text = inventions().text(&expression);
            proptest::prop_assert!(!text.contains('$'));
        }
    }
}
