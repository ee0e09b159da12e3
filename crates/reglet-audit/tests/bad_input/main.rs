//! Bad input to the program `reglet` itself: one clear sentence, exit status 2, and nothing half written. What
//! is merely unusual works.

mod bench;
mod config;
mod explain;
mod system;
