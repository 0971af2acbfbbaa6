//! `rungate read`: what was understood of the pipeline files, for people and as JSON.

mod json;
pub(super) mod mask;

use std::fmt::Write as _;

use super::shown;
use crate::model::{
    CommitExpectation, Database, DatabaseVariables, Degraded, DeploysVia, Pipeline, SecretReference, Service,
    Stated, ToldBy, Value, Variable,
};
use crate::pipeline::{Found, Loaded};
pub use json::json;
use mask::masked;

/// What was understood, service by service, with the place of everything. Values of variables whose names look
/// secret are masked.
pub fn text(loaded: &Loaded, colour: bool) -> String {
    let mut page = Page { text: String::new(), colour };
    if let Some(found) = &loaded.found {
        page.found(found);
    }
    for file in &loaded.files {
        page.line(&format!("{} ({})", shown(&file.name), file.format.title));
    }
    for service in &loaded.pipeline.services {
        page.service(service);
    }
    page.rest(&loaded.pipeline);
    page.text
}

/// The text under construction.
struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn found(&mut self, found: &Found) {
        for left in &found.left {
            self.line(&format!("not read: {}", shown(left)));
        }
    }

    fn service(&mut self, service: &Service) {
        let name = service.name.as_ref().map_or_else(
            || match &service.manifest {
                Some(manifest) => format!("(the service of {})", shown(manifest.raw())),
                None => "(a service without a name)".to_owned(),
            },
            |name| shown(name.raw()),
        );
        let via = title(service.deploys_via);
        self.line("");
        let name = self.paint("1", &name);
        let place = self.paint("2", &shown(&service.place.to_string()));
        self.line(&format!("{name}  {via}  {place}"));
        for (label, stated) in facts(service) {
            self.fact(label, &shown(stated.raw()), stated);
        }
        for instance in &service.cloudsql_instances {
            self.fact("Cloud SQL", &shown(instance.raw()), instance);
        }
        self.container(&service.env, &service.secrets);
        for path in &service.health_paths {
            self.fact("health path", &shown(path.raw()), path);
        }
        if let Some(open) = service.allow_unauthenticated {
            self.plain("callers", if open { "everybody" } else { "only those with permission" });
        }
        if service.no_traffic == Some(true) {
            self.plain("traffic", "none for the new revision");
        }
        self.health(service);
        match &service.database {
            Some(database) => self.database(database),
            None => self.plain("database", "none: nothing hints at one"),
        }
        for name in &service.depends_on {
            self.fact("calls", &shown(name.raw()), name);
        }
        for journey in &service.journeys {
            let steps: Vec<String> = journey.steps.iter().map(|step| shown(step.name.raw())).collect();
            let text = format!("{}: {}", shown(journey.name.raw()), steps.join(", "));
            self.fact("journey", &text, &journey.name);
        }
        self.ids("required", &service.require);
        self.ids("advisory", &service.advisory);
        for sidecar in &service.sidecars {
            let name =
                sidecar.name.as_ref().map_or_else(|| "without a name".to_owned(), |name| shown(name.raw()));
            self.plain("sidecar", &name);
            self.container(&sidecar.env, &sidecar.secrets);
        }
        self.open_values(service);
    }

    fn container(&mut self, env: &[Variable], secrets: &[SecretReference]) {
        for variable in env {
            let value = masked(&variable.name, &variable.value);
            self.fact("variable", &format!("{}={value}", shown(&variable.name)), &variable.value);
        }
        for secret in secrets {
            let reference = shown(&secret_text(secret));
            self.fact("secret", &format!("{} <- {reference}", shown(&secret.target)), &secret.secret);
        }
    }

    fn health(&mut self, service: &Service) {
        let health = &service.health;
        if let Some(path) = &health.path {
            self.fact("health path", &shown(path.raw()), path);
        }
        for condition in &health.conditions {
            self.fact("health expects", &shown(condition.raw()), condition);
        }
        for header in &health.headers {
            let expected = format!("{}: {}", header.name.raw(), header.pattern.raw());
            self.fact("health expects", &shown(&expected), &header.pattern);
        }
        if let Some(pattern) = &health.body {
            self.fact("health expects", &shown(&format!("a body with {}", pattern.raw())), pattern);
        }
        if let Some(ToldBy::Header(at) | ToldBy::Json(at)) = &health.revision {
            self.fact("health expects", &shown(&format!("the new revision in {}", at.raw())), at);
        }
        if let Some(CommitExpectation { told_by: ToldBy::Header(at) | ToldBy::Json(at), commit }) =
            &health.commit
        {
            let expected = format!("commit {} in {}", commit.raw(), at.raw());
            self.fact("health expects", &shown(&expected), commit);
        }
        let statuses: Vec<_> = health.statuses.iter().map(u16::to_string).collect();
        let mut words = vec![
            if statuses.is_empty() { "any 2xx".to_owned() } else { statuses.join(", ") },
            format!("{} in a row within {:?}", health.successes, health.window),
        ];
        words.extend(health.latency.map(|latency| format!("each within {latency:?}")));
        if health.degraded == Degraded::Pass {
            words.push("degraded passes".to_owned());
        }
        self.plain("health", &words.join("; "));
    }

    fn database(&mut self, database: &Database) {
        let names = database.variables.names().join(", ");
        let kind = match &database.variables {
            DatabaseVariables::Dsn(_) => "connection string in",
            DatabaseVariables::Url { .. } => "connection string and what it leaves out in",
            DatabaseVariables::Parts { .. } => "from",
            DatabaseVariables::Instance { .. } => "by its instance's connection name in",
        };
        let known_by = if database.stated { "stated" } else { "known by these names" };
        self.plain("database", &format!("{kind} {} ({known_by})", shown(&names)));
        if !database.others.is_empty() {
            let others = shown(&database.others.join(", "));
            self.plain("not checked", &format!("{others} (leads to a database too; `database` can name it)"));
        }
        if let Some(instance) = &database.instance {
            self.fact("instance", &shown(instance.raw()), instance);
        }
    }

    fn ids(&mut self, label: &str, ids: &[Stated]) {
        if !ids.is_empty() {
            let ids: Vec<_> = ids.iter().map(|id| shown(id.raw())).collect();
            self.plain(label, &ids.join(", "));
        }
    }

    /// What the files alone cannot tell.
    fn open_values(&mut self, service: &Service) {
        let env = service.env.iter().map(|variable| (variable.name.as_str(), &variable.value));
        let secrets =
            service.secrets.iter().flat_map(|s| [(s.target.as_str(), &s.secret), (&s.target, &s.version)]);
        let sql = service.cloudsql_instances.iter().map(|instance| ("Cloud SQL", instance));
        let mut names: Vec<_> = facts(service)
            .chain(env)
            .chain(secrets)
            .chain(sql)
            .filter(|(_, stated)| stated.as_known().is_none())
            .map(|(label, _)| shown(label))
            .collect();
        names.dedup();
        if !names.is_empty() {
            let names = self.paint("33", &names.join(", "));
            self.plain("left open", &names);
        }
    }

    fn fact(&mut self, label: &str, value: &str, stated: &Stated) {
        let place = self.paint("2", &shown(&stated.place.to_string()));
        let value = if stated.as_known().is_some() { value.to_owned() } else { self.paint("33", value) };
        let fallback = match &stated.value {
            Value::Unresolved { fallback: Some(fallback), .. } => format!(" (else {})", shown(fallback)),
            Value::Unresolved { fallback: None, .. } | Value::Known(_) => String::new(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "  {label:<15} {value}{fallback}  {place}");
    }

    fn plain(&mut self, label: &str, value: &str) {
        let _ = writeln!(self.text, "  {label:<15} {value}");
    }

    fn rest(&mut self, pipeline: &Pipeline) {
        if !pipeline.jobs.is_empty() {
            let jobs: Vec<_> = pipeline.jobs.iter().map(|job| shown(job.raw())).collect();
            self.line(&format!("\njobs, not checked: {}", jobs.join(", ")));
        }
        if let Some(deadline) = pipeline.deadline {
            self.line(&format!("\ndeadline of the run: {deadline:?}"));
        }
    }
}

fn title(via: DeploysVia) -> &'static str {
    match via {
        DeploysVia::GcloudRunDeploy => "gcloud run deploy",
        DeploysVia::DeployCloudrunAction => "google-github-actions/deploy-cloudrun",
        DeploysVia::ServicesReplace => "gcloud run services replace",
        DeploysVia::ServicesUpdate => "gcloud run services update",
        DeploysVia::Manifest => "Cloud Run manifest",
        DeploysVia::Native => "rungate file",
    }
}

/// The single facts of a service, in the order in which a request meets them.
fn facts(service: &Service) -> impl Iterator<Item = (&str, &Stated)> {
    [
        ("project", &service.project),
        ("region", &service.region),
        ("URL", &service.url),
        ("manifest", &service.manifest),
        ("image", &service.image),
        ("source", &service.source),
        ("account", &service.service_account),
        ("port", &service.port),
        ("tag", &service.tag),
        ("split", &service.revision_traffic),
        ("suffix", &service.revision_suffix),
        ("ingress", &service.ingress),
        ("VPC connector", &service.vpc.connector),
        ("VPC egress", &service.vpc.egress),
        ("network", &service.vpc.network),
        ("subnet", &service.vpc.subnet),
        ("instances from", &service.scaling.min_instances),
        ("instances to", &service.scaling.max_instances),
        ("service from", &service.scaling.service_min),
        ("service to", &service.scaling.service_max),
    ]
    .into_iter()
    .filter_map(|(label, stated)| Some((label, stated.as_ref()?)))
    .chain(service.vpc.network_tags.iter().map(|tag| ("network tag", tag)))
}

fn secret_text(secret: &SecretReference) -> String {
    match secret.version.raw() {
        "" => secret.secret.raw().to_owned(),
        version => format!("{}:{version}", secret.secret.raw()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipeline::{Request, load};

    fn loaded(text: &str) -> Loaded {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rungate.yaml"), text).unwrap();
        let files = vec!["rungate.yaml".into()];
        load(&Request {
            files,
            directory: folder.path().to_owned(),
            known_checks: Vec::new(),
            substitutions: Vec::new(),
            strict: true,
            ..Request::default()
        })
        .unwrap()
    }

    #[test]
    fn no_secret_is_shown_to_people() {
        let page = text(
            &loaded(
                "version: 1\nservices:\n- name: a\n  env:\n    DB_PASSWORD: hunter2\n    API_KEY: hunter2\n    LINK: x postgres://u:hunter2@h/d and amqp://v:hunter2@h\n    DB_USER: auth\n",
            ),
            false,
        );
        assert!(!page.contains("hunter2"), "{page}");
        assert!(page.contains("DB_USER=auth") && page.contains("u:(masked)@h/d"), "{page}");
    }

    #[test]
    fn values_cannot_steer_the_terminal() {
        let page = text(&loaded("version: 1\nservices: [{name: a, env: {A: \"\\e[2J\\nx\"}}]"), false);
        assert!(!page.contains('\u{1b}'), "{page:?}");
        assert!(page.contains("\\n"));
    }

    #[test]
    fn json_leaves_out_what_is_not_stated() {
        assert_eq!(
            super::json(&loaded("version: 1\nservices: [{name: a, secrets: {P: 's:1'}}]")),
            json!({"kind": "native", "services": [
                {"name": "a", "deploys_via": "native", "line": 2, "secrets": {"P": "s:1"}}
            ]})
        );
    }
}
