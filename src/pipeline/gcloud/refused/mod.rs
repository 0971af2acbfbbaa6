//! What gcloud refuses: the deploy then changes nothing, whatever its flags say. Read is what they would mean; that
//! gcloud takes them is not claimed.
//!
//! From the parsers of gcloud's command tree (release 528) and the messages of real gcloud; only what holds for every
//! release track is here, and nothing that hangs on what the service has already.

mod tables;

use super::containers::Group;
use super::flags::{Flag, GivenFlags, takes_value};
use crate::model::DeploysVia;
use crate::pipeline::list;
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::text::Text;
use tables::{CHOICES, DICTIONARIES, EXCLUSIVE, LISTS, OF_CONTAINER, OF_SERVICE, SCALES};

/// Tells of what gcloud refuses. The flags of the service stand in the first group.
pub(super) fn tell(groups: &[Group<'_>], via: DeploysVia, problems: &mut Problems) {
    let mut teller = Teller { problems };
    let several = groups.len() > 1;
    for (index, Group { name, given }) in groups.iter().enumerate() {
        if name.is_some_and(|name| name.is_known() && name.is_empty()) {
            continue;
        }
        teller.exclusive(given);
        teller.twice(given);
        teller.env_and_secrets(given);
        for flag in &given.0 {
            teller.value(flag);
            let misplaced = if index == 0 {
                several && OF_CONTAINER.contains(&flag.name.as_str())
            } else {
                OF_SERVICE.contains(&flag.name.as_str())
            };
            if misplaced {
                let side = if index == 0 { "before the first" } else { "after a" };
                teller.tell(flag, format!("gcloud refuses `{}` {side} `--container`", flag.name));
            }
        }
    }
    teller.ingress(groups, via);
}

struct Teller<'a> {
    problems: &'a mut Problems,
}

impl Teller<'_> {
    fn tell(&mut self, flag: &Flag, message: String) {
        let problem = Problem::warning("gcloud-refuses", message).at(flag.place.clone());
        // The line may hold the values of variables.
        self.problems.push(problem.confidential(true));
    }

    fn exclusive(&mut self, given: &GivenFlags<'_>) {
        for (one, others) in EXCLUSIVE {
            let Some(flag) = given.find(one) else { continue };
            for other in others.iter().filter(|other| given.find(other).is_some()) {
                self.tell(flag, format!("gcloud refuses `{one}` beside `{other}`"));
            }
        }
    }

    fn twice(&mut self, given: &GivenFlags<'_>) {
        for name in DICTIONARIES {
            let mut seen: Vec<String> = Vec::new();
            for flag in given.all(&[name]) {
                let mut keys: Vec<String> = keys(flag);
                if let Some(key) = keys.iter().find(|key| seen.contains(key)) {
                    self.tell(flag, format!("gcloud refuses a second `{name}` with `{key}`"));
                }
                seen.append(&mut keys);
            }
        }
        for name in LISTS {
            let mut seen: Vec<String> = Vec::new();
            for flag in given.all(&[name]) {
                for item in flag.value.iter().flat_map(list::items).map(|item| item.raw()) {
                    if seen.contains(&item) {
                        self.tell(flag, format!("gcloud refuses `{item}` twice in `{name}`"));
                    }
                    seen.push(item);
                }
            }
        }
    }

    /// One name as a variable and as a secret; two secrets in one folder; a file in no folder of its own.
    fn env_and_secrets(&mut self, given: &GivenFlags<'_>) {
        let of = |names: &[&str]| {
            given
                .all(names)
                .flat_map(|flag| keys(flag).into_iter().map(move |key| (flag, key)))
                .collect::<Vec<_>>()
        };
        let env = of(&["--set-env-vars", "--update-env-vars"]);
        let secrets = of(&["--set-secrets", "--update-secrets"]);
        for (flag, key) in &secrets {
            if env.iter().any(|(_, other)| other == key) {
                self.tell(flag, format!("gcloud refuses `{key}` as a variable and as a secret"));
            }
            let segments: Vec<&str> = key.split('/').skip(1).collect();
            let bad = segments.len() < 2 || segments.iter().any(|part| matches!(*part, "" | "." | ".."));
            if key.starts_with('/') && bad {
                self.tell(flag, format!("gcloud refuses to mount `{key}`: the path must be `/FOLDER/FILE`"));
            }
        }
        for (flag, key) in env.iter().filter(|(_, key)| key.starts_with("X_GOOGLE_")) {
            self.tell(flag, format!("gcloud refuses `{key}`: names that begin so are Google's own"));
        }
    }

    fn value(&mut self, flag: &Flag) {
        let name = flag.name.as_str();
        let is_known = OF_CONTAINER.contains(&name) || OF_SERVICE.contains(&name) || SCALES.contains(&name);
        let Some(value) = &flag.value else {
            if is_known && takes_value(name) {
                self.tell(flag, format!("gcloud refuses `{name}` without a value"));
            }
            return;
        };
        if is_known && flag.joined && !takes_value(name) {
            self.tell(flag, format!("gcloud refuses `{name}` with a value"));
        }
        if DICTIONARIES.contains(&name) || LISTS.contains(&name) || name.ends_with("-cloudsql-instances") {
            if value.known_head().starts_with("^^") {
                self.tell(flag, format!("gcloud refuses the empty separator of `{name}`"));
            }
            if DICTIONARIES.contains(&name) && has_empty_item(value) {
                self.tell(flag, format!("gcloud refuses an empty item in `{name}`"));
            }
        }
        if name.ends_with("-secrets") && DICTIONARIES.contains(&name) {
            for key in bad_references(value) {
                self.tell(flag, format!("gcloud refuses what `{key}` is to be: it is no `SECRET:VERSION`"));
            }
        }
        let Some(text) = value.as_known() else { return };
        for (_, choices) in CHOICES.iter().filter(|(choice, _)| *choice == name) {
            if !choices.contains(&text.as_str()) {
                self.tell(flag, format!("gcloud refuses `{name}`: it is one of {}", choices.join(", ")));
            }
        }
        if SCALES.contains(&name) && text != "default" && text.trim().parse::<u32>().is_err() {
            self.tell(flag, format!("gcloud refuses `{name}`: it is a number, or `default`"));
        }
        let is_port = text.trim().parse::<u16>().is_ok_and(|port| port > 0);
        if name == "--port" && text != "default" && !is_port {
            self.tell(
                flag,
                "gcloud refuses `--port`: it is a number from 1 to 65535, or `default`".to_owned(),
            );
        }
    }

    /// Of several containers that are deployed, one gets the requests.
    fn ingress(&mut self, groups: &[Group<'_>], via: DeploysVia) {
        let [_, first, rest @ ..] = groups else { return };
        let is_ingress = |group: &&Group<'_>| {
            group.given.find("--port").is_some() || group.given.find("--use-http2").is_some()
        };
        let ingress = std::iter::once(first).chain(rest).filter(is_ingress).count();
        if via == DeploysVia::GcloudRunDeploy
            && !rest.is_empty()
            && ingress != 1
            && let Some(flag) = first.given.0.first()
        {
            let message = "gcloud refuses several containers of which not exactly one has `--port`";
            self.tell(flag, message.to_owned());
        }
    }
}

/// The names in a dictionary, each once.
fn keys(flag: &Flag) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for (key, _) in flag.value.iter().flat_map(list::items).filter_map(|item| item.split_once("=")) {
        let key = key.trim().raw();
        if key.chars().all(|c| !c.is_control()) && !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The targets whose secret has a name that no secret has, or two versions. What begins as a path is not judged.
fn bad_references(value: &Text) -> Vec<String> {
    let pairs = list::items(value).into_iter().filter_map(|item| item.split_once("="));
    let is_bad = |reference: &str| {
        let parts: Vec<&str> = reference.split(':').collect();
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        !reference.starts_with("projects/")
            && (parts.len() > 2 || !parts.first().is_some_and(|name| is_name(name)))
    };
    pairs
        .filter(|(_, reference)| reference.as_known().is_some_and(|reference| is_bad(&reference)))
        .map(|(key, _)| key.trim().raw())
        .collect()
}

fn has_empty_item(value: &Text) -> bool {
    list::items(value).iter().any(Text::is_empty)
}
