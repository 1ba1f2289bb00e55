use std::collections::BTreeSet;

use super::*;
use crate::responder::Responder;

#[test]
fn every_preset_is_right_and_can_be_kept_in_a_file() {
    let mut names = BTreeSet::new();
    for preset in presets() {
        for udp in [false, true].into_iter().filter(|udp| preset.over.works(*udp)) {
            assert!(names.insert((preset.name, udp)), "{} is there twice", preset.name);
        }
        let rules = (preset.rules)();
        assert!(Responder::new(&rules).is_ok(), "{}: {:?}", preset.name, Responder::new(&rules));
        let text = toml::to_string(&rules).expect(preset.name);
        assert_eq!(toml::from_str::<Rules>(&text).expect(preset.name), rules);
    }
    assert!(names.len() > 25);
}
