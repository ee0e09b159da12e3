//! Benches only; `cargo xtask bench` runs them. `notebook.py` is the peer of `reglet explain`.
