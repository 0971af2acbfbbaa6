//! Expressions as files write them, and as nobody does.

use proptest::prelude::*;

use super::*;
use crate::model::{Place, Stated, Value};
use crate::pipeline::github::scope::{Contexts, Scope};
use crate::pipeline::source::Source;
use crate::pipeline::yaml;

fn scope() -> Scope {
    let env = "A: x\nSECRET: '${{ secrets.S }}'\nEMPTY: ''\nFILL: <REGION>\nSIZE: '${{ inputs.size }}-${{ env.A }}'\n";
    let documents = yaml::parse(&Source::new("a", env)).unwrap();
    let mut contexts = Contexts::default();
    contexts.set_default("size", Evaluation::String("small".to_owned()));
    contexts.set_default("debug", Evaluation::Boolean(false));
    contexts.give("name", Text::known("auth", place()), None);
    contexts.give("project", Text::open("${{ secrets.P }}", Open::default(), place()), None);
    Scope::new(contexts).within(documents.first())
}

fn place() -> Place {
    Place { file: "a".into(), line: 1, column: 1 }
}

fn stated(text: &str) -> Stated {
    resolve(&Text::known(text, place()), &scope()).stated()
}

#[test]
fn what_the_file_defines_is_put_in() {
    for (text, expected) in [
        ("${{ env.A }}-${{env['A']}}", "x-x"),
        ("${{ format('{0}-{1}', env.A, inputs.name) }}", "x-auth"),
        ("${{ format('}}}}{0}', env.A) }}", "}}x"),
        ("${{ env.A || 'd' }}", "x"),
        ("${{ env.EMPTY || 'd' }}", "d"),
        ("${{ env.A == 'X' && 'yes' || 'no' }}", "yes"),
        ("${{ (inputs.name) }}", "auth"),
        ("${{ 'it''s' }}", "it's"),
        ("${{ 1.50 }}${{ true }}${{ null }}", "1.5true"),
        ("${{ toJSON('a') }}", "\"a\""),
        ("${{ join(fromJSON('[1, \"b\"]'), '-') }}", "1-b"),
        (
            "${{ contains(env.A, 'X') }} ${{ startsWith('ab', 'A') }} ${{ endsWith('ab', 'a') }}",
            "true true false",
        ),
        ("${{ contains(fromJSON('[\"x\"]'), env.A) }}", "true"),
        ("${{ fromJSON('{\"a\": {\"b\": [7]}}').A.b[0] }}", "7"),
        ("${{ case(false, 1, true, 2, 3) }}", "2"),
        ("$A ${A} $", "$A ${A} $"),
    ] {
        assert_eq!(stated(text), Stated::known(expected, place()), "{text}");
    }
}

#[test]
fn everything_else_stays_as_it_is_written() {
    for (text, expected) in [
        ("a ${{ env.SECRET }}/${{ env.A }}", "a ${{ secrets.S }}/x"),
        ("${{ inputs.Project }}", "${{ secrets.P }}"),
        ("${{ env.FILL }}-docker.pkg.dev", "<REGION>-docker.pkg.dev"),
    ] {
        assert_eq!(stated(text).raw(), expected, "{text}");
        assert_eq!(stated(text).as_known(), None, "{text}");
    }
    for text in [
        "${{ secrets.A }}",
        "${{ vars.A || 'd' }}",
        "${{ inputs.size }}",
        "${{ env.NONE }}",
        "${{ env.SECRET || 'd' }}",
        "${{ format('{0}', env.SECRET) }}",
        "${{ github.sha }}${{ steps.a.outputs.b }}",
        "${{ fromJSON('[1]') }}",
        "${{ format('{9}', 'a') }}",
        "${{ format('{18446744073709551615}', 'a') }}",
        "${{ unknown('a') }}",
        "${{ env.A",
        "${{ }}",
        "$${{",
        "${{ hashFiles('a') }}",
        "${{ success() }}",
    ] {
        assert_eq!((stated(text).raw(), stated(text).as_known()), (text, None));
    }
}

#[test]
fn fallbacks_are_what_the_file_states() {
    for (text, expected) in [
        ("${{ vars.R || 'a' }}", Some("a")),
        ("${{ vars.R || vars.S || 'a' }}-x", Some("a-x")),
        ("${{ inputs.size }}", Some("small")),
        ("${{ env.SIZE }}", Some("small-x")),
        ("${{ format('{0}!', env.SIZE) }}", Some("small-x!")),
        ("${{ github.event.inputs.size || 'big' }}", Some("small")),
        ("${{ inputs.debug || 'big' }}", Some("big")),
        ("${{ inputs.size == 'small' && 'p' || 's' }}", Some("p")),
        ("${{ github.ref == 'main' && 'p' || 's' }}", None),
        ("${{ vars.R }}", None),
        ("${{ vars.R || 'a' }}${{ vars.S }}", None),
        ("${{ secrets.P || '' }}", Some("")),
    ] {
        let Value::Unresolved { fallback, .. } = stated(text).value else { panic!("{text} is known") };
        assert_eq!(fallback.as_deref(), expected, "{text}");
    }
}

#[test]
fn a_condition_is_told_as_far_as_it_can_be() {
    for (text, expected) in [
        ("false", Some(false)),
        ("${{ env.A == 'y' && github.ref == 'main' }}", Some(false)),
        ("github.ref == 'main' && env.A == 'y'", Some(false)),
        ("always() || env.A == 'x'", Some(true)),
        ("!(env.A == 'x')", Some(false)),
        ("github.ref == 'main'", None),
        ("success() && env.A == 'x'", None),
        ("${{ false }} ", Some(false)),
        ("${{ false }} && x", Some(true)),
        ("=", None),
        ("", None),
    ] {
        assert_eq!(condition(text, &scope()), expected, "{text}");
    }
}

#[test]
fn contexts_are_found_wherever_they_stand() {
    assert!(refers_to("a-${{ format('{0}', MATRIX.app) }}", "matrix"));
    assert!(!refers_to("matrix.app ${{ env.matrix }}", "matrix"));
    assert_eq!(path(&parse("steps.d.outputs['url']").unwrap()).unwrap().join("/"), "steps/d/outputs/url");
    assert_eq!(broken("a ${{ b c }}").unwrap().0, 2..12);
    assert!(broken("${{ a").is_some() && broken("${{ nope() }}").is_some());
    assert_eq!(broken("${{ a.b }} ${{ vars.X || 'd' }}"), None);
}

#[test]
fn long_chains_do_not_exhaust_the_stack() {
    for part in ["||a", "&&a", "==a", ".a", "[0]"] {
        for count in [50_000, (LONGEST_EXPRESSION - 1) / part.len()] {
            let text = format!("${{{{ a{} }}}}", part.repeat(count));
            assert_eq!(stated(&text).raw(), text);
            assert_eq!(condition(&text, &scope()), None);
            assert!(!refers_to(&text, "matrix"));
        }
    }
    let deep = format!("${{{{ {}a{} }}}}", "(".repeat(1000), ")".repeat(1000));
    assert_eq!(stated(&deep).raw(), deep);
}

#[test]
fn definitions_cannot_explode() {
    let mut env = "A0: xxxxxxxxxx\n".to_owned();
    for level in 1..40 {
        env += &format!("A{level}: \"{}\"\n", format!("${{{{ env.A{} }}}}", level - 1).repeat(20));
    }
    let documents = yaml::parse(&Source::new("a", &env)).unwrap();
    let scope = Scope::new(Contexts::default()).within(documents.first());
    let resolved = resolve(&Text::known("${{ env.A39 }}", place()), &scope);
    assert!(resolved.len() <= LONGEST && !resolved.is_known());
}

proptest! {
    #[test]
    fn no_expression_makes_it_panic(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "${{", "}}", "env.A", "env", ".", "[", "]", "*", "(", ")", "'", "||", "&&", "!", "==", "<",
                ">=", "format", "fromJSON", "toJSON", "join", "contains", "case", "'{0}'", "'{'", "'é{0}}}'",
                "'[1,{\"a\":2}]'", ",", "1", "-1e309", "0xFF", "NaN", "Infinity", "true", "null", " ", "\n",
                "inputs.size", "matrix.a", "secrets.S", "é", "'",
            ]),
            0..24,
        ),
    ) {
        let scope = scope();
        let text = parts.concat();
        for text in [text.clone(), format!("${{{{ {text} }}}}")] {
            let resolved = resolve(&Text::known(text.as_str(), place()), &scope);
            // What is left open is never put in again.
            prop_assert_eq!(resolve(&resolved, &scope).raw(), resolved.raw());
            let _ = (condition(&text, &scope), value(&text, &scope));
            let _ = (broken(&text), refers_to(&text, "matrix"));
        }
    }

    #[test]
    fn text_without_expressions_stays(text in "[^$]{0,40}") {
        prop_assert_eq!(stated(&text), Stated::known(text, place()));
    }
}
