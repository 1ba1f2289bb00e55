//! TLS in the window: what is for one session only goes with it.

use egui::accesskit::{Role, Toggled};
use egui_kittest::kittest::{NodeT, Queryable};
use sockscope::headless::Ready;

use crate::bench::Bench;
use crate::tls_bench::{own, secure};
use crate::window::Window;

const NO_CHECK: &str = "Do not check the server";

fn is_on(window: &Window, name: &str) -> bool {
    let toggle = window.harness.get_by_role_and_label(Role::CheckBox, name);
    toggle.accesskit_node().toggled() == Some(Toggled::True)
}

/// A server that was not checked once, and secrets that were written once: neither stays for the next session.
#[test]
fn what_is_for_one_session_goes_with_it() {
    let (bench, folder) = (Bench::new(), tempfile::tempdir().unwrap());
    let (_listens, address) = bench.listen(secure(&own()));
    let (profile, keys) = (folder.path().join("profile.toml"), folder.path().join("keys.log"));
    let port = address.port();
    let text = format!("version = 1\n[client]\nkind = \"tls\"\nhost = \"127.0.0.1\"\nport = \"{port}\"\n");
    std::fs::write(&profile, text).unwrap();
    let mut window = Window::open();
    window.harness.state_mut().ready(&Ready { endpoint: None, profile: Some(profile) });
    window.wait_for("profile.toml");
    window.press("Socket");
    window.press(NO_CHECK);
    window.wait_for("Verification is off");
    window.set("Key log", &keys.display().to_string());
    window.press("Connection");
    window.press("Connect");
    window.wait_for("the server was NOT checked to be 127.0.0.1");
    window.press("Socket");
    assert!(is_on(&window, NO_CHECK), "as long as the session is open");
    window.press("Connection");
    window.press("Disconnect");
    window.wait_for("TCP client: idle");
    window.wait_for("The next session checks the server again, and writes no secrets of TLS");
    window.press("Socket");
    assert!(!is_on(&window, NO_CHECK));
    assert_eq!(window.find("Verification is off"), None);
    assert_eq!(window.value("Key log"), "");
    let before = std::fs::read(&keys).unwrap();
    assert!(!before.is_empty());
    window.press("Connection");
    window.press("Connect");
    window.wait_for("the server's certificate is self-signed");
    assert_eq!(std::fs::read(&keys).unwrap(), before, "no more secrets");
}
