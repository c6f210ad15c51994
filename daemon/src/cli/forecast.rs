//! `regie forecast`: reads the history, compares, prints.

use super::arguments::BacktestArguments;
use super::run::{loaded, store_code};
use super::{exit, render};
use crate::past::{self, Question};
use crate::resident;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use site::Site;

/// Compares forecasts with what came; returns the exit code. Everything has been printed.
pub(super) fn backtest(arguments: &BacktestArguments) -> u8 {
    let loaded = match loaded(&arguments.site) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let site = &loaded.site;
    let question = match question(arguments, site) {
        Ok(question) => question,
        Err(day) => {
            eprintln!("regie: {day} is not a day of this calendar");
            return exit::USAGE;
        }
    };
    let given = arguments.history.clone();
    let folder = given.unwrap_or_else(|| resident::state_folder(site));
    match past::backtest(&loaded, &folder, &question) {
        Ok(report) => {
            let text = if arguments.json {
                serde_json::to_string_pretty(&report).expect("names and numbers become JSON")
            } else {
                render::backtest(&report, &site.zone)
            };
            println!("{}", text.trim_end());
            exit::OK
        }
        Err(error) => {
            eprintln!("regie: {error}");
            store_code(&error)
        }
    }
}

fn question(arguments: &BacktestArguments, site: &Site) -> Result<Question, Date> {
    let start = |day: Date| -> Result<Timestamp, Date> {
        let start = day.to_zoned(site.zone.clone()).and_then(|day| day.start_of_day());
        start.map(|start| start.timestamp()).map_err(|_| day)
    };
    let after = |day: Date| day.checked_add(1.day()).map_err(|_| day).and_then(start);
    Ok(Question {
        leads: arguments.lead.clone(),
        from: arguments.from.map(start).transpose()?,
        to: arguments.to.map(after).transpose()?,
    })
}
