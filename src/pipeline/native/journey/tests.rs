//! Journeys as they are written, and what is wrong with them.

use super::*;
use crate::model::To;
use crate::pipeline::native::FORMAT;
use crate::pipeline::tests::read_text;

/// A file whose one service has these journeys, each line moved in.
fn file(journeys: &str) -> String {
    let moved: Vec<String> = journeys.lines().map(|line| format!("  {line}\n")).collect();
    format!("version: 1\nservices:\n- name: s\n  journeys:\n{}", moved.concat())
}

fn read_all(journeys: &str) -> (Vec<Journey>, Vec<String>) {
    let (reading, problems) = read_text(&FORMAT, &file(journeys));
    let told = problems.iter().map(|problem| {
        // Lines as they are in the journeys.
        let line = problem.place.as_ref().map_or(0, |place| place.line - 4);
        format!("{line}:{}", problem.code)
    });
    let told = told.collect();
    (reading.services.into_iter().next().map(|service| service.journeys).unwrap_or_default(), told)
}

fn codes(journeys: &str) -> Vec<String> {
    read_all(journeys).1
}

const WHOLE: &str = "\
- name: sign in and chat
  retries: 1
  timeout: 30s
  variables:
    password: {env: E2E_PASSWORD}
    client: {secret: 'oauth-client:3', hosts: [idp.example.com]}
    tenant: {value: acme}
  steps:
  - name: get a token
    request:
      url: https://idp.example.com/token?tenant=((tenant))
      form: {grant_type: client_credentials, client_secret: ((client))}
    expect: {status: [200, 201], json: ['$.access_token'], headers: {content-type: json}, matches: tok, latency: 2s}
    capture:
      token: $.access_token
      session: {header: Set-Cookie, matches: 'sid=([^;]+)', secret: true}
      csrf: {matches: 'csrf=(\\w+)', secret: false, hosts: idp.example.com}
  - name: who am I
    request:
      service: auth
      path: /me/((csrf))
      headers: {x-tenant: ((tenant))}
      bearer: ((token))
    expect: {json: $.valid == true}
    retries: 2
  - name: chat
    timeout: 5s
    websocket:
      path: /chat
      basic: {user: ada, password: ((password))}
      protocol: chat.v1
      talk:
      - send: {json: {text: hello, n: 1}}
      - expect: {json: ['$.reply'], within: 2s}
      - close
  - name: sign out
    always: true
    request: {method: DELETE, path: /session}
    expect: {status: 204}
";

#[test]
fn reads_every_key() {
    let (journeys, problems) = read_all(WHOLE);
    assert!(problems.is_empty(), "{problems:?}");
    let journey = &journeys[0];
    assert_eq!((journey.retries, journey.timeout.as_secs(), journey.steps.len()), (1, 30, 4));
    let [token, me, chat, out] = &journey.steps[..] else { panic!("four steps") };
    let To::Url { origin, path, own } = &token.head.to else { panic!("a URL") };
    assert_eq!(
        (origin.as_str(), path.to_string().as_str(), *own),
        ("https://idp.example.com", "/token?tenant=((tenant))", false)
    );
    let Act::Request { method, body: Body::Form(fields), expect } = &token.act else { panic!("a form") };
    assert_eq!((method.as_str(), fields.len(), &expect.statuses[..]), ("POST", 2, &[200, 201][..]));
    assert_eq!(token.captures.iter().map(|one| one.secret).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(me.head.service().map(Stated::raw), Some("auth"));
    assert_eq!(me.retries, 2, "a GET may be repeated");
    assert!(matches!(&chat.act, Act::WebSocket { talk, protocol: Some(_) } if talk.len() == 3));
    assert!(out.always && !chat.always);
    assert_eq!(journey.subject(out), "sign in and chat / sign out");
}

/// A journey of one step, whose lines are given.
fn one(step: &str) -> String {
    format!("- name: j\n  variables: {{pw: {{env: PW}}, plain: {{value: x}}}}\n  steps:\n  - name: a\n{}", {
        step.lines().map(|line| format!("    {line}\n")).collect::<String>()
    })
}

#[test]
fn every_problem_is_told_at_its_place() {
    let ok = "expect: {status: 200}";
    for (step, expected) in [
        ("request: {path: /a}", vec!["4:empty-expectation"]),
        ("request: {path: /a}\nexpect: {}", vec!["6:empty-expectation"]),
        (ok, vec!["4:missing-key"]),
        (&format!("request: {{pth: /a}}\n{ok}"), vec!["5:unknown-key", "5:missing-key"]),
        (&format!("request: {{path: a}}\n{ok}"), vec!["5:bad-path"]),
        (&format!("request: {{path: //evil/a}}\n{ok}"), vec!["5:bad-path"]),
        (&format!("request: {{path: ((plain))}}\n{ok}"), vec!["5:bad-path"]),
        (&format!("request: {{path: /a, url: 'https://b/'}}\n{ok}"), vec!["5:contradiction"]),
        (&format!("request: {{url: 'https://((plain))/a'}}\n{ok}"), vec!["5:bad-url"]),
        (&format!("request: {{url: 'https://a((plain))/b'}}\n{ok}"), vec!["5:bad-url"]),
        (&format!("request: {{url: 'https://u:p@h/a'}}\n{ok}"), vec!["5:bad-url"]),
        (&format!("request: {{url: 'file:///etc/passwd'}}\n{ok}"), vec!["5:bad-url"]),
        (&format!("request: {{path: /a, json: {{}}, form: {{}}}}\n{ok}"), vec!["5:contradiction"]),
        (&format!("request: {{method: GET, path: /a, json: {{}}}}\n{ok}"), vec!["5:contradiction"]),
        (&format!("request: {{method: GRAB, path: /a}}\n{ok}"), vec!["5:unknown-value"]),
        (
            &format!("request: {{path: /a, headers: {{Host: x, 'a b': y}}}}\n{ok}"),
            vec!["5:bad-header", "5:bad-header"],
        ),
        (&format!("request: {{path: /a, basic: {{user: x}}}}\n{ok}"), vec!["5:missing-key"]),
        (
            &format!("request: {{path: /a, bearer: t, basic: {{user: x, password: y}}}}\n{ok}"),
            vec!["5:contradiction"],
        ),
        (&format!("request: {{path: '/((tokn))'}}\n{ok}"), vec!["4:unknown-variable"]),
        (&format!("request: {{path: '/((a b))'}}\n{ok}"), vec!["5:bad-variable"]),
        (&format!("request: {{url: 'https://evil.example/?q=((pw))'}}\n{ok}"), vec!["4:secret-elsewhere"]),
        (&format!("request: {{url: 'https://evil.example/?q=((plain))'}}\n{ok}"), vec![]),
        (
            &format!("request: {{path: /a, json: {{}}}}\nretries: 2\n{ok}"),
            vec!["6:retries-without-idempotent"],
        ),
        (&format!("request: {{path: /a, json: {{}}}}\nretries: 2\nidempotent: true\n{ok}"), vec![]),
        (&format!("request: {{path: /a}}\nalways: true\n{ok}"), vec!["4:contradiction"]),
        (
            &format!(
                "request: {{path: /a}}\ncapture: {{t: $.a, 1b: $.b, c: {{}}, d: {{json: $.a, header: x}}, e: x}}\n{ok}"
            ),
            vec!["6:bad-variable-name", "6:missing-key", "6:contradiction", "6:bad-query"],
        ),
        ("websocket: {path: /c}", vec!["5:empty-expectation"]),
        ("websocket: {path: /c, talk: [{send: hi}]}", vec!["5:empty-expectation"]),
        ("websocket: {path: /c, talk: [{send: hi}, {expect: {}}]}", vec!["5:empty-expectation"]),
        ("websocket: {path: /c, talk: [{expect: {matches: a}}, close, {send: b}]}", vec!["4:contradiction"]),
        (
            &format!("websocket: {{path: /c, talk: [{{expect: {{matches: a}}}}]}}\n{ok}"),
            vec!["6:contradiction"],
        ),
    ] {
        assert_eq!(codes(&one(step)), expected, "{step}");
    }
}

#[test]
fn variables_names_and_needs_are_checked_over_the_whole_file() {
    let step = "  steps: [{name: a, request: {path: /a}, expect: {status: 200}}]\n";
    assert_eq!(codes(&format!("- name: x\n{step}- name: x\n{step}")), ["3:duplicate-name"]);
    assert_eq!(codes(&format!("- name: x\n  needs: y\n{step}")), ["2:unknown-journey"]);
    assert_eq!(
        codes(&format!("- name: x\n  needs: y\n{step}- name: y\n  needs: [x]\n{step}")),
        ["2:cycle", "5:cycle"]
    );
    assert_eq!(codes(&format!("- name: x\n  needs: x\n{step}")), ["2:cycle"]);
    assert_eq!(codes("- name: x\n"), ["1:missing-key"]);
    assert_eq!(codes("- name: x\n  steps: []\n"), ["2:wrong-kind"]);
    assert_eq!(codes(&format!("- name: a/b\n{step}")), ["1:bad-name"]);
    assert_eq!(
        codes(&format!(
            "- name: x\n  variables: {{a: {{}}, b: {{env: a-b}}, c: {{secret: s}}, d: {{value: x, env: Y}}, e: {{env: E, hosts: ['https://x']}}}}\n{step}"
        )),
        ["2:missing-key", "2:bad-variable-name", "2:secret-without-version", "2:contradiction", "2:bad-host"]
    );
}

#[test]
fn a_journey_sees_what_those_that_it_needs_captured() {
    let first =
        "- name: x\n  steps:\n  - {name: a, request: {path: /a}, expect: {status: 200}, capture: {t: $.t}}\n";
    let second = "  steps:\n  - {name: b, request: {path: /b, bearer: ((t))}, expect: {status: 200}}\n";
    assert!(codes(&format!("{first}- name: y\n  needs: x\n{second}")).is_empty());
    assert_eq!(codes(&format!("{first}- name: y\n{second}")), ["6:unknown-variable"]);
}

#[test]
fn an_unknown_variable_names_what_was_meant() {
    let text = file(&one("request: {path: '/((pww))'}\nexpect: {status: 200}"));
    let (_, problems) = read_text(&FORMAT, &text);
    assert_eq!(problems.iter().next().unwrap().fix.as_deref(), Some("did you mean `pw`?"));
}
