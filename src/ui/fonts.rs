//! Fonts and input methods: Chinese, Japanese and Korean text shows, and Chinese can be typed.

use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::output::IMEOutput;
use egui::{FontData, FontFamily, FullOutput, IMEPurpose, Rect};

/// Chinese and Japanese, and Korean: see `assets/fonts/NOTICE`.
const BUNDLED: [(&str, &[u8]); 2] = [
    ("droid-cjk", include_bytes!("../../assets/fonts/droid-cjk.ttf")),
    ("noto-hangul", include_bytes!("../../assets/fonts/noto-hangul.otf")),
];

/// Adds the bundled fonts behind the default fonts. Fonts of the system come in after it where it has no glyph.
pub(super) fn install(context: &egui::Context) {
    let family = |family| InsertFontFamily { family, priority: FontPriority::Lowest };
    for (name, file) in BUNDLED {
        let families = vec![family(FontFamily::Proportional), family(FontFamily::Monospace)];
        context.add_font(FontInsert::new(name, FontData::from_static(file), families));
    }
    context.add_plugin(KeepInputMethod::default());
}

/// Keeps the input method switched on while text fields gain and lose the focus.
///
/// On X11 winit creates the input context anew whenever it is switched, but tells it about the focus only when the
/// window gains it: a field that is clicked into would get plain letters (winit 0.30). So it is never switched off.
#[derive(Default)]
struct KeepInputMethod {
    last: Option<IMEOutput>,
}

impl egui::Plugin for KeepInputMethod {
    fn debug_name(&self) -> &'static str {
        "keep input method"
    }

    fn output_hook(&mut self, _context: &egui::Context, output: &mut FullOutput) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let nowhere = IMEOutput {
            purpose: IMEPurpose::default(),
            rect: Rect::ZERO,
            cursor_rect: Rect::ZERO,
            should_interrupt_composition: false,
        };
        let mut ime = output.platform_output.ime.or(self.last).unwrap_or(nowhere);
        ime.should_interrupt_composition = false;
        self.last = Some(ime);
        output.platform_output.ime = Some(ime);
    }
}
