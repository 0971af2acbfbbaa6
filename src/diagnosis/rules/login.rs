//! Rules for a login that the server refused: one cause an SQLSTATE.

use super::super::Suspect;
use super::super::cause::CauseCode;
use super::super::view::View;
use super::Judgement;
use super::postgres::{
    describe_instance, instance, instance_logs, instance_project, on_instance, operations,
};
use crate::model::resource::instance_of;
use crate::record::check_id;
use crate::record::finding::{OtherEnd, OtherWay, Stage};
use crate::text::shell::{command, quote};

/// A refused login.
pub(super) struct Login<'a> {
    pub(super) sqlstate: &'a str,
    pub(super) message: &'a str,
    pub(super) user: &'a str,
    pub(super) database: &'a str,
    pub(super) tls: bool,
    pub(super) stage: Stage,
    pub(super) certificate_missed: bool,
    pub(super) other_way: Option<&'a OtherWay>,
    pub(super) routine: Option<&'a str>,
}

impl Login<'_> {
    /// A refusal of which only others tell: how far the login came is not known.
    pub(super) fn unseen() -> Self {
        Self {
            sqlstate: "",
            message: "",
            user: "",
            database: "",
            tls: false,
            stage: Stage::Unknown,
            certificate_missed: false,
            other_way: None,
            routine: None,
        }
    }

    pub(super) fn judge(&self, view: &View<'_>) -> Judgement {
        let Self { user, database, message, sqlstate, .. } = self;
        let (role, name) = (identifier(user), identifier(database));
        match *sqlstate {
            "28P01" => self.password_rejected(view),
            "28000" => self.not_allowed(view),
            "3D000" => Judgement::proven(
                CauseCode::DatabaseMissing,
                match self.stage {
                    Stage::AfterProof | Stage::Unknown => format!(
                        "the server knows no database {database} (the login of {user} itself is right)"
                    ),
                    // A pooler looks the database up before it asks who is there.
                    Stage::BeforeProof | Stage::DuringProof => {
                        format!(
                            "the server knows no database {database}, and has not looked at the login yet"
                        )
                    }
                },
            )
            .fix("see which databases there are", on_instance(view, "databases", "list", None))
            .fix("create it", on_instance(view, "databases", "create", Some(database)))
            .fix("or correct its name in the pipeline", None),
            "53300" => self.slots(view),
            "57P03" => Judgement::proven(
                CauseCode::DatabaseStarting,
                format!("the database server takes no logins just now: {message}"),
            )
            .fix("run the gate again in a minute", None)
            .fix("see what the instance is doing", operations(view)),
            "42501" => Judgement::proven(
                CauseCode::ConnectPrivilegeMissing,
                format!("user {user} may log in, but not connect to database {database}: {message}"),
            )
            .fix(
                "grant it, as the database's owner",
                sql(&format!("GRANT CONNECT ON DATABASE {name} TO {role}")),
            ),
            "55000" => Judgement::proven(
                CauseCode::DatabaseDisallowsConnections,
                format!("database {database} accepts no connections: {message}"),
            )
            .fix(
                "open it, connected to another database",
                sql(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")),
            ),
            "42704" | "22023" => Judgement::proven(
                CauseCode::ConnectionParameterInvalid,
                format!("the server refuses an option of the connection: {message} (SQLSTATE {sqlstate})"),
            )
            .fix("correct the options in the connection string (options=, client_encoding=, …)", None),
            // PostgreSQL itself refuses no login so; PgBouncer does, for all reasons of its own.
            "08P01" if self.stage == Stage::DuringProof => Judgement::likely(
                CauseCode::PasswordRejected,
                format!("what answers asks user {user} for a password and does not take it: {message} (SQLSTATE 08P01)"),
            )
            .suspect("the pooler before the database has another password for this user, or does not know it", None)
            .fix("see the pooler's own list of users (PgBouncer: auth_file, auth_query)", None),
            "08P01" => Judgement::proven(
                CauseCode::ConnectionClosed,
                format!("what answers ends the login with a protocol violation: {message} (SQLSTATE 08P01)"),
            )
            .suspect(
                format!("a pooler (PgBouncer, for one) stands before the database: it knows no database {database}, or has no connection to the server left"),
                None,
            )
            .fix("read what the pooler says, or dial the database itself", instance_logs(view)),
            state if state.starts_with("57P") || state.starts_with("08") => Judgement::proven(
                CauseCode::ConnectionClosed,
                format!("the server ends the connection during the login: {message} (SQLSTATE {sqlstate})"),
            )
            .fix("run the gate again: a restart or a failover passes by itself", None)
            .fix("see what the instance is doing", operations(view)),
            _ => Judgement::proven(
                CauseCode::LoginNotAllowed,
                format!("the server refuses the login of user {user}: {message} (SQLSTATE {sqlstate})"),
            )
            .fix("read what the server says of it", instance_logs(view)),
        }
    }

    /// 28P01 is the same on the wire for a wrong password, an unknown role and an expired one. What the control plane
    /// knows orders what is left.
    fn password_rejected(&self, view: &View<'_>) -> Judgement {
        let user = self.user;
        let claim =
            format!("the server rejects user {user} with the password that the service is given (28P01)");
        let changed = Suspect {
            text: "the password was changed on one side only, in Cloud SQL or in Secret Manager".to_owned(),
            command: secret_versions(view),
        };
        let known = view.held(check_id::INSTANCE_HAS_USER);
        let unknown = Suspect {
            text: format!("there is no user {user} on the instance"),
            command: on_instance(view, "users", "list", None),
        };
        let expired = Suspect {
            text: format!("the password of {user} has expired (VALID UNTIL)"),
            command: Some(sql(&format!(
                "SELECT rolname, rolcanlogin, rolvaliduntil FROM pg_roles WHERE rolname = '{}'",
                user.replace('\'', "''")
            ))),
        };
        let rotated = view.of(check_id::SECRET_VERSION_CURRENT).any(|node| node.finding().is_some());
        let by_token = is_iam(user).then(|| Suspect {
            text: format!("{user} looks like an IAM user, whose password is an access token and no secret"),
            command: on_instance(view, "users", "list", None),
        });
        let judgement = Judgement::likely(CauseCode::PasswordRejected, claim).suspects(by_token);
        let judgement = if rotated {
            let text =
                "a newer version of the secret exists than the one that running instances hold".to_owned();
            judgement.suspects([Suspect { text, command: secret_versions(view) }])
        } else {
            judgement
        };
        let judgement = match known {
            // The control plane's list has the user: what is left is the password.
            true => judgement.suspects([changed, expired]),
            false => judgement.suspects([changed, unknown, expired]),
        };
        judgement
            .fix(
                "set the password of the user, and put the same into the secret as a new version",
                set_password(view, user),
            )
            .fix("then deploy again: secrets in variables are read when an instance starts", None)
    }

    /// 28000 is one code for several things. Where among the server's messages it came, and what the same start comes
    /// to with the other encryption, tells most of them apart.
    fn not_allowed(&self, view: &View<'_>) -> Judgement {
        let Self { user, message, .. } = self;
        match self.stage {
            Stage::Unknown => self.not_allowed_somehow(view),
            Stage::BeforeProof => self.not_admitted(view),
            Stage::DuringProof => Judgement::likely(
                if is_iam(user) {
                    CauseCode::CloudsqlIamLoginMisconfigured
                } else {
                    CauseCode::PasswordRejected
                },
                format!("the server asks user {user} for a password and does not take it: {message} (28000)"),
            )
            .suspect(
                "whoever the server asks about passwords (IAM, LDAP, PAM, RADIUS) does not take this one",
                instance_logs(view),
            )
            .suspect(
                format!("{user} is an IAM user without roles/cloudsql.instanceUser, or the token is no access token of its account"),
                on_instance(view, "users", "list", None),
            )
            .fix("read what the server says of it", instance_logs(view)),
            Stage::AfterProof => Judgement::proven(
                CauseCode::LoginNotAllowed,
                format!("the server takes the proof of user {user}, and then does not let the role in: {message} (28000)"),
            )
            .fix("let it log in (it has NOLOGIN)", sql(&format!("ALTER ROLE {} LOGIN", identifier(user))))
            .fix(
                "where the server asks for no password, there may be no such role",
                on_instance(view, "users", "list", None),
            ),
        }
    }

    /// Refused before any password: by the server's rules about hosts, users, databases and encryption.
    fn not_admitted(&self, view: &View<'_>) -> Judgement {
        let Self { user, database, message, tls, .. } = self;
        let said = format!("{message} (28000)");
        let missed = self.certificate_missed
            || matches!(
                self.other_way,
                Some(OtherWay { end: OtherEnd::Refused { certificate_missed: true, .. }, .. })
            );
        match self.other_way.map(|other| &other.end) {
            Some(OtherEnd::Admitted) if !tls => Judgement::proven(
                CauseCode::TlsRequired,
                format!("the server refuses user {user} without TLS, and goes on with it: {said}"),
            )
            .fix("ask for TLS: sslmode=require (asyncpg under SQLAlchemy: ssl=require)", None)
            .fix("see what the instance demands", describe_instance(view)),
            Some(OtherEnd::Admitted) => Judgement::proven(
                CauseCode::PgHbaRejected,
                format!("the server refuses user {user} with TLS, and goes on without: {said}"),
            )
            .fix("let the server's pg_hba.conf admit encrypted connections (host or hostssl)", None),
            _ if missed => {
                let claim = format!(
                    "the server asks for a client certificate, gets none, and does not admit user {user}: {said}"
                );
                Judgement::likely(CauseCode::ClientCertificateRequired, claim)
                    .suspect("the server demands a client certificate", describe_instance(view))
                    .suspect(
                        format!("no rule of its pg_hba.conf admits this host, user {user} and database {database}"),
                        describe_instance(view),
                    )
                    .fix("connect through a Cloud SQL connector, or mount a client certificate (sslcert, sslkey)", None)
            }
            // A server that asks for no client certificate demands none, and TLS makes no difference.
            Some(OtherEnd::Refused { .. } | OtherEnd::NotOffered) => self.pg_hba_rejected(view, &said),
            Some(OtherEnd::Lost) if *tls => self.pg_hba_rejected(view, &said),
            Some(OtherEnd::Lost) | None => self.not_allowed_somehow(view),
        }
    }

    fn pg_hba_rejected(&self, view: &View<'_>, said: &str) -> Judgement {
        let Self { user, database, .. } = self;
        Judgement::proven(
            CauseCode::PgHbaRejected,
            format!(
                "no rule of the server admits this host for user {user} and database {database}, with TLS or without: {said}"
            ),
        )
        .fix("see which networks the instance admits", describe_instance(view))
        .fix(
            "see the server's rules, and add one for the service's address range",
            sql("SELECT line_number, type, database, user_name, address, auth_method FROM pg_hba_file_rules"),
        )
    }

    /// What is left where the wire does not tell: ordered by the server's own words, where they are English.
    fn not_allowed_somehow(&self, view: &View<'_>) -> Judgement {
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
            Some(first) => judgement.fix(format!("first look here: {}", first.text), first.command),
            None => judgement,
        }
    }

    /// Whose slots are exhausted: the server says no before it asks who is there, a limit of a role or a database only
    /// after.
    fn slots(&self, view: &View<'_>) -> Judgement {
        let Self { user, message, database, .. } = self;
        let limits = [
            (
                "InitPostgres",
                "only slots that are reserved for superusers are left",
                "SHOW max_connections".to_owned(),
            ),
            (
                "InitializeSessionUserId",
                "the role's own CONNECTION LIMIT is reached",
                format!("SELECT rolconnlimit FROM pg_roles WHERE rolname = '{}'", user.replace('\'', "''")),
            ),
            (
                "CheckMyDatabase",
                "the database's CONNECTION LIMIT is reached",
                format!(
                    "SELECT datconnlimit FROM pg_database WHERE datname = '{}'",
                    database.replace('\'', "''")
                ),
            ),
        ];
        let claim = format!("the server has no connection slot left for user {user}: {message}");
        let mut judgement = Judgement::proven(CauseCode::ConnectionSlotsExhausted, claim);
        if self.stage == Stage::AfterProof {
            // The routine that refused comes first.
            let (first, rest): (Vec<_>, Vec<_>) =
                limits.iter().partition(|(routine, _, _)| self.routine == Some(routine));
            let suspects = first.into_iter().chain(rest);
            judgement = judgement.suspects(
                suspects
                    .map(|(_, text, query)| Suspect { text: (*text).to_owned(), command: Some(sql(query)) }),
            );
        }
        judgement
            .fix(
                "see who holds them",
                sql("SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3 ORDER BY 4 DESC"),
            )
            .fix(
                "cap the service: pool size times instances must stay below max_connections",
                super::update_service(view, &["--max-instances=N"]),
            )
            .fix(
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

/// Whether a user is named as Cloud SQL names IAM users: an e-mail address, without `.gserviceaccount.com`.
fn is_iam(user: &str) -> bool {
    user.contains('@')
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
    let secrets = view.nodes.iter().filter(|node| node.check == check_id::SECRET_VERSION_ENABLED);
    let mut targets = secrets.filter_map(|node| node.subject.as_deref());
    // The record names the variables that receive secrets, not the secrets: show what the revision refers to.
    targets.find(|target| view.leads_to_database(target))?;
    Some(super::on_service(view, "describe", &["--format=yaml(spec.template.spec.containers[].env)"]))
}
