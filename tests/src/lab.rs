//! A lab: a throw-away engine on a host of its own, for faults that touch a whole machine.
//!
//! Forwarding, iptables and the state of bridges belong to a network namespace. The engine of a lab
//! has one, and nothing that is done there is felt outside. Beyond its uplink is another namespace that plays the internet.
//!
//! ```no_run
//! use dprobe_tests::Lab;
//!
//! let Some(lab) = Lab::new() else { return };
//! let stack = lab.stack();
//! let web = stack.container("web").start();
//! lab.host("sysctl -w net.ipv4.ip_forward=0");
//! let outcome = lab.check([web.name(), &format!("{}:80", lab.outside_address())]);
//! outcome.unreachable("ip-forward-off").fix_works(&stack);
//! ```
//!
//! A lab takes about a second to start. Its processes are in a process namespace of their own and all end with the first
//! of them, which is killed when the lab is dropped, and by the kernel when the test is killed. Its file systems are in
//! memory and in a mount namespace of its own, and go with the processes.

mod internet;
mod leftovers;
mod swarm;

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::docker::{Engine, InLab};
use crate::{Checkup, Dprobe, Outcome, Stack, binary, image, poll, run};
use internet::Internet;

/// How directories and cgroups of labs are called, before the process that made them (see [`run::id`]) and a number.
pub(crate) const PREFIX: &str = "dprobe-lab-";

/// How long an engine may take to start, with others that do the same.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What the first process of a lab does, in namespaces of its own: mounts of what is to be private, then the engine,
/// again and again, so that it can be restarted. `/run/containerd` is hidden because dockerd would take the containerd
/// of this machine if it saw one there.
const INIT: &str = r#"
set -eu
mount --bind "$DIR/resolv.conf" /etc/resolv.conf
mkdir -p /run/containerd
for private in /run/containerd "$DIR/data" "$DIR/exec"; do mount -t tmpfs tmpfs "$private"; done
while :; do
    dockerd --config-file "$DIR/daemon.json" --data-root "$DIR/data" --exec-root "$DIR/exec" --pidfile "$DIR/docker.pid" \
        --host "unix://$DIR/docker.sock" --storage-driver vfs --cgroup-parent "/$NAME" \
        --exec-opt native.cgroupdriver=cgroupfs --log-level warn "$@" || sleep 0.2
done
"#;

/// The same for Podman, which has no process of its own but the one that serves its API. What it keeps of namespaces and
/// containers at places of its choice is hidden.
const INIT_PODMAN: &str = r#"
set -eu
mount --bind "$DIR/resolv.conf" /etc/resolv.conf
mkdir -p /run/containers
for private in /run/containers /run/netns "$DIR/data" "$DIR/exec"; do mount -t tmpfs tmpfs "$private"; done
export CONTAINERS_CONF="$DIR/containers.conf"
exec podman --root "$DIR/data/root" --runroot /run/containers/run --tmpdir "$DIR/exec/tmp" --storage-driver vfs \
    --network-config-dir "$DIR/data/networks" system service --time 0 "unix://$DIR/docker.sock"
"#;

/// Fewer open files than Podman gives by itself, which is more than some machines allow; and what runs containers
/// beside an engine of cgroup v1 or of both.
const CONTAINERS_CONF: &str = r#"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "netavark"
"#;

/// What `podman` means on the host of its lab.
const PODMAN: &str = "#!/bin/sh\nexec /usr/bin/podman --remote --url \"unix://DIR/docker.sock\" \"$@\"\n";

/// What takes the place of `systemctl` and `service` when a printed command is typed on the host of a lab.
const RESTART: &str = r#"#!/bin/sh
case "$*" in "restart docker" | "docker restart") ;; *) echo "a lab cannot $*" >&2; exit 1 ;; esac
old=$(cat "DIR/docker.pid")
nsenter --target "$(cat "DIR/init.pid")" --mount --pid kill -TERM "$old"
for _ in $(seq 300); do
    new=$(cat "DIR/docker.pid" 2>/dev/null) && [ "$new" != "$old" ] && docker version >/dev/null 2>&1 && exit 0
    sleep 0.1
done
echo "the engine did not come back" >&2
exit 1
"#;

/// What takes the place of `sudo`: who runs a lab is root.
const SUDO: &str = "#!/bin/sh\nexec \"$@\"\n";

/// A throw-away engine on a host of its own, until it is dropped.
#[derive(Debug)]
pub struct Lab {
    name: String,
    dir: PathBuf,
    namespace: String,
    address: Ipv4Addr,
    engine: Engine,
    /// `unshare`, which ends with the first process of the lab.
    outer: Child,
    programs: Vec<Child>,
    internet: Arc<Internet>,
}

impl Lab {
    /// Makes one; none where the user may not make network namespaces, or there is no `dockerd`.
    ///
    /// # Panics
    /// When it may, and it fails all the same.
    #[must_use]
    pub fn new() -> Option<Self> {
        Self::with(&[])
    }

    /// The same, with more flags of `dockerd`.
    #[must_use]
    pub fn with(flags: &[&str]) -> Option<Self> {
        Self::some(1, flags, INIT).map(|mut labs| labs.remove(0))
    }

    /// Two on one internet, that reach each other there.
    #[must_use]
    pub fn pair() -> Option<[Self; 2]> {
        Self::some(2, &[], INIT)?.try_into().ok()
    }

    /// One whose engine is Podman; none where there is no Podman.
    #[must_use]
    pub fn podman() -> Option<Self> {
        let there = Path::new("/usr/bin/podman").exists() && Path::new("/usr/lib/podman/netavark").exists();
        if !there {
            return None;
        }
        Self::some(1, &[], INIT_PODMAN).map(|mut labs| labs.remove(0))
    }

    fn some(count: u8, flags: &[&str], init: &str) -> Option<Vec<Self>> {
        leftovers::sweep();
        // Both are built here if need be, before anything is started that would wait for them.
        let _ = (binary::dprobe(), image::tag());
        let internet = Arc::new(Internet::new(count)?);
        let labs: Vec<Self> = (0..count).map(|number| Self::start(&internet, number, flags, init)).collect();
        for lab in &labs {
            lab.wait_for_engine();
        }
        std::thread::scope(|scope| {
            for lab in &labs {
                scope.spawn(|| image::load(&lab.engine));
            }
        });
        internet::wait(&labs[0].namespace);
        Some(labs)
    }

    /// Starts the processes of one, and does not wait for them.
    fn start(internet: &Arc<Internet>, number: u8, flags: &[&str], init: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{PREFIX}{}-{}", run::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(&name);
        let namespace = internet.host_namespace(number);
        for part in ["data", "exec", "bin"] {
            fs::create_dir_all(dir.join(part)).expect("a directory");
        }
        let address = format!("unix://{}", dir.join("docker.sock").display());
        let file = |name: &str, text: &str| fs::write(dir.join(name), text).expect("a file");
        file("resolv.conf", &format!("nameserver {}\n", internet::SERVER));
        file("daemon.json", "{}");
        file("containers.conf", CONTAINERS_CONF);
        for (program, text) in [("systemctl", RESTART), ("service", RESTART), ("sudo", SUDO), ("podman", PODMAN)] {
            file(&format!("bin/{program}"), &text.replace("DIR", &dir.display().to_string()));
            fs::set_permissions(dir.join("bin").join(program), Permissions::from_mode(0o755)).expect("a program");
        }
        let log = fs::File::create(dir.join("log")).expect("a file");
        // It ends with this thread, should that be killed, and then the kernel ends all that it started.
        let outer = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "nsenter", &format!("--net=/run/netns/{namespace}"), "--"])
            .args(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"])
            .args(["sh", "-c", init, "init"])
            .args(flags)
            .envs([("DIR", dir.as_os_str()), ("NAME", name.as_ref())])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("setpriv, nsenter and unshare of util-linux");
        let engine = Engine::of_lab(InLab { address, namespace: namespace.clone(), programs: dir.join("bin") });
        let address = internet::host_address(number);
        let internet = Arc::clone(internet);
        Self { name, dir, namespace, address, engine, outer, programs: Vec::new(), internet }
    }

    fn wait_for_engine(&self) {
        let init = poll::until("the first process of a lab", START_LIMIT, || leftovers::child_of(self.outer.id()));
        fs::write(self.dir.join("init.pid"), init.to_string()).expect("a file");
        let socket = self.dir.join("docker.sock");
        let answers = std::panic::catch_unwind(|| {
            poll::until("the engine of a lab", START_LIMIT, || answers(&socket).then_some(()));
        });
        let log = || fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        assert!(answers.is_ok(), "the engine of a lab did not start:\n{}", log());
    }

    /// Its engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The address of its host, on the way to the outside.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The address of a machine outside, which serves HTTP on TCP port 80 and DNS on port 53. The name
    /// [`Self::outside_name`] is in that DNS, and no other.
    #[must_use]
    pub fn outside_address(&self) -> Ipv4Addr {
        internet::SERVER
    }

    /// The name of the machine outside.
    #[must_use]
    pub fn outside_name(&self) -> &'static str {
        internet::SERVER_NAME
    }

    /// An empty stack on its engine. It goes with the lab.
    #[must_use]
    pub fn stack(&self) -> Stack {
        Stack::on(self.engine.clone())
    }

    /// Runs `docker` with these arguments and returns what it printed, without white space around it.
    ///
    /// # Panics
    /// When it fails.
    pub fn docker<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> String {
        self.engine.docker_ok(args)
    }

    /// Types a line into a shell on its host and returns what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn host(&self, line: &str) -> String {
        let done = self.engine.shell(line);
        assert!(done.status.success(), "`{line}` failed on the host of a lab: {}", done.stderr.trim());
        done.stdout
    }

    /// The same on the machine outside, which is also the router between labs on one internet.
    ///
    /// # Panics
    /// When it fails.
    pub fn outside(&self, line: &str) -> String {
        self.internet.shell(line)
    }

    /// Plays a program on its host, such as `tcp:0.0.0.0:5432`, until the lab is dropped, and waits until its sockets are
    /// open.
    ///
    /// # Panics
    /// When they do not open.
    pub fn runs<S: AsRef<str>>(&mut self, words: impl IntoIterator<Item = S>) {
        self.programs.push(internet::act(&self.namespace, words));
    }

    /// The same on the machine outside.
    ///
    /// # Panics
    /// When they do not open.
    pub fn outside_runs<S: AsRef<str>>(&mut self, words: impl IntoIterator<Item = S>) {
        self.programs.push(self.internet.act(words));
    }

    /// The address of the router that its host sends everything to.
    #[must_use]
    pub fn router_address(&self) -> Ipv4Addr {
        internet::ROUTER
    }

    /// Restarts its engine, as `systemctl restart docker` does.
    pub fn restart(&self) {
        self.host("systemctl restart docker");
    }

    /// A command line of dprobe that talks to its engine.
    pub fn dprobe<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Dprobe {
        Dprobe::new(args).on(&self.engine)
    }

    /// `dprobe doctor --format json`, on its engine.
    pub fn doctor(&self) -> Checkup {
        Checkup::by(self.dprobe(["doctor"]))
    }

    /// The file in which its host says which DNS servers to ask.
    #[must_use]
    pub fn resolv_conf(&self) -> PathBuf {
        self.dir.join("resolv.conf")
    }

    /// `dprobe check ARGS... --format json`, on its engine.
    pub fn check<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Outcome {
        let args: Vec<String> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        self.dprobe(["check"]).args(args).json()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Nothing here may panic, for the lab may go because of a panic.
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
        // With its first process the kernel ends the whole process namespace before anybody is told of it.
        match leftovers::child_of(self.outer.id()) {
            Some(init) => leftovers::kill(init),
            None => drop(self.outer.kill()),
        }
        let _ = self.outer.wait();
        leftovers::remove(&self.name, &self.dir);
    }
}

/// Whether an engine answers on a socket.
fn answers(socket: &Path) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    ask().is_ok_and(|text| text.contains("200 OK"))
}
