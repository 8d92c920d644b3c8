//! Runs one fuzz target under libFuzzer: the one that `DPROBE_FUZZ_TARGET` names.

#![no_main]

use std::sync::OnceLock;

use dprobe_fuzz::{Target, mutate, target};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn chosen() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = std::env::var("DPROBE_FUZZ_TARGET").unwrap_or_default();
        target(&name).unwrap_or_else(|| panic!("DPROBE_FUZZ_TARGET names no target: `{name}`"))
    })
}

fuzz_target!(|data: &[u8]| chosen().feed(data));

// JSON that is mutated byte by byte is hardly ever JSON again, so half of the time its values are changed.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if chosen().json
        && seed % 2 == 0
        && let Some(mutated) = mutate::json(&data[..size], seed)
        && mutated.len() <= max_size.min(data.len())
    {
        data[..mutated.len()].copy_from_slice(&mutated);
        return mutated.len();
    }
    fuzzer_mutate(data, size, max_size)
});
