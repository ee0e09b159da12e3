//! Lets what is linked to libtorch start.

fn main() {
    reglet_link::run_path();
}
