//! A talk over a WebSocket, turn by turn.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::compose::message;
use super::judge;
use super::place::StepTarget;
use crate::live::values::{Unfit, Values};
use crate::model::Turn;
use crate::probe::websocket::Talk;

/// How a talk ended.
pub(super) struct TalkEnd {
    /// What differs; empty: nothing.
    pub(super) differs: Vec<String>,
    /// The last message that was looked at.
    pub(super) last: Vec<u8>,
}

/// Holds a talk within a time limit.
pub(super) async fn hold(
    mut talk: Talk,
    turns: &[Turn],
    place: &StepTarget,
    values: &Values,
    limit: Duration,
) -> Result<TalkEnd, Unfit> {
    let end = Instant::now() + limit;
    let mut last = Vec::new();
    for (turn, number) in turns.iter().zip(1..) {
        let differs = match turn {
            Turn::Send(body) => {
                let text = message(body, &place.base, place.own, values)?;
                match timeout_at(end, talk.say(text)).await {
                    Ok(Ok(())) => None,
                    Ok(Err(why)) => Some(format!("the message could not be sent: {why}")),
                    Err(_) => Some(format!("the message was not taken within {} ms", limit.as_millis())),
                }
            }
            Turn::Expect { json, pattern, within } => {
                let until = within.map_or(end, |within| end.min(Instant::now() + within));
                // Never what the turn before met: each message answers one expectation.
                last.clear();
                expected(&mut talk, json, pattern.as_ref(), values, until, &mut last).await?
            }
            Turn::Close => match timeout_at(end, talk.close()).await {
                Ok(Ok(())) => None,
                Ok(Err(why)) => Some(format!("it should close, and {why}")),
                Err(_) => Some(format!("it did not close within {} ms", limit.as_millis())),
            },
        };
        if let Some(differs) = differs {
            return Ok(TalkEnd { differs: vec![format!("turn {number} of the talk: {differs}")], last });
        }
    }
    Ok(TalkEnd { differs: Vec::new(), last })
}

/// Waits for a message that meets everything; what differed in the last one that did not is told where none comes.
async fn expected(
    talk: &mut Talk,
    json: &[crate::model::Condition],
    pattern: Option<&crate::model::Stated>,
    values: &Values,
    until: Instant,
    last: &mut Vec<u8>,
) -> Result<Option<String>, Unfit> {
    let began = Instant::now();
    let mut passed_over: Option<String> = None;
    let why = loop {
        match timeout_at(until, talk.hear()).await {
            Ok(Ok(heard)) => {
                *last = heard;
                let differs = judge::body_differs(last, false, json, pattern, values)?;
                if differs.is_empty() {
                    return Ok(None);
                }
                passed_over = Some(differs.join("; "));
            }
            Ok(Err(why)) => break why.to_string(),
            Err(_) => break format!("no such message came within {} ms", began.elapsed().as_millis()),
        }
    };
    Ok(Some(match passed_over {
        Some(differs) => format!("{differs}; then {why}"),
        None => why,
    }))
}
