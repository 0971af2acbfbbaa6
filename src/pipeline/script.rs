//! Shell scripts in steps. They are recognised, not read: what they deploy is said to be unknown, never guessed.

use super::problem::{Problem, Problems};
use super::yaml::Node;

/// Tells of a script that deploys to Cloud Run, at the line that does.
pub(super) fn warn_unread(script: &Node, key: &str, problems: &mut Problems) {
    let Some(text) = script.text() else { return };
    let Some(line) = text.lines().position(deploys) else { return };
    problems.push(
        Problem::warning(
            "script-not-read",
            format!("this step's {key} cannot be read: it runs `gcloud run`"),
        )
        .at(script.place_of_line(line))
        .length(script.length)
        .fix("name what it deploys in rungate.yaml, or deploy with an args list or the action"),
    );
}

/// Whether a line of a script calls `gcloud run …` to change something.
fn deploys(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with('#') {
        return false;
    }
    let mut words = line.split_whitespace().skip_while(|word| !word.ends_with("gcloud")).skip(1);
    let verb = words.by_ref().find(|word| !word.starts_with('-') && !matches!(*word, "alpha" | "beta"));
    if verb != Some("run") {
        return false;
    }
    match words.next() {
        Some("deploy" | "jobs") | None => true,
        Some("services") => matches!(words.next(), Some("update" | "replace") | None),
        Some(word) => word == "\\" || word.starts_with('$'),
    }
}

#[cfg(test)]
mod tests {
    use super::deploys;

    #[test]
    fn lines_that_deploy_are_recognised() {
        for line in [
            "gcloud run deploy a",
            "  /usr/bin/gcloud --quiet beta run deploy",
            "x && gcloud run services replace f",
            "gcloud run \\",
        ] {
            assert!(deploys(line), "{line}");
        }
        for line in [
            "# gcloud run deploy",
            "npm run deploy",
            "gcloud run services describe a",
            "gcloud run services update-traffic a",
            "gcloud builds submit",
        ] {
            assert!(!deploys(line), "{line}");
        }
    }
}
