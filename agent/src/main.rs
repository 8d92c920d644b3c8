//! The agent of dprobe.

mod act;

fn main() {
    act::main();
}
