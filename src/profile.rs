//! What is set up in a tab, as one TOML file, and the same as a command.
