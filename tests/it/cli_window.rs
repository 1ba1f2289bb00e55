//! The window that the command line opens: ready, and with nothing started.

use sockscope::app::Tab;
use sockscope::app::tab::Kind;
use sockscope::headless::Ready;

use crate::window::Window;

#[test]
fn an_endpoint_fills_in_the_form() {
    let mut window = Window::open();
    let ready = Ready { endpoint: Some("tcp://[::1]:8080".parse().unwrap()), profile: None };
    window.harness.state_mut().ready(&ready);
    window.harness.run_steps(2);
    assert_eq!(window.harness.state().shown, Tab::from(Kind::Client));
    assert_eq!((window.value("Host"), window.value("Port")), ("::1".to_owned(), "8080".to_owned()));
    window.wait_for("TCP client: idle");
}

#[test]
fn a_profile_fills_in_its_tab_or_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.toml");
    let mut window = Window::open();
    let ready = Ready { endpoint: None, profile: Some(path.clone()) };
    std::fs::write(&path, "version = 1\n[server]\nport = 70000\n").unwrap();
    window.harness.state_mut().ready(&ready);
    window.wait_for("line 3");
    std::fs::write(&path, "version = 1\n[server]\nport = 7000\n").unwrap();
    window.harness.state_mut().ready(&ready);
    window.wait_for("profile.toml");
    assert_eq!(window.value("Port"), "7000");
    window.wait_for("TCP server: idle");
}
