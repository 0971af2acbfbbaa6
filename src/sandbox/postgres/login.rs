//! From the startup packet to the first `ReadyForQuery`, in the order in which PostgreSQL 15 looks at things.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures::{Sink, SinkExt as _};
use pgwire::api::auth::mechanism::{AuthMechanism, AuthMechanismFactory as _, AuthState};
use pgwire::api::auth::sasl::SaslMechanisms;
use pgwire::api::auth::sasl::scram::{SCRAM_ITERATIONS, ScramAuth, gen_salted_password};
use pgwire::api::auth::{
    AuthDriver, AuthOutcome, AuthSource, DefaultServerParameterProvider, LoginInfo, Password, StartupHandler,
    protocol_negotiation, save_startup_parameters_to_metadata,
};
use pgwire::api::{ClientInfo, METADATA_DATABASE, METADATA_USER};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::startup::{Authentication, PasswordMessageFamily};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use secrecy::ExposeSecret as _;

use super::error::{fatal, fatal_detail};
use super::{RESERVED, Server, Tls, VERSION};
use crate::connection::iam_account;
use crate::sandbox::world::{RoleKind, RoleWorld, TlsWorld};
use crate::sandbox::{random, tokens};

/// By which door a client came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Door {
    /// It dialled the server itself.
    Network,
    /// Through Cloud SQL's own proxy, which has made TLS with a certificate of the client's before.
    Connector,
}

/// Logs clients in to one server.
pub(super) struct Login {
    server: Arc<Server>,
    door: Door,
    driver: AuthDriver<DefaultServerParameterProvider>,
    scram: SaslMechanisms,
}

impl Login {
    pub(super) fn new(server: Arc<Server>, tls: Option<&Tls>, door: Door) -> Self {
        let mut parameters = DefaultServerParameterProvider::default();
        parameters.server_version = VERSION.to_owned();
        parameters.is_superuser = false;
        let mut scram = ScramAuth::new(Arc::new(Roles::new(Arc::clone(&server))));
        if let Some(tls) = tls {
            // Without it, SCRAM is only not bound to TLS.
            drop(scram.configure_certificate(tls.certificate.as_bytes()));
        }
        Self {
            server,
            door,
            driver: AuthDriver::new(parameters),
            scram: SaslMechanisms::new(vec![Arc::new(scram)]),
        }
    }

    /// How a user is asked for a password.
    fn mechanism(&self, user: &str) -> Box<dyn AuthMechanism> {
        match self.server.world().role(user) {
            Some(role)
                if role.kind == RoleKind::IamServiceAccount && self.server.world().iam_authentication =>
            {
                Box::new(Token { server: Arc::clone(&self.server), user: user.to_owned() })
            }
            Some(role) if role.kind == RoleKind::IamServiceAccount => self.scram.create(),
            Some(role) if role.password.is_none() => Box::new(Trust),
            Some(_) | None => self.scram.create(),
        }
    }

    /// Whether the server's rules admit a connection as it comes: by its host, its encryption, its certificate.
    fn takes(&self, client: &impl ClientInfo, user: &str, database: &str) -> Result<(), PgWireError> {
        if self.door == Door::Connector {
            return Ok(());
        }
        let world = self.server.world();
        let encrypted = client.is_secure();
        let certified = client.client_certificates().is_some_and(|chain| !chain.is_empty());
        let no_entry = || {
            let how = if encrypted { "SSL encryption" } else { "no encryption" };
            fatal(
                "28000",
                format!(
                    "no pg_hba.conf entry for host \"10.8.0.2\", user \"{user}\", database \"{database}\", {how}"
                ),
            )
        };
        if !world.admits_hosts {
            return Err(no_entry());
        }
        // Without TLS, a token would travel as it is.
        let is_token = |role: &RoleWorld| role.kind == RoleKind::IamServiceAccount;
        let by_token = world.iam_authentication && world.role(user).is_some_and(is_token);
        match world.tls {
            TlsWorld::Any if by_token && !encrypted => Err(no_entry()),
            TlsWorld::Any => Ok(()),
            TlsWorld::Encrypted | TlsWorld::ClientCertificate if !encrypted => Err(no_entry()),
            TlsWorld::ClientCertificate if !certified => {
                Err(fatal("28000", "connection requires a valid client certificate"))
            }
            TlsWorld::Encrypted | TlsWorld::ClientCertificate => Ok(()),
        }
    }

    /// What stops a session although its user proved who they are.
    fn admits(&self, user: &str, database: &str) -> Result<(), PgWireError> {
        let world = self.server.world();
        let role = world.role(user);
        if role.is_none_or(|role| !role.login) {
            return Err(fatal("28000", format!("role \"{user}\" is not permitted to log in")));
        }
        if self.server.free_slots().is_none_or(|free| free < RESERVED) {
            return Err(fatal(
                "53300",
                "remaining connection slots are reserved for non-replication superuser connections",
            ));
        }
        let Some(database) = world.database(database) else {
            return Err(fatal("3D000", format!("database \"{database}\" does not exist")));
        };
        let name = &database.name;
        if !database.allows_connections {
            return Err(fatal(
                "55000",
                format!("database \"{name}\" is not currently accepting connections"),
            ));
        }
        if !database.public_connect {
            return Err(fatal_detail(
                "42501",
                format!("permission denied for database \"{name}\""),
                "User does not have CONNECT privilege.",
            ));
        }
        Ok(())
    }

    /// Ends the conversation about the password, well or not.
    async fn finish<C>(&self, client: &mut C, outcome: AuthOutcome) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let AuthOutcome::Authenticated { final_message, .. } = outcome else { return Ok(()) };
        let (user, database) = asked(client.metadata());
        let admitted = self.admits(&user, &database).and_then(|()| options(client.metadata()));
        if let Err(refusal) = admitted {
            // As PostgreSQL does: the password was right, and the client is told so before it is turned away.
            if let Some(message) = final_message {
                client.feed(PgWireBackendMessage::Authentication(message)).await?;
            }
            client.feed(PgWireBackendMessage::Authentication(Authentication::Ok)).await?;
            return Err(refusal);
        }
        self.driver.complete_authentication(client, final_message).await
    }
}

/// User and database that a startup packet asks for; the database is by default the user's name.
fn asked(parameters: &HashMap<String, String>) -> (String, String) {
    let user = parameters.get(METADATA_USER).cloned().unwrap_or_default();
    let database = parameters.get(METADATA_DATABASE).filter(|name| !name.is_empty()).unwrap_or(&user).clone();
    (user, database)
}

/// The settings that a startup packet asks for with `options`: only those that the server knows.
fn options(parameters: &HashMap<String, String>) -> Result<(), PgWireError> {
    const KNOWN: &[&str] =
        &["search_path", "statement_timeout", "lock_timeout", "application_name", "work_mem", "geqo"];
    let words: Vec<&str> =
        parameters.get("options").map(String::as_str).unwrap_or_default().split_whitespace().collect();
    let settings = words.iter().filter(|word| **word != "-c").map(|word| word.trim_start_matches("-c"));
    for setting in settings.map(|setting| setting.trim_start_matches("--")) {
        let name = setting.split('=').next().unwrap_or_default();
        if !KNOWN.contains(&name) {
            return Err(fatal("42704", format!("unrecognized configuration parameter \"{name}\"")));
        }
    }
    Ok(())
}

#[async_trait]
impl StartupHandler for Login {
    async fn on_startup<C>(&self, client: &mut C, message: PgWireFrontendMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let outcome = if let PgWireFrontendMessage::Startup(startup) = message {
            protocol_negotiation(client, &startup).await?;
            save_startup_parameters_to_metadata(client, &startup);
            if self.server.world().starting {
                return Err(fatal("57P03", "the database system is starting up"));
            }
            let (user, database) = asked(client.metadata());
            self.takes(client, &user, &database)?;
            if self.server.free_slots().is_none() {
                return Err(fatal("53300", "sorry, too many clients already"));
            }
            if user.is_empty() {
                return Err(fatal("28000", "no PostgreSQL user name specified in startup packet"));
            }
            self.driver.begin_authentication(client, self.mechanism(&user)).await?
        } else if let PgWireFrontendMessage::PasswordMessageFamily(message) = message {
            match self.driver.advance_authentication(client, message).await {
                Err(PgWireError::InvalidPassword(_)) => {
                    let (user, _) = asked(client.metadata());
                    let world = self.server.world();
                    let by_token =
                        world.role(&user).is_some_and(|role| role.kind == RoleKind::IamServiceAccount);
                    if by_token && world.iam_authentication {
                        let said = format!(
                            "Cloud SQL IAM service account authentication failed for user \"{user}\""
                        );
                        return Err(fatal("28000", said));
                    }
                    return Err(fatal(
                        "28P01",
                        format!("password authentication failed for user \"{user}\""),
                    ));
                }
                outcome => outcome?,
            }
        } else {
            return Ok(());
        };
        self.finish(client, outcome).await
    }
}

/// Takes everybody at their word (`trust`).
struct Trust;

#[async_trait]
impl AuthMechanism for Trust {
    async fn begin(&mut self, _client: &(dyn ClientInfo + Send + Sync)) -> PgWireResult<AuthState> {
        Ok(AuthState::Ok { final_message: None, identity: None })
    }

    async fn next(
        &mut self,
        _client: &(dyn ClientInfo + Send + Sync),
        _message: PasswordMessageFamily,
    ) -> PgWireResult<AuthState> {
        Err(PgWireError::NoAuthenticationInProgress)
    }
}

/// Asks for an access token in the password's place, and takes the user's own if the account may log in.
struct Token {
    server: Arc<Server>,
    user: String,
}

#[async_trait]
impl AuthMechanism for Token {
    async fn begin(&mut self, _client: &(dyn ClientInfo + Send + Sync)) -> PgWireResult<AuthState> {
        Ok(AuthState::InProgress(Authentication::CleartextPassword))
    }

    async fn next(
        &mut self,
        _client: &(dyn ClientInfo + Send + Sync),
        message: PasswordMessageFamily,
    ) -> PgWireResult<AuthState> {
        let Server { cloud, .. } = &*self.server;
        let token = message.into_password()?.password;
        let account = tokens::logs_in_as(cloud, &token);
        let own = account.filter(|account| iam_account(&self.user).as_ref() == Some(account));
        match own.filter(|account| cloud.world.logs_in(&self.server.world().project, account)) {
            Some(_) => Ok(AuthState::Ok { final_message: None, identity: None }),
            None => Err(PgWireError::InvalidPassword(self.user.clone())),
        }
    }
}

/// The salted passwords of a server's roles, each computed once, at its first login.
struct Roles {
    server: Arc<Server>,
    salt: Vec<u8>,
    salted: Vec<OnceLock<Vec<u8>>>,
    /// The password of roles that do not exist: they fail as late as the others.
    nobody: OnceLock<Vec<u8>>,
}

impl Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Roles")
    }
}

impl Roles {
    fn new(server: Arc<Server>) -> Self {
        let salted = server.world().roles.iter().map(|_| OnceLock::new()).collect();
        Self { server, salt: random::word(16).into_bytes(), salted, nobody: OnceLock::new() }
    }

    fn salted(&self, user: &str) -> &[u8] {
        let roles = &self.server.world().roles;
        let found = roles.iter().position(|role| role.name == user);
        let (cell, password) = match found {
            // An access token, which nobody has here, would be the only right password.
            Some(index) if roles[index].kind == RoleKind::IamServiceAccount => (&self.salted[index], None),
            Some(index) => (&self.salted[index], roles[index].password.as_ref()),
            None => (&self.nobody, None),
        };
        cell.get_or_init(|| {
            let password = password.map_or_else(|| random::word(32), |one| one.expose_secret().to_owned());
            gen_salted_password(&password, &self.salt, SCRAM_ITERATIONS)
        })
    }
}

#[async_trait]
impl AuthSource for Roles {
    async fn get_password(&self, login: &LoginInfo) -> PgWireResult<Password> {
        let salted = self.salted(login.user().unwrap_or_default()).to_vec();
        Ok(Password::new(Some(self.salt.clone()), salted))
    }
}
