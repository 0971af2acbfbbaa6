//! From the files that the user named, or that lie in the usual places, to one pipeline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::combine::overlay;
use super::files::Folders;
use super::problem::{Problem, Problems, Severity};
use super::source::Source;
use super::yaml::{self, Kind};
use super::{FORMATS, File, Format, Reading, discover, service_links as others};
use crate::model::{DeploysVia, Pipeline, Stated, infer_database};

/// What to load.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The files, as the user named them; of a folder, those in it; none: those in the usual places.
    pub files: Vec<PathBuf>,
    /// The folder that relative paths start from, and that is searched.
    pub directory: PathBuf,
    /// The pipeline file that runs the gate, if it is known: without files it comes before those in the usual places,
    /// and after a native one.
    pub running: Option<PathBuf>,
    /// Ids of the checks that exist.
    pub known_checks: Vec<&'static str>,
    /// Substitutions of Cloud Build that the user gives: name and value; they win over the files' defaults.
    pub substitutions: Vec<(String, String)>,
    /// Whether what no check can work with is refused: no service, or one twice. Else that is a warning.
    pub strict: bool,
}

impl Request {
    /// A problem of a pipeline as a whole, which stops a check and nothing else.
    pub(super) fn judge(&self, problem: Problem) -> Problem {
        let severity = if self.strict { problem.severity } else { Severity::Warning };
        Problem { severity, ..problem }
    }
}

/// A pipeline that was understood.
#[derive(Debug)]
pub struct Loaded {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// What was not understood, or looks wrong, without stopping the gate.
    pub warnings: Problems,
    /// Which files were chosen, where the user named none.
    pub found: Option<Found>,
    /// Every file that was read, with its format, in the order of [`Pipeline::files`].
    pub files: Vec<ReadFile>,
}

/// The choice among the files of the usual places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The files that were taken.
    pub taken: Vec<String>,
    /// The files that lie in usual places too and were not read.
    pub left: Vec<String>,
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct ReadFile {
    /// As the user named it.
    pub name: Arc<str>,
    /// Its format.
    pub format: &'static Format,
    /// The names of the jobs that it deploys.
    pub jobs: Vec<Stated>,
}

/// A file and what it says.
pub(super) struct Read {
    pub(super) name: Arc<str>,
    pub(super) format: &'static Format,
    pub(super) reading: Reading,
}

/// Loads a pipeline.
///
/// # Errors
///
/// All problems of all files, at least one of them an error: a file that cannot be read, is of no known format or
/// says something that it may not; no file at all; nothing that is deployed; two services of one name.
pub fn load(request: &Request) -> Result<Loaded, Problems> {
    let mut loading = Loading { request, read: Vec::new(), paths: Vec::new(), problems: Problems::default() };
    let found = if request.files.is_empty() {
        Some(discover::discover(&mut loading))
    } else {
        for file in &request.files {
            if request.directory.join(file).is_dir() {
                discover::folder(&mut loading, file);
            } else {
                loading.add(file);
            }
        }
        None
    };
    loading.finish(found)
}

/// What has been read so far.
pub(super) struct Loading<'a> {
    pub(super) request: &'a Request,
    pub(super) read: Vec<Read>,
    /// Where the files that were read really lie: none is read twice.
    paths: Vec<PathBuf>,
    pub(super) problems: Problems,
}

impl Loading<'_> {
    /// Reads a file, and those that it names.
    pub(super) fn add(&mut self, name: &Path) {
        if let Some(read) = self.read_one(name, None) {
            self.keep(name, read);
        }
    }

    /// Reads one file without keeping it. Its problems are kept, at the place where another file names it if they
    /// have none in their own.
    pub(super) fn read_one(&mut self, name: &Path, named: Option<&Stated>) -> Option<Read> {
        let path = self.request.directory.join(name);
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        if self.paths.contains(&real) {
            return None;
        }
        self.paths.push(real);
        match read(&path, &name.to_string_lossy(), self.request, &mut self.problems) {
            Ok(read) => Some(read),
            Err(problems) => {
                self.problems.extend(problems.into_iter().map(|problem| match (named, &problem.place) {
                    (Some(named), None) => {
                        let length = named.raw().chars().count();
                        let problem = problem.at(named.place.clone()).length(length);
                        problem.fix("it is taken from the folder of the file that names it")
                    }
                    (Some(_) | None, _) => problem,
                }));
                None
            }
        }
    }

    /// Reads one file if it is a pipeline's. Of another kind nothing is said; what cannot be read might be one, and is
    /// warned of.
    pub(super) fn try_one(&mut self, name: &Path) -> Option<Read> {
        let (path, mut problems) = (self.request.directory.join(name), Problems::default());
        let real = path.canonicalize().ok()?;
        if self.paths.contains(&real) {
            return None;
        }
        match read(&path, &name.to_string_lossy(), self.request, &mut problems) {
            Ok(read) => {
                self.paths.push(real);
                self.problems.append(problems);
                Some(read)
            }
            Err(told) => {
                let other = |problem: &Problem| matches!(problem.code, "unknown-format" | "file-empty");
                if !told.iter().any(other) {
                    let warnings =
                        told.into_iter().map(|problem| Problem { severity: Severity::Warning, ..problem });
                    problems.extend(warnings);
                    self.problems.append(problems);
                }
                None
            }
        }
    }

    /// Keeps what was read, and reads the files that it names.
    pub(super) fn keep(&mut self, name: &Path, read: Read) {
        let folder = name.parent().unwrap_or(Path::new(""));
        let named = read.reading.pipelines.clone();
        self.read.push(read);
        for pipeline in named {
            let Some(read) = self.read_one(&folder.join(pipeline.raw()), Some(&pipeline)) else { continue };
            if read.reading.pipelines.is_empty() {
                self.keep(&folder.join(pipeline.raw()), read);
            } else {
                // Each may name the other, and who wins would be hard to see.
                self.problems.push(
                    Problem::error(
                        "pipeline-names-pipeline",
                        "a file that is named by `pipeline` may not name more",
                    )
                    .at(pipeline.place.clone())
                    .length(pipeline.raw().chars().count())
                    .fix("list all files here"),
                );
            }
        }
    }

    fn finish(mut self, found: Option<Found>) -> Result<Loaded, Problems> {
        let names: Vec<_> = self.read.iter().map(|read| read.name.clone()).collect();
        let files = self
            .read
            .iter()
            .map(|read| ReadFile {
                name: read.name.clone(),
                format: read.format,
                jobs: read.reading.jobs.clone(),
            })
            .collect();
        let jobs = self.read.iter().flat_map(|read| read.reading.jobs.clone()).collect();
        forget_called(&mut self.read, &self.request.directory);
        forget_replacing(&mut self.read, &self.request.directory);
        let deadline = overlay::deadline(&self.read, &mut self.problems);
        let mut services = overlay::services(self.read, self.request, &mut self.problems);
        if services.is_empty() && !self.problems.has_errors() {
            let problem = nothing_deployed(&names);
            self.problems.push(self.request.judge(problem));
        }
        for service in &mut services {
            let inferred = infer_database(service);
            let database = service.database.take().or(inferred);
            service.database = database.map(|mut database| {
                database.instance = database.instance.or_else(|| service.cloudsql_instances.first().cloned());
                database
            });
        }
        others::check(&services, &mut self.problems);
        self.problems.sort(&names);
        if self.problems.has_errors() {
            return Err(self.problems);
        }
        let pipeline = Pipeline { files: names, services, jobs, deadline };
        Ok(Loaded { pipeline, warnings: self.problems, found, files })
    }
}

/// Leaves out what a file deploys only when another one calls it that was read too: that one says it better.
fn forget_called(files: &mut [Read], directory: &Path) {
    let followed: Vec<_> = files.iter().flat_map(|file| file.reading.followed.clone()).collect();
    for file in files.iter_mut().filter(|file| file.reading.only_called) {
        let real = directory.join(&*file.name).canonicalize();
        if real.is_ok_and(|real| followed.contains(&real)) {
            file.reading.services.clear();
            file.reading.jobs.clear();
        }
    }
}

/// Leaves out what a manifest says by itself where another file that was read replaces the service by it: that one
/// says it, with its region.
fn forget_replacing(files: &mut [Read], directory: &Path) {
    let mut told: Vec<(PathBuf, String)> = Vec::new();
    for file in files.iter() {
        let folders = Folders::of(&directory.join(&*file.name), directory);
        for service in &file.reading.services {
            let manifest = service.manifest.as_ref().and_then(Stated::as_known);
            let name = service.name.as_ref().and_then(Stated::as_known);
            let real = manifest.and_then(|manifest| folders.real(manifest));
            told.extend(real.zip(name.map(str::to_owned)));
        }
    }
    for file in files.iter_mut() {
        let Ok(real) = directory.join(&*file.name).canonicalize() else { continue };
        file.reading.services.retain(|service| {
            let name = service.name.as_ref().and_then(Stated::as_known).unwrap_or_default();
            let told = told.iter().any(|(manifest, known)| *manifest == real && known == name);
            !(service.deploys_via == DeploysVia::Manifest && told)
        });
    }
}

fn nothing_deployed(names: &[Arc<str>]) -> Problem {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    Problem::error("nothing-deployed", format!("no Cloud Run service is deployed by {}", names.join(", ")))
        .fix("if a script deploys it, name the service in `rungate.yaml`: `services: [{name: …, region: …}]`")
}

/// Reads and recognises one file.
fn read(path: &Path, name: &str, request: &Request, problems: &mut Problems) -> Result<Read, Vec<Problem>> {
    let source = Source::read(path, name).map_err(|problem| vec![*problem])?;
    problems.remember(&source);
    let documents = yaml::parse(&source)?;
    let Some(first) = documents.first() else {
        let problem = Problem::error("file-empty", format!("`{name}` holds nothing but comments"));
        return Err(vec![problem.at(source.place(1, 1))]);
    };
    let recognised = |format: &&&Format| documents.iter().any(|document| (format.recognises)(path, document));
    let Some(format) = FORMATS.iter().find(recognised) else {
        let known: Vec<_> = FORMATS.iter().map(|format| format.title).collect();
        let what = match &first.kind {
            Kind::Map(entries) => {
                let keys: Vec<_> = entries.iter().take(4).map(|entry| format!("`{}`", entry.key)).collect();
                format!("its first keys are {}", keys.join(", "))
            }
            Kind::Seq(_) | Kind::Scalar { .. } => format!("it is {}", first.what()),
        };
        let problem = Problem::error("unknown-format", format!("`{name}` is no pipeline file: {what}"))
            .at(first.place.clone())
            .fix(format!("known are: {}", known.join(", ")));
        return Err(vec![problem]);
    };
    let folders = Folders::of(path, &request.directory);
    let file = File {
        source: &source,
        path,
        documents: &documents,
        known_checks: &request.known_checks,
        folders: &folders,
        substitutions: &request.substitutions,
    };
    let reading = (format.read)(&file, problems);
    Ok(Read { name: source.name, format, reading })
}
