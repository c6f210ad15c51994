//! Asking a running daemon: one request, five seconds, no more.

use super::exit;
use crate::control::{ResetReport, ResetWish, WHAT_IF_SECONDS_MAX, WRITE_SECONDS_MAX};
use crate::control::{WriteReport, WriteWish};
use crate::http::{Explanation, NewLimit, Refusal, WhatIfQuestion};
use crate::status::{LimitStatus, PointsStatus, Status, TripReport};
use crate::store::WriteEntry;
use policies::optimise::Counterfactual;
use serde::de::DeserializeOwned;
use site::AssetId;
use site::plan::Plan;
use std::net::SocketAddr;
use std::time::Duration;
use ureq::Body;
use ureq::http::Response;

/// How long an answer may take, in seconds.
pub const ANSWER_SECONDS_MAX: u64 = 5;

/// How long an answer may take for which plans are made, in seconds.
pub const PLANNED_SECONDS_MAX: u64 = WHAT_IF_SECONDS_MAX + ANSWER_SECONDS_MAX;

/// The largest answer. A status of a thousand devices takes some 300 kB.
pub const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// Why there is no answer. The text is complete: print it, and exit with
/// [`ClientError::exit_code`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address is not one that can be asked.
    #[error(
        "'{url}' is not an address of regie: write it as http://127.0.0.1:9920, without a path"
    )]
    Address {
        /// As given.
        url: String,
    },
    /// Nobody answers there in time.
    #[error(
        "no daemon answers at {url} ({why})\n\
         Is it running? See: systemctl status regie\n\
         If it listens elsewhere, name its site file with --site or its address with --url."
    )]
    Unavailable {
        /// Where.
        url: String,
        /// What the system said.
        why: String,
    },
    /// The daemon answers that it does not have this.
    #[error("{error}\n{help}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What is wrong.
        error: String,
        /// What to do.
        help: String,
    },
    /// What was typed cannot be understood.
    #[error("{why}")]
    Words {
        /// What is wrong, and how it is written.
        why: String,
    },
    /// Something answers, and it is not a daemon of this version.
    #[error(
        "what answers at {url} is not a regie of this version ({why})\n\
         Compare: regie --version, and the version in {url}/api/status"
    )]
    Strange {
        /// Where.
        url: String,
        /// What is odd about it.
        why: String,
    },
}

impl ClientError {
    /// What to exit with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Address { .. } | Self::Words { .. } | Self::Refused { status: 400, .. } => {
                exit::USAGE
            }
            Self::Unavailable { .. } | Self::Refused { .. } | Self::Strange { .. } => {
                exit::UNAVAILABLE
            }
        }
    }
}

/// An answer: as it came, for `--json`, and understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The daemon's own words.
    pub text: String,
    /// What they mean.
    pub value: T,
}

/// A daemon that can be asked.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
}

impl Client {
    /// The daemon at an address such as `http://127.0.0.1:9920`.
    ///
    /// # Errors
    /// [`ClientError::Address`] when it is not of that form.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        let trimmed = url.trim_end_matches('/');
        let authority = trimmed.strip_prefix("http://").unwrap_or_default();
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(ClientError::Address { url: url.to_owned() });
        }
        Ok(Self { agent: agent(), url: trimmed.to_owned() })
    }

    /// The daemon that listens at a socket address, as a site file says it.
    #[must_use]
    pub fn at(listen: SocketAddr) -> Self {
        Self { agent: agent(), url: format!("http://{listen}") }
    }

    /// The status.
    ///
    /// # Errors
    /// When nobody answers, or not in words of this version.
    pub fn status(&self) -> Result<Answer<Status>, ClientError> {
        self.get("/api/status")
    }

    /// What every point reads now.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn points(&self) -> Result<Answer<PointsStatus>, ClientError> {
        self.get("/api/points")
    }

    /// The plan in force.
    ///
    /// # Errors
    /// As [`Client::status`], and [`ClientError::Refused`] when no plan is in force.
    pub fn plan(&self) -> Result<Answer<Plan>, ClientError> {
        self.get("/api/plan")
    }

    /// Why an asset does what it does.
    ///
    /// # Errors
    /// As [`Client::status`], and [`ClientError::Refused`] with the assets' names when there is
    /// none of this name.
    pub fn explain(&self, asset: &AssetId) -> Result<Answer<Explanation>, ClientError> {
        self.get(&format!("/api/explain/{asset}"))
    }

    /// Limits from outside, in force or to come.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn limits(&self) -> Result<Answer<Vec<LimitStatus>>, ClientError> {
        self.get("/api/limits")
    }

    /// Has a limit taken up; it is on disk when this returns.
    ///
    /// # Errors
    /// As [`Client::status`], and [`ClientError::Refused`] when it is not taken up.
    pub fn set_limit(&self, limit: &NewLimit) -> Result<Answer<Vec<LimitStatus>>, ClientError> {
        let url = format!("{}/api/limits", self.url);
        self.understood(self.agent.post(url).send_json(limit))
    }

    /// Has a limit cleared, or all that were entered.
    ///
    /// # Errors
    /// As [`Client::set_limit`].
    pub fn clear_limit(&self, id: Option<u64>) -> Result<Answer<Vec<LimitStatus>>, ClientError> {
        let one = id.map_or(String::new(), |id| format!("/{id}"));
        self.understood(self.agent.delete(format!("{}/api/limits{one}", self.url)).call())
    }

    /// What a hold would cost. The answer takes longer than others: two plans are made for it.
    ///
    /// # Errors
    /// As [`Client::status`], and [`ClientError::Refused`] with the reason when there is no answer.
    pub fn what_if(
        &self,
        question: &WhatIfQuestion,
    ) -> Result<Answer<Counterfactual>, ClientError> {
        let request = self.agent.post(format!("{}/api/what-if", self.url));
        let patience = Some(Duration::from_secs(PLANNED_SECONDS_MAX));
        let request = request.config().timeout_global(patience).build();
        self.understood(request.send_json(question))
    }

    /// Has a point written, or asks what would come of it.
    ///
    /// # Errors
    /// As [`Client::status`], and [`ClientError::Refused`] when nothing is written.
    pub fn write(&self, wish: &WriteWish) -> Result<Answer<WriteReport>, ClientError> {
        let request = self.agent.post(format!("{}/api/writes", self.url));
        let patience = Some(Duration::from_secs(WRITE_SECONDS_MAX + ANSWER_SECONDS_MAX));
        let request = request.config().timeout_global(patience).build();
        self.understood(request.send_json(wish))
    }

    /// The last writes by hand, the newest first.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn writes(&self) -> Result<Answer<Vec<WriteEntry>>, ClientError> {
        self.get("/api/writes")
    }

    /// The trips that hold, and the last resets.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn trips(&self) -> Result<Answer<TripReport>, ClientError> {
        self.get("/api/trips")
    }

    /// Has a trip reset; it is on record when this returns.
    ///
    /// # Errors
    /// As [`Client::status`], and [`ClientError::Refused`] when nothing is reset.
    pub fn reset_trip(&self, wish: &ResetWish) -> Result<Answer<ResetReport>, ClientError> {
        let request = self.agent.post(format!("{}/api/trips", self.url));
        let patience = Some(Duration::from_secs(WRITE_SECONDS_MAX + ANSWER_SECONDS_MAX));
        let request = request.config().timeout_global(patience).build();
        self.understood(request.send_json(wish))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, ClientError> {
        self.understood(self.agent.get(format!("{}{path}", self.url)).call())
    }

    fn understood<T: DeserializeOwned>(
        &self,
        answered: Result<Response<Body>, ureq::Error>,
    ) -> Result<Answer<T>, ClientError> {
        let read = answered.and_then(|mut response| {
            let status = response.status().as_u16();
            let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
            Ok((status, body.read_to_string()?))
        });
        let (status, text) = read.map_err(|error| self.silent(&error))?;
        if (200..300).contains(&status) {
            let value = serde_json::from_str(&text).map_err(|error| self.strange(&error))?;
            return Ok(Answer { text, value });
        }
        match serde_json::from_str(&text) {
            Ok(Refusal { error, help }) => Err(ClientError::Refused { status, error, help }),
            Err(_) => Err(self.strange(&format!("it answers with HTTP status {status}"))),
        }
    }

    /// Sorts what went wrong on the way: nobody there, or somebody who speaks otherwise.
    fn silent(&self, error: &ureq::Error) -> ClientError {
        let unavailable = |why: String| ClientError::Unavailable { url: self.url.clone(), why };
        match error {
            ureq::Error::Timeout(_) => unavailable("nothing in time".to_owned()),
            ureq::Error::Io(error) => unavailable(error.to_string()),
            ureq::Error::HostNotFound => unavailable("the name is unknown".to_owned()),
            ureq::Error::ConnectionFailed => unavailable("the connection failed".to_owned()),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                ClientError::Address { url: self.url.clone() }
            }
            other => self.strange(other),
        }
    }

    fn strange(&self, why: &dyn std::fmt::Display) -> ClientError {
        ClientError::Strange { url: self.url.clone(), why: why.to_string() }
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(ANSWER_SECONDS_MAX)))
        .http_status_as_error(false)
        .max_redirects(0)
        // The daemon is on this machine; a proxy of the surroundings must not hear of it.
        .proxy(None)
        .build()
        .into()
}
