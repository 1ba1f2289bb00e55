//! Templates (to be written).

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template;
