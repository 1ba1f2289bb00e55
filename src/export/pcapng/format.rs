//! The numbers of pcapng (draft-ietf-opsawg-pcapng) and of the headers in its packets; the reader uses them too.

/// Section Header Block (§4.1): the same in both byte orders.
pub(crate) const SECTION: u32 = 0x0a0d_0d0a;
/// Interface Description Block (§4.2).
pub(crate) const INTERFACE: u32 = 1;
/// Packet Block (appendix A), obsolete.
pub(crate) const OLD_PACKET: u32 = 2;
/// Simple Packet Block (§4.4).
pub(crate) const SIMPLE_PACKET: u32 = 3;
/// Interface Statistics Block (§4.6).
pub(crate) const STATISTICS: u32 = 5;
/// Enhanced Packet Block (§4.3).
pub(crate) const PACKET: u32 = 6;

/// The byte-order magic of a section header, as its writer sees it.
pub(crate) const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// Ends the options of a block (§3.5).
pub(crate) const END_OF_OPTIONS: u16 = 0;
/// A comment, in any block; there may be several.
pub(crate) const COMMENT: u16 = 1;
/// The program that wrote a section.
pub(crate) const USER_APPLICATION: u16 = 4;
/// The name of an interface.
pub(crate) const INTERFACE_NAME: u16 = 2;
/// The description of an interface.
pub(crate) const INTERFACE_DESCRIPTION: u16 = 3;
/// The resolution of an interface's time stamps: a negative power of 10, or of 2 with the highest bit set.
pub(crate) const TIME_RESOLUTION: u16 = 9;
/// Seconds to add to an interface's time stamps.
pub(crate) const TIME_OFFSET: u16 = 14;
/// The flags of a packet: 4 bytes.
pub(crate) const PACKET_FLAGS: u16 = 2;
/// When a capture began and ended, in statistics: high and low half of a time stamp.
pub(crate) const START_TIME: u16 = 2;
/// See [`START_TIME`].
pub(crate) const END_TIME: u16 = 3;
/// What an interface dropped, in statistics: 8 bytes.
pub(crate) const INTERFACE_DROPS: u16 = 5;
/// What the operating system dropped, in statistics: 8 bytes.
pub(crate) const SYSTEM_DROPS: u16 = 7;

/// The direction in a packet's flags: inbound.
pub(crate) const INBOUND: u32 = 1;
/// The direction in a packet's flags: outbound.
pub(crate) const OUTBOUND: u32 = 2;

/// The longest value of an option: its length has 16 bits.
pub(crate) const LONGEST_OPTION: usize = 65_535;

/// A packet begins with its IPv4 or IPv6 header (`LINKTYPE_RAW`, tcpdump.org/linktypes.html).
pub(crate) const LINK_RAW: u16 = 101;

/// The protocol number of TCP (RFC 9293).
pub(crate) const TCP: u8 = 6;
/// The protocol number of UDP (RFC 768).
pub(crate) const UDP: u8 = 17;

/// TCP flags (RFC 9293 §3.1).
pub(crate) const FIN: u8 = 0x01;
/// See [`FIN`].
pub(crate) const SYN: u8 = 0x02;
/// See [`FIN`].
pub(crate) const RST: u8 = 0x04;
/// See [`FIN`]; here it marks where a chunk ends.
pub(crate) const PSH: u8 = 0x08;
/// See [`FIN`].
pub(crate) const ACK: u8 = 0x10;
