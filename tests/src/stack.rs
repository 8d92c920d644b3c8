//! A stack: networks and containers that belong to one test and go with it.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::container::Builder;
use crate::docker::Engine;
use crate::{run, subnet};

/// The label that says to which stack something belongs.
pub const STACK_LABEL: &str = "io.dprobe.tests.stack";

/// Networks and containers of one test. Dropping it, also while panicking, removes all of them.
#[derive(Debug)]
pub struct Stack {
    engine: Engine,
    prefix: String,
    /// Networks made by commands that dprobe printed, which carry no label.
    adopted: Mutex<Vec<String>>,
}

impl Stack {
    /// An empty stack. The first one in a process sweeps what killed runs left behind.
    ///
    /// # Panics
    /// When there is no engine, with what to do about it.
    #[must_use]
    pub fn new() -> Self {
        run::sweep();
        Self::on(Engine::of_this_machine())
    }

    /// An empty stack on an engine.
    pub(crate) fn on(engine: Engine) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // The process id alone would come back one day, beside what a killed process left.
        let start = run::id().split('.').nth(1).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default();
        let prefix = format!("dpt{:x}{:02x}-{number}", std::process::id(), start & 0xff);
        Self { engine, prefix, adopted: Mutex::default() }
    }

    /// The engine it is on.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The name that this stack gives to something, unique on the engine.
    #[must_use]
    pub fn unique(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// The flags that make something part of this stack.
    #[must_use]
    pub fn label_flags(&self) -> Vec<String> {
        let mut flags = run::label_flags().to_vec();
        flags.extend(["--label".to_owned(), format!("{STACK_LABEL}={}", self.prefix)]);
        flags
    }

    /// A bridge network with a small subnet of its own.
    #[must_use]
    pub fn network(&self, name: &str) -> Network {
        self.network_with(name, &[])
    }

    /// The same, with more flags of `docker network create`.
    #[must_use]
    pub fn network_with(&self, name: &str, flags: &[&str]) -> Network {
        let name = self.unique(name);
        let mut last = String::new();
        for _ in 0..50 {
            let base = subnet::candidate();
            let mut args = vec!["network".to_owned(), "create".to_owned()];
            args.extend(self.label_flags());
            args.extend(["--subnet".to_owned(), format!("{base}/28")]);
            args.extend(flags.iter().map(|&flag| flag.to_owned()));
            args.push(name.clone());
            let done = self.engine.docker(&args);
            if done.status.success() {
                return Network { name, base };
            }
            last = done.stderr;
            // Another process was faster with this subnet.
            assert!(last.contains("overlap"), "cannot make the network {name}: {}", last.trim());
        }
        panic!("found no free subnet for {name}: {}", last.trim())
    }

    /// A container to be made. Its full name has the stack's prefix; on a network it can be given plain names as aliases.
    pub fn container(&self, name: &str) -> Builder<'_> {
        Builder::of(self, name)
    }

    /// A DNS server on a network, or on the default bridge, that knows these names and says of every other that it does
    /// not exist. Containers whose lookups fail ask it (see [`Builder::asks`]), for the engine hands on what it does not
    /// know, and what the machine's own server makes of that is not up to the test.
    #[must_use]
    pub fn nameserver(&self, network: Option<&Network>, zone: &[(&str, &str)]) -> Ipv4Addr {
        let mut spec = "dns:0.0.0.0:53".to_owned();
        for (name, address) in zone {
            let _ = write!(spec, ",zone={name}={address}");
        }
        let server = self.container("nameserver").runs(["web", &spec]);
        match network {
            Some(network) => {
                let address = network.address(14);
                server.on(network).flags(["--ip", &address.to_string()]).start();
                address
            }
            None => server.start().ip("bridge"),
        }
    }

    /// Runs a command that dprobe printed, through the shell as a user would, and takes on what it makes.
    ///
    /// # Panics
    /// When it fails.
    pub fn type_command(&self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["docker", "network", "create", .., name] = words[..] {
            let name = name.trim_matches(['\'', '"']);
            assert!(name.contains(&self.prefix), "`{line}` makes a network that could be somebody else's");
            self.adopted.lock().expect("no panic while it is held").push(name.to_owned());
        }
        let done = self.engine.shell(line);
        assert!(done.status.success(), "the printed command `{line}` failed: {}", done.stderr.trim());
    }
}

impl Default for Stack {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.engine.address().is_some() {
            // All of it goes with the lab.
            return;
        }
        // Nothing here may panic, for the stack may go because of a panic.
        let ours = format!("label={STACK_LABEL}={}", self.prefix);
        let list = |args: &[&str]| -> Vec<String> {
            self.engine
                .docker(args)
                .stdout
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(ToOwned::to_owned)
                .collect()
        };
        let containers = list(&["ps", "-aq", "--filter", &ours]);
        if !containers.is_empty() {
            let _ = self.engine.docker(["rm", "-fv"].into_iter().map(ToOwned::to_owned).chain(containers));
        }
        let mut networks = list(&["network", "ls", "-q", "--filter", &ours]);
        networks.extend(self.adopted.get_mut().map(std::mem::take).unwrap_or_default());
        for network in networks {
            // An agent that is just ending may hold it for a moment.
            for _ in 0..50 {
                let done = self.engine.docker(["network", "rm", &network]);
                if done.status.success() || done.stderr.to_lowercase().contains("not found") {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// A network of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    name: String,
    base: Ipv4Addr,
}

impl Network {
    /// Its full name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address so many steps into its subnet. 1 is the gateway, 2 the first that the engine gives away, 14 the last.
    #[must_use]
    pub fn address(&self, step: u8) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.base) + u32::from(step))
    }
}
