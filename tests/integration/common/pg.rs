//! A real PostgreSQL server of the system's own packages, in a temporary folder and on a free port of the loopback.
//!
//! PostgreSQL refuses to run as root; there, it runs as another user who exists. Where it is not installed, tests
//! are skipped with a printed reason, unless `RUNGATE_REQUIRE_POSTGRES=1` asks for it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::wait::{until, wait_until};
use tempfile::TempDir;

/// Password of the superuser `postgres`.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A running server, gone when it is dropped.
pub(crate) struct Postgres {
    pub(crate) port: u16,
    tools: Tools,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server with these settings (`max_connections=3`); `None`: it is not installed, and need not be.
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        Self::start_with(settings, |_| {})
    }

    /// The same, with files that `prepare` puts into the data folder first.
    pub(crate) fn start_with(settings: &[&str], prepare: impl FnOnce(&Path)) -> Option<Self> {
        let tools = match Tools::find() {
            Ok(tools) => tools,
            Err(reason) => {
                assert!(!required(), "RUNGATE_REQUIRE_POSTGRES=1, but {reason}");
                println!("skipped: {reason}");
                return None;
            }
        };
        let folder = tempfile::Builder::new().prefix("rungate-pg-").tempdir().unwrap();
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        tools.give(folder.path());
        tools.give(&password);
        tools.give(&data);
        tools.run(
            "initdb",
            &[
                "--pgdata",
                text(&data),
                "--username=postgres",
                "--pwfile",
                text(&password),
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
        );
        prepare(&data);
        for file in fs::read_dir(&data).unwrap() {
            tools.give(&file.unwrap().path());
        }
        let mut server = Self { port: 0, tools, folder };
        // Between choosing a free port and listening on it, somebody else may take it.
        for _ in 0..5 {
            server.port = super::listener::nobody().port();
            if server.try_start(settings) {
                return Some(server);
            }
        }
        panic!(
            "PostgreSQL does not start: {}",
            fs::read_to_string(server.folder.path().join("log")).unwrap_or_default()
        );
    }

    fn options(&self, settings: &[&str]) -> String {
        let fixed =
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "log_destination=stderr"];
        let port = format!("port={}", self.port);
        let options: Vec<String> = fixed
            .iter()
            .chain(settings)
            .chain([&port.as_str()])
            .map(|setting| format!("-c {setting}"))
            .collect();
        options.join(" ")
    }

    fn try_start(&self, settings: &[&str]) -> bool {
        let options = self.options(settings);
        let log = self.folder.path().join("log");
        self.tools
            .command("pg_ctl", &["start", "-w", "-s", "-D", &self.data(), "-l", text(&log), "-o", &options])
            .status()
            .unwrap()
            .success()
    }

    /// Gives the server other rules about who may come in; they hold from the next connection on.
    pub(crate) fn admit(&self, rules: &str) {
        let file = self.folder.path().join("data/pg_hba.conf");
        fs::write(&file, rules).unwrap();
        self.tools.give(&file);
        self.once_said("received SIGHUP", || {
            self.tools.run("pg_ctl", &["reload", "-s", "-D", &self.data()]);
        });
    }

    /// Does this, and comes back when the server has said these words in its log because of it. The server's first
    /// process, which says them, takes no connection until it has done what it says: the next meets the new state.
    pub(crate) fn once_said<T>(&self, words: &str, act: impl FnOnce() -> T) -> T {
        let log = self.folder.path().join("log");
        let said = || String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).matches(words).count();
        let before = said();
        let end = act();
        wait_until(words, || said() > before);
        end
    }

    /// A copy of this server that follows it, with these settings; `waits`: it is not expected to take logins. `None`:
    /// there is no pg_basebackup to make it with.
    pub(crate) fn standby(&self, settings: &[&str], waits: bool) -> Option<Self> {
        let mut copying = self.tools.clone();
        let has_it = |folder: &PathBuf| folder.join("pg_basebackup").is_file();
        let Some(found) = candidates().into_iter().find(has_it) else {
            println!("SKIPPED: no pg_basebackup to make a standby with");
            return None;
        };
        copying.folder = found;
        let folder = tempfile::Builder::new().prefix("rungate-pg-").tempdir().unwrap();
        self.tools.give(folder.path());
        let data = folder.path().join("data");
        let source = format!("host=127.0.0.1 port={} user=postgres password='{PASSWORD}'", self.port);
        copying.run(
            "pg_basebackup",
            &["--pgdata", text(&data), "--dbname", &source, "--write-recovery-conf", "--checkpoint=fast"],
        );
        let mut server = Self { port: 0, tools: self.tools.clone(), folder };
        for _ in 0..5 {
            server.port = super::listener::nobody().port();
            // pg_ctl waits until a server takes logins, which this one does not.
            let started =
                if waits { server.start_without_waiting(settings) } else { server.try_start(settings) };
            if started {
                return Some(server);
            }
        }
        panic!(
            "the standby does not start: {}",
            fs::read_to_string(server.folder.path().join("log")).unwrap_or_default()
        );
    }

    /// Starts it, and comes back as soon as its port is open.
    fn start_without_waiting(&self, settings: &[&str]) -> bool {
        let options = self.options(settings);
        let log = self.folder.path().join("log");
        let arguments = ["start", "-W", "-s", "-D", &self.data(), "-l", text(&log), "-o", &options];
        let started = self.tools.command("pg_ctl", &arguments).status().unwrap().success();
        started
            && (0..3600).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(50));
                std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            })
    }

    /// Runs another program of the system's as the server's user, in this server's folder.
    pub(crate) fn beside(&self, program: &str, arguments: &[&str]) -> Command {
        let mut tools = self.tools.clone();
        tools.folder = PathBuf::new();
        tools.command(program, arguments)
    }

    /// Writes a file of the server's user into its folder, and says where it is.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        self.tools.give(&path);
        path
    }

    /// Lets the server end once the last session has: until then it takes no other.
    pub(crate) fn stop_smartly(&self) {
        self.once_said("received smart shutdown request", || {
            self.tools.run("pg_ctl", &["stop", "-W", "-s", "-m", "smart", "-D", &self.data()]);
        });
    }

    /// Sends a signal to the server's process whose title has these words (`checkpointer`); whether there is one.
    pub(crate) fn signal(&self, title: &str, signal: &str) -> bool {
        let postmaster =
            fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap_or_default();
        let Some(parent) = postmaster.lines().next() else { return false };
        let found = Command::new("pgrep").args(["-P", parent, "-f", title]).output();
        let Ok(found) = found else { return false };
        let pids = String::from_utf8_lossy(&found.stdout).into_owned();
        let Some(pid) = pids.lines().next() else { return false };
        Command::new("kill").args([signal, pid]).status().is_ok_and(|status| status.success())
    }

    /// Stops the server at once.
    pub(crate) fn stop(&self) {
        let stop = ["stop", "-w", "-s", "-m", "immediate", "-D", &self.data()];
        drop(self.tools.command("pg_ctl", &stop).output());
    }

    fn data(&self) -> String {
        text(&self.folder.path().join("data")).to_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs statements as the superuser, with the driver itself; comes back when the server's process of this session is
/// gone, and with it what it held: its slot, and its hold on the database.
pub(crate) async fn execute_in(port: u16, database: &str, statements: &[&str]) {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user("postgres").password(PASSWORD).dbname(database);
    let (client, driver) = config.connect(tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(driver);
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    for sql in statements {
        client.batch_execute(sql).await.unwrap();
    }
    drop(client);
    drop(driver.await);
    let pid = pid.to_string();
    until("the session's process is gone", async || {
        !Command::new("kill").args(["-0", &pid]).output().unwrap().status.success()
    })
    .await;
}

/// Where PostgreSQL's programs are, and as whom they run.
#[derive(Clone)]
struct Tools {
    folder: PathBuf,
    user: Option<User>,
}

#[derive(Clone)]
struct User {
    uid: u32,
    gid: u32,
}

impl Tools {
    fn find() -> Result<Self, String> {
        let all = ["initdb", "postgres", "pg_ctl"];
        let folder = candidates()
            .into_iter()
            .find(|folder| all.iter().all(|program| folder.join(program).is_file()))
            .ok_or("no folder has initdb, postgres and pg_ctl; install PostgreSQL's server")?;
        let user = if number(&["-u"]) == Some(0) { Some(User::other()?) } else { None };
        Ok(Self { folder, user })
    }

    /// Makes a file or folder the server's own.
    fn give(&self, path: &Path) {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        if let Some(user) = &self.user {
            chown(path, Some(user.uid), Some(user.gid)).unwrap();
        }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = self.folder.join(program);
        let mut command = match &self.user {
            None => Command::new(&program),
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={}", user.uid)).arg(format!("--regid={}", user.gid));
                command.args(["--clear-groups", "--"]).arg(&program);
                command
            }
        };
        command.args(arguments).env("LC_ALL", "C").current_dir("/");
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program, arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl User {
    /// Somebody other than root.
    fn other() -> Result<Self, String> {
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(Self { uid: number(&["-u", name])?, gid: number(&["-g", name])? }))
            .filter(|user| {
                let uid = format!("--reuid={}", user.uid);
                Command::new("setpriv")
                    .args([&uid, "--", "true"])
                    .status()
                    .is_ok_and(|status| status.success())
            })
            .ok_or_else(|| {
                "PostgreSQL does not run as root, and setpriv finds nobody else to run it".to_owned()
            })
    }
}

/// What `id` says.
fn number(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Folders in which PostgreSQL's programs may be, the likeliest first.
fn candidates() -> Vec<PathBuf> {
    let mut folders = path();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.extend(["/usr/local/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    folders
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own environment")]
fn path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own environment")]
fn required() -> bool {
    std::env::var_os("RUNGATE_REQUIRE_POSTGRES").is_some_and(|value| value == "1")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
