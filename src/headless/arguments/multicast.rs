//! Families, and groups, on the command line.

use clap::Args;

use crate::endpoint::Family;
use crate::form::{Families, GroupForm, MulticastForm};

/// What is said of families and groups.
#[derive(Debug, Args)]
pub(in crate::headless) struct MulticastArguments {
    /// Take the IPv4 addresses of a name alone
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Take the IPv6 addresses of a name alone
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Whether :: takes IPv6 alone, or IPv4 too; * takes both
    #[arg(long, value_name = "YES", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    v6_only: bool,
    /// Join a multicast group (UDP); may be given again. @* is each interface
    #[arg(long, value_name = "GROUP[,source=ADDR][@INTERFACE]")]
    join: Vec<GroupForm>,
    /// Over how many routers what is sent to a group goes, 0 to 255; else 1, no router
    #[arg(long, value_name = "N")]
    multicast_ttl: Option<String>,
    /// What is sent to a group does not come to receivers on this machine
    #[arg(long)]
    no_multicast_loop: bool,
    /// The interface through which what is sent to a group leaves: name, number or address
    #[arg(long, value_name = "INTERFACE")]
    multicast_interface: Option<String>,
    /// Let other programs bind the same port, so that each gets what is sent to a group (UDP)
    #[arg(long)]
    reuse: bool,
}

impl MulticastArguments {
    /// The families.
    pub(in crate::headless) fn families(&self) -> Families {
        let family = match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (false, true) => Family::V6,
            (false, false) => Family::Any,
        };
        Families { family, v6_only: self.v6_only }
    }

    /// The groups, and how to send to some.
    pub(in crate::headless) fn form(&self) -> MulticastForm {
        MulticastForm {
            ttl: self.multicast_ttl.clone().unwrap_or_default(),
            loopback: !self.no_multicast_loop,
            interface: self.multicast_interface.clone().unwrap_or_default(),
            reuse: self.reuse,
            groups: self.join.clone(),
        }
    }
}
