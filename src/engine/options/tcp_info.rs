//! What the kernel knows of a TCP connection (`TCP_INFO`, tcp(7); include/uapi/linux/tcp.h has what each field is).

use std::fmt;

/// The state of a connection (RFC 9293 §3.3.2), as the kernel numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpState(pub u8);

/// What the kernel knows of a TCP connection, at one moment. Those that only kernels since Linux 4.19 tell are `None`
/// on older ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpInfo {
    /// The state.
    pub state: TcpState,
    /// The smoothed round-trip time, in microseconds.
    pub rtt: u32,
    /// Its mean deviation, in microseconds.
    pub rtt_variance: u32,
    /// The least round-trip time lately, in microseconds; `None` before one was measured.
    pub least_rtt: Option<u32>,
    /// The retransmission timeout, in microseconds.
    pub retransmission_timeout: u32,
    /// Timeouts in a row of what is to be acknowledged next.
    pub retransmits: u8,
    /// Segments sent again, in all.
    pub total_retransmits: u32,
    /// The congestion window, in segments.
    pub congestion_window: u32,
    /// Where slow start ends, in segments; `None` before anything was lost.
    pub slow_start_threshold: Option<u32>,
    /// The largest segment that is sent, in bytes.
    pub send_segment: u32,
    /// The largest segment that came, in bytes; a guess before something came.
    pub receive_segment: u32,
    /// The largest packet that the path takes, in bytes.
    pub path_mtu: u32,
    /// Segments sent and not yet acknowledged.
    pub unacknowledged: u32,
    /// Segments that are taken for lost.
    pub lost: u32,
    /// By how many segments order may be disturbed before one is taken for lost.
    pub reordering: u32,
    /// At which rate payload arrived at the peer lately, in bytes a second; `None` before that was measured.
    pub delivery_rate: Option<u64>,
    /// That rate was bounded by how much there was to send.
    pub rate_is_of_application: bool,
    /// At which rate segments leave at most, in bytes a second; `None`: not limited.
    pub pacing_rate: Option<u64>,
    /// Bytes that the peer acknowledged.
    pub bytes_acknowledged: Option<u64>,
    /// Bytes that came in order.
    pub bytes_received: Option<u64>,
    /// Bytes sent again.
    pub bytes_retransmitted: Option<u64>,
    /// Bytes in the send buffer that were not yet sent.
    pub not_sent: Option<u32>,
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 13] = [
            "unknown",
            "ESTABLISHED",
            "SYN-SENT",
            "SYN-RECEIVED",
            "FIN-WAIT-1",
            "FIN-WAIT-2",
            "TIME-WAIT",
            "CLOSED",
            "CLOSE-WAIT",
            "LAST-ACK",
            "LISTEN",
            "CLOSING",
            "SYN-RECEIVED",
        ];
        f.write_str(NAMES.get(usize::from(self.0)).copied().unwrap_or("unknown"))
    }
}

/// No threshold yet (`TCP_INFINITE_SSTHRESH`).
const NO_THRESHOLD: u32 = 0x7fff_ffff;

impl TcpInfo {
    /// Reads the bytes of a `struct tcp_info`; `None` where they are less than the oldest one has.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let small = |at: usize| bytes.get(at).copied();
        let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
        let long = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
        let unless = |number: Option<u64>, none: u64| number.filter(|number| *number != none);
        Some(Self {
            state: TcpState(small(0)?),
            retransmits: small(2)?,
            // The lowest bit of a byte of bits, whose upper ones are later.
            rate_is_of_application: small(7)? & 1 == 1,
            retransmission_timeout: word(8)?,
            send_segment: word(16)?,
            receive_segment: word(20)?,
            unacknowledged: word(24)?,
            lost: word(32)?,
            path_mtu: word(60)?,
            rtt: word(68)?,
            rtt_variance: word(72)?,
            slow_start_threshold: word(76).filter(|segments| *segments < NO_THRESHOLD),
            congestion_window: word(80)?,
            reordering: word(88)?,
            total_retransmits: word(100)?,
            pacing_rate: unless(long(104), u64::MAX),
            bytes_acknowledged: long(120),
            bytes_received: long(128),
            not_sent: word(144),
            least_rtt: word(148).filter(|time| *time != u32::MAX),
            delivery_rate: unless(long(160), 0),
            bytes_retransmitted: long(208),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
        bytes[at..at + value.len()].copy_from_slice(value);
    }

    #[test]
    fn each_field_is_where_the_kernel_puts_it() {
        let mut bytes = vec![0; 216];
        put(&mut bytes, 0, &[8, 0, 3]);
        put(&mut bytes, 7, &[1]);
        for (at, value) in [(8, 201_000), (16, 1_448), (20, 536), (24, 5), (32, 2), (60, 1_500), (68, 31), (72, 15)]
        {
            put(&mut bytes, at, &u32::to_ne_bytes(value));
        }
        for (at, value) in [(76, 7), (80, 10), (88, 3), (100, 4), (144, 900), (148, 7)] {
            put(&mut bytes, at, &u32::to_ne_bytes(value));
        }
        for (at, value) in [(104, 1_000_000), (120, 11), (128, 12), (160, 13), (208, 14)] {
            put(&mut bytes, at, &u64::to_ne_bytes(value));
        }
        let info = TcpInfo::parse(&bytes).expect("a whole one");
        assert_eq!(info.state.to_string(), "CLOSE-WAIT");
        let (rtt, least) = ((info.rtt, info.rtt_variance), info.least_rtt);
        assert_eq!((rtt, least, info.retransmission_timeout), ((31, 15), Some(7), 201_000));
        assert_eq!((info.retransmits, info.total_retransmits, info.lost, info.unacknowledged), (3, 4, 2, 5));
        assert_eq!((info.congestion_window, info.slow_start_threshold, info.reordering), (10, Some(7), 3));
        assert_eq!((info.send_segment, info.receive_segment, info.path_mtu), (1_448, 536, 1_500));
        assert_eq!((info.pacing_rate, info.delivery_rate), (Some(1_000_000), Some(13)));
        assert_eq!((info.bytes_acknowledged, info.bytes_received), (Some(11), Some(12)));
        assert_eq!((info.bytes_retransmitted, info.not_sent), (Some(14), Some(900)));
        assert!(info.rate_is_of_application);
    }

    #[test]
    fn an_older_kernel_tells_less_and_no_kernel_tells_nothing() {
        let mut bytes = vec![0; 104];
        put(&mut bytes, 76, &NO_THRESHOLD.to_ne_bytes());
        let info = TcpInfo::parse(&bytes).expect("the old one");
        assert_eq!((info.delivery_rate, info.bytes_acknowledged, info.least_rtt), (None, None, None));
        assert_eq!(info.slow_start_threshold, None);
        assert_eq!(TcpInfo::parse(&bytes[..103]), None);
        assert_eq!(TcpInfo::parse(&[]), None);
    }

    #[test]
    fn what_is_not_limited_or_not_measured_is_not_a_figure() {
        let mut bytes = vec![0; 216];
        put(&mut bytes, 104, &u64::MAX.to_ne_bytes());
        put(&mut bytes, 148, &u32::MAX.to_ne_bytes());
        let info = TcpInfo::parse(&bytes).expect("a whole one");
        assert_eq!((info.pacing_rate, info.least_rtt, info.delivery_rate), (None, None, None));
    }
}
