//! Prints `docs/axioms.md`: `cargo run -p reglet-axioms --example table > docs/axioms.md`.

fn main() {
    // The networks are so small that threads would only wait for each other.
    tch::set_num_threads(1);
    print!("{}", reglet_axioms::survey());
}
