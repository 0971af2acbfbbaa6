//! Rules for a login that the server refused: one cause an SQLSTATE.

use super::super::Suspect;
use super::super::cause::CauseCode;
use super::super::shell::{command, instance_of, quote};
use super::super::view::View;
use super::Judgement;
use super::postgres::{
    describe_instance, instance, instance_logs, instance_project, on_instance, operations,
};

/// A refused login.
pub(super) struct Login<'a> {
    pub(super) sqlstate: &'a str,
    pub(super) message: &'a str,
    pub(super) user: &'a str,
    pub(super) database: &'a str,
    pub(super) tls: bool,
}

impl Login<'_> {
    pub(super) fn judge(&self, view: &View<'_>) -> Judgement {
        let Self { user, database, message, sqlstate, .. } = self;
        let (role, name) = (identifier(user), identifier(database));
        match *sqlstate {
            "28P01" => self.password_rejected(view),
            "28000" => self.not_allowed(view),
            "3D000" => Judgement::proven(
                CauseCode::DatabaseMissing,
                format!("the server knows no database {database} (the login of {user} itself is right)"),
            )
            .mend("see which databases there are", on_instance(view, "databases", "list", None))
            .mend("create it", on_instance(view, "databases", "create", Some(database)))
            .mend("or correct its name in the pipeline", None),
            "53300" => self.slots(view),
            "57P03" => Judgement::proven(
                CauseCode::DatabaseStarting,
                format!("the database server takes no logins just now: {message}"),
            )
            .mend("run the gate again in a minute", None)
            .mend("see what the instance is doing", operations(view)),
            "42501" => Judgement::proven(
                CauseCode::ConnectPrivilegeMissing,
                format!("user {user} may log in, but not connect to database {database}: {message}"),
            )
            .mend(
                "grant it, as the database's owner",
                sql(&format!("GRANT CONNECT ON DATABASE {name} TO {role}")),
            ),
            "55000" => Judgement::proven(
                CauseCode::DatabaseClosed,
                format!("database {database} accepts no connections: {message}"),
            )
            .mend(
                "open it, connected to another database",
                sql(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")),
            ),
            "42704" | "22023" => Judgement::proven(
                CauseCode::ConnectionParameterInvalid,
                format!("the server refuses an option of the connection: {message} (SQLSTATE {sqlstate})"),
            )
            .mend("correct the options in the connection string (options=, client_encoding=, …)", None),
            state if state.starts_with("57P") || state.starts_with("08") => Judgement::proven(
                CauseCode::ConnectionCut,
                format!("the server ends the connection during the login: {message} (SQLSTATE {sqlstate})"),
            )
            .mend("run the gate again: a restart or a failover passes by itself", None)
            .mend("see what the instance is doing", operations(view)),
            _ => Judgement::proven(
                CauseCode::LoginNotAllowed,
                format!("the server refuses the login of user {user}: {message} (SQLSTATE {sqlstate})"),
            )
            .mend("read what the server says of it", instance_logs(view)),
        }
    }

    /// 28P01 is the same on the wire for a wrong password, an unknown role and an expired one.
    fn password_rejected(&self, view: &View<'_>) -> Judgement {
        let user = self.user;
        let claim =
            format!("the server rejects user {user} with the password that the service is given (28P01)");
        Judgement::likely(CauseCode::PasswordRejected, claim)
            .suspect(
                "the password was changed on one side only, in Cloud SQL or in Secret Manager",
                secret_versions(view),
            )
            .suspect(
                format!("there is no user {user} on the instance"),
                on_instance(view, "users", "list", None),
            )
            .suspect(
                format!("the password of {user} has expired (VALID UNTIL)"),
                sql(&format!(
                    "SELECT rolname, rolcanlogin, rolvaliduntil FROM pg_roles WHERE rolname = '{}'",
                    user.replace('\'', "''")
                )),
            )
            .mend(
                "set the password of the user, and put the same into the secret as a new version",
                set_password(view, user),
            )
            .mend("then deploy again: secrets in variables are read when an instance starts", None)
    }

    fn not_allowed(&self, view: &View<'_>) -> Judgement {
        let Self { user, message, .. } = self;
        let role = identifier(user);
        let claim = format!("the server does not admit user {user}: {message} (28000)");
        let nologin = Suspect {
            text: format!("role {user} is not permitted to log in (NOLOGIN)"),
            command: Some(sql(&format!("ALTER ROLE {role} LOGIN"))),
        };
        let host = Suspect {
            text: "the server does not admit this host, user or database (pg_hba, authorised networks)"
                .to_owned(),
            command: describe_instance(view),
        };
        let tls = Suspect {
            text: if self.tls {
                "the server demands a client certificate".to_owned()
            } else {
                "the server demands TLS, and the connection was not encrypted (ask for sslmode=require)"
                    .to_owned()
            },
            command: describe_instance(view),
        };
        let text = message.to_lowercase();
        // The server's own words, where they are English, say which it is.
        let ordered = if text.contains("no encryption") || text.contains("certificate") {
            [tls, host, nologin]
        } else if text.contains("not permitted to log in") {
            [nologin, host, tls]
        } else {
            [host, nologin, tls]
        };
        let first = ordered.first().cloned();
        let judgement = Judgement::likely(CauseCode::LoginNotAllowed, claim).suspects(ordered);
        match first {
            Some(first) => judgement.mend(format!("first look here: {}", first.text), first.command),
            None => judgement,
        }
    }

    fn slots(&self, view: &View<'_>) -> Judgement {
        let Self { user, message, .. } = self;
        Judgement::proven(
            CauseCode::ConnectionSlotsExhausted,
            format!("the server has no connection slot left for user {user}: {message}"),
        )
        .mend(
            "see who holds them",
            sql("SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC"),
        )
        .mend(
            "cap the service: pool size times instances must stay below max_connections",
            super::update_service(view, &["--max-instances=N"]),
        )
        .mend(
            "or end idle sessions, or raise max_connections (which restarts the instance)",
            instance(view).map(|instance| {
                command([
                    "gcloud",
                    "sql",
                    "instances",
                    "patch",
                    instance_of(instance),
                    "--database-flags=max_connections=N",
                    &instance_project(view, instance),
                ])
            }),
        )
    }
}

/// An SQL identifier, quoted.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn sql(statement: &str) -> String {
    format!("psql \"$ADMIN_DATABASE_URL\" -c {}", quote(statement))
}

fn set_password(view: &View<'_>, user: &str) -> Option<String> {
    let instance = instance(view)?;
    let flag = format!("--instance={}", instance_of(instance));
    let project = instance_project(view, instance);
    let words = ["gcloud", "sql", "users", "set-password", user, &flag, "--prompt-for-password", &project];
    Some(command(words))
}

/// The versions of the secrets that lead to the database: a rotation shows as a newer one.
fn secret_versions(view: &View<'_>) -> Option<String> {
    let secrets = view.nodes.iter().filter(|node| node.check == "secret-version-enabled");
    let mut targets = secrets.filter_map(|node| node.subject.as_deref());
    // The record names the variables that receive secrets, not the secrets: show what the revision refers to.
    targets.find(|target| view.leads_to_database(target))?;
    Some(super::on_service(view, "describe", &["--format=yaml(spec.template.spec.containers[].env)"]))
}
