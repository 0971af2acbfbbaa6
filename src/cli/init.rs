//! `rungate init`: a `rungate.yaml` with comments, made from the pipeline that lies there.
//!
//! It repeats nothing that the pipeline's own files say: it names them, and holds for each service what they cannot
//! say, filled in where the files hint at it and commented out where nothing does.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::Files;
use super::{Context, Refusal, announce, request, say, schema, unread};
use crate::model::{Pipeline, Service, Stated};
use crate::pipeline::{self, Loaded, Request};
use crate::report::Style;
use crate::text::escape::one_line;

/// The file that is written.
const FILE: &str = "rungate.yaml";
/// The schema that `--schema` puts beside it.
const SCHEMA_FILE: &str = "rungate.schema.json";

/// Arguments of `init`.
#[derive(Clone, Debug, Args)]
pub struct InitArguments {
    /// The pipeline.
    #[command(flatten)]
    pub files: Files,

    /// Where to write it, `-` for standard output.
    #[arg(long, short, value_name = "PATH", default_value = FILE)]
    pub output: PathBuf,

    /// Replace the file where there is one.
    #[arg(long)]
    pub force: bool,

    /// Put the JSON Schema beside it, so that editors complete and check the file.
    #[arg(long)]
    pub schema: bool,
}

/// `rungate init`.
///
/// # Errors
/// Problems of the pipeline's files, a file that exists already, or one that cannot be written.
pub fn init(asked: &InitArguments, context: &Context, style: Style) -> Result<u8, Refusal> {
    let to_stdout = asked.output.as_os_str() == "-";
    let target = context.directory.join(&asked.output);
    // Refused before anything is read: a rungate.yaml that is there would be found as the pipeline.
    if !to_stdout && !asked.force && target.exists() {
        return Err(Refusal::new(format!("{} is there already", asked.output.display()))
            .fix("--force replaces it; --output - shows the new one"));
    }
    let request = Request { strict: false, ..request(&asked.files, context) };
    let loaded = pipeline::load(&request).map_err(|all| unread(&all, style))?;
    announce(&loaded, false, style);
    let own = loaded.files.iter().find(|file| file.format.id == "native");
    if let Some(own) = own {
        return Err(Refusal::new(format!("{} is a rungate file already", one_line(&own.name)))
            .fix("name the files that deploy: rungate init cloudbuild.yaml"));
    }
    if loaded.pipeline.services.is_empty() {
        return Err(Refusal::new("these files deploy no Cloud Run service")
            .fix("name the file that does: rungate init FILE"));
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    let text = file(&loaded, &|name| seen_from(folder, &context.directory, name), asked.schema);
    if to_stdout {
        return say(&text).map(|()| 0).map_err(Refusal::new);
    }
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text)
            .map_err(|error| Refusal::new(format!("cannot write {}: {error}", path.display())))
    };
    write(&target, &text)?;
    if asked.schema {
        write(&folder.join(SCHEMA_FILE), schema::NATIVE)?;
    }
    let shown = asked.output.display();
    let named = if asked.output.as_os_str() == FILE { String::new() } else { format!(" {shown}") };
    drop(write!(
        std::io::stderr(),
        "rungate: wrote {shown}\n\nnext:\n  rungate check{named} --sandbox    the gate against an embedded cloud\n  \
         rungate check{named} --dry-run    what the files alone show to be wrong\n"
    ));
    Ok(0)
}

/// The text of the file. `relative` says how a file is named from where the new one lies.
fn file(loaded: &Loaded, relative: &dyn Fn(&str) -> String, with_schema: bool) -> String {
    let mut text = String::new();
    if with_schema {
        let _ = writeln!(text, "# yaml-language-server: $schema={SCHEMA_FILE}");
    }
    text.push_str(
        "# What rungate should know and the pipeline's own files cannot say; everything else is read from them.\n\
         # `rungate read` shows what was understood of both.\n\
         version: 1\n\n",
    );
    let names: Vec<String> = loaded.files.iter().map(|file| scalar(&relative(&file.name))).collect();
    match names.as_slice() {
        [one] => {
            let _ = writeln!(text, "pipeline: {one}");
        }
        several => {
            text.push_str("pipeline:\n");
            for name in several {
                let _ = writeln!(text, "  - {name}");
            }
        }
    }
    text.push_str("\n# The whole run ends after this long, whatever hangs.\n# deadline: 5m\n");
    let named: Vec<&Service> =
        loaded.pipeline.services.iter().filter(|service| known(service.name.as_ref()).is_some()).collect();
    let open = loaded.pipeline.services.len() - named.len();
    if open > 0 {
        let _ = writeln!(
            text,
            "\n# {open} more: the files leave the name to the run of the pipeline (a variable), so nothing can be added here."
        );
    }
    if !named.is_empty() {
        text.push_str("\nservices:\n");
        let mut seen = BTreeSet::new();
        for service in named {
            one(&mut text, service, &loaded.pipeline, &mut seen);
        }
    }
    text
}

fn one(
    text: &mut String,
    service: &Service,
    pipeline: &Pipeline,
    seen: &mut BTreeSet<(String, Option<String>)>,
) {
    let Some(name) = known(service.name.as_ref()) else { return };
    let region = known(service.region.as_ref());
    let same = pipeline.services.iter().filter(|other| known(other.name.as_ref()) == Some(name)).count();
    let region = region.filter(|_| same > 1);
    if !seen.insert((name.to_owned(), region.map(str::to_owned))) {
        return;
    }
    let _ = writeln!(text, "  - name: {}", scalar(name));
    if let Some(region) = region {
        let _ = writeln!(text, "    region: {}", scalar(region));
    }
    health(text, service);
    database(text, service);
}

fn health(text: &mut String, service: &Service) {
    match service.health_paths.iter().find_map(|path| known(Some(path))) {
        // A probe's path is asked anyhow; naming it makes it the contract.
        Some(path) => {
            let _ = writeln!(text, "    health:\n      # From {}.", first_place(service));
            let _ = writeln!(text, "      path: {}", scalar(path));
        }
        None => text.push_str(
            "    # The files name no health path. Until this says it, the usual ones are tried (/health, /api/health, …).\n    \
             # health:\n    #   path: /health\n",
        ),
    }
}

fn first_place(service: &Service) -> String {
    service.health_paths.first().map(|path| path.place.to_string()).unwrap_or_default()
}

fn database(text: &mut String, service: &Service) {
    let Some(database) = &service.database else {
        text.push_str(
            "    # No variable hints at a PostgreSQL database. If there is one, say which variables lead to it:\n    \
             # database: {host: DB_HOST, port: DB_PORT, user: DB_USER, password: DB_PASSWORD, name: DB_NAME}\n    \
             # database: {dsn: DATABASE_URL}\n",
        );
        return;
    };
    let variables = &database.variables;
    text.push_str("    # The variables that lead to the database, as their names tell it.\n    database:\n");
    let mut line = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = writeln!(text, "      {key}: {}", scalar(value));
        }
    };
    line("dsn", variables.url());
    line("host", variables.host());
    line("instance_variable", variables.instance());
    line("port", variables.port());
    line("user", variables.user());
    line("password", variables.password());
    line("name", variables.name());
}

fn known(stated: Option<&Stated>) -> Option<&str> {
    stated.and_then(Stated::as_known).filter(|text| !text.trim().is_empty())
}

/// A YAML scalar: plain where that is safe, else quoted. JSON's quotes are YAML's.
fn scalar(text: &str) -> String {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '/' || c == '.');
    let safe =
        |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c) || (c == ':' && !text.ends_with(':'));
    let word =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&&*text.to_ascii_lowercase());
    // `.5` and `1:30` are numbers to some readers.
    let number =
        text.starts_with('.') && text.chars().nth(1).is_some_and(|c| c.is_ascii_digit() || c.is_alphabetic());
    if first && !word && !number && text.chars().all(safe) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// The name of a file, checked from the folder of the new one: the reader takes names relative to that.
fn seen_from(folder: &Path, directory: &Path, name: &str) -> String {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (folder, file) = (real(folder), real(&directory.join(name)));
    let shared = folder.components().zip(file.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| "..");
    let down = file.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.map(str::to_owned).chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    proptest! {
        #[test]
        fn a_scalar_is_read_as_the_text_it_stands_for(text in "\\PC{1,24}") {
            let document = format!("key: {}\n", scalar(&text));
            let read = yaml::parse(&Source::new("a", &document)).unwrap();
            prop_assert_eq!(read[0].get("key").unwrap().text(), Some(&*text));
        }
    }

    #[test]
    fn a_file_is_named_from_where_the_new_one_lies() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("ops/gate")).unwrap();
        std::fs::write(root.join("cloudbuild.yaml"), "").unwrap();
        assert_eq!(seen_from(&root.join("ops/gate"), root, "cloudbuild.yaml"), "../../cloudbuild.yaml");
        assert_eq!(seen_from(root, root, "cloudbuild.yaml"), "cloudbuild.yaml");
    }
}
