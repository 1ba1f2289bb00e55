//! Record to file: what a journal gets goes to a file while it runs, and nothing is dropped meanwhile.
