//! Bytes on their way into a file: one buffer that is used again, and text escaped into it at the speed of a disk.

use super::escaped::{self, Form};

/// What is written of a line or a page so far.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Room that is there already; what lies beyond `at` is left over from earlier lines.
    bytes: Vec<u8>,
    at: usize,
}

impl Block {
    /// Everything written since [`clear`](Self::clear).
    pub(super) fn written(&self) -> &[u8] {
        &self.bytes[..self.at]
    }

    /// How much that is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.at
    }

    /// Starts anew.
    pub(super) fn clear(&mut self) {
        self.at = 0;
    }

    /// Forgets the first `bytes`.
    pub(super) fn drain(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.at, 0);
        self.at -= bytes;
    }

    /// At least `len` bytes to write to; who does moves `at`.
    fn room(&mut self, len: usize) -> &mut [u8] {
        let end = self.at + len;
        if end > self.bytes.len() {
            self.bytes.resize(end.max(2 * self.bytes.len()), 0);
        }
        &mut self.bytes[self.at..end]
    }

    /// Appends `bytes`: always in place, so that the few of a constant are moved and not copied by a call.
    #[inline(always)]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Appends a number.
    #[inline]
    pub(super) fn decimal(&mut self, number: u64) {
        // In place: what was just written in pieces is slow to be read as a whole.
        let len = number.checked_ilog10().map_or(1, |log| log as usize + 1);
        let (first, pairs) = self.room(len).as_rchunks_mut::<2>();
        let mut rest = number;
        for pair in pairs.iter_mut().rev() {
            *pair = PAIRS[(rest % 100) as usize];
            rest /= 100;
        }
        if let [digit] = first {
            *digit = PAIRS[(rest % 10) as usize][1];
        }
        self.at += len;
    }

    /// Appends `bytes` as lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, bytes: &[u8]) {
        let len = 2 * bytes.len();
        const_hex::encode_to_slice(bytes, self.room(len)).expect("there are two digits for each byte");
        self.at += len;
    }

    /// Appends foreign `bytes` as `form` writes them.
    pub(super) fn escape<F: Form>(&mut self, form: F, bytes: &[u8]) {
        let room = self.room(escaped::room(bytes.len()));
        self.at += escaped::escape(form, bytes, room);
    }

    /// Appends what `arguments` say.
    pub(super) fn print(&mut self, arguments: std::fmt::Arguments<'_>) {
        std::fmt::Write::write_fmt(self, arguments).expect("memory takes everything");
    }
}

impl std::fmt::Write for Block {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

/// `00` to `99`.
pub(super) const PAIRS: [[u8; 2]; 100] = pairs();

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b"0123456789"[number / 10], b"0123456789"[number % 10]];
        number += 1;
    }
    pairs
}
