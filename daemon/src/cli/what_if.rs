//! `regie what-if` and the steps of `regie explain --at`.

use super::arguments::WhatIfArguments;
use super::client::{Client, ClientError};
use super::render;
use crate::http::WhatIfQuestion;
use crate::instant::instant;
use jiff::tz::TimeZone;
use site::AssetId;

/// Asks the daemon what something would cost; what to print.
///
/// # Errors
/// When it does not answer, or has no answer.
pub fn ask(
    client: &Client,
    arguments: &WhatIfArguments,
    json: bool,
) -> Result<String, ClientError> {
    let question = WhatIfQuestion {
        asset: arguments.asset.to_string(),
        hold: arguments.hold.join(" "),
        until: arguments.until.clone(),
    };
    let answer = client.what_if(&question)?;
    if json {
        return Ok(answer.text);
    }
    Ok(render::counterfactual(&answer.value, &client.status()?.value.zone()))
}

/// Why an asset does what it does, now or at some time of the plan.
///
/// # Errors
/// When the daemon does not answer, or the plan does not reach that time.
pub fn explain(
    client: &Client,
    asset: &AssetId,
    at: Option<&str>,
    json: bool,
) -> Result<String, ClientError> {
    let answer = client.explain(asset)?;
    let Some(at) = at.filter(|_| !json) else {
        return Ok(if json { answer.text } else { render::explanation(&answer.value) });
    };
    let status = client.status()?.value;
    let zone = status.zone();
    let at = instant(at, status.at, &zone).map_err(|why| ClientError::Words { why })?;
    let steps = &answer.value.steps;
    match steps.iter().find(|step| step.start <= at && at < step.end) {
        Some(step) => Ok(step.words(asset, &zone)),
        None => Err(ClientError::Words { why: outside(steps.first(), steps.last(), &zone) }),
    }
}

fn outside(
    first: Option<&policies::explain::ExplainedStep>,
    last: Option<&policies::explain::ExplainedStep>,
    zone: &TimeZone,
) -> String {
    match (first, last) {
        (Some(first), Some(last)) => format!(
            "the plan reaches from {} to {}; name a time within it",
            render::local(first.start, zone),
            render::local(last.end, zone)
        ),
        _ => "no plan is in force; see regie status for the reason".to_owned(),
    }
}
