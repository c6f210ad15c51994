//! What the history tells: districts and forecasts reckoned again from the stored samples, by the
//! very code that runs live.

mod districts;
mod forecast;

pub use districts::{districts, replay};
pub use forecast::{BacktestReport, Question, backtest};
