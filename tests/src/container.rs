//! The containers of a stack.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::command::Finished;
use crate::docker::Engine;
use crate::poll;
use crate::servers::setup;
use crate::servers::{File, Ready, Setup};
use crate::stack::{Network, Stack};

/// How long a container may take to open its sockets.
const READY_LIMIT: Duration = Duration::from_secs(120);

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

impl<'a> Builder<'a> {
    pub(crate) fn of(stack: &'a Stack, name: &str) -> Self {
        Self {
            stack,
            name: stack.unique(name),
            image: stack.engine().image(),
            flags: Vec::new(),
            argv: vec!["idle".to_owned()],
            files: Vec::new(),
            ready: Ready::Says("ready".to_owned()),
            waits: true,
        }
    }

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
            self.stack.engine().docker_ok(self.args(&["run", "-d"]));
        } else {
            self.stack.engine().docker_ok(self.args(&["create"]));
            setup::put(self.stack.engine(), &self.name, &self.files);
            self.stack.engine().docker_ok(["start", &self.name]);
        }
        let container = self.made();
        if self.waits {
            self.ready.wait_for(&container);
        }
        container
    }

    /// Makes it and does not start it.
    pub fn create(self) -> Container {
        self.stack.engine().docker_ok(self.args(&["create"]));
        setup::put(self.stack.engine(), &self.name, &self.files);
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
        let engine = self.stack.engine().clone();
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
