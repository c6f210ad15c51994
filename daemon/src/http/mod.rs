//! Status, plan, explanations, points, health and metrics over HTTP, on the loopback interface;
//! limits from outside, which can also be entered and cleared; writes by hand, which go through the
//! guard; and what something would cost.
//!
//! Nothing else changes anything, no cookie or token exists, and no file is served. Limits hold
//! against whatever runs on the same machine or in a browser on it: foreign `Host` headers (DNS
//! rebinding), foreign `Origin` headers, bodies, slow headers, and too many connections.

mod answer;
mod body;
mod host;
mod limits;
mod points;
mod routes;
mod serve;
mod trips;
mod view;
mod what_if;
mod writes;

pub use limits::NewLimit;
pub use routes::Sources;
pub use serve::{CONNECTION_SECONDS_MAX, CONNECTIONS_MAX, HEADER_SECONDS_MAX, serve};
pub use view::{Explanation, Refusal, View};
pub use what_if::WhatIfQuestion;
