//! The integration tests: one binary, real sockets on loopback, free ports, no sleeps.

mod window;
