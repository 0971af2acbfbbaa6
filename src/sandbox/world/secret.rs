//! Secrets of Secret Manager.

use secrecy::SecretString;

/// A secret. No `Debug`: it holds payloads.
#[derive(Clone)]
pub struct SecretWorld {
    /// Project id.
    pub project: String,
    /// Short name.
    pub name: String,
    /// Its versions, oldest first.
    pub versions: Vec<VersionWorld>,
    /// Aliases and the version numbers that they stand for.
    pub aliases: Vec<(String, u64)>,
    /// E-mail addresses of the service accounts that may access its versions.
    pub accessors: Vec<String>,
}

/// A version of a secret. No `Debug`: it holds the payload.
#[derive(Clone)]
pub struct VersionWorld {
    /// Its number, from 1.
    pub number: u64,
    /// Its state.
    pub state: VersionState,
    /// Its payload.
    pub payload: SecretString,
    /// When it was added.
    pub added: Added,
    /// Whether its payload is not the one that its checksum was made of.
    pub corrupted: bool,
}

/// When a version was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// Days before the deploy.
    Before,
    /// After the deploy, while its instances ran.
    After,
}

/// The states of a version, as Secret Manager names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// Can be read.
    Enabled,
    /// Cannot be read, and can be enabled again.
    Disabled,
    /// Its payload is gone.
    Destroyed,
}

impl SecretWorld {
    /// `projects/P/secrets/S`.
    pub fn resource(&self) -> String {
        format!("projects/{}/secrets/{}", self.project, self.name)
    }

    /// The number that a reference stands for: a number, an alias, or `latest`.
    pub fn number(&self, version: &str) -> Option<u64> {
        if version == "latest" {
            return self.versions.iter().map(|version| version.number).max();
        }
        version
            .parse()
            .ok()
            .or_else(|| self.aliases.iter().find(|(alias, _)| alias == version).map(|(_, number)| *number))
    }

    /// The version that a reference stands for.
    pub fn version(&self, version: &str) -> Option<&VersionWorld> {
        let number = self.number(version)?;
        self.versions.iter().find(|version| version.number == number)
    }

    /// The same, to change it.
    pub fn version_mut(&mut self, version: &str) -> Option<&mut VersionWorld> {
        let number = self.number(version)?;
        self.versions.iter_mut().find(|version| version.number == number)
    }
}

impl VersionState {
    /// As Secret Manager spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
            Self::Destroyed => "DESTROYED",
        }
    }
}
