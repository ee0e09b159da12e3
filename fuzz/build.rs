//! Lets what is linked to libtorch start.

fn main() {
    #[cfg(feature = "libtorch")]
    reglet_link::run_path();
}
