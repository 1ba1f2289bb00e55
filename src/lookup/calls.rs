//! Socket calls as they stand in a program: `socket.gethostbyname('localhost')`, `getservbyname("http", "tcp")`.

use super::query::Query;
use super::recognize::{error, is_address, parse_host, shift};
use super::resolver::host_name;
use super::trying::{self, Constant, SocketCall};
use crate::endpoint::{Host, ParseError, Port, Scheme};

/// The calls that can be pasted.
const KNOWN: &str = "gethostname, gethostbyname, gethostbyaddr, getservbyname, getservbyport, getprotobyname, \
                     getaddrinfo, getnameinfo and socket";

/// An argument of a call, with where it starts, in bytes.
#[derive(Clone, Debug)]
struct Argument {
    position: usize,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    /// `'localhost'`, or `gethostname()` within another call.
    Text(String),
    /// `80`
    Number(String),
    /// `None`, `socket.SOCK_STREAM`, `type=SOCK_DGRAM`: what comes after the last `.` or `=`.
    Word(String),
    /// `('127.0.0.1', 80)`
    Pair(Call),
}

/// The look-up that a call is.
///
/// # Errors
///
/// With the position in `text` and the reason.
pub(super) fn parse(text: &str) -> Result<Query, ParseError> {
    let mut reader = Reader { text, position: 0 };
    let function = reader.word();
    let name = last_part(function);
    if !reader.takes('(') {
        return Err(error(reader.position, "a call is needed, such as gethostbyname('localhost')"));
    }
    let call = reader.arguments(true)?;
    reader.takes(';');
    if reader.position < text.len() {
        return Err(error(reader.position, "nothing may follow the call"));
    }
    call.query(name).unwrap_or_else(|| {
        let start = function.len() - name.len();
        Err(error(start, format!("{name:?} is not a look-up: there are {KNOWN}")))
    })
}

fn last_part(word: &str) -> &str {
    word.rsplit(['.', '=']).next().unwrap_or(word)
}

/// Where reading has come to.
struct Reader<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn skip_spaces(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes `wanted`, if it is next, and the spaces after it.
    fn takes(&mut self, wanted: char) -> bool {
        let takes = self.rest().starts_with(wanted);
        if takes {
            self.position += wanted.len_utf8();
            self.skip_spaces();
        }
        takes
    }

    /// A word of a program: letters, digits, `_`, and `.` or `=` between them.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_.=".contains(c)).unwrap_or(rest.len());
        self.position += end;
        self.skip_spaces();
        &rest[..end]
    }

    /// Arguments up to the closing parenthesis, the opening one being taken. A pair holds no further pair.
    fn arguments(&mut self, pairs: bool) -> Result<Call, ParseError> {
        let mut arguments = Vec::new();
        loop {
            let position = self.position;
            if self.takes(')') {
                return Ok(Call { arguments, end: position });
            }
            let value = if pairs && self.takes('(') { Value::Pair(self.arguments(false)?) } else { self.value()? };
            arguments.push(Argument { position, value });
            self.comma()?;
        }
    }

    fn comma(&mut self) -> Result<(), ParseError> {
        if self.takes(',') || self.rest().starts_with(')') {
            return Ok(());
        }
        let what =
            if self.rest().is_empty() { "a closing parenthesis is missing" } else { "a comma is needed here" };
        Err(error(self.position, what))
    }

    fn value(&mut self) -> Result<Value, ParseError> {
        if let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '\'' | '"')) {
            return self.quoted(quote).map(Value::Text);
        }
        let start = self.position;
        let word = self.word();
        if word.is_empty() {
            return Err(error(start, "a text in quotes or a number is needed here"));
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Value::Number(word.to_owned()));
        }
        if self.takes('(') {
            // As in socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)).
            if last_part(word) == "htons" {
                let inner = self.word();
                if self.takes(')') {
                    return Ok(Value::Word(last_part(inner).to_owned()));
                }
            }
            // As in gethostbyname(gethostname()).
            if last_part(word) == "gethostname" && self.takes(')') {
                return Ok(Value::Text(host_name()));
            }
            return Err(error(start, "only gethostname() can be called within a call"));
        }
        Ok(Value::Word(last_part(word).to_owned()))
    }

    fn quoted(&mut self, quote: char) -> Result<String, ParseError> {
        let inner = &self.rest()[1..];
        let Some(end) = inner.find(quote) else {
            return Err(error(self.position, "the closing quote is missing"));
        };
        self.position += end + 2;
        self.skip_spaces();
        Ok(inner[..end].to_owned())
    }
}

/// The arguments of a call or a pair, and where its closing parenthesis stands.
#[derive(Clone, Debug)]
struct Call {
    arguments: Vec<Argument>,
    end: usize,
}

impl Call {
    /// `None` when there is no such call.
    fn query(&self, name: &str) -> Option<Result<Query, ParseError>> {
        Some(match name {
            "gethostname" => self.at_most(0).map(|()| Query::HostName),
            "gethostbyname" | "gethostbyname_ex" => {
                self.at_most(1).and_then(|()| self.host(0)).map(Query::HostByName)
            }
            "gethostbyaddr" => self.at_most(1).and_then(|()| self.host(0)).map(Query::AddressName),
            "getservbyname" => self.service_by_name(),
            "getservbyport" => self.service_by_port(),
            "getprotobyname" => self
                .at_most(1)
                .and_then(|()| self.text(0, "the name of a protocol"))
                .map(|(_, name)| Query::ProtocolByName(name.to_owned())),
            "getaddrinfo" => self.addr_info(),
            "socket" => self.socket().map(|call| Query::Socket(Box::new(call))),
            "getnameinfo" => self.name_info(),
            _ => return None,
        })
    }

    fn service_by_name(&self) -> Result<Query, ParseError> {
        self.at_most(2)?;
        let (_, name) = self.text(0, "the name of a service")?;
        Ok(Query::ServiceByName { name: name.to_owned(), protocol: self.protocol(1)? })
    }

    fn service_by_port(&self) -> Result<Query, ParseError> {
        self.at_most(2)?;
        match self.port(0)? {
            Some(Port::Number(port)) => Ok(Query::ServiceByPort { port, protocol: self.protocol(1)? }),
            _ => Err(error(self.position(0), "a port is needed here: a number from 0 to 65535")),
        }
    }

    /// As Python has it: what is left out is `AF_INET`, `SOCK_STREAM` and 0.
    fn socket(&self) -> Result<SocketCall, ParseError> {
        self.at_most(3)?;
        let family = self.constant(0, "AF_INET", "an address family, such as AF_INET,", trying::family_of)?;
        let kind = self.constant(1, "SOCK_STREAM", "a type of socket, such as SOCK_STREAM,", trying::kind_of)?;
        let of_family = |text: &str| trying::protocol_of(&family, text);
        let protocol = self.constant(2, "0", "a protocol of the family, such as 0,", of_family)?;
        Ok(SocketCall { family, kind, protocol })
    }

    /// A name or a number that `read` knows.
    fn constant(
        &self,
        index: usize,
        usual: &str,
        what: &str,
        read: impl Fn(&str) -> Option<Constant>,
    ) -> Result<Constant, ParseError> {
        let text = match self.arguments.get(index).map(|argument| &argument.value) {
            None => usual,
            Some(Value::Word(text) | Value::Number(text)) => text,
            Some(Value::Text(_) | Value::Pair(_)) => "",
        };
        read(text).ok_or_else(|| error(self.position(index), format!("{what} or its number is needed here")))
    }

    fn addr_info(&self) -> Result<Query, ParseError> {
        let (host, port) = (self.host(0)?, self.port(1)?);
        let mut scheme = Scheme::Tcp;
        for argument in self.arguments.iter().skip(2) {
            match &argument.value {
                Value::Word(word) if word == "SOCK_STREAM" => scheme = Scheme::Tcp,
                Value::Word(word) if word == "SOCK_DGRAM" => scheme = Scheme::Udp,
                // Family, protocol and flags as they are when left out.
                Value::Word(word) if word == "AF_UNSPEC" || word == "0" => {}
                Value::Number(number) if number == "0" => {}
                _ => {
                    let reason =
                        "of the options SOCK_STREAM and SOCK_DGRAM are understood: both families are asked for";
                    return Err(error(argument.position, reason));
                }
            }
        }
        Ok(Query::GetAddrInfo { host, port, scheme })
    }

    fn name_info(&self) -> Result<Query, ParseError> {
        self.at_most(2)?;
        let needed = "a socket address is needed here: ('127.0.0.1', 80)";
        let Some(Argument { value: Value::Pair(pair), .. }) = self.arguments.first() else {
            return Err(error(self.position(0), needed));
        };
        let host = pair.address(0)?;
        let Some(Port::Number(port)) = pair.port(1)? else {
            return Err(error(pair.position(1), needed));
        };
        let scheme = match self.arguments.get(1).map(|argument| &argument.value) {
            None => Scheme::Tcp,
            Some(Value::Number(number)) if number == "0" => Scheme::Tcp,
            Some(Value::Word(word)) if word == "NI_DGRAM" => Scheme::Udp,
            Some(_) => {
                let reason = "the flags are 0 or NI_DGRAM: names and numbers are shown both";
                return Err(error(self.position(1), reason));
            }
        };
        Ok(Query::GetNameInfo { host, port, scheme })
    }

    fn position(&self, index: usize) -> usize {
        self.arguments.get(index).map_or(self.end, |argument| argument.position)
    }

    fn at_most(&self, count: usize) -> Result<(), ParseError> {
        match self.arguments.get(count) {
            None => Ok(()),
            Some(extra) => Err(error(extra.position, "this call takes no further argument")),
        }
    }

    /// A text with the position of its first character.
    fn text(&self, index: usize, what: &str) -> Result<(usize, &str), ParseError> {
        match self.arguments.get(index) {
            Some(Argument { position, value: Value::Text(text) }) => Ok((position + 1, text)),
            _ => Err(error(self.position(index), format!("{what} in quotes is needed here"))),
        }
    }

    fn host(&self, index: usize) -> Result<Host, ParseError> {
        let (position, text) = self.text(index, "a host")?;
        parse_host(text).map_err(|error| shift(error, position))
    }

    fn address(&self, index: usize) -> Result<Host, ParseError> {
        let host = self.host(index)?;
        if is_address(&host) {
            return Ok(host);
        }
        Err(error(self.position(index) + 1, format!("{host} is not an address, such as 127.0.0.1")))
    }

    fn protocol(&self, index: usize) -> Result<Option<String>, ParseError> {
        match self.arguments.get(index) {
            None => Ok(None),
            Some(_) => self.text(index, "a protocol").map(|(_, name)| Some(name.to_ascii_lowercase())),
        }
    }

    /// A number, or a number or service in quotes; `None` is for `None`.
    fn port(&self, index: usize) -> Result<Option<Port>, ParseError> {
        let position = self.position(index);
        match self.arguments.get(index).map(|argument| &argument.value) {
            Some(Value::Number(text)) => text.parse().map(Some).map_err(|error| shift(error, position)),
            Some(Value::Text(text)) => text.parse().map(Some).map_err(|error| shift(error, position + 1)),
            Some(Value::Word(word)) if word == "None" => Ok(None),
            _ => {
                Err(error(position, "a port is needed here: a number from 0 to 65535, or a service name in quotes"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
