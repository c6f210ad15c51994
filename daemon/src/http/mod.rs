//! Status, plan, explanations, health and metrics over HTTP, on the loopback interface, for
//! reading alone.
//!
//! There is nothing here to write with: no route changes anything, no cookie or token exists, and
//! no file is served. Limits hold against whatever runs on the same machine or in a browser on
//! it: foreign `Host` headers (DNS rebinding), bodies, slow headers, and too many connections.

mod answer;
mod host;
mod routes;
mod serve;
mod view;

pub use serve::{CONNECTION_SECONDS_MAX, CONNECTIONS_MAX, HEADER_SECONDS_MAX, serve};
pub use view::{Explanation, Refusal, View};
