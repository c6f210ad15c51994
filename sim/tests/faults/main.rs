//! The fault matrix of the drivers: what devices, gateways and lines do wrong, on each way that
//! bytes travel, under a field that is read and written. In none does a value reach a wrong point,
//! no write is claimed that was not carried out, units on other links keep their period exactly,
//! and when the fault is over everything is good again. `docs/faults.md` lists the rows.

mod crowd;
mod documented;
mod flapping;
mod hold;
mod links;
mod points;
mod pty;
mod rows;
mod run;
mod stand;
mod stream;
mod swap;
mod unit;
mod write;

use stand::Way;

#[tokio::test(start_paused = true)]
async fn over_tcp() {
    hold::hold(Way::Tcp).await;
}

#[tokio::test(start_paused = true)]
async fn as_serial_frames_over_tcp() {
    hold::hold(Way::RtuOverTcp).await;
}

#[tokio::test(start_paused = true)]
async fn on_a_serial_line() {
    hold::hold(Way::Serial).await;
}
