//! Log files read back: into a journal, into another file, or against what they say of themselves.
