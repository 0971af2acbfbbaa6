//! Why one cause is named before another: the one room of that question.
//!
//! Two causes in the wrong order? Ask in this sequence, and change the first place that answers:
//!
//! 1. *Is the one a symptom of the other?* Then only the other should be named. That the checks can explain each other is
//!    said by `explained_by` in the file of the check whose failure is the symptom ([`Graph`](crate::record::Graph) takes its closure); that these
//!    two findings do is one arm in `explains` (`journey` for what users do, `across` for services that call each other).
//! 2. *Do they differ in what they do to the verdict?* What shows an obligation to be unmet stands before what leaves one
//!    open, that before the gate's own trouble: `order::ranked` and `order::line`.
//! 3. *Is one only likely, of a kind that may pass by itself?* It goes last: `order::sort`, with the column of the catalogue
//!    that says whether waiting helps.
//! 4. *Else* they stand as their checks do in `checks::CHECKS`, in which a request travels: `explains::roots`.
//!
//! `settled` asks the same of a run under way: whether waiting can change the answer any more. The order of the lines in
//! `catalogue.rs` decides nothing here.

pub(super) mod across;
pub(super) mod explains;
mod journey;
pub(super) mod order;
pub(super) mod settled;

pub use settled::Settling;
