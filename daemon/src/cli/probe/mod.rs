//! `regie probe`: what is behind an address, without any site. Reads only.

mod arguments;
mod look;
mod render;
mod scan;

pub use arguments::{ProbeArguments, Range, SecurityArguments, Units};
pub use look::{Look, Shown};
pub use render::{look as render_look, scan as render_scan};
pub use scan::{
    Answered, ProbeReport, ProfileReport, RoundTrips, ServerReport, SilentUnit, SunspecModelReport,
    SunspecReport, UnitReport,
};

use super::exit;
use drivers::connect::{SecurityError, check_security};
use drivers::raw::{Raw, RawError};
use drivers::{Clock, Connect, Live};
use serde::Serialize;
use site::model::Endpoint;
use std::sync::Arc;

/// Asks the device; returns the exit code. Everything has been printed.
#[must_use]
pub fn run(arguments: &ProbeArguments) -> u8 {
    let connect = match connect(arguments) {
        Ok(connect) => connect,
        Err(why) => {
            eprintln!("regie: {why}");
            return exit::USAGE;
        }
    };
    let runtime = match super::run::runtime(&mut tokio::runtime::Builder::new_current_thread()) {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    runtime.block_on(async {
        let clock = Clock::system();
        let mut raw = Raw::new(arguments.address.clone(), connect, clock.clone());
        match arguments.read {
            Some(range) => look(&mut raw, arguments, range).await,
            None => scan(&mut raw, arguments, &clock).await,
        }
    })
}

/// How the address is reached. Its certificates must fit it.
fn connect(arguments: &ProbeArguments) -> Result<Arc<dyn Connect>, String> {
    let ProbeArguments { address, security, .. } = arguments;
    let is_tls = matches!(address, Endpoint::Tls { .. });
    match security.link() {
        None if is_tls => Err(format!(
            "{address}: a link with TLS takes --authority, --certificate and --key, as in 'links' \
             of a site file"
        )),
        Some(_) if !is_tls => Err(format!(
            "{address} has no TLS, so certificates mean nothing there: write tls:// if it has"
        )),
        None => Ok(Arc::new(Live::default())),
        Some(link) => {
            // Without a role in it devices may refuse each request; which ones, the probe tells.
            match check_security(&link) {
                Ok(_) => {}
                Err(error @ SecurityError::NoRole { .. }) => eprintln!("regie: {error}"),
                Err(error) => return Err(error.to_string()),
            }
            Ok(Arc::new(Live::default().with_security(address.clone(), link)))
        }
    }
}

async fn look(raw: &mut Raw, arguments: &ProbeArguments, range: Range) -> u8 {
    let look = look::look(raw, arguments, range).await;
    finish(look, arguments.json, render::look)
}

async fn scan(raw: &mut Raw, arguments: &ProbeArguments, clock: &Clock) -> u8 {
    let report = match scan::scan(raw, arguments, clock).await {
        Ok(report) => report,
        Err(error) => return finish(Err(error), arguments.json, render::scan),
    };
    let nobody = report.units.is_empty();
    let code = finish(Ok(report), arguments.json, render::scan);
    if nobody { exit::UNAVAILABLE } else { code }
}

fn finish<T: Serialize>(
    outcome: Result<T, RawError>,
    json: bool,
    render: impl FnOnce(&T) -> String,
) -> u8 {
    match outcome {
        Ok(found) => {
            let text = if json {
                serde_json::to_string_pretty(&found).expect("names and numbers become JSON")
            } else {
                render(&found)
            };
            println!("{}", text.trim_end());
            exit::OK
        }
        Err(error) => {
            eprintln!("regie: {error}");
            if matches!(error, RawError::Beyond { .. }) { exit::USAGE } else { exit::UNAVAILABLE }
        }
    }
}
