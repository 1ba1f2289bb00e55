//! Where a program would cut that calls `recv` once with a size of its own. Nothing is cut here: this is what the log
//! says about it.

use crate::figures;

/// What came of a TCP connection since there was nothing to read last.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct Cut {
    /// What the first `recv` gave.
    first: usize,
    /// What all of them gave.
    all: u64,
}

impl Cut {
    /// A `recv` gave `len` bytes.
    pub(in crate::engine) fn read(&mut self, len: usize) {
        if self.all == 0 {
            self.first = len;
        }
        self.all += len as u64;
    }

    /// There is nothing more to read now. What a program that calls `recv(size)` once would not have seen.
    pub(in crate::engine) fn rest(self, size: u32) -> Option<String> {
        let Self { first, all } = self;
        let rest = all.saturating_sub(first as u64);
        (rest > 0).then(|| {
            format!(
                "recv({size}) once would have given {} of these {} bytes; the other {} would have waited for the next \
                 recv: a stream has no messages",
                figures::count(first as u64),
                figures::count(all),
                figures::count(rest)
            )
        })
    }
}

/// A `recv` that a person asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Received {
    /// Of the socket.
    pub(in crate::engine) descriptor: Option<i32>,
    /// Bytes that there was room for.
    pub(in crate::engine) size: usize,
    /// Bytes that came.
    pub(in crate::engine) len: usize,
}

impl Received {
    /// The call and its result, as a program would write it.
    pub(in crate::engine) fn words(self) -> String {
        let Self { descriptor, size, len } = self;
        let descriptor = descriptor.map_or_else(|| "socket".to_owned(), |number| number.to_string());
        format!("recv({descriptor}, {size}) = {len}")
    }
}

/// What `recv(size)` would have lost of a datagram of `len` bytes.
pub(in crate::engine) fn lost(size: u32, len: usize) -> Option<String> {
    let rest = len.checked_sub(size as usize).filter(|rest| *rest > 0)?;
    Some(format!(
        "recv({size}) would have given the first {} of these {} bytes and lost the other {}: the kernel keeps no rest of \
         a datagram (recv(2))",
        figures::count(size.into()),
        figures::count(len as u64),
        figures::count(rest as u64)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reads: &[usize], expected: Option<&str>) {
        let mut cut = Cut::default();
        reads.iter().for_each(|len| cut.read(*len));
        let told = cut.rest(1_024);
        assert_eq!(told.as_deref().map(|told| told.split(';').next().unwrap_or_default()), expected);
    }

    #[test]
    fn a_burst_that_one_recv_does_not_hold_is_told() {
        check(&[], None);
        check(&[1_024], None);
        check(&[1_024, 1_024, 952], Some("recv(1024) once would have given 1,024 of these 3,000 bytes"));
    }

    fn check_lost(len: usize, expected: Option<&str>) {
        let told = lost(1_024, len);
        assert_eq!(told.as_deref().map(|told| told.split(':').next().unwrap_or_default()), expected);
    }

    #[test]
    fn what_a_datagram_would_lose() {
        check_lost(0, None);
        check_lost(1_024, None);
        check_lost(
            1_025,
            Some("recv(1024) would have given the first 1,024 of these 1,025 bytes and lost the other 1"),
        );
        let largest = "recv(1024) would have given the first 1,024 of these 65,507 bytes and lost the other 64,483";
        check_lost(65_507, Some(largest));
    }
}
