//! Puts together what several files say of one service: what adds to it, and what contradicts it.

mod conflicts;
pub(super) mod overlay;
mod update;
