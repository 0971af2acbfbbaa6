//! What the revisions that serve now say of their health: a healthy answer that names nothing will prove nothing after
//! the deploy either.

use futures::future::join_all;
use url::Url;

use crate::health::{Level, front_end, judge};
use crate::model::{Stated, Target, is_reserved};
use crate::plan::Plan;
use crate::probe::Outside;

/// Asks each service with a database once, at the health paths that the files state; nobody is shown a token. An answer
/// that is not healthy says nothing of the revision to come.
pub(super) async fn advice(plan: &Plan, outside: &Outside) -> Vec<String> {
    let asked = plan.targets.iter().filter(|target| target.service.database.is_some());
    join_all(asked.map(|target| of(target, outside))).await.into_iter().flatten().collect()
}

async fn of(target: &Target, outside: &Outside) -> Option<String> {
    let service = &target.service;
    let stated = service.health.path.iter().chain(&service.health_paths);
    let path =
        stated.filter_map(Stated::as_known).find(|path| path.starts_with('/') && !is_reserved(path))?;
    let base = match service.url.as_ref().and_then(Stated::as_known) {
        Some(url) => url.to_owned(),
        None => outside.google.service(&target.project, &target.region, &target.name).await.ok()?.uri.clone(),
    };
    let url = Url::parse(&format!("{}{path}", base.trim_end_matches('/'))).ok()?;
    let answer = outside.http.get(&url).await.ok()?;
    if front_end(answer.status, &answer.body).is_some() {
        return None;
    }
    let judged = judge(answer.status, answer.content_type.as_deref(), &answer.body);
    let names_nothing = judged.working.is_empty() && judged.failing.is_empty();
    (judged.level == Level::Healthy && names_nothing).then(|| {
        format!(
            "{url} of {}, as it serves now, says healthy and names no dependency, although a database is declared: after \
             the deploy such an answer proves nothing of it (`rungate explain health-path-tells-nothing`)",
            target.name
        )
    })
}
