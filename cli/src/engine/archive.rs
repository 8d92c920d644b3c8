//! Files of a container, read through the engine without running anything inside.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use futures_util::StreamExt;
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::client::{self, Client};
use super::error::EngineError;

/// How many symbolic links are followed, as many as a Linux kernel does in a path.
const LINKS: usize = 40;

/// What the headers in front of a file may take, in bytes.
const HEADERS: usize = 64 * 1024;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

const QUERY: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'&').add(b'+').add(b'%').add(b'?');

/// What lies at a path.
pub(super) enum Entry {
    File(Vec<u8>),
    Link(String),
    Other,
}

/// The first `limit` bytes of the file at `path`, symbolic links followed; none where there is no such file.
pub(super) async fn read_file(
    client: &Client,
    id: &str,
    path: &str,
    limit: usize,
) -> Result<Option<Vec<u8>>, EngineError> {
    let mut path = absolute("/", path);
    for _ in 0..LINKS {
        let entry = tokio::time::timeout(PATIENCE, entry(client, id, &path, limit)).await.map_err(|_| {
            EngineError::failed(format!("read {path} of a container"), "the engine did not answer in time")
        })??;
        match entry {
            Some(Entry::File(bytes)) => return Ok(Some(bytes)),
            Some(Entry::Link(target)) => path = absolute(parent(&path), &target),
            Some(Entry::Other) | None => return Ok(None),
        }
    }
    Ok(None)
}

/// The files below a folder, by their paths, as far as they come with the first `limit` bytes of it. Links to other files of
/// the folder are followed. None where there is no such folder.
pub(super) async fn read_folder(
    client: &Client,
    id: &str,
    path: &str,
    limit: usize,
) -> Result<Option<BTreeMap<String, Vec<u8>>>, EngineError> {
    let mut path = absolute("/", path);
    for _ in 0..LINKS {
        let tar = tokio::time::timeout(PATIENCE, tar(client, id, &path, limit)).await.map_err(|_| {
            EngineError::failed(format!("read {path} of a container"), "the engine did not answer in time")
        })??;
        let Some(tar) = tar else { return Ok(None) };
        match first_entry(&tar, 0) {
            Entry::Link(target) => path = absolute(parent(&path), &target),
            Entry::File(_) => return Ok(None),
            Entry::Other => return Ok(Some(entries(&tar, parent(&path)))),
        }
    }
    Ok(None)
}

/// The files of an archive whose names begin in `folder`.
fn entries(tar: &[u8], folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut links = Vec::new();
    let mut archive = tar::Archive::new(tar);
    // What is cut off in the middle ends the list.
    for mut entry in archive.entries().into_iter().flatten().map_while(Result::ok) {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = absolute(folder, name.trim_start_matches('/'));
        let kind = entry.header().entry_type();
        if kind.is_symlink() {
            let target = entry.link_name_bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            links.extend(target.map(|target| (absolute(parent(&path), &target), path)));
        } else if kind.is_file() {
            let mut bytes = Vec::new();
            let whole = entry.read_to_end(&mut bytes).is_ok_and(|length| length as u64 == entry.size());
            if !whole {
                break;
            }
            files.insert(path, bytes);
        }
    }
    for (target, path) in links {
        if let Some(bytes) = files.get(&target).cloned() {
            files.insert(path, bytes);
        }
    }
    files
}

/// What lies at a path; none where there is nothing. The engine resolves links in the folders of the path, not the last one.
async fn entry(client: &Client, id: &str, path: &str, limit: usize) -> Result<Option<Entry>, EngineError> {
    Ok(tar(client, id, path, limit).await?.map(|tar| first_entry(&tar, limit)))
}

/// The beginning of the archive of what lies at a path; none where there is nothing.
async fn tar(client: &Client, id: &str, path: &str, limit: usize) -> Result<Option<Vec<u8>>, EngineError> {
    let doing = || format!("read {path} of a container");
    let url = format!("/containers/{id}/archive?path={}", utf8_percent_encode(path, QUERY));
    let response = client.open(&url).await.map_err(|error| EngineError::failed(doing(), error))?;
    let status = response.status().as_u16();
    let bound = limit.saturating_add(HEADERS);
    let mut tar = Vec::new();
    let mut body = response.into_body().into_data_stream();
    while let Some(chunk) = body.next().await {
        tar.extend_from_slice(&chunk.map_err(|error| EngineError::failed(doing(), error))?);
        if tar.len() > bound {
            break;
        }
    }
    match status {
        200 => Ok(Some(tar)),
        404 => Ok(None),
        _ => match client::message(&tar) {
            // A link that leads to itself is no file.
            message if message.contains("too many links") => Ok(None),
            message => Err(EngineError::refused(doing(), status, &message)),
        },
    }
}

/// The first entry of a tar archive that may be cut off after `limit` bytes of content.
pub(super) fn first_entry(tar: &[u8], limit: usize) -> Entry {
    let mut archive = tar::Archive::new(tar);
    let Some(Ok(entry)) = archive.entries().ok().and_then(|mut entries| entries.next()) else { return Entry::Other };
    let kind = entry.header().entry_type();
    if kind.is_symlink() {
        let target = entry.link_name_bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        return target.map_or(Entry::Other, Entry::Link);
    }
    if !kind.is_file() && !kind.is_hard_link() {
        return Entry::Other;
    }
    let mut bytes = Vec::new();
    match entry.take(limit as u64).read_to_end(&mut bytes) {
        Ok(_) => Entry::File(bytes),
        Err(_) => Entry::Other,
    }
}

/// A path as seen from a folder, without `.` and `..`, which do not lead out of the root.
pub(super) fn absolute(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let base = if path.starts_with('/') { "" } else { folder };
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar_of(kind: tar::EntryType, content: &[u8], link: Option<&str>) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        if let Some(link) = link {
            header.set_link_name(link).expect("a link name");
        }
        builder.append_data(&mut header, "file", content).expect("an entry");
        builder.into_inner().expect("an archive")
    }

    #[test]
    fn paths_stay_inside_the_container() {
        assert_eq!(absolute("/etc/ssl", "certs/ca.pem"), "/etc/ssl/certs/ca.pem");
        assert_eq!(absolute("/etc/ssl", "../pki/./ca.pem"), "/etc/pki/ca.pem");
        assert_eq!(absolute("/etc", "/usr//share"), "/usr/share");
        assert_eq!(absolute("/", "../../etc/passwd"), "/etc/passwd");
        assert_eq!(parent("/etc/ssl/cert.pem"), "/etc/ssl");
    }

    #[test]
    fn a_file_is_cut_at_the_limit() {
        let tar = tar_of(tar::EntryType::Regular, b"0123456789", None);
        assert!(matches!(first_entry(&tar, 4), Entry::File(bytes) if bytes == b"0123"));
        assert!(matches!(first_entry(&tar, 100), Entry::File(bytes) if bytes == b"0123456789"));
    }

    #[test]
    fn a_folder_is_its_files_and_the_links_among_them() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut add = |name: &str, kind: tar::EntryType, content: &[u8], link: Option<&str>| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            if let Some(link) = link {
                header.set_link_name(link).expect("a link name");
            }
            builder.append_data(&mut header, name, content).expect("an entry");
        };
        add("nginx/", tar::EntryType::Directory, b"", None);
        add("nginx/sites-available/shop", tar::EntryType::Regular, b"server {}", None);
        add("nginx/sites-enabled/shop", tar::EntryType::Symlink, b"", Some("../sites-available/shop"));
        add("nginx/sites-enabled/lost", tar::EntryType::Symlink, b"", Some("/etc/passwd"));
        add("nginx/z", tar::EntryType::Regular, &[b'z'; 4096], None);
        let tar = builder.into_inner().expect("an archive");
        let paths = |tar: &[u8]| entries(tar, "/etc").into_keys().collect::<Vec<_>>();
        let (available, enabled) = ("/etc/nginx/sites-available/shop", "/etc/nginx/sites-enabled/shop");
        assert_eq!(paths(&tar), [available, enabled, "/etc/nginx/z"]);
        assert_eq!(paths(&tar[..tar.len() - 4096]), [available, enabled], "what is cut off is left out");
    }

    #[test]
    fn links_and_folders_are_told_from_files() {
        let link = tar_of(tar::EntryType::Symlink, b"", Some("../target"));
        assert!(matches!(first_entry(&link, 10), Entry::Link(target) if target == "../target"));
        assert!(matches!(first_entry(&tar_of(tar::EntryType::Directory, b"", None), 10), Entry::Other));
        assert!(matches!(first_entry(b"no archive at all", 10), Entry::Other));
    }
}
