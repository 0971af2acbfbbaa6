//! Building the plan: which checks of which service, and what waits for what.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::{Node, Plan, journeys};
use crate::checks::{Check, Subjects};
use crate::model::resource::short;
use crate::model::{Pipeline, Place, Service, Stated, Target};
use crate::record::{CheckId, Role};

/// What the command line or the environment says where the files do not.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// `--project`, else the environment's.
    pub project: Option<String>,
    /// `--region`, else the environment's.
    pub region: Option<String>,
    /// `--service`: only these; empty: all.
    pub services: Vec<String>,
    /// `--revision`: the one that this deploy created; only where one service is checked.
    pub revision: Option<String>,
    /// `--url`: where it is asked, in the place of what the files state; only where one service is checked.
    pub url: Option<String>,
    /// `--require`: checks, or nodes of theirs, that are obligations whatever the files say.
    pub require: Vec<String>,
}

/// Why no plan could be made. All reasons are reported at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// Something that the gate must know to ask about a service is not known.
    Unknown {
        /// `name`, `project` or `region`.
        what: &'static str,
        /// The service as far as it has a name.
        service: String,
        /// Where.
        place: Place,
        /// The expression that hides it, where there is one.
        expression: Option<String>,
    },
    /// `--service` names none of the pipeline's services.
    NoSuchService {
        /// What was asked for.
        asked: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Two services turn out to be one, and the gate cannot know which of the two to expect.
    Twice {
        /// The service.
        service: String,
        /// Where it is deployed first.
        first: Place,
        /// Where again.
        again: Place,
    },
    /// An option is about one service, and several are checked.
    OfOneService {
        /// The option, as it is typed.
        option: &'static str,
        /// The services.
        services: Vec<String>,
    },
    /// `--require` names what is no check of any service: a gate that leaves it out must not pass.
    RequiredNowhere {
        /// What was asked for.
        asked: String,
        /// What could have been asked for.
        known: Vec<String>,
    },
    /// There is nothing to check. A gate that checks nothing must not pass.
    Empty,
    /// Every obligation of a service was made advisory. A gate that asks for nothing must not pass.
    NothingRequired {
        /// The service.
        service: String,
        /// Where.
        place: Place,
    },
    /// The table of checks contradicts itself: a defect of rungate.
    Table(TableError),
}

/// How the table of checks can contradict itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableError {
    /// Two checks share an id.
    Duplicate(CheckId),
    /// A check needs one that does not exist.
    UnknownNeed {
        /// The check.
        check: CheckId,
        /// What it needs.
        need: CheckId,
    },
    /// These checks wait for each other.
    Cycle(Vec<CheckId>),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { what, service, expression: Some(expression), .. } => {
                write!(f, "the {what} of service {service} is hidden behind {expression}")
            }
            Self::Unknown { what, service, expression: None, .. } => {
                write!(f, "the {what} of service {service} is stated nowhere")
            }
            Self::NoSuchService { asked, known } => {
                write!(f, "the pipeline deploys no service {asked}; it deploys {}", known.join(", "))
            }
            Self::Twice { service, first, .. } => write!(
                f,
                "service {service} is deployed twice to one project and region, first at {first}: name one file, \
                 or give each its own project or region"
            ),
            Self::OfOneService { option, services } => {
                write!(
                    f,
                    "{option} is about one service, and {} are checked: add --service",
                    services.join(", ")
                )
            }
            Self::RequiredNowhere { asked, .. } => {
                write!(f, "--require {asked}: no service of this pipeline has such a check")
            }
            Self::Empty => f.write_str("there is nothing to check"),
            Self::NothingRequired { service, .. } => {
                write!(f, "every obligation of service {service} is advisory: the gate could never fail")
            }
            Self::Table(TableError::Duplicate(id)) => write!(f, "two checks are called {id}"),
            Self::Table(TableError::UnknownNeed { check, need }) => {
                write!(f, "check {check} needs {need}, which does not exist")
            }
            Self::Table(TableError::Cycle(ids)) => {
                write!(
                    f,
                    "these checks wait for each other: {}",
                    ids.iter().map(CheckId::as_str).collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
}

/// Builds the plan of a pipeline from a table of checks. Pure; reports every problem at once.
///
/// # Errors
/// See [`PlanError`].
pub fn build(
    pipeline: &Pipeline,
    table: &[&'static Check],
    defaults: &Defaults,
) -> Result<Plan, Vec<PlanError>> {
    let order = in_order(table).map_err(|error| vec![PlanError::Table(error)])?;
    let mut errors = Vec::new();
    let targets = targets(pipeline, defaults, &mut errors);
    let mut nodes = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        let from = nodes.len();
        plan_service(index, target, &order, &defaults.require, &mut nodes);
        wait_for_ends(&mut nodes, from);
        if nodes.len() > from && nodes[from..].iter().all(|node: &Node| node.role == Role::Advisory) {
            let (service, place) = (target.key.clone(), target.service.place.clone());
            errors.push(PlanError::NothingRequired { service, place });
        }
    }
    journeys::connect(&targets, &mut nodes);
    if errors.is_empty() {
        errors.extend(required_nowhere(&defaults.require, &nodes));
    }
    if errors.is_empty() && nodes.is_empty() {
        errors.push(PlanError::Empty);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let files = pipeline.files.iter().map(ToString::to_string).collect();
    let targets = targets.into_iter().map(Arc::new).collect();
    Ok(Plan { files, targets, nodes, environment: BTreeMap::new() })
}

/// The table so ordered that what is needed, or waited for, stands before what needs it; otherwise as it was.
fn in_order(table: &[&'static Check]) -> Result<Vec<&'static Check>, TableError> {
    for (index, check) in table.iter().enumerate() {
        if table[..index].iter().any(|other| other.id == check.id) {
            return Err(TableError::Duplicate(check.id));
        }
        if let Some(need) = check.needs.iter().find(|need| !table.iter().any(|other| other.id == **need)) {
            return Err(TableError::UnknownNeed { check: check.id, need: *need });
        }
    }
    let mut left: Vec<&'static Check> = table.to_vec();
    let mut order: Vec<&'static Check> = Vec::new();
    while !left.is_empty() {
        // What is only waited for may be missing from the table.
        let waits = |id: &CheckId| left.iter().any(|other| other.id == *id);
        let free = left.iter().position(|check| !check.needs.iter().chain(check.after).any(waits));
        match free {
            Some(index) => order.push(left.remove(index)),
            None => return Err(TableError::Cycle(left.iter().map(|check| check.id).collect())),
        }
    }
    Ok(order)
}

fn targets(pipeline: &Pipeline, defaults: &Defaults, errors: &mut Vec<PlanError>) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut names = Vec::new();
    for service in &pipeline.services {
        let called = service.name.as_ref().map_or("(no name)", |name| name.raw()).to_owned();
        names.push(called.clone());
        if !defaults.services.is_empty() && !defaults.services.contains(&called) {
            continue;
        }
        let mut known = |what, stated: Option<&Stated>, default: Option<&String>| {
            let text = stated.and_then(Stated::as_known).map(str::to_owned).or_else(|| default.cloned());
            if text.is_none() {
                errors.push(PlanError::Unknown {
                    what,
                    service: called.clone(),
                    place: stated.map_or(&service.place, |stated| &stated.place).clone(),
                    expression: stated.map(|stated| stated.raw().to_owned()),
                });
            }
            text
        };
        let name = known("name", service.name.as_ref(), None);
        let project = known("project", service.project.as_ref(), defaults.project.as_ref());
        let region = known("region", service.region.as_ref(), defaults.region.as_ref());
        if let (Some(name), Some(project), Some(region)) = (name, project, region) {
            // The full name of a revision ends in its short one.
            let revision = defaults.revision.as_deref().map(|full| short(full).to_owned());
            let mut service = service.clone();
            if let Some(url) = &defaults.url {
                service.url = Some(Stated::known(url, service.place.clone()));
            }
            targets.push(Target { key: name.clone(), name, project, region, revision, service });
        }
    }
    for asked in defaults.services.iter().filter(|asked| !names.contains(asked)) {
        errors.push(PlanError::NoSuchService { asked: asked.clone(), known: names.clone() });
    }
    for (index, target) in targets.iter().enumerate() {
        let same = |other: &&Target| {
            (&other.name, &other.project, &other.region) == (&target.name, &target.project, &target.region)
        };
        if let Some(first) = targets.iter().take(index).find(same) {
            errors.push(PlanError::Twice {
                service: target.name.clone(),
                first: first.service.place.clone(),
                again: target.service.place.clone(),
            });
        }
    }
    let of_one = [("--revision", &defaults.revision), ("--url", &defaults.url)];
    for (option, _) in of_one.into_iter().filter(|(_, given)| given.is_some() && targets.len() > 1) {
        let services = targets.iter().map(|target| target.name.clone()).collect();
        errors.push(PlanError::OfOneService { option, services });
    }
    make_keys_unique(&mut targets);
    targets
}

/// A key is the name alone where that is enough, else the name with what tells the services apart.
fn make_keys_unique(targets: &mut [Target]) {
    let mut count: HashMap<String, usize> = HashMap::new();
    for target in &*targets {
        *count.entry(target.name.clone()).or_default() += 1;
    }
    for target in targets {
        if count.get(&target.name).is_some_and(|&times| times > 1) {
            target.key = format!("{}@{}.{}", target.name, target.region, target.project);
        }
    }
}

fn plan_service(
    index: usize,
    target: &Target,
    order: &[&'static Check],
    require: &[String],
    nodes: &mut Vec<Node>,
) {
    let service = &target.service;
    let from = nodes.len();
    for check in order {
        let subjects = match (check.subjects)(service) {
            Subjects::None => continue,
            Subjects::Whole => vec![None],
            Subjects::Each(subjects) => subjects.into_iter().map(Some).collect(),
        };
        for subject in subjects {
            let needs = (from..nodes.len())
                .filter(|&at| check.needs.contains(&nodes[at].check.id))
                // Of a check with the same subjects only the one about this subject is needed.
                .filter(|&at| match (&nodes[at].subject, &subject) {
                    (Some(theirs), Some(ours)) => theirs == ours,
                    (None, _) | (_, None) => true,
                })
                .collect();
            nodes.push(Node {
                target: index,
                check,
                role: role(service, check, subject.as_deref(), require),
                place: (check.place)(service, subject.as_deref()).clone(),
                subject,
                needs,
                after: Vec::new(),
                outlasts: false,
            });
        }
    }
}

/// Lets each node of a service, the last in the list, wait for the ends that its check asks for.
fn wait_for_ends(nodes: &mut [Node], from: usize) {
    for index in from..nodes.len() {
        let ends = nodes[index].check.after;
        nodes[index].after = (from..nodes.len()).filter(|&at| ends.contains(&nodes[at].check.id)).collect();
    }
}

/// The role of a check: the command line's, else the native file's, else the table's. Both may name a check, or one of
/// its nodes (`secret-readable[DB_PASSWORD]`).
fn role(service: &Service, check: &Check, subject: Option<&str>, require: &[String]) -> Role {
    let named = |name: &str| names(name, check, subject);
    let stated = |list: &[Stated]| list.iter().any(|stated| named(stated.raw()));
    if require.iter().any(|name| named(name)) || stated(&service.require) {
        Role::Obligation
    } else if stated(&service.advisory) {
        Role::Advisory
    } else {
        check.role
    }
}

/// Whether a name is that of a check, or of its node about this subject.
fn names(name: &str, check: &Check, subject: Option<&str>) -> bool {
    let of_subject = |subject| name.strip_prefix(check.id.as_str()) == Some(&*format!("[{subject}]"));
    check.id == name || subject.is_some_and(of_subject)
}

/// What `--require` asks for and no node is.
fn required_nowhere(require: &[String], nodes: &[Node]) -> Vec<PlanError> {
    let is_planned = |name: &str| nodes.iter().any(|node| names(name, node.check, node.subject.as_deref()));
    let mut known: Vec<String> = nodes.iter().map(|node| node.check.id.to_string()).collect();
    known.dedup();
    let unknown = require.iter().filter(|name| !is_planned(name));
    unknown.map(|name| PlanError::RequiredNowhere { asked: name.clone(), known: known.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::USUAL;
    use crate::model::DeploysVia;
    use crate::record::Outcome;

    const A_ID: CheckId = CheckId::new("a");
    const B_ID: CheckId = CheckId::new("b");
    const NOBODY: CheckId = CheckId::new("nobody");

    const fn check(id: &'static str, needs: &'static [CheckId]) -> Check {
        Check {
            id: CheckId::new(id),
            holds: "It holds",
            role: Role::Obligation,
            needs,
            subjects: |_| Subjects::Whole,
            run: |_| Box::pin(async { Outcome::Passed { detail: String::new() } }),
            ..USUAL
        }
    }

    fn place() -> Place {
        Place { file: "f.yaml".into(), line: 1, column: 1 }
    }

    fn pipeline(services: &[(&str, Option<&str>, &str)]) -> Pipeline {
        let services = services
            .iter()
            .map(|(name, project, region)| {
                let mut service = Service::new(DeploysVia::Native, place());
                service.name = Some(Stated::known(*name, place()));
                service.project = project.map(|project| Stated::known(project, place()));
                service.region = Some(Stated::known(*region, place()));
                service
            })
            .collect();
        Pipeline { services, ..Pipeline::default() }
    }

    #[test]
    fn needs_stand_before_what_needs_them() {
        static B: Check = check("b", &[A_ID]);
        static A: Check = check("a", &[]);
        let plan = build(&pipeline(&[("s", Some("p"), "r")]), &[&B, &A], &Defaults::default()).unwrap();
        let keys: Vec<String> = plan.nodes.iter().map(|node| plan.key(node)).collect();
        assert_eq!(keys, ["s/a", "s/b"]);
        assert_eq!(plan.nodes[1].needs, [0]);
    }

    #[test]
    fn a_table_that_contradicts_itself_is_an_error() {
        static A: Check = check("a", &[B_ID]);
        static B: Check = check("b", &[A_ID]);
        static FREE: Check = check("free", &[]);
        static LONE: Check = check("lone", &[NOBODY]);
        static FIRST: Check = Check { after: &[B_ID], ..check("a", &[]) };
        assert_eq!(in_order(&[&A, &B]).unwrap_err(), TableError::Cycle(vec![A_ID, B_ID]));
        assert_eq!(in_order(&[&FIRST, &B]).unwrap_err(), TableError::Cycle(vec![A_ID, B_ID]));
        assert_eq!(in_order(&[&FIRST, &FREE]).unwrap()[0].id, A_ID, "what is not planned is not waited for");
        assert_eq!(in_order(&[&FREE, &FREE]).unwrap_err(), TableError::Duplicate(FREE.id));
        assert_eq!(in_order(&[&LONE]).unwrap_err(), TableError::UnknownNeed { check: LONE.id, need: NOBODY });
    }

    #[test]
    fn every_unknown_is_reported_at_once() {
        static A: Check = check("a", &[]);
        let pipeline = pipeline(&[("one", None, "r"), ("two", None, "r")]);
        let errors = build(&pipeline, &[&A], &Defaults::default()).unwrap_err();
        let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let of = |service: &str| format!("the project of service {service} is stated nowhere");
        assert_eq!(said, [of("one"), of("two")]);
    }

    #[test]
    fn a_default_fills_what_the_files_hide() {
        static A: Check = check("a", &[]);
        let mut pipeline = pipeline(&[("one", None, "r")]);
        pipeline.services[0].project = Some(Stated::unresolved("$PROJECT_ID", place()));
        let defaults = Defaults { project: Some("acme".to_owned()), ..Defaults::default() };
        assert_eq!(build(&pipeline, &[&A], &defaults).unwrap().targets[0].project, "acme");
    }

    #[test]
    fn a_named_revision_is_of_one_service() {
        static A: Check = check("a", &[]);
        let pipeline = pipeline(&[("one", Some("p"), "r"), ("two", Some("p"), "r")]);
        let full = "projects/p/locations/r/services/one/revisions/one-00002-abc";
        let mut defaults = Defaults { revision: Some(full.to_owned()), ..Defaults::default() };
        let errors = build(&pipeline, &[&A], &defaults).unwrap_err();
        let of_one = |errors: &[PlanError], asked: &str| matches!(errors, [PlanError::OfOneService { option, services }] if *option == asked && services.len() == 2);
        assert!(of_one(&errors, "--revision"));
        let url = Defaults { url: Some("https://tag---one.run.app".to_owned()), ..Defaults::default() };
        assert!(of_one(&build(&pipeline, &[&A], &url).unwrap_err(), "--url"));
        defaults.services = vec!["one".to_owned()];
        let plan = build(&pipeline, &[&A], &defaults).unwrap();
        assert_eq!(plan.targets[0].revision.as_deref(), Some("one-00002-abc"));
    }

    #[test]
    fn a_given_url_stands_in_the_place_of_the_files() {
        static A: Check = check("a", &[]);
        let mut pipeline = pipeline(&[("one", Some("p"), "r")]);
        pipeline.services[0].url = Some(Stated::unresolved("${{ steps.d.outputs.url }}", place()));
        let defaults = Defaults { url: Some("https://new---one.run.app".to_owned()), ..Defaults::default() };
        let plan = build(&pipeline, &[&A], &defaults).unwrap();
        let url = plan.targets[0].service.url.as_ref().and_then(Stated::as_known);
        assert_eq!(url, Some("https://new---one.run.app"));
    }

    #[test]
    fn what_the_command_line_requires_is_an_obligation_or_an_error() {
        static A: Check = check("a", &[]);
        static B: Check = Check { role: Role::Advisory, ..check("b", &[]) };
        static EACH: Check = Check {
            role: Role::Advisory,
            subjects: |_| Subjects::Each(vec!["X".to_owned(), "Y".to_owned()]),
            ..check("each", &[])
        };
        let mut pipeline = pipeline(&[("s", Some("p"), "r")]);
        pipeline.services[0].advisory = vec![Stated::known("b", place())];
        let plan = |names: &[&str]| {
            let require = names.iter().map(|name| (*name).to_owned()).collect();
            build(&pipeline, &[&A, &B, &EACH], &Defaults { require, ..Defaults::default() })
        };
        let roles = |names| plan(names).unwrap().nodes.iter().map(|node| node.role).collect::<Vec<_>>();
        use Role::{Advisory, Obligation};
        assert_eq!(roles(&[]), [Obligation, Advisory, Advisory, Advisory]);
        assert_eq!(roles(&["b", "each[Y]"]), [Obligation, Obligation, Advisory, Obligation]);
        let errors = plan(&["c", "each[Z]"]).unwrap_err();
        let nowhere = |error: &PlanError| matches!(error, PlanError::RequiredNowhere { known, .. } if known == &["a", "b", "each"]);
        assert!(errors.len() == 2 && errors.iter().all(nowhere), "{errors:?}");
    }

    #[test]
    fn services_of_one_name_in_two_regions_get_keys_of_their_own() {
        static A: Check = check("a", &[]);
        let pipeline = pipeline(&[("s", Some("p"), "r1"), ("s", Some("p"), "r2"), ("t", Some("p"), "r1")]);
        let plan = build(&pipeline, &[&A], &Defaults::default()).unwrap();
        let keys: Vec<&str> = plan.targets.iter().map(|target| target.key.as_str()).collect();
        assert_eq!(keys, ["s@r1.p", "s@r2.p", "t"]);
    }

    #[test]
    fn one_service_deployed_twice_is_an_error() {
        static A: Check = check("a", &[]);
        let pipeline = pipeline(&[("s", Some("p"), "r"), ("s", None, "r")]);
        let defaults = Defaults { project: Some("p".to_owned()), ..Defaults::default() };
        let errors = build(&pipeline, &[&A], &defaults).unwrap_err();
        assert!(matches!(errors.as_slice(), [PlanError::Twice { .. }]), "{errors:?}");
    }

    #[test]
    fn nothing_to_check_is_an_error() {
        assert_eq!(build(&pipeline(&[]), &[], &Defaults::default()).unwrap_err(), [PlanError::Empty]);
    }

    #[test]
    fn a_gate_that_could_never_fail_is_an_error() {
        static A: Check = check("a", &[]);
        let mut pipeline = pipeline(&[("s", Some("p"), "r")]);
        pipeline.services[0].advisory = vec![Stated::known("a", place())];
        let errors = build(&pipeline, &[&A], &Defaults::default()).unwrap_err();
        assert!(matches!(errors.as_slice(), [PlanError::NothingRequired { .. }]), "{errors:?}");
    }

    #[test]
    fn an_unknown_service_is_named_with_the_known_ones() {
        static A: Check = check("a", &[]);
        let defaults = Defaults { services: vec!["x".to_owned()], ..Defaults::default() };
        let errors = build(&pipeline(&[("s", Some("p"), "r")]), &[&A], &defaults).unwrap_err();
        assert_eq!(errors[0].to_string(), "the pipeline deploys no service x; it deploys s");
    }
}
