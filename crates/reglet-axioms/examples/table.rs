//! Prints `docs/axioms.md`: `cargo run -p reglet-axioms --example table > docs/axioms.md`.

fn main() {
    print!("{}", reglet_axioms::document(&mut |method| eprintln!("{method}")));
}
