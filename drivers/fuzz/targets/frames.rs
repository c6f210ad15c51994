#![no_main]
//! See `drivers/tests/inputs/mod.rs`.

#[path = "../../tests/inputs/mod.rs"]
mod inputs;

#[global_allocator]
static MEMORY: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, inputs::MEMORY_MAX);

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::frames(data));
