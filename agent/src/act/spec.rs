//! What the actor is told to do, one word each.
//!
//! ```text
//! tcp:ADDRESS:PORT[,OPTION...]    listen; hold each connection and read it to its end
//! udp:ADDRESS:PORT[,OPTION...]    bind; read and stay silent
//! dns:ADDRESS:PORT[,OPTION...]    a DNS server on UDP and TCP
//! print=TEXT                      a line in the log
//! exit=CODE[,after=TIME]          end with this code
//! dial:ADDRESS:PORT               connect once and end: with code 0 when it worked, with 1 when not
//!
//! greet=TEXT     tcp: say it on connect; udp: answer every datagram with it
//! echo           send back what comes
//! http=STATUS    tcp: answer each HTTP request with this status; body=TEXT, header=NAME: VALUE
//! not_host=TEXT  tcp, with http: answer 400 to a request whose Host header has this in it
//! close, reset   tcp: accept, then close or reset
//! mongodb=A+B    tcp: answer as a member of a replica set does that names these hosts, its primary first; a fake of the wire
//!                protocol. Empty: a server on its own
//! kafka=A+B      tcp: answer as a broker does that advertises these addresses; a fake of the wire protocol
//! hang           tcp: never accept; backlog=N (0 where not given) is how many the kernel takes in
//! v6only         IPv6: leave IPv4 alone
//! delay=TIME     open the socket so much later
//! zone=NAME=IP   dns: an A or AAAA record, may be repeated; `*.example.test` is a wildcard
//! srv=NAME=HOST=PORT  dns: an SRV record, may be repeated
//! rcode=WORD     dns: the answer for other names: nxdomain (as when not given), servfail, refused, noerror
//! aaaa=WORD      dns: the answer for AAAA questions, also of names that the zone has; a word as with rcode
//! slow=TIME      dns: answer so much later
//! truncate       dns: over UDP say that the answer does not fit, so that it is asked for over TCP
//! silent         dns: read and never answer
//! ```
//!
//! TIME is `500ms` or `3s`. In TEXT `\n`, `\r`, `\t`, `\0`, `\,`, `\\` and `\xNN` are what they are in C.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spec {
    /// What.
    pub(super) part: Part,
    /// How long to wait before it.
    pub(super) delay: Duration,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// A line in the log.
    Print(String),
    /// End with this code.
    Exit(i32),
    /// Connect to this address, and end with 0 or 1.
    Dial(SocketAddr),
    /// Open a socket and serve it.
    Listen(Listen),
}

/// A socket to open, and how to serve it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listen {
    /// The transport.
    pub(super) transport: Transport,
    /// Where.
    pub(super) address: SocketAddr,
    /// IPv6: whether IPv4 is left alone.
    pub(super) v6_only: bool,
    /// TCP: the length of the accept queue.
    pub(super) backlog: i32,
    /// What to do with what comes.
    pub(super) manner: Manner,
}

/// The transports of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// TCP alone.
    Tcp,
    /// UDP alone.
    Udp,
    /// Both on one port, as a DNS server has it.
    Both,
}

/// What a server does with what comes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Manner {
    /// Read to the end, say nothing.
    Sink,
    /// Say this, then read to the end.
    Greet(Vec<u8>),
    /// Send back what comes.
    Echo,
    /// Answer every HTTP request with these bytes.
    Http(Vec<u8>),
    /// The same, but 400 to a request whose `Host` header has this in it.
    HttpUnless { host: String, reply: Vec<u8> },
    /// Close at once.
    Close,
    /// Reset at once.
    Reset,
    /// Never accept.
    Hang,
    /// Serve a zone.
    Dns(Zone),
    /// Answer as Redis does; whether peers from elsewhere are turned away (`protected-mode`).
    Redis { protected: bool },
    /// Answer as postgres without TLS does.
    Postgres,
    /// Answer as mongod does, as a member of a replica set with these hosts; as a server on its own without any.
    Mongodb(Vec<String>),
    /// Answer as a broker of Kafka does that advertises these addresses.
    Kafka(Vec<String>),
}

/// What the DNS server knows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zone {
    /// Names in lower case without the final dot, and their addresses.
    pub(super) records: Vec<(String, IpAddr)>,
    /// Names of services in lower case, and where those are.
    pub(super) services: Vec<(String, String, u16)>,
    /// The response code for every other name (RFC 1035, section 4.1.1).
    pub(super) otherwise: u8,
    /// The response code for every AAAA question, where it is to differ.
    pub(super) aaaa: Option<u8>,
    /// How much later to answer.
    pub(super) slow: Duration,
    /// Whether answers over UDP are truncated.
    pub(super) truncate: bool,
    /// Whether it never answers.
    pub(super) silent: bool,
}

impl Zone {
    /// A zone without any name.
    pub(super) fn empty() -> Self {
        Self {
            records: Vec::new(),
            services: Vec::new(),
            otherwise: 3,
            aaaa: None,
            slow: Duration::ZERO,
            truncate: false,
            silent: false,
        }
    }
}

impl Listen {
    /// A TCP server with a comfortable backlog.
    pub(super) fn tcp(address: SocketAddr, manner: Manner) -> Self {
        Self { transport: Transport::Tcp, address, v6_only: false, backlog: 128, manner }
    }
}

impl Spec {
    /// A spec for now.
    pub(super) fn now(part: Part) -> Self {
        Self { part, delay: Duration::ZERO }
    }

    /// Reads one word.
    pub(super) fn parse(word: &str) -> Result<Self, String> {
        Self::read(word).map_err(|reason| format!("cannot play `{word}`: {reason}"))
    }

    fn read(word: &str) -> Result<Self, String> {
        if let Some(text) = word.strip_prefix("print=") {
            return Ok(Self::now(Part::Print(String::from_utf8_lossy(&unescape(text)?).into_owned())));
        }
        let mut fields = split(word).into_iter();
        let head = fields.next().unwrap_or_default();
        if let Some(code) = head.strip_prefix("exit=") {
            return exit(code, fields);
        }
        let (transport, address) = head.split_once(':').ok_or("no transport")?;
        if transport == "dial" {
            return dial(address, fields);
        }
        let (transport, manner) = match transport {
            "tcp" => (Transport::Tcp, Manner::Sink),
            "udp" => (Transport::Udp, Manner::Sink),
            "dns" => (Transport::Both, Manner::Dns(Zone::empty())),
            other => return Err(format!("`{other}` is no transport")),
        };
        let address = address.parse().map_err(|_| format!("`{address}` is no address with a port"))?;
        let mut listen = Listen { transport, address, v6_only: false, backlog: 128, manner };
        let mut delay = Duration::ZERO;
        let mut http = Http::default();
        for option in fields {
            let (key, value) = option.split_once('=').unwrap_or((option, ""));
            match key {
                "delay" => delay = time(value)?,
                "http" => http.status = Some(value.parse().map_err(|_| format!("`{value}` is no status"))?),
                "body" => http.body = unescape(value)?,
                "not_host" => http.not_host = Some(value.to_owned()),
                "header" => http.headers.push(unescape(value)?),
                _ => option_of(&mut listen, key, value)?,
            }
        }
        let not_host = http.not_host.take();
        if let Some(reply) = http.reply() {
            listen.manner = match not_host {
                Some(host) => Manner::HttpUnless { host, reply },
                None => Manner::Http(reply),
            };
        }
        Ok(Self { part: Part::Listen(listen), delay })
    }
}

/// `exit=CODE[,after=TIME]`, the code split off already.
fn exit<'a>(code: &str, fields: impl Iterator<Item = &'a str>) -> Result<Spec, String> {
    let code = code.parse().map_err(|_| format!("`{code}` is no exit code"))?;
    let mut delay = Duration::ZERO;
    for field in fields {
        delay = time(field.strip_prefix("after=").ok_or_else(|| format!("`{field}` is no option of exit"))?)?;
    }
    Ok(Spec { part: Part::Exit(code), delay })
}

/// `dial:ADDRESS:PORT`, the first word split off already.
fn dial<'a>(address: &str, mut fields: impl Iterator<Item = &'a str>) -> Result<Spec, String> {
    let address = address.parse().map_err(|_| format!("`{address}` is no address with a port"))?;
    match fields.next() {
        Some(field) => Err(format!("`{field}` is no option of dial")),
        None => Ok(Spec::now(Part::Dial(address))),
    }
}

/// One option of a socket.
fn option_of(listen: &mut Listen, key: &str, value: &str) -> Result<(), String> {
    match (key, &mut listen.manner) {
        ("v6only", _) => listen.v6_only = true,
        ("backlog", _) => listen.backlog = value.parse().map_err(|_| format!("`{value}` is no backlog"))?,
        ("zone", Manner::Dns(zone)) => {
            let (name, address) = value.rsplit_once('=').ok_or("zone wants NAME=IP")?;
            let address = address.parse().map_err(|_| format!("`{address}` is no address"))?;
            zone.records.push((name.trim_end_matches('.').to_ascii_lowercase(), address));
        }
        ("srv", Manner::Dns(zone)) => {
            let mut parts = value.split('=');
            let (name, host, port) = (parts.next(), parts.next(), parts.next());
            let (Some(name), Some(host), Some(port)) = (name, host, port) else {
                return Err("srv wants NAME=HOST=PORT".to_owned());
            };
            let port = port.parse().map_err(|_| format!("`{port}` is no port"))?;
            zone.services.push((name.to_ascii_lowercase(), host.to_owned(), port));
        }
        ("rcode", Manner::Dns(zone)) => zone.otherwise = rcode(value)?,
        ("aaaa", Manner::Dns(zone)) => zone.aaaa = Some(rcode(value)?),
        ("slow", Manner::Dns(zone)) => zone.slow = time(value)?,
        ("truncate", Manner::Dns(zone)) => zone.truncate = true,
        ("silent", Manner::Dns(zone)) => zone.silent = true,
        ("greet", manner) => *manner = Manner::Greet(unescape(value)?),
        ("echo", manner) => *manner = Manner::Echo,
        ("close", manner) => *manner = Manner::Close,
        ("reset", manner) => *manner = Manner::Reset,
        ("mongodb", manner) => *manner = Manner::Mongodb(addresses(value)),
        ("kafka", manner) => *manner = Manner::Kafka(addresses(value)),
        ("hang", manner) => {
            *manner = Manner::Hang;
            listen.backlog = 0;
        }
        _ => return Err(format!("`{key}` is no option of it")),
    }
    Ok(())
}

/// Addresses with a `+` between them.
fn addresses(value: &str) -> Vec<String> {
    value.split('+').filter(|address| !address.is_empty()).map(str::to_owned).collect()
}

/// The number of a response code (RFC 1035, section 4.1.1).
fn rcode(word: &str) -> Result<u8, String> {
    match word {
        "noerror" => Ok(0),
        "servfail" => Ok(2),
        "nxdomain" => Ok(3),
        "refused" => Ok(5),
        _ => Err(format!("`{word}` is no response code")),
    }
}

/// The parts of an HTTP answer, as they are collected.
#[derive(Default)]
struct Http {
    status: Option<u16>,
    headers: Vec<Vec<u8>>,
    body: Vec<u8>,
    not_host: Option<String>,
}

impl Http {
    /// The bytes of the answer; none where no status was given.
    fn reply(self) -> Option<Vec<u8>> {
        let status = self.status?;
        let mut reply = format!("HTTP/1.1 {status} {}\r\n", reason_phrase(status)).into_bytes();
        for header in self.headers {
            reply.extend(header);
            reply.extend(b"\r\n");
        }
        reply.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()).bytes());
        reply.extend(self.body);
        Some(reply)
    }
}

/// The usual phrase of a status (RFC 9110, section 15).
fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// `500ms`, `3s`.
fn time(text: &str) -> Result<Duration, String> {
    let number = |digits: &str| digits.parse().map_err(|_| format!("`{text}` is no time"));
    match text.strip_suffix("ms") {
        Some(digits) => Ok(Duration::from_millis(number(digits)?)),
        None => Ok(Duration::from_secs(number(text.strip_suffix('s').unwrap_or(text))?)),
    }
}

/// The fields of a word, cut at every comma that has no backslash before it.
fn split(word: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in word.char_indices() {
        if c == ',' && !escaped {
            fields.push(&word[start..at]);
            start = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    fields.push(&word[start..]);
    fields
}

/// The bytes that a text with escapes means.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'0') => 0,
            Some(b'x') => {
                let digits = [bytes.next().unwrap_or_default(), bytes.next().unwrap_or_default()];
                let digits = str::from_utf8(&digits).unwrap_or_default();
                u8::from_str_radix(digits, 16).map_err(|_| format!("`\\x{digits}` is no byte"))?
            }
            Some(other) => other,
            None => return Err("a backslash at the end".to_owned()),
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(word: &str) -> Listen {
        match Spec::parse(word).expect(word).part {
            Part::Listen(listen) => listen,
            other => panic!("{word} is {other:?}"),
        }
    }

    #[test]
    fn a_socket_and_its_options() {
        let plain = listen("tcp:0.0.0.0:80");
        assert_eq!((plain.transport, plain.manner), (Transport::Tcp, Manner::Sink));
        assert!(listen("tcp:[::]:80,v6only").v6_only);
        assert_eq!(listen("tcp:127.0.0.1:1,greet=a\\,b\\r\\n").manner, Manner::Greet(b"a,b\r\n".to_vec()));
        assert_eq!(listen("tcp:127.0.0.1:1,hang").backlog, 0);
        assert_eq!(listen("tcp:127.0.0.1:1,hang,backlog=9").backlog, 9);
        assert_eq!(Spec::parse("udp:0.0.0.0:53,delay=1500ms").expect("delay").delay, Duration::from_millis(1500));
    }

    #[test]
    fn an_http_answer_has_the_length_of_its_body() {
        let Manner::Http(reply) = listen("tcp:0.0.0.0:80,http=503,header=retry-after: 1,body=later").manner else {
            panic!("no http");
        };
        let reply = String::from_utf8(reply).expect("text");
        assert!(reply.starts_with("HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n"), "{reply}");
        assert!(reply.contains("content-length: 5\r\n") && reply.ends_with("\r\n\r\nlater"), "{reply}");
    }

    #[test]
    fn an_end_and_a_line() {
        assert_eq!(
            Spec::parse("print=out of memory, sorry").expect("print").part,
            Part::Print("out of memory, sorry".into())
        );
        let exit = Spec::parse("exit=137,after=2s").expect("exit");
        assert_eq!((exit.part, exit.delay), (Part::Exit(137), Duration::from_secs(2)));
        let dial = Spec::parse("dial:127.0.0.1:80").expect("dial");
        assert_eq!(dial.part, Part::Dial(SocketAddr::from(([127, 0, 0, 1], 80))));
    }

    #[test]
    fn nonsense_is_refused_with_the_word_in_it() {
        for word in [
            "",
            "tcp",
            "tcp:80",
            "sctp:0.0.0.0:1",
            "tcp:0.0.0.0:70000",
            "tcp:0.0.0.0:1,frob",
            "dial:mongodb:1",
            "dial:127.0.0.1:1,echo",
            "exit=x",
            "udp:0.0.0.0:1,zone=a=1.2.3.4",
        ] {
            let error = Spec::parse(word).expect_err(word);
            assert!(error.contains(&format!("`{word}`")), "{error}");
        }
    }
}
