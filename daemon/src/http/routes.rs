//! What can be asked, and the answers.

use super::answer::{METRICS, TEXT, answer, json, refuse};
use super::host::admit;
use super::limits::{self, Place};
use super::points::{self, Image};
use super::trips;
use super::view::{Explanation, View};
use super::what_if::{self, Oracle};
use super::writes;
use crate::control::{Desk, Points, WhatIf};
use crate::metrics;
use axum::Router;
use axum::extract::{FromRef, Path, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::response::Response;
use axum::routing::{delete, get, post};
use policies::explain::explain_steps;
use site::{AssetId, Site};
use std::sync::Arc;
use tokio::sync::watch;

/// Everything that can be asked.
const ROUTES: &str = "/healthz, /metrics, /api/status, /api/plan, /api/points, \
                      /api/explain/{asset}, /api/limits, /api/writes, /api/trips, /api/what-if";

/// The newest view, at any time.
pub(super) type Views = watch::Receiver<Arc<View>>;

/// What answers are made from, and where requests are handed in.
#[derive(Debug, Clone)]
pub struct Sources {
    views: Views,
    desk: Place,
    oracle: Oracle,
    image: Image,
}

impl Sources {
    /// A daemon's views, and its desk.
    #[must_use]
    pub const fn new(views: watch::Receiver<Arc<View>>, desk: Desk) -> Self {
        Self { views, desk: Some(desk), oracle: None, image: None }
    }

    /// The same, with answers to what something would cost.
    #[must_use]
    pub fn with_what_if(self, what_if: WhatIf) -> Self {
        Self { oracle: Some(what_if), ..self }
    }

    /// The same, with live points.
    #[must_use]
    pub fn with_points(self, points: Points) -> Self {
        Self { image: Some(points), ..self }
    }
}

/// Views alone: nothing can be changed.
impl From<watch::Receiver<Arc<View>>> for Sources {
    fn from(views: watch::Receiver<Arc<View>>) -> Self {
        Self { views, desk: None, oracle: None, image: None }
    }
}

impl FromRef<Sources> for Views {
    fn from_ref(sources: &Sources) -> Self {
        sources.views.clone()
    }
}

impl FromRef<Sources> for Place {
    fn from_ref(sources: &Sources) -> Self {
        sources.desk.clone()
    }
}

impl FromRef<Sources> for Oracle {
    fn from_ref(sources: &Sources) -> Self {
        sources.oracle.clone()
    }
}

impl FromRef<Sources> for Image {
    fn from_ref(sources: &Sources) -> Self {
        sources.image.clone()
    }
}

/// All routes, behind the check of who asks.
pub(super) fn router(sources: Sources) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/api/status", get(status))
        .route("/api/plan", get(plan))
        .route("/api/points", get(points::list))
        .route("/api/explain/{asset}", get(explain))
        .route("/api/limits", get(limits::list).post(limits::set).delete(limits::clear_all))
        .route("/api/limits/{id}", delete(limits::clear))
        .route("/api/writes", get(writes::list).post(writes::write))
        .route("/api/trips", get(trips::list).post(trips::reset))
        .route("/api/what-if", post(what_if::ask))
        .fallback(unknown)
        .method_not_allowed_fallback(read_only)
        .layer(middleware::from_fn(admit))
        .with_state(sources)
}

/// Answers from the view at this instant; no lock is held while the answer is written. Before
/// there is a view nothing is made up: no zero level, no free energy.
pub(super) fn from_newest(views: &Views, shown: impl FnOnce(&View) -> Response) -> Response {
    let view = Arc::clone(&views.borrow());
    if view.is_known() {
        return shown(&view);
    }
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "nothing is known yet: the daemon is starting",
        "ask again in a moment",
    )
}

async fn health(State(views): State<Views>) -> Response {
    from_newest(&views, |view| match view.trouble() {
        None => answer(StatusCode::OK, TEXT, "ok\n".to_owned()),
        Some(why) => refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            why,
            "see regie status, and the log: journalctl -u regie",
        ),
    })
}

async fn metrics(State(views): State<Views>) -> Response {
    from_newest(&views, |view| answer(StatusCode::OK, METRICS, metrics::render(&view.status)))
}

async fn status(State(views): State<Views>) -> Response {
    from_newest(&views, |view| json(StatusCode::OK, &view.status))
}

async fn plan(State(views): State<Views>) -> Response {
    from_newest(&views, |view| match (&view.plan, view.status.rung) {
        (Some(plan), _) => json(StatusCode::OK, plan),
        (None, None) => refuse(
            StatusCode::NOT_FOUND,
            "there is no plan yet: no cycle has been completed since the start",
            "ask again after a cycle",
        ),
        (None, Some(rung)) => refuse(
            StatusCode::NOT_FOUND,
            format!("no plan is in force: the last cycle stands on the rung '{}'", rung.word()),
            "see regie status for the reason",
        ),
    })
}

async fn explain(
    State(views): State<Views>,
    State(oracle): State<Oracle>,
    Path(name): Path<String>,
) -> Response {
    let site = oracle.and_then(|oracle| oracle.site()).map(|(site, _)| site);
    from_newest(&views, |view| explanation(view, site.as_deref(), &name))
}

fn explanation(view: &View, site: Option<&Site>, name: &str) -> Response {
    let found = AssetId::new(name).ok().and_then(|asset| {
        let explanation = view.explanations.get(&asset)?.clone();
        let planned = site.zip(view.plan.as_ref());
        let steps = planned.map(|(site, plan)| explain_steps(site, plan, &asset));
        Some(Explanation { asset, explanation, steps: steps.unwrap_or_default() })
    });
    if let Some(explanation) = found {
        return json(StatusCode::OK, &explanation);
    }
    let names: Vec<&str> = view.explanations.keys().map(AssetId::as_str).collect();
    let help = match names.as_slice() {
        [] => "nothing is explained before the first cycle; ask again after it".to_owned(),
        names => format!("the assets are {}", names.join(", ")),
    };
    refuse(StatusCode::NOT_FOUND, "there is no asset of this name", help)
}

async fn unknown(uri: Uri) -> Response {
    let error = format!("there is nothing at {}", uri.path());
    refuse(StatusCode::NOT_FOUND, error, format!("what there is: {ROUTES}"))
}

async fn read_only(method: Method) -> Response {
    let error = format!("{method} is not possible here");
    let help = "use GET: only limits can be changed, at /api/limits, points written, at \
                /api/writes, and trips reset, at /api/trips; POST asks /api/what-if";
    refuse(StatusCode::METHOD_NOT_ALLOWED, error, help)
}
