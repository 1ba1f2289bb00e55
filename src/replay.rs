//! A log played again, as client or as server, and its new answers compared with the recorded ones.
