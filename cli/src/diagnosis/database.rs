//! How one talks to a database as its administrator, inside of its own container, without a password on the command line.

use dprobe_probes::greeting::SpokenProtocol;

use super::case::Case;
use super::fixes::command;
use crate::topology::Container;

/// A command that has `PostgreSQL` execute a statement: as the user `postgres` of the container, whom the server lets in over
/// its socket, in the official image and in Debian's packages alike.
pub(super) fn psql(container: &Container, statement: &str) -> String {
    let script = format!("psql -U \"${{POSTGRES_USER:-postgres}}\" -d postgres -c {}", command(&[statement]));
    command(&["docker", "exec", "-u", "postgres", &container.name, "sh", "-c", &script])
}

/// A command that runs a client of `MySQL` as root: with the password that the official images have in their environment, and
/// without one where the server knows root by its socket.
fn as_root(container: &Container, names: [&str; 2], arguments: &str) -> String {
    let [maria, mysql] = names;
    let script = format!(
        "MYSQL_PWD=\"${{MARIADB_ROOT_PASSWORD:-$MYSQL_ROOT_PASSWORD}}\" \
         \"$(command -v {maria} || command -v {mysql})\" -u root {arguments}"
    );
    command(&["docker", "exec", &container.name, "sh", "-c", &script])
}

/// A command that has `MySQL` or `MariaDB` execute a statement.
pub(super) fn mysql(container: &Container, statement: &str) -> String {
    as_root(container, ["mariadb", "mysql"], &format!("-e {}", command(&[statement])))
}

/// A command that runs the administration program of `MySQL` or `MariaDB`.
pub(super) fn mysqladmin(container: &Container, words: &str) -> String {
    as_root(container, ["mariadb-admin", "mysqladmin"], words)
}

/// The name of a database server, for people.
pub(super) fn name(by: SpokenProtocol) -> &'static str {
    match by {
        SpokenProtocol::Mysql => "MySQL or MariaDB",
        other => other.name(),
    }
}

/// The subnet that the source comes from, as a server's access list has it: of the network that both are on, or of the
/// source's own address.
pub(super) fn subnet(case: &Case<'_>) -> Option<String> {
    let shared = case.shared_networks();
    let of_shared = shared.iter().find_map(|key| case.topology.networks.get(*key)?.subnets.first());
    let local = || case.dials().iter().find_map(|dial| dial.fact.local.map(|local| local.ip()));
    let range = of_shared.map(|subnet| subnet.range.to_string());
    range.or_else(|| {
        let address = local()?;
        let network = case.topology.network_of(address)?;
        let subnets = &case.topology.networks.get(network)?.subnets;
        subnets.iter().find(|subnet| subnet.range.contains(&address)).map(|subnet| subnet.range.to_string())
    })
}
