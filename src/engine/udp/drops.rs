//! How many datagrams the kernel dropped because nobody took them in time, from two readings of the same counter.

/// The kernel's cumulative count of a socket's drops (socket(7), `SO_RXQ_OVFL`; column `drops` of `/proc/net/udp`).
///
/// A datagram carries the count of the moment it was queued, the table the present one. Both readings go through
/// here, so that no drop counts twice.
#[derive(Debug, Default)]
pub(super) struct Drops {
    seen: u32,
}

impl Drops {
    /// How many drops are new with a reading of `count`, which is modulo 2^32. An older reading brings none.
    pub(super) fn read(&mut self, count: u32) -> u32 {
        let new = count.wrapping_sub(self.seen);
        if new > u32::MAX / 2 {
            return 0;
        }
        self.seen = count;
        new
    }
}

/// The drops of the socket with `inode` in the text of `/proc/net/udp` or `/proc/net/udp6` (proc_net(5)).
#[cfg(any(target_os = "linux", test))]
pub(super) fn in_table(table: &str, inode: &str) -> Option<u32> {
    /// sl, two addresses, st, queues, timer, retransmits, uid, timeout; then the inode, and last the drops.
    const INODE: usize = 9;
    table.lines().find_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        if columns.nth(INODE)? != inode {
            return None;
        }
        columns.last()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_drop_counts_twice() {
        let mut drops = Drops::default();
        assert_eq!(drops.read(0), 0);
        assert_eq!(drops.read(5), 5);
        assert_eq!(drops.read(9), 4, "the table is ahead");
        assert_eq!(drops.read(7), 0, "of a datagram that was queued before");
        assert_eq!(drops.read(10), 1);
    }

    #[test]
    fn the_count_may_go_round() {
        let mut drops = Drops { seen: u32::MAX - 1 };
        assert_eq!(drops.read(3), 5);
    }

    const TABLE: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  218: 0100007F:A1B2 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 17
 1024: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 2345 2 0000000000000000 0
";

    #[test]
    fn the_table_is_read_by_inode() {
        assert_eq!(in_table(TABLE, "12345"), Some(17));
        assert_eq!(in_table(TABLE, "2345"), Some(0));
        assert_eq!(in_table(TABLE, "345"), None);
        assert_eq!(in_table("", "1"), None);
    }
}
