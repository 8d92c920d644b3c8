//! A stack: networks and containers that belong to one test and go with it.

use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::command::Finished;
use crate::docker::Engine;
use crate::servers::setup;
use crate::servers::{File, Ready, Setup};
use crate::{poll, run, subnet};

/// The label that says to which stack something belongs.
pub const STACK_LABEL: &str = "io.dprobe.tests.stack";

/// How long a container may take to open its sockets.
const READY_LIMIT: Duration = Duration::from_secs(30);

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
        Builder {
            stack: self,
            name: self.unique(name),
            image: self.engine.image(),
            flags: Vec::new(),
            argv: vec!["idle".to_owned()],
            files: Vec::new(),
            ready: Ready::Says("ready".to_owned()),
            waits: true,
        }
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

/// A container to be made.
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder<'a> {
    stack: &'a Stack,
    name: String,
    image: &'static str,
    flags: Vec<String>,
    argv: Vec<String>,
    files: Vec<File>,
    ready: Ready,
    waits: bool,
}

impl Builder<'_> {
    /// Its network. Without one it is on the default bridge.
    pub fn on(self, network: &Network) -> Self {
        self.flags(["--network", network.name()])
    }

    /// A name that it answers to on its network.
    pub fn alias(self, alias: &str) -> Self {
        self.flags(["--network-alias", alias])
    }

    /// The DNS server that the engine asks on its behalf.
    pub fn asks(self, nameserver: Ipv4Addr) -> Self {
        self.flags(["--dns", &nameserver.to_string()])
    }

    /// Flags of `docker run`.
    pub fn flags<'f>(mut self, flags: impl IntoIterator<Item = &'f str>) -> Self {
        self.flags.extend(flags.into_iter().map(ToOwned::to_owned));
        self
    }

    /// The program and its arguments. Without it it idles.
    pub fn runs<S: Into<String>>(mut self, argv: impl IntoIterator<Item = S>) -> Self {
        self.argv = argv.into_iter().map(Into::into).collect();
        self
    }

    /// A file that is put into it before it starts, for everybody to read. See [`File`] for its directory.
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push(File::new(path, content));
        self
    }

    /// Another image than the actor's.
    pub(crate) fn made_from(mut self, image: &'static str) -> Self {
        self.image = image;
        self
    }

    /// The program of a server with all that belongs to it.
    pub(crate) fn set_up(mut self, setup: Setup) -> Self {
        self.files.extend(setup.files);
        self.argv = setup.argv;
        self.ready = setup.ready;
        self.flags(setup.user.into_iter().flat_map(|user| ["--user", user]))
    }

    /// Does not wait until it has opened its sockets.
    pub fn unready(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Makes and starts it, and waits until its sockets are open.
    pub fn start(self) -> Container {
        if self.files.is_empty() {
            self.stack.engine.docker_ok(self.args(&["run", "-d"]));
        } else {
            self.stack.engine.docker_ok(self.args(&["create"]));
            setup::put(&self.stack.engine, &self.name, &self.files);
            self.stack.engine.docker_ok(["start", &self.name]);
        }
        let container = self.made();
        if self.waits {
            self.ready.wait_for(&container);
        }
        container
    }

    /// Makes it and does not start it.
    pub fn create(self) -> Container {
        self.stack.engine.docker_ok(self.args(&["create"]));
        setup::put(&self.stack.engine, &self.name, &self.files);
        self.made()
    }

    fn args(&self, verb: &[&str]) -> Vec<String> {
        let mut args: Vec<String> = verb.iter().map(|&word| word.to_owned()).collect();
        args.extend(["--name".to_owned(), self.name.clone()]);
        args.extend(self.stack.label_flags());
        args.extend(self.flags.iter().cloned());
        args.push(self.image.to_owned());
        args.extend(self.argv.iter().cloned());
        args
    }

    fn made(&self) -> Container {
        let engine = self.stack.engine.clone();
        let id = engine.docker_ok(["container", "inspect", "--format", "{{.Id}}", &self.name]);
        Container {
            engine,
            name: self.name.clone(),
            id,
            labels: self.stack.label_flags(),
            flags: self.flags.clone(),
            image: self.image,
            files: self.files.clone(),
            ready: self.ready.clone(),
        }
    }
}

/// A container of a stack.
#[derive(Debug, Clone)]
pub struct Container {
    engine: Engine,
    name: String,
    id: String,
    labels: Vec<String>,
    flags: Vec<String>,
    image: &'static str,
    files: Vec<File>,
    ready: Ready,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Container {
    /// Its full name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its full id, as it was made first.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `NAME:PORT`.
    #[must_use]
    pub fn port(&self, port: u16) -> String {
        format!("{}:{port}", self.name)
    }

    /// Its IPv4 address on a network.
    ///
    /// # Panics
    /// When it has none there.
    #[must_use]
    pub fn ip(&self, network: &str) -> Ipv4Addr {
        self.address(network, "IPAddress").parse().expect("an IPv4 address")
    }

    /// Its global IPv6 address on a network.
    ///
    /// # Panics
    /// When it has none there.
    #[must_use]
    pub fn ipv6(&self, network: &str) -> std::net::Ipv6Addr {
        self.address(network, "GlobalIPv6Address").parse().expect("an IPv6 address")
    }

    fn address(&self, network: &str, field: &str) -> String {
        let all = self.engine.inspect(&self.name).expect("the container");
        all["NetworkSettings"]["Networks"][network][field].as_str().unwrap_or_default().to_owned()
    }

    /// The host port that a port of it is published on, for IPv4. `port` is as in `80/tcp`.
    #[must_use]
    pub fn published(&self, port: &str) -> u16 {
        let line = self.engine.lines(&["port", &self.name, port]).into_iter().find(|line| !line.starts_with('['));
        let line = line.unwrap_or_else(|| panic!("{port} of {self} is not published"));
        line.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Waits until a line of its log has this in it.
    ///
    /// # Panics
    /// When it does not come, with the log.
    pub fn wait_for_log(&self, text: &str) {
        let mut seen = String::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            poll::until(&format!("`{text}` in the log of {self}"), READY_LIMIT, || {
                seen = self.log();
                seen.lines().any(|line| line.contains(text)).then_some(())
            });
        }));
        assert!(found.is_ok(), "the log of {self} has no `{text}`:\n{seen}");
    }

    /// What it has written to stdout, and to stderr behind it.
    #[must_use]
    pub fn log(&self) -> String {
        let done = self.engine.docker(["logs", &self.name]);
        done.stdout + &done.stderr
    }

    /// Whether its program runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.engine.inspect(&self.name).is_some_and(|all| all["State"]["Running"] == true)
    }

    /// Runs a command inside, as the user that it runs as.
    pub fn exec(&self, argv: &[&str]) -> Finished {
        self.engine.docker([&["exec", self.name.as_str()], argv].concat())
    }

    /// Starts a command inside and leaves it alone.
    pub fn exec_detached(&self, argv: &[&str]) {
        self.engine.docker_ok([&["exec", "-d", self.name.as_str()], argv].concat());
    }

    /// Puts a file into it as it is now, for everybody to read. See [`File`] for its directory.
    pub fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        setup::put(&self.engine, &self.name, &[File::new(path, content)]);
    }

    /// Waits until the engine says that it is in this state.
    pub fn wait_for_status(&self, status: &str) {
        poll::until(&format!("{self} to be {status}"), READY_LIMIT, || {
            let all = self.engine.inspect(&self.name)?;
            (all["State"]["Status"] == status).then_some(())
        });
    }

    /// Runs `docker VERB NAME`, such as `stop`, `start`, `pause`.
    pub fn docker(&self, verb: &str) {
        self.engine.docker_ok([verb, &self.name]);
    }

    /// Starts it in vain, as a container whose port is taken.
    ///
    /// # Panics
    /// When it starts.
    pub fn fails_to_start(&self) {
        let done = self.engine.docker(["start", &self.name]);
        assert!(!done.status.success(), "{self} was started");
    }

    /// Removes it.
    pub fn remove(&self) {
        self.engine.docker_ok(["rm", "-fv", &self.name]);
    }

    /// Puts it on one more network.
    pub fn join(&self, network: &Network, flags: &[&str]) {
        let mut args = vec!["network", "connect"];
        args.extend(flags);
        args.extend([network.name(), &self.name]);
        self.engine.docker_ok(args);
    }

    /// Makes it anew with the same flags and another program, as a user does who follows a fix, and waits for its sockets.
    pub fn recreate<S: Into<String>>(&self, argv: impl IntoIterator<Item = S>) {
        self.recreate_with(&[], argv);
    }

    /// The same, with more flags of `docker run`.
    pub fn recreate_with<S: Into<String>>(&self, flags: &[&str], argv: impl IntoIterator<Item = S>) {
        self.remove();
        let mut words = vec!["create".to_owned(), "--name".to_owned(), self.name.clone()];
        words.extend(self.labels.iter().cloned());
        words.extend(self.flags.iter().cloned());
        words.extend(flags.iter().map(|&flag| flag.to_owned()));
        words.push(self.image.to_owned());
        words.extend(argv.into_iter().map(Into::into));
        self.engine.docker_ok(words);
        setup::put(&self.engine, &self.name, &self.files);
        self.engine.docker_ok(["start", &self.name]);
        self.ready.wait_for(self);
    }
}
