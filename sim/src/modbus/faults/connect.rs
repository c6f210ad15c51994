//! Links that go wrong, at the seam where drivers open them.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use drivers::connect::{BoxedStream, Connect};
use futures::future::BoxFuture;
use site::model::Endpoint;

use super::{FaultyLine, Framing, wrap};

/// Opens links by another opener and puts faults on some of them: over in-memory streams as over
/// sockets, and whoever the server is.
#[derive(Clone)]
pub struct FaultyConnect {
    inner: Arc<dyn Connect>,
    lines: Arc<BTreeMap<Endpoint, FaultyLine>>,
}

impl FaultyConnect {
    /// With these faults; links that are not named have none.
    pub fn new(
        inner: Arc<dyn Connect>,
        lines: impl IntoIterator<Item = (Endpoint, FaultyLine)>,
    ) -> FaultyConnect {
        FaultyConnect { inner, lines: Arc::new(lines.into_iter().collect()) }
    }
}

impl std::fmt::Debug for FaultyConnect {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FaultyConnect").field("lines", &self.lines).finish_non_exhaustive()
    }
}

impl Connect for FaultyConnect {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(async move {
            let stream = self.inner.connect(endpoint).await?;
            let Some(line) = self.lines.get(endpoint) else { return Ok(stream) };
            Ok(Box::new(wrap(stream, Framing::from(endpoint), line.clone())) as BoxedStream)
        })
    }
}
