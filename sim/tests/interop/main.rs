//! Modbus programs that are not ours at the other end of the wire: mbpoll as a client of simulated
//! devices, libmodbus and pymodbus as servers for our drivers, over TCP, TLS, serial lines (pairs
//! of pseudo-terminals) and serial frames over TCP. `scripts/setup.sh --tests` installs them.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/copy.rs"]
mod copy;
#[path = "../common/field.rs"]
mod field;

mod certificates;
mod driver;
mod libmodbus;
mod mbpoll;
mod process;
mod pymodbus;
mod secured;
mod security;
mod serving;
mod site_field;
mod unit;
