//! What reverse proxies write down, read: their configuration, their log, and the pages that they answer in place of an
//! upstream. All of it is pure, takes foreign text and is bounded.

pub mod answer;
pub mod caddy;
pub mod haproxy;
pub mod nginx_config;
mod nginx_includes;
pub mod nginx_log;
pub mod nginx_servers;
