//! Sockscope without a window: the same engine, rules and files from a terminal.
