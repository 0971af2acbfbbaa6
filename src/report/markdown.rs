//! The Markdown report: for a comment on a pull request and a step's summary on GitHub.
//!
//! Text of others acts in no way (see [`super::inert`]); the diagram and the frame hold words of our own only. The
//! report stays below the limit beyond which GitHub shows nothing at all: what does not fit is left out whole.

use super::Style;
use super::chain::{Link, State, chain, in_words};
use super::inert::{cell, code, fence, prose};
use super::numbers::{count, coverage, seconds};
use super::standing::{concluded, ended, homeless, label, notes, proofs, state};
use crate::diagnosis::{Cause, Diagnosis, Verdict};
use crate::record::{NodeRecord, Outcome, RunRecord, ServiceRecord, words};
use crate::text::escape::shown;

/// The most that GitHub takes as a step's summary, in bytes.
pub(crate) const LIMIT: usize = 1 << 20;
/// Kept free for the sentence about what was left out.
const RESERVE: usize = 512;
/// The longest text of a cell or a proof, in characters.
const LONGEST: usize = 2_000;

pub(super) fn render(record: &RunRecord, diagnosis: &Diagnosis, _style: &Style) -> String {
    within(record, diagnosis, LIMIT)
}

/// The report in no more than that many bytes.
pub(crate) fn within(record: &RunRecord, diagnosis: &Diagnosis, limit: usize) -> String {
    let mut page = Page { out: String::new(), limit: limit.saturating_sub(RESERVE) };
    let (mut services, mut rows) = (0, 0);
    page.add(&headline(record, diagnosis));
    for cause in homeless(record, diagnosis) {
        page.add(&cause_part(cause, label(cause.code, 0)));
    }
    for service in &record.services {
        services += usize::from(!page.add(&service_part(record, diagnosis, service)));
    }
    for service in &record.services {
        let nodes: Vec<&NodeRecord> =
            record.nodes.iter().filter(|node| node.service == service.key).collect();
        rows += page.table(diagnosis, service, &nodes);
    }
    page.add(&format!("\n{}\n", coverage(record)));
    let left: Vec<String> = [(services, "service"), (rows, "check")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what))
        .collect();
    if !left.is_empty() {
        page.out.push_str(&format!(
            "\n> Left out, because GitHub takes no more than {limit} bytes: {}. The other reports have them.\n",
            left.join(", ")
        ));
    }
    page.out
}

struct Page {
    out: String,
    limit: usize,
}

impl Page {
    /// Adds a part if the whole of it fits.
    fn add(&mut self, part: &str) -> bool {
        let fits = self.out.len() + part.len() <= self.limit;
        if fits {
            self.out.push_str(part);
        }
        fits
    }

    /// A service's checks in a folded table; gives back how many rows did not fit.
    fn table(&mut self, diagnosis: &Diagnosis, service: &ServiceRecord, nodes: &[&NodeRecord]) -> usize {
        const END: &str = "\n</details>\n";
        let key = shown(&service.key, LONGEST).replace('&', "&amp;").replace('<', "&lt;");
        let head = format!(
            "\n<details><summary>{} of <code>{key}</code></summary>\n\n\
             | | check | what was seen | from | took |\n| --- | --- | --- | --- | --- |\n",
            count(nodes.len(), "check"),
        );
        if nodes.is_empty() || self.out.len() + head.len() + END.len() > self.limit {
            return nodes.len();
        }
        self.out.push_str(&head);
        self.limit = self.limit.saturating_sub(END.len());
        let left = nodes.iter().filter(|node| !self.add(&row(diagnosis, node))).count();
        self.limit += END.len();
        self.out.push_str(END);
        left
    }
}

fn row(diagnosis: &Diagnosis, node: &NodeRecord) -> String {
    let name = match &node.subject {
        Some(subject) => format!("{}[{subject}]", node.check),
        None => node.check.to_string(),
    };
    let took = match &node.outcome {
        Some(Outcome::Blocked { .. } | Outcome::Skipped { .. }) => String::new(),
        Some(Outcome::Passed { .. } | Outcome::Failed { .. } | Outcome::Inconclusive { .. }) | None => {
            seconds(node.duration_ms)
        }
    };
    let detail = shown(&words::outcome(node.outcome.as_ref()), LONGEST);
    format!(
        "| {} | {} | {} | {} | {took} |\n",
        State::of(diagnosis, node).glyph(),
        cell(&code(&name)),
        cell(&prose(&detail)),
        node.vantage,
    )
}

fn headline(record: &RunRecord, diagnosis: &Diagnosis) -> String {
    let mark = match diagnosis.verdict {
        Verdict::Healthy => "✅",
        Verdict::Inconclusive => "⚠️",
        Verdict::Unhealthy => "❌",
    };
    let cause = diagnosis
        .causes
        .first()
        .map_or_else(String::new, |cause| format!(": {}", code(&cause.code.to_string())));
    let files: Vec<String> = record.files.iter().map(|file| code(file)).collect();
    let files = if files.is_empty() { "no files".to_owned() } else { files.join(", ") };
    let sandbox = if record.sandbox { ", against the sandbox" } else { "" };
    let mut text = format!(
        "## {mark} rungate: {}{cause}\n\n{files}: {} in {}{sandbox}, checked from {}\n",
        diagnosis.verdict,
        count(record.nodes.len(), "check"),
        seconds(record.duration_ms),
        record.vantage,
    );
    text.extend(ended(record).map(|ended| format!("\n{}\n", prose(&ended))));
    text
}

fn service_part(record: &RunRecord, diagnosis: &Diagnosis, service: &ServiceRecord) -> String {
    let mut text = format!("\n### Service {}\n\n", code(&service.key));
    let mut about =
        vec![format!("project {}", code(&service.project)), format!("region {}", code(&service.region))];
    about.extend(service.revision.as_ref().map(|revision| format!("revision {}", code(revision))));
    about.extend(service.url.as_ref().map(|url| code(url)));
    text.push_str(&format!("{}\n\n", about.join(" · ")));
    if let Some(concluded) = concluded(diagnosis, &service.key) {
        let rests: Vec<String> = concluded
            .obligations
            .iter()
            .map(|one| format!("{}: {}", prose(&one.what), prose(&state(one))))
            .collect();
        let rests = if rests.is_empty() { "nothing to rest on".to_owned() } else { rests.join("; ") };
        text.push_str(&format!("**{}** ({rests})\n", concluded.verdict));
    }
    if let Some(rollback) = &service.rollback {
        text.push_str(&format!("\n**Rollback**: {}\n", prose(&rollback.to_string())));
    }
    text.push_str(&diagram(&chain(record, diagnosis, service)));
    let of_service = |cause: &&Cause| cause.service == service.key;
    for (at, cause) in diagnosis.causes.iter().filter(of_service).enumerate() {
        text.push_str(&cause_part(cause, label(cause.code, at)));
    }
    for cause in diagnosis.causes.iter().filter(|cause| cause.symptoms_in.contains(&service.key)) {
        let (other, root) = (code(&cause.service), code(&cause.code.to_string()));
        text.push_str(&format!("\n**Because of** {other}: {root}, shown there\n"));
    }
    for cause in diagnosis.advisories.iter().filter(of_service) {
        text.push_str(&cause_part(cause, "advisory"));
    }
    let nodes: Vec<&NodeRecord> = record.nodes.iter().filter(|node| node.service == service.key).collect();
    for note in notes(&nodes) {
        text.push_str(&format!("\nNote: {}\n", prose(&shown(&note, LONGEST))));
    }
    text
}

/// The chain as a Mermaid diagram. Its labels are our own words.
fn diagram(links: &[Link]) -> String {
    let mut lines = vec!["flowchart LR".to_owned()];
    for (at, link) in links.iter().enumerate() {
        let class = link.state;
        lines.push(format!(
            "  s{at}[\"{} {}<br/>{}\"]:::{class}",
            link.state.glyph(),
            link.title,
            link.state.word()
        ));
    }
    for (at, pair) in links.windows(2).enumerate() {
        // The way is broken where the root of the trouble stands.
        let broken = pair.iter().any(|link| link.state == State::Broken);
        lines.push(format!("  s{at} {} s{}", if broken { "-. ✗ .->" } else { "-->" }, at + 1));
    }
    lines.push("  classDef holds fill:#dcfce7,stroke:#15803d,color:#14532d".to_owned());
    lines.push("  classDef partly fill:#dcfce7,stroke:#15803d,color:#14532d,stroke-dasharray:4 3".to_owned());
    lines.push("  classDef broken fill:#fee2e2,stroke:#b91c1c,color:#7f1d1d,stroke-width:3px".to_owned());
    lines
        .push("  classDef symptom fill:#ffedd5,stroke:#c2410c,color:#7c2d12,stroke-dasharray:4 3".to_owned());
    lines.push("  classDef advisory fill:#fef9c3,stroke:#a16207,color:#713f12".to_owned());
    lines
        .push("  classDef unknown fill:#fef9c3,stroke:#a16207,color:#713f12,stroke-dasharray:4 3".to_owned());
    lines.push("  classDef unseen fill:#f3f4f6,stroke:#6b7280,color:#374151,stroke-dasharray:4 3".to_owned());
    lines.push("  classDef unused fill:#f3f4f6,stroke:#9ca3af,color:#6b7280".to_owned());
    format!("\n```mermaid\n{}\n```\n\n<sub>{}</sub>\n", lines.join("\n"), in_words(links))
}

fn cause_part(cause: &Cause, label: &str) -> String {
    let mut title = label.to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let confidence = if label == "open" { String::new() } else { format!(" ({})", cause.confidence) };
    let mut text =
        format!("\n#### {title}: {}{confidence}\n\n{}\n", code(&cause.code.to_string()), prose(&cause.claim));
    text.extend(cause.place.iter().map(|place| format!("\nIn {}\n", code(&place.to_string()))));
    for (at, (vantage, proof)) in proofs(cause).into_iter().enumerate() {
        let head = if at == 0 { "\nProof:\n\n" } else { "" };
        text.push_str(&format!("{head}- from {vantage}: {}\n", prose(&shown(proof, LONGEST))));
    }
    if cause.chain.len() > 1 {
        text.push_str(&format!("\nChain: {}\n", prose(&cause.chain.join(", "))));
    }
    steps(
        &mut text,
        "Suspects",
        cause.suspects.iter().map(|one| (one.text.as_str(), one.command.as_deref())),
    );
    steps(&mut text, "Fix", cause.fix.iter().map(|one| (one.text.as_str(), one.command.as_deref())));
    text
}

fn steps<'a>(text: &mut String, title: &str, steps: impl Iterator<Item = (&'a str, Option<&'a str>)>) {
    for (at, (what, command)) in steps.enumerate() {
        if at == 0 {
            text.push_str(&format!("\n{title}:\n"));
        }
        text.push_str(&format!("\n{}. {}\n", at + 1, prose(what)));
        if let Some(command) = command {
            let block = fence("sh", &[command.to_owned()]);
            let indented: String = block.lines().map(|line| format!("   {line}\n")).collect();
            text.push_str(&format!("\n{indented}"));
        }
    }
}
