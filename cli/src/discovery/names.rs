//! What the name of a variable or of a flag tells of its value.

/// Beginnings of the names of variables that a build puts into what browsers load.
const OF_BUILDS: [&str; 9] = [
    "NEXT_PUBLIC_",
    "NUXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "VUE_APP_",
    "GATSBY_",
    "EXPO_PUBLIC_",
    "PUBLIC_",
    "STORYBOOK_",
];

/// Names, or ends of names after a `_`, of addresses that the program tells to others: its own, as they see it.
const FOR_OTHERS: [&str; 26] = [
    "ALLOWED_ORIGINS",
    "APP_URL",
    "AUTH_URL",
    "BASE_URL",
    "CALLBACK_URL",
    "CANONICAL_URL",
    "CORS_ORIGIN",
    "CORS_ORIGINS",
    "DOMAIN",
    "EXTERNAL_URL",
    "FRONTEND_URL",
    "HOMEPAGE",
    "HOSTNAME_URL",
    "HOST_URL",
    "NEXTAUTH_URL",
    "ORIGIN",
    "ORIGINS",
    "PUBLIC_URL",
    "REDIRECT_URI",
    "REDIRECT_URL",
    "ROOT_URL",
    "SERVER_URL",
    "SITE_URL",
    "WEB_URL",
    "WEBHOOK_URL",
    "TRUSTED_ORIGINS",
];

/// Of these only the whole name counts: with something before them they are as often somebody else's.
const ALONE: [&str; 7] = ["APP_URL", "AUTH_URL", "BASE_URL", "SERVER_URL", "WEB_URL", "DOMAIN", "HOST_URL"];

/// Parts of names that speak of what a program listens on, or tells about itself.
const LISTENING: [&str; 7] = ["ADVERTISED", "ADVERTISE", "BIND", "LISTEN", "LISTENER", "LISTENERS", "LISTENING"];

/// Whether what goes by a name is for browsers, or for others who see the program from outside.
pub(super) fn is_for_browsers(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    OF_BUILDS.iter().any(|start| name.starts_with(start))
        || FOR_OTHERS.iter().any(|known| {
            name == *known || !ALONE.contains(known) && name.strip_suffix(known).is_some_and(|rest| rest.ends_with('_'))
        })
        || name.starts_with("CORS_")
}

/// Whether what goes by a name is what the program itself listens on or is known by.
pub(super) fn is_own(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let own = [
        "HOST",
        "HOSTNAME",
        "PORT",
        "ADDR",
        "ADDRESS",
        "VIRTUAL_HOST",
        "LETSENCRYPT_HOST",
        "VIRTUAL_PORT",
        "PWD",
        "HOME",
    ];
    own.contains(&name.as_str()) || name.split(['_', '-', '.']).any(|part| LISTENING.contains(&part))
}

/// Whether the name is one of those that a legacy link makes (`DB_PORT_5432_TCP_ADDR`, `DB_NAME`, `DB_ENV_…`), or whose value
/// is (`DB_PORT=tcp://172.17.0.2:5432`).
pub(super) fn is_of_link(name: &str, value: &str, names: &[&str]) -> bool {
    let of_port = name.split_once("_PORT_").is_some_and(|(_, rest)| {
        rest.split('_').next().is_some_and(|port| port.parse::<u16>().is_ok())
            && (rest.contains("_TCP") || rest.contains("_UDP"))
    });
    let url = name.ends_with("_PORT") && (value.starts_with("tcp://") || value.starts_with("udp://"));
    let of_env = name.split_once("_ENV_").is_some_and(|(alias, _)| names.contains(&format!("{alias}_NAME").as_str()));
    let of_name = name.ends_with("_NAME") && value.starts_with('/') && value.matches('/').count() == 2;
    of_port || url || of_env || of_name
}

/// Whether the name says that its value is a connection string, whatever it looks like.
pub(super) fn is_of_url(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["URL", "URI", "DSN", "URLS"].iter().any(|end| name == *end || name.ends_with(&format!("_{end}")))
}

/// Whether the name says that its value is `HOST:PORT`, or a list of such.
pub(super) fn is_of_places(name: &str) -> bool {
    const ENDS: [&str; 19] = [
        "ADDR",
        "ADDRS",
        "ADDRESS",
        "ADDRESSES",
        "BROKER",
        "BROKERS",
        "CONNECT",
        "ENDPOINT",
        "ENDPOINTS",
        "HOST",
        "HOSTS",
        "NODE",
        "NODES",
        "SEEDS",
        "SENTINELS",
        "SERVER",
        "SERVERS",
        "UPSTREAM",
        "URL",
    ];
    let name = name.to_ascii_uppercase();
    name.rsplit_once('_').is_some_and(|(_, end)| ENDS.contains(&end))
}

/// Whether the name says that a bare list is one of Kafka's brokers.
pub(super) fn is_of_kafka(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.contains("KAFKA") && !name.contains("ZOOKEEPER") || name.contains("BOOTSTRAP_SERVERS")
}

/// Whether the name is one by which programs are told of a proxy.
pub(super) fn is_of_proxy(name: &str) -> bool {
    matches!(name.to_ascii_uppercase().as_str(), "HTTP_PROXY" | "HTTPS_PROXY" | "ALL_PROXY" | "FTP_PROXY" | "NO_PROXY")
}
