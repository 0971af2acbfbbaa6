//! What users do with a service, step by step: the golden path that the gate walks.
//!
//! Texts that may hold variables are [`Template`]s: what stands for a variable is told apart from text when the file
//! is read, so that no value that comes later can be taken for anything but a value.

mod template;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Place, Stated};
pub use template::{Json, Part, Template};

/// How long one step may take where the file does not say.
pub const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a whole journey may take where the file does not say.
pub const JOURNEY_TIMEOUT: Duration = Duration::from_secs(60);

/// Ordered steps, named after what a user does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// What a user does; unique in the pipeline.
    pub name: Stated,
    /// Journeys that must have been walked to their end before this one begins; it sees what they captured.
    pub needs: Vec<Stated>,
    /// Values that are there from the beginning.
    pub variables: Vec<JourneyVariable>,
    /// How often the whole is walked again where a step fails.
    pub retries: u32,
    /// How long the whole may take; steps that always run do not count.
    pub timeout: Duration,
    /// The steps, in order; at least one.
    pub steps: Vec<Step>,
}

/// A value that is there from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JourneyVariable {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// Where its value comes from.
    pub source: VariableSource,
    /// Hosts outside the pipeline that it may be sent to.
    pub hosts: Vec<String>,
}

/// Where the value of a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VariableSource {
    /// An environment variable of the gate: secret.
    Environment(String),
    /// A version of a secret of Secret Manager: secret.
    Secret {
        /// A short name in the service's project, or `projects/P/secrets/S`.
        secret: Stated,
        /// A number, an alias, or `latest`.
        version: Stated,
    },
    /// It stands in the file: no secret.
    Value(String),
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it does; unique in its journey.
    pub name: Stated,
    /// Whether it runs whatever became of the steps before: it cleans up.
    pub always: bool,
    /// How often it is made again where it fails. More than none only where a repetition does no harm.
    pub retries: u32,
    /// How long it may take.
    pub timeout: Duration,
    /// Where it goes, and what it says of itself.
    pub head: Head,
    /// What it does there.
    pub act: Act,
    /// What later steps need of its answer.
    pub captures: Vec<Capture>,
}

/// Where a step goes, and what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Where.
    pub to: To,
    /// Further headers, in order.
    pub headers: Vec<(String, Template)>,
    /// The `Authorization` that it shows.
    pub authorization: Option<Authorization>,
}

/// Where a step goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum To {
    /// A path (with its query) of a service of the pipeline.
    Path {
        /// The service; `None`: the journey's own.
        service: Option<Stated>,
        /// The path.
        path: Template,
    },
    /// A URL anywhere. Its origin is fixed in the file: no answer can turn it elsewhere.
    Url {
        /// `https://idp.example.com`, without a path.
        origin: String,
        /// The rest.
        path: Template,
        /// Whether that origin is one that the file states as a service's own.
        own: bool,
    },
}

/// What is shown in `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authorization {
    /// `Basic`.
    Basic {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// `Bearer`.
    Bearer(Template),
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// One request and its answer.
    Request {
        /// The method, in capitals.
        method: String,
        /// What is sent.
        body: Body,
        /// What must come back.
        expect: Expectation,
    },
    /// A talk over a WebSocket.
    WebSocket {
        /// The subprotocol that is asked for.
        protocol: Option<String>,
        /// What is said, in order.
        talk: Vec<Turn>,
    },
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(Json),
    /// A form.
    Form(Vec<(String, Template)>),
    /// A text as it is.
    Text(Template),
}

/// One turn of a talk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// The gate sends a message.
    Send(Body),
    /// A message comes that meets all of this; others before it are passed over.
    Expect {
        /// Conditions on the message as JSON.
        json: Vec<Condition>,
        /// A pattern in the message as text.
        pattern: Option<Stated>,
        /// How long it may take to come.
        within: Option<Duration>,
    },
    /// The gate closes, and the service must close too.
    Close,
}

/// What must come back. At least one of its parts says something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// Status codes that count; empty: any 2xx.
    pub statuses: Vec<u16>,
    /// Conditions on the body as JSON.
    pub json: Vec<Condition>,
    /// Headers that must be there, each with a pattern that its value must hold.
    pub headers: Vec<(String, Stated)>,
    /// A pattern that the body must hold.
    pub pattern: Option<Stated>,
    /// The slowest answer that still counts.
    pub latency: Option<Duration>,
}

/// A condition on a JSON document: every node that a query selects, and at least one, passes a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// As it is written, with its place.
    pub written: Stated,
    /// The JSONPath query (RFC 9535).
    pub query: String,
    /// The test.
    pub test: Test,
}

/// What a selected node must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// There.
    Exists,
    /// Compared with a value.
    Compares(Comparison, Json),
    /// A text that holds this pattern.
    Matches(String),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// What a later step needs of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The variable that takes it.
    pub variable: String,
    /// Where it is declared.
    pub place: Place,
    /// Where it is found.
    pub from: CaptureFrom,
    /// A pattern of which the first group (without one: the whole) is taken.
    pub pattern: Option<String>,
    /// Whether it is a secret: it is, unless the file says that it is not.
    pub secret: bool,
    /// Hosts outside the pipeline that it may be sent to, besides the one it came from.
    pub hosts: Vec<String>,
}

/// Where a capture is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaptureFrom {
    /// The first node that a JSONPath query selects.
    Json(String),
    /// The first header of that name.
    Header(String),
    /// The body as text (of a talk: the last expected message).
    Body,
}

impl Journey {
    /// What one of its steps is called among the checks: `journey / step`.
    pub fn subject(&self, step: &Step) -> String {
        format!("{} / {}", self.name.raw(), step.name.raw())
    }
}

impl Body {
    /// The names of all variables in it.
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Json(json) => json.variables(),
            Self::Form(fields) => fields.iter().flat_map(|(_, value)| value.variables()).collect(),
            Self::Text(template) => template.variables().collect(),
        }
    }
}

impl Condition {
    fn variables(&self) -> Vec<&str> {
        match &self.test {
            Test::Compares(_, value) => value.variables(),
            Test::Exists | Test::Matches(_) => Vec::new(),
        }
    }
}

impl Step {
    /// The names of the variables that it sends somewhere.
    pub fn sends(&self) -> Vec<&str> {
        let mut names = self.head.variables();
        match &self.act {
            Act::Request { body, .. } => names.extend(body.variables()),
            Act::WebSocket { talk, .. } => names.extend(talk.iter().flat_map(|turn| match turn {
                Turn::Send(body) => body.variables(),
                Turn::Expect { .. } | Turn::Close => Vec::new(),
            })),
        }
        names
    }

    /// The names of the variables that it compares with what comes back.
    pub fn compares(&self) -> Vec<&str> {
        match &self.act {
            Act::Request { expect, .. } => expect.json.iter().flat_map(Condition::variables).collect(),
            Act::WebSocket { talk, .. } => {
                let conditions = talk.iter().flat_map(|turn| match turn {
                    Turn::Expect { json, .. } => json.as_slice(),
                    Turn::Send(_) | Turn::Close => &[],
                });
                conditions.flat_map(Condition::variables).collect()
            }
        }
    }
}

impl Head {
    fn variables(&self) -> Vec<&str> {
        let path = match &self.to {
            To::Path { path, .. } | To::Url { path, .. } => path,
        };
        let mut names: Vec<&str> = path.variables().collect();
        names.extend(self.headers.iter().flat_map(|(_, value)| value.variables()));
        match &self.authorization {
            Some(Authorization::Basic { user, password }) => {
                names.extend(user.variables().chain(password.variables()));
            }
            Some(Authorization::Bearer(token)) => names.extend(token.variables()),
            None => {}
        }
        names
    }

    /// The service of the pipeline that it names.
    pub fn service(&self) -> Option<&Stated> {
        match &self.to {
            To::Path { service, .. } => service.as_ref(),
            To::Url { .. } => None,
        }
    }
}
