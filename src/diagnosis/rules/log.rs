//! Rules for findings in the service's own log. A log supports a cause and proves none: other code wrote it.

use super::super::Confidence;
use super::super::cause::CauseCode;
use super::super::view::View;
use super::health::logs;
use super::login::Login;
use super::postgres::describe_instance;
use super::{Judgement, update_service};
use crate::record::finding::{LogFinding, Trouble};

pub(super) fn judge(view: &View<'_>, finding: &LogFinding) -> Judgement {
    let LogFinding::Trouble { trouble, line, .. } = finding;
    let mut judgement = of_trouble(view, *trouble, line);
    judgement.confidence = Confidence::Likely;
    judgement.claim = format!("{}; the service's own log says so: {line}", meaning(*trouble));
    judgement.fix("read the log around it", logs(view))
}

pub(super) fn clause(finding: &LogFinding) -> String {
    let LogFinding::Trouble { trouble, .. } = finding;
    format!("the service's log says that {}", meaning(*trouble))
}

fn of_trouble(view: &View<'_>, trouble: Trouble, line: &str) -> Judgement {
    let database = view.service.database.as_ref();
    let known = |text: Option<&String>, or: &str| text.map_or_else(|| or.to_owned(), Clone::clone);
    let user = known(database.and_then(|one| one.user.as_ref()), "USER");
    let name = known(database.and_then(|one| one.name.as_ref()), "DATABASE");
    let login = |sqlstate: &str| {
        let (user, database) = (user.as_str(), name.as_str());
        Login { sqlstate, message: line, user, database, ..Login::unseen() }.judge(view)
    };
    match trouble {
        Trouble::PasswordRejected => login("28P01"),
        Trouble::LoginNotAllowed => login("28000"),
        Trouble::DatabaseMissing => login("3D000"),
        Trouble::ConnectPrivilegeMissing => login("42501"),
        Trouble::SlotsExhausted => login("53300"),
        Trouble::Starting => login("57P03"),
        Trouble::SocketMissing => Judgement::likely(CauseCode::CloudsqlNotAttached, "")
            .fix("attach the instance", update_service(view, &["--add-cloudsql-instances=PROJECT:REGION:INSTANCE"])),
        Trouble::ProxyTimedOut => Judgement::likely(CauseCode::EgressBlocksCloudsqlSocket, "")
            .suspect(
                "all traffic is sent into the VPC, and no NAT leads from there to the instance's public address",
                update_service(view, &["--vpc-egress=private-ranges-only"]),
            )
            .suspect("the instance has a private address only, and the service no way into its network", {
                describe_instance(view)
            }),
        Trouble::NameUnresolvable => Judgement::likely(CauseCode::DatabaseNameUnresolvable, "")
            .fix("correct the database's host in the pipeline, or attach the VPC to its private zone", None),
        Trouble::Refused => Judgement::likely(CauseCode::DatabaseRefused, "")
            .fix("see that the server listens on that host and port", describe_instance(view)),
        Trouble::TimedOut => Judgement::likely(CauseCode::DatabaseUnreachable, "")
            .fix("see which network the instance is in, and which the service leaves into", {
                describe_instance(view)
            }),
        Trouble::SchemeRefused => Judgement::likely(CauseCode::CredentialSchemeMismatch, "")
            .fix("give the driver a connection string with the scheme and options that it takes", None),
        Trouble::Unreadable => Judgement::likely(CauseCode::CredentialUnescaped, "")
            .fix("percent-encode user and password (@ is %40, / is %2F, # is %23, ? is %3F, % is %25)", None)
            .suspect("the value is no connection string at all: quotes, or another secret's content", None),
    }
}

fn meaning(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::PasswordRejected => "the database rejects the service's password",
        Trouble::LoginNotAllowed => "the database does not let the service's user in",
        Trouble::DatabaseMissing => "the database does not exist on the server",
        Trouble::ConnectPrivilegeMissing => "the service's user may not connect to the database",
        Trouble::SlotsExhausted => "the server has no connection slot left",
        Trouble::Starting => "the database server is starting, stopping or recovering",
        Trouble::SocketMissing => "the /cloudsql socket is not there",
        Trouble::ProxyTimedOut => "the Cloud SQL proxy cannot reach the instance",
        Trouble::NameUnresolvable => "the database's host name has no address",
        Trouble::Refused => "connections to the database are refused",
        Trouble::TimedOut => "connections to the database get no answer",
        Trouble::SchemeRefused => "the driver refuses the connection string's scheme or one of its options",
        Trouble::Unreadable => "the driver cannot read the connection string, or cuts it wrongly",
    }
}
