//! The chain as a drawing: once for wide pages, once for phones, of which the style sheet shows one. Words in it are
//! our own.

use maud::{Markup, html};

use super::super::chain::{Link, State, in_words};

/// Width of a link in the wide drawing, in its own units.
const STEP: usize = 124;
/// Height of a link in the narrow one.
const ROW: usize = 58;
/// Radius of a link's circle.
const RADIUS: usize = 17;

pub(super) fn chain(links: &[Link]) -> Markup {
    let words = in_words(links);
    let width = links.len() * STEP;
    let height = links.len() * ROW;
    html! {
        figure.chain {
            svg.wide role="img" aria-label=(words) viewBox={ "0 0 " (width) " 92" } {
                @for (at, pair) in links.windows(2).enumerate() {
                    line class={ "edge " (edge(pair)) } x1=(at * STEP + STEP / 2 + RADIUS + 3) y1="22"
                        x2=(at * STEP + STEP / 2 + STEP - RADIUS - 3) y2="22" {}
                }
                @for (at, link) in links.iter().enumerate() {
                    @let x = at * STEP + STEP / 2;
                    g class={ "link " (link.state) } {
                        circle cx=(x) cy="22" r=(RADIUS) {}
                        text.mark x=(x) y="28" text-anchor="middle" font-size="17" { (link.state.glyph()) }
                        text.title x=(x) y="60" text-anchor="middle" font-size="14.5" { (link.title) }
                        text x=(x) y="79" text-anchor="middle" font-size="13" { (link.state.word()) }
                    }
                }
            }
            svg.narrow role="img" aria-label=(words) viewBox={ "0 0 280 " (height) } {
                @for (at, pair) in links.windows(2).enumerate() {
                    line class={ "edge " (edge(pair)) } x1="22" y1=(at * ROW + 22 + RADIUS + 3)
                        x2="22" y2=(at * ROW + 22 + ROW - RADIUS - 3) {}
                }
                @for (at, link) in links.iter().enumerate() {
                    @let y = at * ROW + 22;
                    g class={ "link " (link.state) } {
                        circle cx="22" cy=(y) r=(RADIUS) {}
                        text.mark x="22" y=(y + 6) text-anchor="middle" font-size="17" { (link.state.glyph()) }
                        text.title x="54" y=(y - 1) font-size="15.5" { (link.title) }
                        text x="54" y=(y + 16) font-size="13.5" { (link.state.word()) }
                    }
                }
            }
        }
    }
}

/// An edge is cut where the root of the trouble stands, and says nothing where either end is not known.
fn edge(pair: &[Link]) -> &'static str {
    let is = |state: State| pair.iter().any(|link| link.state == state);
    if is(State::Broken) {
        "cut"
    } else if [State::Symptom, State::Partly, State::Unseen, State::Unknown, State::Unused]
        .into_iter()
        .any(is)
    {
        "dim"
    } else {
        "holds"
    }
}
