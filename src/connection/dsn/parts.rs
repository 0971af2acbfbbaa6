//! A connection string in the making: the options that lead to the database, by the names that drivers give them.

use std::str::FromStr as _;
use std::time::Duration;

use secrecy::SecretString;

use super::{DEFAULT_PORT, Dsn, DsnForm, DsnProblem, Server, SessionTarget, SslMode, TlsFiles};

/// A connection string in the making.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) form: DsnForm,
    pub(super) host: Option<String>,
    pub(super) port: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) database: Option<String>,
    address: Option<String>,
    socket: Option<String>,
    sslmode: Option<SslMode>,
    /// `ssl=true` and the like, which a mode overrides.
    ssl: Option<SslMode>,
    connect_timeout: Option<Duration>,
    target: Option<SessionTarget>,
    balanced: bool,
    passfile: Option<String>,
    files: TlsFiles,
    options: Option<String>,
    schema: Option<String>,
    pool: Option<u32>,
    service: Option<String>,
    instance: Option<String>,
}

impl Parts {
    pub(super) fn of(form: DsnForm) -> Self {
        Self { form, ..Self::default() }
    }

    /// Takes one option. Options that do not lead to the database are passed over, as drivers have many.
    pub(super) fn set(&mut self, key: &str, value: String) -> Result<(), DsnProblem> {
        match key.to_ascii_lowercase().as_str() {
            "host" | "server" | "data source" => self.host = Some(value),
            // libpq dials this one, whatever the host is called.
            "hostaddr" => self.address = Some(value),
            // pg8000's, the library of Cloud SQL's for JDBC.
            "unix_sock" | "unixsocketpath" => self.socket = Some(value),
            "port" => self.port = Some(value),
            "user" | "username" | "user name" | "user id" | "userid" | "uid" => self.user = Some(value),
            "password" | "pwd" | "psw" => self.password = Some(value.into()),
            "dbname" | "database" | "db" | "initial catalog" => self.database = Some(value),
            "sslmode" | "ssl mode" => self.sslmode = Some(ssl_mode(&value)?),
            "ssl" | "requiressl" => self.ssl = Some(self.switch(&value)?),
            "connect_timeout" | "connecttimeout" | "logintimeout" | "timeout" => {
                self.connect_timeout = seconds(&value)?;
            }
            "target_session_attrs" | "targetservertype" | "target session attributes" => {
                self.target = Some(target(&value)?);
            }
            "load_balance_hosts" | "loadbalancehosts" | "load balance hosts" => {
                let word = value.trim().to_ascii_lowercase();
                self.balanced = ["random", "true", "1"].contains(&word.as_str());
            }
            "passfile" => self.passfile = Some(value),
            "sslrootcert" | "root certificate" => self.files.root = Some(value),
            "sslcert" | "ssl certificate" => self.files.certificate = Some(value),
            "sslkey" | "ssl key" => self.files.key = Some(value),
            "options" => self.options = Some(value),
            "schema" | "currentschema" | "search path" | "searchpath" => self.schema = Some(value),
            "connection_limit" | "pool_size" | "poolsize" | "pool" | "pool_max_conns"
            | "maximum pool size" | "maxpoolsize" | "max pool size" | "max_pool_size" | "maximumpoolsize" => {
                self.pool = value.trim().parse().ok();
            }
            "service" | "servicename" if self.form != DsnForm::Semicolons => self.service = Some(value),
            "cloudsqlinstance" => self.instance = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// `ssl=true`: JDBC verifies then, as `verify-full` does, and .NET and the others encrypt.
    fn switch(&self, word: &str) -> Result<SslMode, DsnProblem> {
        match word.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Ok(self.switched_on()),
            "" if self.form == DsnForm::Jdbc => Ok(self.switched_on()),
            other => ssl_mode(other),
        }
    }

    fn switched_on(&self) -> SslMode {
        if self.form == DsnForm::Jdbc { SslMode::VerifyFull } else { SslMode::Require }
    }

    pub(super) fn finish(self) -> Result<Dsn, DsnProblem> {
        let socket = self.socket.filter(|path| !path.is_empty()).map(|path| folder(&path).to_owned());
        let stated = self.address.filter(|host| !host.is_empty());
        let stated = stated.or(self.host.filter(|host| host.split(',').any(|one| !one.is_empty())));
        let instance = self.instance.filter(|instance| !instance.is_empty());
        // The library dials the instance, whatever the URL's host is called.
        let hosts = socket.or(stated.filter(|_| instance.is_none()));
        let ports = ports(self.port.as_deref().unwrap_or_default())?;
        let servers = servers(hosts.as_deref().unwrap_or_default(), &ports)?;
        let port = servers.first().map(|server| server.port).or(ports.first().copied().flatten());
        Ok(Dsn {
            host: servers.first().map(|server| server.host.clone()),
            port: port.unwrap_or(DEFAULT_PORT),
            user: self.user.filter(|user| !user.is_empty()),
            password: self.password,
            database: self.database.filter(|name| !name.is_empty()),
            sslmode: self.sslmode.or(self.ssl).unwrap_or_default(),
            connect_timeout: self.connect_timeout,
            hosts: servers.len(),
            servers,
            target: self.target.unwrap_or_default(),
            balanced: self.balanced,
            passfile: self.passfile.filter(|path| !path.is_empty()),
            files: self.files,
            options: self.options.filter(|options| !options.is_empty()),
            schema: self.schema.filter(|schema| !schema.is_empty()),
            pool: self.pool,
            service: self.service,
            instance,
            form: self.form,
        })
    }
}

/// The folder of a socket: without the socket's own name, which some drivers want and others do not.
fn folder(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((folder, name)) if name.starts_with(".s.PGSQL.") && !folder.is_empty() => folder,
        Some(_) | None => path,
    }
}

/// Ports of a list; one that is not stated is `None`.
fn ports(list: &str) -> Result<Vec<Option<u16>>, DsnProblem> {
    let port = |text: &str| match text.trim() {
        "" => Ok(None),
        digits => match digits.parse() {
            Ok(0) | Err(_) => Err(DsnProblem::Port),
            Ok(port) => Ok(Some(port)),
        },
    };
    list.split(',').map(port).collect()
}

/// Each host with its port; a single port is every host's.
fn servers(hosts: &str, ports: &[Option<u16>]) -> Result<Vec<Server>, DsnProblem> {
    let hosts: Vec<&str> = hosts.split(',').collect();
    let all = match ports {
        [] => None,
        [one] => *one,
        _ if ports.len() == hosts.len() => None,
        _ => return Err(DsnProblem::Ports),
    };
    let port = |at: usize| all.or_else(|| ports.get(at).copied().flatten()).unwrap_or(DEFAULT_PORT);
    let named = hosts.iter().map(|host| host.trim()).enumerate().filter(|(_, host)| !host.is_empty());
    Ok(named.map(|(at, host)| Server { host: folder(host).to_owned(), port: port(at) }).collect())
}

/// libpq's words, and those by which other drivers say the same.
fn ssl_mode(word: &str) -> Result<SslMode, DsnProblem> {
    let word = word.trim().to_ascii_lowercase();
    match word.as_str() {
        "true" | "1" | "on" | "yes" | "no-verify" => Ok(SslMode::Require),
        "false" | "0" | "off" | "no" => Ok(SslMode::Disable),
        // .NET writes them in one.
        "verifyca" => Ok(SslMode::VerifyCa),
        "verifyfull" => Ok(SslMode::VerifyFull),
        other => SslMode::from_str(other).ok().ok_or(DsnProblem::SslMode),
    }
}

/// libpq's words, and JDBC's and .NET's for the same.
fn target(word: &str) -> Result<SessionTarget, DsnProblem> {
    let word = word.trim().to_ascii_lowercase();
    match word.as_str() {
        "master" => Ok(SessionTarget::Primary),
        "slave" | "secondary" => Ok(SessionTarget::Standby),
        "preferslave" | "prefersecondary" => Ok(SessionTarget::PreferStandby),
        // The first that answers will do, where the wanted one is not to be had.
        "preferprimary" | "prefer-primary" => Ok(SessionTarget::Any),
        other => SessionTarget::from_str(other).ok().ok_or(DsnProblem::Target),
    }
}

fn seconds(text: &str) -> Result<Option<Duration>, DsnProblem> {
    match text.trim().parse::<i64>() {
        Ok(seconds) => {
            Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs))
        }
        // A cast of a parse error into ours: it repeats nothing of the text.
        Err(_) => Err(DsnProblem::ConnectTimeout),
    }
}
