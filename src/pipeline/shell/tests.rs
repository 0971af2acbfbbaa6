//! What scripts run, word by word.

use proptest::prelude::*;

use super::*;
use crate::pipeline::source::Source;
use crate::pipeline::text::Open;
use crate::pipeline::yaml;

fn script(text: &str) -> Text {
    let block: String = text.lines().map(|line| format!("  {line}\n")).collect();
    let documents = yaml::parse(&Source::new("a", &format!("run: |\n{block}"))).unwrap();
    Text::of_node(documents[0].get("run").unwrap())
}

fn found(text: &str) -> (Vec<Invocation>, Problems) {
    let mut problems = Problems::default();
    let outside = |name: &str| match name {
        "GIVEN" => Some(Text::known("given value", script("x").place().clone())),
        "HIDDEN" => Some(Text::open("${{ secrets.H }}", Open::default(), script("x").place().clone())),
        _ => None,
    };
    let found = commands(&script(text), &outside, &mut Workspace::default(), &mut problems);
    (found, problems)
}

/// The commands, their words parted by `|`; what is open in them in `⟨⟩`.
fn run(text: &str) -> Vec<String> {
    let (found, problems) = found(text);
    assert!(problems.is_empty(), "{problems}");
    found.iter().map(|invocation| invocation.words.iter().map(shown).collect::<Vec<_>>().join("|")).collect()
}

fn shown(text: &Text) -> String {
    use crate::pipeline::text::Part;
    text.parts()
        .map(|part| match part {
            Part::Known(text) => text.to_owned(),
            Part::Open(expression, Open { fallback: Some(fallback), .. }) => {
                format!("⟨{expression} else {fallback}⟩")
            }
            Part::Open(expression, _) => format!("⟨{expression}⟩"),
        })
        .collect()
}

#[test]
fn words_are_those_that_the_program_gets() {
    for (text, expected) in [
        ("gcloud run deploy 'a b' \"c\"d e\\ f", "gcloud|run|deploy|a b|cd|e f"),
        ("gcloud run \\\n  deploy a \\\n  --x=\"1\\\n2\"", "gcloud|run|deploy|a|--x=12"),
        ("A=1; export B=\"$A 2\"; readonly C='$A'\ngcloud $A $B \"$B\" $C ${A}x", "gcloud|1|1|2|1 2|$A|1x"),
        ("gcloud $GIVEN \"$GIVEN\" $HIDDEN", "gcloud|given|value|given value|⟨${{ secrets.H }}⟩"),
        (
            "gcloud ${X:-d} ${X} $1 $(date +%s) `pwd`",
            "gcloud|⟨${X:-d} else d⟩|⟨${X}⟩|⟨$1⟩|⟨$(date +%s)⟩|⟨`pwd`⟩",
        ),
        ("X=; Y=v; gcloud ${X:-d} ${Y:-d} ${X-e} \"${Y:+--y=$Y}\" ${X:+z}", "gcloud|d|v|--y=v"),
        ("T=$(git rev-parse HEAD); I=\"r:$T\"; gcloud --image=$I", "gcloud|--image=r:⟨$T⟩"),
        (
            "I=r:$(git rev-parse HEAD); J=${I}-x; K=${L:-$(date)}; gcloud $J $K",
            "gcloud|r:⟨$(git rev-parse HEAD)⟩-x|⟨${L:-$(date)}⟩",
        ),
        (
            "A=(--x '--y z'); A+=(--w=\"$HIDDEN\"); gcloud \"${A[@]}\"",
            "gcloud|--x|--y z|--w=⟨${{ secrets.H }}⟩",
        ),
        ("A=(); gcloud \"${A[@]}\" x", "gcloud|x"),
        (
            "V=refs/heads/main; gcloud ${V##*/} ${V%%/*} ${V//\\//-} ${V:5:5} ${V^^}",
            "gcloud|main|refs|refs-heads-main|heads|REFS/HEADS/MAIN",
        ),
        ("gcloud a # not b\n# gcloud c", "gcloud|a"),
        ("gcloud x 2>/dev/null >out < in &", "gcloud|x"),
        ("gcloud \"\" ''", "gcloud||"),
        ("sudo -E env A=b gcloud x", "gcloud|x"),
        (
            "./retry.sh \"gcloud run deploy a \\\n  --image $HIDDEN\"",
            "gcloud|run|deploy|a|--image|⟨${{ secrets.H }}⟩",
        ),
        ("bash -euo pipefail -c 'gcloud $1' x y", "gcloud|y"),
        (
            "URL=$(gcloud run deploy a --format='value(status.url)')",
            "gcloud|run|deploy|a|--format=value(status.url)",
        ),
        ("set -- a b; gcloud \"$@\" $2", "gcloud|a|b|b"),
    ] {
        assert_eq!(run(text), [expected], "{text}");
    }
}

#[test]
fn what_only_talks_of_a_command_runs_none() {
    for text in [
        "echo gcloud run deploy a",
        "cat <<EOF\ngcloud run deploy\nEOF",
        "log \"gcloud run deploy a\"",
        "f() { gcloud x; }",
    ] {
        assert!(run(text).is_empty(), "{text}");
    }
}

#[test]
fn loops_and_functions_run_once_for_each_value() {
    assert_eq!(run("for s in a b; do gcloud $s; done"), ["gcloud|a", "gcloud|b"]);
    assert_eq!(run("for s in a-{1..2}; do gcloud $s; done"), ["gcloud|a-1", "gcloud|a-2"]);
    assert_eq!(run("for s in $(ls); do gcloud \"$s\"; done"), ["gcloud|⟨$s⟩"]);
    assert_eq!(run("for i in 1 2 3; do gcloud x && break; done"), ["gcloud|x"]);
    assert_eq!(run("d() { local n=$1; gcloud $n ${2:-z}; }\nd a\nd b c"), ["gcloud|a|z", "gcloud|b|c"]);
    assert_eq!(run("f() { f; gcloud x; }; f").len(), 11);
    assert_eq!(run("while read -r l; do gcloud $l; done < f"), ["gcloud|⟨$l⟩"]);
}

#[test]
fn conditions_are_decided_where_the_script_decides_them() {
    for (text, expected) in [
        ("A=x; if [[ \"$A\" == x ]]; then gcloud 1; else gcloud 2; fi", "gcloud|1"),
        ("A=r/1; if [[ $A == \"r/\"* ]]; then gcloud 1; else gcloud 2; fi", "gcloud|1"),
        ("A=r/1; if [[ $A == \"r/*\" ]]; then gcloud 1; else gcloud 2; fi", "gcloud|2"),
        ("A=r/1; B=r; if [[ $A != \"$B\"/* ]]; then gcloud 1; else gcloud 2; fi", "gcloud|2"),
        ("A=r/1; if [[ $A == @(main|r/*) ]]; then gcloud 1; else gcloud 2; fi", "gcloud|1"),
        ("A=r/1; case $A in \"r/*\") gcloud 1;; 'r/'*) gcloud 2;; esac", "gcloud|2"),
        ("A=x; if [ \"$A\" != x ]; then gcloud 1; elif [ -n \"$HIDDEN\" ]; then gcloud 2; fi", "gcloud|2"),
        ("case refs/x in refs/*) gcloud 1;; *) gcloud 2;; esac", "gcloud|1"),
        ("A=(--a); if [ -n \"$HIDDEN\" ]; then A+=(--b); fi; gcloud \"${A[@]}\"", "gcloud|--a|--b"),
        ("A=(--a); if [ \"$HIDDEN\" = x ]; then A+=(--b); fi; gcloud \"${A[@]}\"", "gcloud|--a"),
        ("E=; [ \"$HIDDEN\" = x ] && E=--b; gcloud a $E", "gcloud|a"),
        ("if [ \"$HIDDEN\" = x ]; then N=p; else N=s; fi; gcloud a-$N", "gcloud|a-⟨$N⟩"),
        ("gcloud a || exit 1", "gcloud|a"),
        ("exit 0\ngcloud a", ""),
    ] {
        assert_eq!(run(text).join(" "), expected, "{text}");
    }
    let both = found("if ls x; then gcloud 1; else gcloud 2; fi").0;
    assert_eq!(both.iter().map(|invocation| invocation.conditional).collect::<Vec<_>>(), [true, true]);
}

#[test]
fn a_group_writes_what_its_commands_put_out() {
    let written = |text: &str| {
        let mut workspace = Workspace::default();
        commands(&script(&format!("{text}\ngcloud x")), &|_| None, &mut workspace, &mut Problems::default());
        workspace.file("f").map(|content| content.map(Text::raw))
    };
    let known = |text: &str| Some(Some(text.to_owned()));
    assert_eq!(written("{ echo \"A: 1\"; X=y; printf 'B: %s\\n' \"$X\"; } > f"), known("A: 1\nB: y\n"));
    assert_eq!(written("printf '%s=%s\\n' A 1 B 2 > f"), known("A=1\nB=2\n"));
    assert_eq!(written("( for i in 1 2; do echo $i; done; echo a | cat ) >> f"), known("1\n2\na\n"));
    assert_eq!(written("p() { echo in; }\n{ p; Y=$(echo no); { echo deep; } > g; } > f"), known("in\n"));
    let much = format!("A={}; {{ for i in {}; do echo $A; done; }} > f", "x".repeat(1000), "1 ".repeat(100));
    for unknown in [&much, "{ echo a; date; } > f", "{ if ls; then echo a; fi; } > f", "printf '%d' 1 > f"] {
        assert_eq!(written(unknown), Some(None), "{unknown}");
    }
}

#[test]
fn files_that_a_script_writes_are_kept() {
    let mut workspace = Workspace::default();
    let text = "N=v\ncat > a.yaml <<EOF\nA: $N\nB: ${{ x }}\nEOF\ncat <<'EOF' | tee ./b.yaml\nA: $N\nEOF\necho \"C: 1\" >> a.yaml\nsed s/a/b/ a.yaml > c.yaml\n";
    commands(&script(text), &|_| None, &mut workspace, &mut Problems::default());
    assert_eq!(workspace.file("./a.yaml").unwrap().unwrap().raw(), "A: v\nB: ${{ x }}\nC: 1\n");
    assert_eq!(workspace.file("b.yaml").unwrap().unwrap().raw(), "A: $N\n");
    assert_eq!(workspace.file("c.yaml"), Some(None));
    assert_eq!(workspace.file("d.yaml"), None);
    // Cloud Build mounts the sources at `/workspace`.
    assert_eq!(workspace.file("/workspace/b.yaml"), workspace.file("b.yaml"));
}

#[test]
fn every_word_knows_its_place() {
    let found = found(
        "echo ü\nA=(\n  \"--one\"\n  --two=\"$GIVEN\"\n)\ngcloud run \\\n  deploy \"x$GIVEN\" \"${A[@]}\"",
    )
    .0;
    let places: Vec<_> = found[0].words.iter().map(|word| (word.place().line, word.place().column)).collect();
    assert_eq!(places, [(7, 3), (7, 10), (8, 5), (8, 13), (4, 6), (5, 5)]);
    assert_eq!(found[0].words[3].raw(), "xgiven value");
}

#[test]
fn a_broken_script_is_told_at_its_place() {
    let (found, problems) = found("gcloud a\nif true; then\n  gcloud 'b\n");
    assert!(found.is_empty());
    let problem = problems.iter().next().unwrap();
    assert_eq!((problem.code, problem.place.as_ref().unwrap().file.as_ref()), ("script-broken", "a"));
    let (_, problems) = super::tests::found("gcloud a\nfi\n");
    assert_eq!(problems.iter().next().unwrap().place.as_ref().unwrap().line, 3);
}

#[test]
fn hostile_scripts_end_soon() {
    for text in [
        format!("gcloud {}", "$(".repeat(100)),
        format!("gcloud {}", "(".repeat(20_000)),
        format!("gcloud {}x{}", "$(echo ".repeat(20), ")".repeat(20)),
        format!("gcloud {}x{}", "\"$(echo ".repeat(12), ")\"".repeat(12)),
        format!("gcloud {}x{}", "${a:-".repeat(20), "}".repeat(20)),
        format!("gcloud {}x{}", "((".repeat(11), "))".repeat(11)),
        format!("gcloud {}", "if true; then\n".repeat(50)),
        format!("gcloud x{}", "{1..9}".repeat(20)),
        "gcloud {1..999999999999}".to_owned(),
        format!("A=aaaaaaaaaa\n{}gcloud $A", "A=$A$A$A$A$A$A$A$A\n".repeat(40)),
        format!("{}gcloud x{}", "for i in {1..99}; do ".repeat(8), "; done".repeat(8)),
        "gcloud ~+99999999999999999999999".to_owned(),
        format!("gcloud {}", "a ".repeat(100_000)),
        format!("X={}; gcloud ${{X//a*b/c}}", "a".repeat(50_000)),
    ] {
        let before = std::time::Instant::now();
        let _ = found(&text);
        assert!(before.elapsed() < crate::HANG, "{:?} {}", before.elapsed(), &text[..40]);
    }
}

#[test]
fn a_script_that_the_parser_gives_up_on_is_told() {
    let (found, problems) = found("gcloud a 99999999999999999999>x");
    assert!(found.is_empty());
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["script-not-read"]);
}

/// Found by fuzzing: the parser took all memory. (YAML holds no form feed, but scripts that scripts write may.)
#[test]
fn a_document_without_an_end_mark_is_told() {
    for text in ["gcloud <<'' ", "gcloud `cat <<\"\" `", "gcloud $(cat <<- '' )", "gcloud <<'' \\\n"] {
        let (found, problems) = found(text);
        assert!(found.is_empty(), "{text:?}");
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["script-not-read"], "{text:?}");
    }
    for text in ["gcloud a <<'E'\nx\nE\n", "gcloud a <<< ''", "gcloud a <<-\\E\nE\n", "gcloud a $((1 << 2))"]
    {
        let (found, problems) = found(text);
        assert_eq!((found.len(), problems.is_empty()), (1, true), "{text:?}: {problems}");
    }
}

proptest! {
    #[test]
    fn no_script_makes_it_panic(text in "(gcloud |[a-c=\"'`$(){}\\[\\]<>|&;#\\\\ \n*?!:/%~+-]|if |then |fi|for |in |do |done|<<E|case |esac){0,40}") {
        let _ = found(&format!("gcloud {text}"));
    }

    #[test]
    fn a_quoted_word_comes_back(text in "[ -&(-~é]{0,30}") {
        let words = found(&format!("gcloud '{text}'")).0;
        prop_assert_eq!(words[0].words[1].raw(), text);
    }
}

#[test]
fn lists_are_read_from_texts() {
    for (text, expected) in [
        (
            "IFS=',' read -ra L <<< \"a,b c\"\nfor x in \"${L[@]}\"; do gcloud \"$x\"; done",
            ["gcloud|a", "gcloud|b c"],
        ),
        ("IFS=,\nread -r -a L <<< a,b\ngcloud ${L[0]}; gcloud ${L[1]}", ["gcloud|a", "gcloud|b"]),
        ("read -r A B <<< 'x y'; gcloud $A; gcloud $B", ["gcloud|x", "gcloud|y"]),
        ("read L <<< ' x y '; gcloud \"$L\"; gcloud 2", ["gcloud|x y", "gcloud|2"]),
        ("readarray -t L <<< $'a\\nb'; gcloud 1; gcloud 2", ["gcloud|1", "gcloud|2"]),
        ("mapfile -t L < f; gcloud ${L[0]}; gcloud 2", ["gcloud|⟨${L[0]}⟩", "gcloud|2"]),
        ("IFS=$HIDDEN read A <<< 'x y'; gcloud $A; gcloud 2", ["gcloud|⟨$A⟩", "gcloud|2"]),
        ("read -d '' A <<< 'x y'; gcloud $A; gcloud 2", ["gcloud|⟨$A⟩", "gcloud|2"]),
        ("read -p 'go?' A; gcloud $A; gcloud 2", ["gcloud|⟨$A⟩", "gcloud|2"]),
    ] {
        assert_eq!(run(text), expected, "{text}");
    }
}

#[test]
fn printf_fills_its_format() {
    for (format, expected) in [
        ("'A: %s\\n' 1 2", "A: 1\nA: 2\n"),
        ("'%s=%s;' a 1 b", "a=1;b=;"),
        ("'100%%\\t%s' x", "100%\tx"),
        ("-- 'x'", "x"),
        ("'' a b", ""),
    ] {
        let mut workspace = Workspace::default();
        let text = format!("printf {format} > a");
        commands(&script(&text), &|_| None, &mut workspace, &mut Problems::default());
        assert_eq!(workspace.file("a").unwrap().unwrap().raw(), expected, "{format}");
    }
    let mut workspace = Workspace::default();
    commands(&script("printf '%d' 1 > a"), &|_| None, &mut workspace, &mut Problems::default());
    assert_eq!(workspace.file("a"), Some(None));
}
