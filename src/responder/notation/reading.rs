//! Reads a rule, word by word.

use super::ARROW;
use crate::endpoint::ParseError;
use crate::message::Message;
use crate::payload::{Envelope, Format, LineEnding, refused};
use crate::responder::{Act, Pattern, Place, Rule, Test, When};

/// The words for what a payload is compared with, and their tests.
pub(super) const TESTS: [(&str, Test); 7] = [
    ("any", Test::Any),
    ("is", Test::Is),
    ("contains", Test::Contains),
    ("starts", Test::StartsWith),
    ("ends", Test::EndsWith),
    ("like", Test::Wildcard),
    ("matches", Test::Regex),
];

/// The words for formats.
pub(super) const FORMATS: [(&str, Format); 4] =
    [("text", Format::Text), ("escaped", Format::Escaped), ("hex", Format::Hex), ("base64", Format::Base64)];

/// The words for line endings.
pub(super) const ENDINGS: [(&str, LineEnding); 4] =
    [("lf", LineEnding::Lf), ("crlf", LineEnding::Crlf), ("cr", LineEnding::Cr), ("nul", LineEnding::Nul)];

/// The format of a pattern for which none is named.
pub(super) fn usual(test: Test) -> Format {
    if test == Test::Regex { Format::Text } else { Format::Escaped }
}

/// Where a string's text stands in the rule.
#[derive(Clone, Debug)]
pub(super) struct Text {
    start: usize,
    /// The positions in the text of quotes that are doubled in the rule.
    quotes: Vec<usize>,
}

impl Text {
    /// The whole rule.
    pub(super) fn bare() -> Self {
        Self { start: 0, quotes: Vec::new() }
    }

    /// The position in the rule of `position` in the text.
    pub(super) fn position(&self, position: usize) -> usize {
        self.start + position + self.quotes.partition_point(|quote| *quote < position)
    }
}

/// The rest of a rule.
pub(super) struct Reading<'a> {
    text: &'a str,
    at: usize,
    texts: Vec<(Place, Text)>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, texts: Vec::new() }
    }

    /// The rule, and where its texts stand.
    pub(super) fn rule(mut self) -> Result<(Rule, Vec<(Place, Text)>), ParseError> {
        let when = self.when()?;
        let limit = self.limit()?;
        if !self.symbol(ARROW) {
            return Err(self.wrong("=> belongs here: it stands between when a rule acts and what it does"));
        }
        let then = self.acts()?;
        Ok((Rule { when, limit, then, ..Rule::default() }, self.texts))
    }

    fn when(&mut self) -> Result<When, ParseError> {
        if self.word("connected") {
            return Ok(When::Connected);
        }
        let Some(test) = self.one_of(&TESTS) else {
            return Err(self.wrong(
                "a rule with => begins with connected, any, is, contains, starts, ends, like or matches; \
                 to reply with a text that has =>, write any => reply \"…\"",
            ));
        };
        let mut pattern = Pattern { test, ..Pattern::default() };
        if test != Test::Any {
            pattern.format = self.one_of(&FORMATS).unwrap_or(usual(test));
            pattern.text = self.string(Place::Pattern)?;
        }
        if self.word("ignoring") {
            self.expect("case")?;
            pattern.ignore_case = true;
        }
        pattern.trim = self.word("trimmed");
        Ok(When::Payload(pattern))
    }

    fn limit(&mut self) -> Result<u32, ParseError> {
        if self.word("once") {
            return Ok(1);
        }
        if !self.word("at") {
            return Ok(0);
        }
        self.expect("most")?;
        let limit = self.number()?;
        if limit == 0 {
            Err(self.wrong("a rule acts at least once: leave the limit out for no end"))
        } else {
            Ok(limit)
        }
    }

    fn acts(&mut self) -> Result<Vec<Act>, ParseError> {
        let mut acts = Vec::new();
        if !self.word("nothing") {
            loop {
                acts.push(self.act(acts.len())?);
                if !self.symbol(",") {
                    break;
                }
            }
        }
        self.skip_spaces();
        match self.at == self.text.len() {
            true => Ok(acts),
            false => Err(self.wrong("a comma belongs between what is done, and nothing else")),
        }
    }

    fn act(&mut self, number: usize) -> Result<Act, ParseError> {
        const ACTS: [(&str, Act); 5] = [
            ("close", Act::Close),
            ("finish", Act::FinishSending),
            ("abort", Act::Abort),
            ("forward", Act::Forward),
            ("starttls", Act::StartTls),
        ];
        if self.word("reply") {
            return self.reply(number);
        }
        self.skip_spaces();
        let start = self.at;
        if self.word("wait") {
            self.texts.push((Place::Act(number), Text { start, quotes: Vec::new() }));
            let wait = self.number()?;
            self.word("ms");
            return Ok(Act::Wait(wait));
        }
        if self.word("ignore") {
            return self.number().map(Act::Ignore);
        }
        ACTS.iter().find(|(word, _)| self.word(word)).map(|(_, act)| act.clone()).ok_or_else(|| {
            self.wrong(
                "reply \"…\", wait N, close, finish, abort, ignore N, forward, starttls or nothing belongs here",
            )
        })
    }

    fn reply(&mut self, number: usize) -> Result<Act, ParseError> {
        let variables = !self.word("fixed");
        let format = self.one_of(&FORMATS).unwrap_or(Format::Escaped);
        let text = self.string(Place::Act(number))?;
        let ending = self.one_of(&ENDINGS).unwrap_or_default();
        let envelope = Envelope { ending, ..Envelope::default() };
        Ok(Act::Reply(Message { text, format, variables, envelope, ..Message::default() }))
    }

    /// Takes a string.
    fn string(&mut self, place: Place) -> Result<String, ParseError> {
        self.skip_spaces();
        if !self.rest().starts_with('"') {
            return Err(self.wrong("a text in double quotes belongs here"));
        }
        let open = self.at;
        self.at += 1;
        let (mut string, mut found) = (String::new(), Text { start: self.at, quotes: Vec::new() });
        loop {
            let rest = self.rest();
            let Some(quote) = rest.find('"') else {
                return Err(refused(open, "this text has no end: a double quote is missing"));
            };
            string.push_str(&rest[..quote]);
            let doubled = rest[quote + 1..].starts_with('"');
            self.at += quote + 1 + usize::from(doubled);
            if !doubled {
                break;
            }
            found.quotes.push(string.len());
            string.push('"');
        }
        self.texts.push((place, found));
        Ok(string)
    }

    /// Takes a whole number.
    fn number(&mut self) -> Result<u32, ParseError> {
        self.skip_spaces();
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest()[..digits].parse();
        let number = number.map_err(|_| self.wrong("a whole number up to 4294967295 belongs here"))?;
        self.at += digits;
        Ok(number)
    }

    /// Takes one of some words, and returns what it stands for.
    fn one_of<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        words.iter().find(|(word, _)| self.word(word)).map(|(_, value)| *value)
    }

    /// Takes `word`, if it comes next.
    fn word(&mut self, word: &str) -> bool {
        self.skip_spaces();
        let after = self.rest().strip_prefix(word);
        let is_whole = |after: &str| !after.starts_with(|c: char| c.is_ascii_alphanumeric());
        let found = after.is_some_and(is_whole);
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), ParseError> {
        if self.word(word) { Ok(()) } else { Err(self.wrong(format!("{word} belongs here"))) }
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// An error at the next word.
    fn wrong(&mut self, reason: impl Into<String>) -> ParseError {
        self.skip_spaces();
        refused(self.at, reason)
    }
}
