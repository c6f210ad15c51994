//! Plans solved in a process of its own: the same plans, and whatever befalls that process, the
//! next question has an answer and nothing is left behind.

mod cycle;
mod daemon;
mod faults;
mod faulty;
mod processes;
mod real;
#[path = "../still/mod.rs"]
mod still;
mod world;
#[path = "../yard/mod.rs"]
#[expect(dead_code, reason = "commissioning uses more of it")]
mod yard;
