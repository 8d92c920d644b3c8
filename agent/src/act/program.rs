//! Well-known programs, played under their own names with their own flags, as far as those say where they listen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::spec::{Listen, Manner, Part, Spec};

/// What the program of this name does with these arguments.
pub(super) fn specs(name: &str, args: &[String]) -> Result<Vec<Spec>, String> {
    match name {
        "mongod" => mongod(args),
        "redis-server" => redis(args),
        "postgres" => postgres(args),
        "nginx" => nginx(args),
        // A script is what node would run; the specs after it say what the script does.
        "node" => parse(args.iter().filter(|arg| !is_script(arg))),
        "web" | "idle" => parse(args.iter()),
        _ => Err(format!("`{name}` is no program that is played here")),
    }
}

/// Every argument as a spec.
fn parse<'a>(args: impl Iterator<Item = &'a String>) -> Result<Vec<Spec>, String> {
    args.map(|arg| Spec::parse(arg)).collect()
}

fn is_script(arg: &str) -> bool {
    [".js", ".mjs", ".cjs"].iter().any(|extension| arg.ends_with(extension))
}

/// mongod: `--bind_ip A,B`, `--bind_ip_all`, `--port N`. Without either of the first two it listens on localhost, as the
/// program itself and its packaged `mongod.conf` do.
fn mongod(args: &[String]) -> Result<Vec<Spec>, String> {
    let mut bind = vec!["127.0.0.1".to_owned()];
    let mut port = 27017;
    let mut flags = Flags::new(args);
    while let Some((flag, value)) = flags.next() {
        match flag {
            "--bind_ip_all" => bind = vec!["0.0.0.0".to_owned()],
            "--bind_ip" => bind = list(value.or_else(|| flags.value()), flag)?,
            "--port" => port = number(value.or_else(|| flags.value()), flag)?,
            _ => {}
        }
    }
    everywhere(&bind, port, &Manner::Mongodb(Vec::new()))
}

/// redis-server: `--bind A B`, `--port N`, `--protected-mode yes|no`. Without `--bind` it listens on 127.0.0.1, as with
/// its packaged `redis.conf`.
fn redis(args: &[String]) -> Result<Vec<Spec>, String> {
    let mut bind = vec!["127.0.0.1".to_owned()];
    let mut port = 6379;
    let mut protected = true;
    let mut flags = Flags::new(args);
    while let Some((flag, value)) = flags.next() {
        match flag {
            "--bind" => {
                bind.clear();
                bind.extend(value.map(ToOwned::to_owned));
                while let Some(address) = flags.value() {
                    bind.extend(address.split_whitespace().map(ToOwned::to_owned));
                }
            }
            "--port" => port = number(value.or_else(|| flags.value()), flag)?,
            "--protected-mode" => protected = value.or_else(|| flags.value()) != Some("no"),
            _ => {}
        }
    }
    everywhere(&bind, port, &Manner::Redis { protected })
}

/// postgres: `-h A,B`, `-p N`, `-i`, `-c listen_addresses=…`, `-c port=…`. Without them it listens on localhost.
fn postgres(args: &[String]) -> Result<Vec<Spec>, String> {
    let mut bind = vec!["127.0.0.1".to_owned()];
    let mut port = 5432;
    let mut flags = Flags::new(args);
    while let Some((flag, value)) = flags.next() {
        match flag {
            "-h" | "--listen_addresses" => bind = list(value.or_else(|| flags.value()), flag)?,
            "-p" | "--port" => port = number(value.or_else(|| flags.value()), flag)?,
            "-i" => bind = vec!["0.0.0.0".to_owned()],
            "-c" => match flags.value().and_then(|setting| setting.split_once('=')) {
                Some(("listen_addresses", addresses)) => bind = list(Some(addresses), flag)?,
                Some(("port", digits)) => port = number(Some(digits), flag)?,
                _ => {}
            },
            _ => {}
        }
    }
    everywhere(&bind, port, &Manner::Postgres)
}

/// nginx: its own flags say nothing of sockets; specs may follow, else it serves port 80 as its packaged configuration.
fn nginx(args: &[String]) -> Result<Vec<Spec>, String> {
    let mut specs = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-g" | "-c" | "-p" => drop(args.next()),
            spec => specs.push(Spec::parse(spec)?),
        }
    }
    if specs.is_empty() {
        specs.push(Spec::parse("tcp:0.0.0.0:80,http=200,body=nginx")?);
    }
    Ok(specs)
}

/// One socket for each address.
fn everywhere(bind: &[String], port: u16, manner: &Manner) -> Result<Vec<Spec>, String> {
    bind.iter()
        .map(|host| {
            let address = SocketAddr::new(address(host.trim())?, port);
            Ok(Spec::now(Part::Listen(Listen::tcp(address, manner.clone()))))
        })
        .collect()
}

/// The address that a word of a bind list means. Names are looked up in the hosts file, where a container finds its own;
/// a static binary has no other resolver.
fn address(host: &str) -> Result<IpAddr, String> {
    match host {
        "*" | "" => return Ok(Ipv4Addr::UNSPECIFIED.into()),
        "localhost" => return Ok(Ipv4Addr::LOCALHOST.into()),
        "-::1" => return Ok(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    if let Ok(address) = host.parse() {
        return Ok(address);
    }
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    in_hosts(&hosts, host).ok_or_else(|| format!("cannot listen on `{host}`: no such name in /etc/hosts"))
}

/// The first address that a hosts file has for a name (hosts(5)).
fn in_hosts(hosts: &str, name: &str) -> Option<IpAddr> {
    hosts.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then(|| address.parse().ok())?
    })
}

fn list(value: Option<&str>, flag: &str) -> Result<Vec<String>, String> {
    let value = value.ok_or_else(|| format!("`{flag}` wants a value"))?;
    Ok(value.split(',').map(ToOwned::to_owned).collect())
}

fn number(value: Option<&str>, flag: &str) -> Result<u16, String> {
    let value = value.ok_or_else(|| format!("`{flag}` wants a value"))?;
    value.parse().map_err(|_| format!("`{value}` is no port"))
}

/// An argument list as flags; a value may stand behind `=` or be the next argument.
struct Flags<'a> {
    args: std::iter::Peekable<std::slice::Iter<'a, String>>,
}

impl<'a> Flags<'a> {
    fn new(args: &'a [String]) -> Self {
        Self { args: args.iter().peekable() }
    }

    /// The next argument, and what stands behind its `=` where it is a long flag.
    fn next(&mut self) -> Option<(&'a str, Option<&'a str>)> {
        let arg = self.args.next()?.as_str();
        match arg.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => Some((flag, Some(value))),
            _ => Some((arg, None)),
        }
    }

    /// The next argument where it is no flag. `-::1` is an address to Redis, not a flag.
    fn value(&mut self) -> Option<&'a str> {
        self.args.next_if(|arg| !arg.starts_with('-') || arg.starts_with("-:")).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a command line makes its program listen.
    fn listens(line: &str) -> Vec<String> {
        let words: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
        let specs = specs(&words[0], &words[1..]).expect(line);
        specs
            .into_iter()
            .map(|spec| match spec.part {
                Part::Listen(listen) => listen.address.to_string(),
                other => panic!("{line} is {other:?}"),
            })
            .collect()
    }

    #[test]
    fn databases_listen_on_localhost_until_told_otherwise() {
        assert_eq!(listens("mongod"), ["127.0.0.1:27017"]);
        assert_eq!(listens("redis-server"), ["127.0.0.1:6379"]);
        assert_eq!(listens("postgres"), ["127.0.0.1:5432"]);
        assert_eq!(listens("nginx -g daemon"), ["0.0.0.0:80"]);
    }

    #[test]
    fn their_own_flags_say_where() {
        assert_eq!(listens("mongod --bind_ip_all --port 27018"), ["0.0.0.0:27018"]);
        assert_eq!(listens("mongod --bind_ip localhost,10.0.0.9"), ["127.0.0.1:27017", "10.0.0.9:27017"]);
        assert_eq!(listens("mongod --bind_ip=0.0.0.0 --quiet"), ["0.0.0.0:27017"]);
        assert_eq!(listens("redis-server --bind 0.0.0.0 -::1 --port 7000"), ["0.0.0.0:7000", "[::1]:7000"]);
        assert_eq!(listens("redis-server /etc/redis.conf --bind *"), ["0.0.0.0:6379"]);
        assert_eq!(listens("postgres -c listen_addresses=* -p 5433"), ["0.0.0.0:5433"]);
        assert_eq!(listens("postgres -h 0.0.0.0"), ["0.0.0.0:5432"]);
        assert_eq!(listens("node server.js tcp:127.0.0.1:3000,http=200"), ["127.0.0.1:3000"]);
    }

    #[test]
    fn a_container_finds_its_own_name_in_the_hosts_file() {
        let hosts = "127.0.0.1\tlocalhost\n# 10.0.0.1 mongodb\n172.18.0.2\tmongodb 0123abcd\n";
        assert_eq!(in_hosts(hosts, "MONGODB"), Some(Ipv4Addr::new(172, 18, 0, 2).into()));
        assert_eq!(in_hosts(hosts, "mongo"), None);
    }

    #[test]
    fn redis_is_protected_until_told_otherwise() {
        let manner = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
            match redis(&args).expect("redis").remove(0).part {
                Part::Listen(listen) => listen.manner,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(manner(&[]), Manner::Redis { protected: true });
        assert_eq!(manner(&["--protected-mode", "no"]), Manner::Redis { protected: false });
    }
}
