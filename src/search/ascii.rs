//! The classes of an expression as ASCII: payload is bytes, and a digit in it is one of ten.

use std::convert::Infallible;
use std::ops::Range;

use regex_syntax::ast::{
    AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetItem, Flag, Flags, FlagsItemKind, Visitor, parse::Parser,
    visit,
};

/// `text` with `\d`, `\w`, `\s` and `\b` for ASCII alone; as it is where it sets the flag `u` itself, or is wrong.
pub(super) fn classes(text: &str) -> String {
    let Ok(syntax) = Parser::new().parse(text) else { return text.to_owned() };
    let Ok(Some(changes)) = visit(&syntax, Finds { changes: Vec::new(), is_set: false, text }) else {
        return text.to_owned();
    };
    let (mut ascii, mut done) = (String::with_capacity(text.len() * 2), 0);
    for (place, change) in changes {
        ascii.push_str(&text[done..place.start]);
        ascii.push_str(&change);
        done = place.end;
    }
    ascii.push_str(&text[done..]);
    ascii
}

/// What is to be written otherwise, in order.
struct Finds<'a> {
    changes: Vec<(Range<usize>, String)>,
    /// Whether the expression says itself what is Unicode.
    is_set: bool,
    text: &'a str,
}

impl Finds<'_> {
    fn see(&mut self, flags: &Flags) {
        let sets = |kind: &FlagsItemKind| matches!(kind, FlagsItemKind::Flag(Flag::Unicode));
        self.is_set |= flags.items.iter().any(|item| sets(&item.kind));
    }
}

impl Visitor for Finds<'_> {
    type Output = Option<Vec<(Range<usize>, String)>>;
    type Err = Infallible;

    fn finish(self) -> Result<Self::Output, Infallible> {
        Ok((!self.is_set).then_some(self.changes))
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Infallible> {
        match ast {
            Ast::Flags(set) => self.see(&set.flags),
            Ast::Group(group) => group.flags().into_iter().for_each(|flags| self.see(flags)),
            Ast::ClassPerl(class) if class.negated => {
                // A character that is none of them, not a byte.
                self.changes.push((place(class), format!("[^[:{}:]]", name(class))));
            }
            Ast::ClassPerl(class) => {
                let place = place(class);
                let change = format!("(?-u:{})", &self.text[place.clone()]);
                self.changes.push((place, change));
            }
            Ast::Assertion(assertion) if is_word(&assertion.kind) => {
                let place = assertion.span.start.offset..assertion.span.end.offset;
                let change = format!("(?-u:{})", &self.text[place.clone()]);
                self.changes.push((place, change));
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Infallible> {
        if let ClassSetItem::Perl(class) = item {
            let not = if class.negated { "^" } else { "" };
            self.changes.push((place(class), format!("[:{not}{}:]", name(class))));
        }
        Ok(())
    }
}

fn place(class: &ClassPerl) -> Range<usize> {
    class.span.start.offset..class.span.end.offset
}

fn name(class: &ClassPerl) -> &'static str {
    match class.kind {
        ClassPerlKind::Digit => "digit",
        ClassPerlKind::Space => "space",
        ClassPerlKind::Word => "word",
    }
}

/// Whether it asks for the border of a word.
fn is_word(kind: &AssertionKind) -> bool {
    use AssertionKind::{EndLine, EndText, StartLine, StartText};
    !matches!(kind, StartLine | EndLine | StartText | EndText)
}
