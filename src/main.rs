//! Arguments → the window, or a run without one.

use std::process::ExitCode;

fn main() -> ExitCode {
    match sockscope::headless::main(std::env::args_os()) {
        sockscope::headless::Asked::Over(status) => status,
        sockscope::headless::Asked::Window(ready) => window(ready),
    }
}

#[cfg(feature = "window")]
fn window(ready: sockscope::headless::Ready) -> ExitCode {
    sockscope::app::native::run(ready)
}

#[cfg(not(feature = "window"))]
fn window(_ready: sockscope::headless::Ready) -> ExitCode {
    eprintln!(
        "sockscope: this binary was built without the window: see sockscope --help for what it does without one"
    );
    ExitCode::from(2)
}
