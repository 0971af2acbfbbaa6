//! Words whose open parts are hidden behind marks while gcloud's flags are read, and put back into what was read.

use crate::model::{SecretReference, Service, Stated, Variable};
use crate::pipeline::gcloud::{Command, Word};
use crate::pipeline::text::{Part, Text};

/// The open parts of the words of one command.
#[derive(Debug, Default)]
pub(super) struct Marks {
    opens: Vec<Text>,
}

impl Marks {
    /// A text with a mark for each open part. A mark looks like an expression: nothing cuts it in two.
    pub(super) fn hide(&mut self, text: &Text) -> String {
        let mut hidden = String::new();
        let mut start = 0;
        for part in text.parts() {
            match part {
                Part::Known(known) => {
                    hidden.push_str(known);
                    start += known.len();
                }
                Part::Open(expression, _) => {
                    hidden.push_str(&format!("${{{{ {} }}}}", self.opens.len()));
                    self.opens.push(text.slice(start, start + expression.len()));
                    start += expression.len();
                }
            }
        }
        hidden
    }

    /// A word of a command line.
    pub(super) fn word(&mut self, text: &Text) -> Word {
        Word { text: self.hide(text), place: text.place().clone() }
    }

    /// Puts the open parts back.
    pub(super) fn show(&self, stated: &mut Stated) {
        let mut whole = Text::new(stated.place.clone());
        for piece in self.pieces(stated.raw()) {
            match piece {
                Ok(known) => whole.push(&Text::known(known, stated.place.clone())),
                Err(open) => whole.push(open),
            }
        }
        *stated = Stated { place: stated.place.clone(), ..whole.stated() };
    }

    fn show_name(&self, name: &mut String) {
        let whole = self.pieces(name).into_iter().map(|piece| match piece {
            Ok(known) => known.to_owned(),
            Err(open) => open.raw(),
        });
        *name = whole.collect();
    }

    fn pieces<'t>(&self, text: &'t str) -> Vec<Result<&'t str, &Text>> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{ ") {
            let open = after
                .split_once(" }}")
                .and_then(|(number, after)| Some((self.opens.get(number.parse::<usize>().ok()?)?, after)));
            let Some((open, after)) = open else { break };
            pieces.push(Ok(before));
            pieces.push(Err(open));
            rest = after;
        }
        pieces.push(Ok(rest));
        pieces
    }

    /// Puts the open parts back into all that a command says.
    pub(super) fn show_command(&self, command: &mut Command) {
        match command {
            Command::Service(service) => self.show_service(service),
            Command::Job(stated) | Command::Project(stated) => self.show(stated),
        }
    }

    /// Puts the open parts back into all that is said of a service.
    pub(super) fn show_service(&self, service: &mut Service) {
        let slots = [
            &mut service.name,
            &mut service.project,
            &mut service.region,
            &mut service.url,
            &mut service.manifest,
            &mut service.image,
            &mut service.service_account,
            &mut service.vpc.connector,
            &mut service.vpc.egress,
            &mut service.vpc.network,
            &mut service.vpc.subnet,
            &mut service.port,
            &mut service.tag,
        ];
        slots.into_iter().flatten().for_each(|stated| self.show(stated));
        service
            .cloudsql_instances
            .iter_mut()
            .chain(&mut service.health_paths)
            .for_each(|stated| self.show(stated));
        self.show_container(&mut service.env, &mut service.secrets);
        for sidecar in &mut service.sidecars {
            sidecar.name.iter_mut().chain(&mut sidecar.image).for_each(|stated| self.show(stated));
            self.show_container(&mut sidecar.env, &mut sidecar.secrets);
        }
    }

    fn show_container(&self, env: &mut [Variable], secrets: &mut [SecretReference]) {
        for variable in env {
            self.show_name(&mut variable.name);
            self.show(&mut variable.value);
        }
        for secret in secrets {
            self.show_name(&mut secret.target);
            self.show(&mut secret.secret);
            self.show(&mut secret.version);
        }
    }
}
