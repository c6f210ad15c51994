//! What can be asked, and the answers.

use super::answer::{METRICS, TEXT, answer, json, refuse};
use super::host::admit;
use super::view::{Explanation, View};
use crate::metrics;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use site::AssetId;
use std::sync::Arc;
use tokio::sync::watch;

/// Everything that can be asked.
const ROUTES: &str = "/healthz, /metrics, /api/status, /api/plan, /api/explain/{asset}";

/// The newest view, at any time.
type Views = watch::Receiver<Arc<View>>;

/// All routes, behind the check of who asks.
pub(super) fn router(views: Views) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/api/status", get(status))
        .route("/api/plan", get(plan))
        .route("/api/explain/{asset}", get(explain))
        .fallback(unknown)
        .method_not_allowed_fallback(read_only)
        .layer(middleware::from_fn(admit))
        .with_state(views)
}

/// Answers from the view at this instant; no lock is held while the answer is written. Before
/// there is a view nothing is made up: no zero level, no free energy.
fn from_newest(views: &Views, shown: impl FnOnce(&View) -> Response) -> Response {
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

async fn explain(State(views): State<Views>, Path(name): Path<String>) -> Response {
    from_newest(&views, |view| explanation(view, &name))
}

fn explanation(view: &View, name: &str) -> Response {
    let found = AssetId::new(name).ok().and_then(|asset| {
        let explanation = view.explanations.get(&asset)?.clone();
        Some(Explanation { asset, explanation })
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
    refuse(StatusCode::METHOD_NOT_ALLOWED, error, "this interface is for reading: use GET")
}
