//! Receivers that are full, without a clock.

use std::time::{Duration, Instant};

use super::sending::Retry;

#[test]
fn a_full_receiver_is_tried_again_soon_and_then_less_often() {
    let (mut retry, now) = (Retry::default(), Instant::now());
    assert!(retry.is_due(now));
    let pauses: Vec<_> = (0..6).map(|_| (retry.blocked(false, now) - now).as_millis()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 16]);
    assert!(!retry.is_due(now + Duration::from_millis(15)) && retry.is_due(now + Duration::from_millis(16)));
    assert_eq!((retry.blocked(true, now) - now).as_millis(), 1, "somebody took something");
    retry.free();
    assert!(retry.is_due(now));
}
