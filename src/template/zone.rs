//! `@Europe/Berlin`: the zone of a time.

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::arguments::Argument;
use crate::clock::{Stamp, zone};
use crate::endpoint::ParseError;
use crate::payload::{refused, visible};

/// Where a time is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// In the zone of the machine.
    Local,
    Named(TimeZone),
}

impl Zone {
    /// Reads `UTC` or a name of the IANA time zone database, in either case.
    pub(super) fn parse(name: Argument<'_>) -> Result<Self, ParseError> {
        jiff::tz::db().get(name.text).map(Self::Named).map_err(|_| {
            let name_shown = visible::text(name.text.as_bytes(), 40);
            let reason = format!("{name_shown} is not a time zone: use UTC, or a name such as Europe/Berlin");
            refused(name.position, reason)
        })
    }

    pub(super) fn time(&self, stamp: Stamp) -> Zoned {
        let zone = match self {
            Self::Local => zone(),
            Self::Named(zone) => zone.clone(),
        };
        stamp.timestamp().to_zoned(zone)
    }
}
