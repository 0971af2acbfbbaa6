use proptest::prelude::*;

use super::line;

/// The last line of a text, as it is shown.
fn shown(text: &str) -> String {
    line(text, text.lines().count() - 1).unwrap()
}

#[test]
fn values_of_secret_names_are_covered_in_every_notation() {
    for (text, expected) in [
        ("DB_PASSWORD: hunter2", "DB_PASSWORD: *******"),
        ("  DB_PASSWORD: 'it''s, # hunter2'  # why", "  DB_PASSWORD: ******************  # why"),
        ("env: {A: x, DB_PASSWORD: hunter2, B: y}", "env: {A: x, DB_PASSWORD: *******, B: y}"),
        ("{\"DB_PASSWORD\":\"hun\\\"ter2\",\"B\":\"y\"}", "{\"DB_PASSWORD\":***********,\"B\":\"y\"}"),
        (
            "args: ['--set-env-vars=A=1,DB_PASSWORD=hun,ter2,BB=2']",
            "args: ['--set-env-vars=A=1,DB_PASSWORD=********,BB=2']",
        ),
        ("- --set-env-vars=^@^A=1@PGPASSWORD=a,B=c", "- --set-env-vars=^@^A=1@PGPASSWORD=*****"),
        (
            "gcloud run deploy a --set-env-vars=API_KEY=hunter2 --region=r",
            "gcloud run deploy a --set-env-vars=API_KEY=******* --region=r",
        ),
        ("PGPASSWORD=hunter2 psql", "PGPASSWORD=************"),
        ("psql --password hunter2 -h x", "psql --password ******* -h x"),
        ("args: ['--db-password', 'hunter2']", "args: ['--db-password', *********]"),
        ("with: {password: hunter2}", "with: {password: ********"),
        ("  clientSecret: hunter2", "  clientSecret: *******"),
        ("  authorization: Bearer hunter2", "  authorization: **************"),
        ("DATABASE_DSN: host=h password=hunter2", "DATABASE_DSN: ***********************"),
        ("X: host=h password=hunter2 dbname=d", "X: host=h password=****************"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn what_stands_on_other_lines_than_its_name_is_covered() {
    for (text, expected) in [
        ("- name: DB_PASSWORD\n  value: hunter2", "  value: *******"),
        ("- {name: DB_PASSWORD, value: hunter2}", "- {name: DB_PASSWORD, value: ********"),
        ("DB_PASSWORD: |\n  hunter2", "  *******"),
        ("DB_PASSWORD:\n  hunter2", "  *******"),
        ("DB_PASSWORD: \"hun\n\n  ter2\"", "  *****"),
        ("- name: DB_PASSWORD\n  value: >-\n    hunter2", "    *******"),
        ("- name: A\n  value: x", "  value: x"),
        ("- name: DB_PASSWORD\n  value: x\n- name: A\n  value: y", "  value: y"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
    assert_eq!(line("- value: hunter2\n  name: DB_PASSWORD", 0).unwrap(), "- value: *******");
}

#[test]
fn passwords_of_urls_are_covered() {
    for (text, expected) in [
        ("URL: postgres://u:p@ss/w#rd@h/d?x=1", "URL: postgres://u:*********@h/d?x=1"),
        ("A=https://h:80/x,B=redis://:hunter2@h", "A=https://h:***********************@h"),
        ("URL: https://h:8080/x", "URL: https://h:8080/x"),
        ("URL: postgres://u:${_PW}@h/d", "URL: postgres://u:${_PW}@h/d"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn what_holds_no_secret_is_seen() {
    for text in [
        "--set-secrets=DB_PASSWORD=db-password:latest,JWT_SECRET=jwt-secret:3",
        "DB_PASSWORD: ${{ secrets.DB_PASSWORD }}",
        "DB_PASSWORD=$_PW,BB=2",
        "DB_PASSWORD=${_PW},BB=2",
        "- {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: latest}}}",
        "secrets: {DB_PASSWORD: {secret: auth-db-password, version: 3}}",
        "database: {password: DB_PASSWORD}",
        "  secretEnv: [DB_PASSWORD]",
        "  - versionName: projects/p/secrets/db-password/versions/1",
        "DB_PASSWORD: projects/p/secrets/db-password/versions/1",
        "permissions: {id-token: write}",
        "secrets:\n  DB_PASSWORD: db-password:3",
        "cache-key: v1",
        "DB_PASSWORD: |",
        "JWT_SECRET: projects/other/secrets/jwt:1",
        "--set-secrets=DB_PASSWORD=auth-password",
    ] {
        assert_eq!(shown(text), text.lines().last().unwrap());
    }
}

proptest! {
    #[test]
    fn columns_stay_and_nothing_panics(text in "([A-Z_]{0,3}(PASSWORD|value|name|a)?[=:@#'\"{}, \\\\\n|$^é-]{0,3}(://)?){0,8}", index in 0usize..4) {
        match (line(&text, index), text.lines().nth(index)) {
            (Some(shown), Some(line)) => prop_assert_eq!(shown.chars().count(), line.chars().count()),
            (shown, line) => prop_assert_eq!(shown.is_some(), line.is_some()),
        }
    }

    #[test]
    fn no_password_survives(password in "[!-+--~]{6,20}", form in 0usize..5) {
        prop_assume!(!super::shows_nothing("DB_PASSWORD", &password));
        let quoted = password.replace('\'', "''");
        let text = match form {
            0 => format!("DB_PASSWORD: '{quoted}'"),
            1 => format!("--set-env-vars=A=1,DB_PASSWORD={password},BB=2"),
            2 => format!("- name: DB_PASSWORD\n  value: '{quoted}'"),
            3 => format!("URL: postgres://u:{password}@h/d"),
            _ => format!("DB_PASSWORD: |\n  {password}"),
        };
        let shown = shown(&text);
        prop_assert!(!shown.contains(&password) && !shown.contains(&quoted), "{}", shown);
    }
}

#[test]
fn a_hostile_line_costs_little() {
    for part in ["A_KEY: {", "PW_KEY=$A ,", ",A", "value: ", "://", "'\"", "--pwd "] {
        for length in [8_000, 200_000] {
            let text = format!("{0}\n{0}", part.repeat(length / part.len()));
            let begin = std::time::Instant::now();
            for _ in 0..3 {
                assert_eq!(shown(&text).len(), text.len() / 2);
            }
            assert!(begin.elapsed() < crate::HANG, "{part}: {:?}", begin.elapsed());
        }
    }
}
