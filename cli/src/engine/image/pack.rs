//! Packs a static binary into an image. Used by `build.rs`.

use std::io;

use serde_json::json;

use super::digest::hex_digest;

/// The image's repository.
const REPOSITORY: &str = "dprobe-agent";

/// The label of every agent image; its value is the version of dprobe.
const IMAGE_LABEL: &str = "io.dprobe.agent-image";

/// Where the binary lies in the image.
const BINARY: &str = "dprobe-agent";

/// Other names for the binary. By the name it is called by it plays a server: in the demo and in the tests.
const ACTORS: [&str; 3] = ["demo/mongod", "demo/redis-server", "demo/web"];

/// An image in the form of `docker save`.
pub(super) struct Packed {
    /// The digest of its configuration in hexadecimal.
    pub(super) id: String,
    /// Its name with 12 digits of the id.
    pub(super) tag: String,
    /// The archive.
    pub(super) archive: Vec<u8>,
}

/// Packs a static binary for an architecture (in Go's words). The same arguments always give the same bytes.
pub(super) fn pack(binary: &[u8], arch: &str, version: &str) -> io::Result<Packed> {
    let layer = layer(binary)?;
    let layer_digest = hex_digest(&layer);
    let config = serde_json::to_vec(&json!({
        "architecture": arch,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "User": "65534:65534",
            "Entrypoint": [format!("/{BINARY}")],
            "WorkingDir": "/",
            "Labels": {IMAGE_LABEL: version},
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "dprobe"}],
    }))?;
    let id = hex_digest(&config);
    let tag = format!("{REPOSITORY}:{}", &id[..12]);
    let manifest = serde_json::to_vec(&json!([{
        "Config": format!("{id}.json"),
        "RepoTags": [tag],
        "Layers": [format!("{layer_digest}/layer.tar")],
    }]))?;

    let mut archive = tar::Builder::new(Vec::with_capacity(layer.len() + 16 * 1024));
    folder(&mut archive, &format!("{layer_digest}/"))?;
    file(&mut archive, &format!("{layer_digest}/layer.tar"), &layer, 0o644)?;
    file(&mut archive, &format!("{id}.json"), &config, 0o644)?;
    file(&mut archive, "manifest.json", &manifest, 0o644)?;
    Ok(Packed { id, tag, archive: archive.into_inner()? })
}

/// The one layer: the binary and its other names.
fn layer(binary: &[u8]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::with_capacity(binary.len() + 16 * 1024));
    file(&mut tar, BINARY, binary, 0o755)?;
    folder(&mut tar, "demo/")?;
    for actor in ACTORS {
        let mut header = header(tar::EntryType::Symlink, 0, 0o777);
        tar.append_link(&mut header, actor, format!("/{BINARY}"))?;
    }
    tar.into_inner()
}

fn file(tar: &mut tar::Builder<Vec<u8>>, path: &str, content: &[u8], mode: u32) -> io::Result<()> {
    tar.append_data(&mut header(tar::EntryType::Regular, content.len() as u64, mode), path, content)
}

fn folder(tar: &mut tar::Builder<Vec<u8>>, path: &str) -> io::Result<()> {
    tar.append_data(&mut header(tar::EntryType::Directory, 0, 0o755), path, io::empty())
}

/// A header that carries nothing of this machine or this moment.
fn header(kind: tar::EntryType, size: u64, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use serde_json::Value;

    use super::*;

    fn unpack(archive: &[u8]) -> BTreeMap<String, (tar::Header, Vec<u8>)> {
        let mut archive = tar::Archive::new(archive);
        archive
            .entries()
            .expect("entries")
            .map(|entry| {
                let mut entry = entry.expect("an entry");
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).expect("its bytes");
                (entry.path().expect("a path").to_string_lossy().into_owned(), (entry.header().clone(), bytes))
            })
            .collect()
    }

    #[test]
    fn the_archive_is_what_an_engine_loads() {
        let image = pack(b"\x7fELF and so on", "arm64", "1.2.3").expect("an image");
        let files = unpack(&image.archive);
        let manifest: Value = serde_json::from_slice(&files["manifest.json"].1).expect("a manifest");
        assert_eq!(manifest[0]["RepoTags"][0], Value::from(image.tag.clone()));
        let config_bytes = &files[manifest[0]["Config"].as_str().expect("a config")].1;
        assert_eq!(hex_digest(config_bytes), image.id);
        let config: Value = serde_json::from_slice(config_bytes).expect("a config");
        assert_eq!(config["architecture"], "arm64");
        assert_eq!(config["config"]["User"], "65534:65534");
        assert_eq!(config["config"]["Labels"][crate::engine::IMAGE_LABEL], "1.2.3");
        assert!(image.tag.starts_with(crate::engine::REPOSITORY));
        assert_eq!(config["config"]["Entrypoint"], json!(["/dprobe-agent"]));
        let layer = &files[manifest[0]["Layers"][0].as_str().expect("a layer")].1;
        assert_eq!(config["rootfs"]["diff_ids"][0], Value::from(format!("sha256:{}", hex_digest(layer))));
    }

    #[test]
    fn the_layer_holds_the_binary_and_its_other_names() {
        let files = unpack(&layer(b"binary").expect("a layer"));
        let (header, bytes) = &files["dprobe-agent"];
        assert_eq!((header.mode().expect("a mode"), bytes.as_slice()), (0o755, &b"binary"[..]));
        for actor in ACTORS {
            let target = files[actor].0.link_name().expect("a link").expect("a target");
            assert_eq!(target.to_string_lossy(), "/dprobe-agent");
        }
        assert!(files.values().all(|(header, _)| header.mtime().expect("a time") == 0));
    }

    #[test]
    fn the_dockerfile_builds_the_same() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let dockerfile = std::fs::read_to_string(root.join("Dockerfile")).expect("the Dockerfile");
        let label = format!("LABEL {IMAGE_LABEL}=\"{}\"", env!("CARGO_PKG_VERSION"));
        for line in [label.as_str(), "USER 65534:65534", "WORKDIR /", "ENTRYPOINT [\"/dprobe-agent\"]"] {
            assert!(dockerfile.lines().any(|other| other == line), "no line {line:?}");
        }
        for actor in ACTORS {
            let link = std::fs::read_link(root.join("agent/rootfs").join(actor)).expect(actor);
            assert_eq!(link.to_string_lossy(), "/dprobe-agent");
        }
    }

    #[test]
    fn the_tag_follows_the_content() {
        let image = |binary: &[u8], arch| pack(binary, arch, "1.2.3").expect("an image");
        let (one, again) = (image(b"one", "amd64"), image(b"one", "amd64"));
        assert_eq!((&one.tag, &one.archive), (&again.tag, &again.archive));
        assert_ne!(one.tag, image(b"two", "amd64").tag);
        assert_ne!(one.tag, image(b"one", "arm64").tag);
        assert_eq!(one.tag.len(), "dprobe-agent:".len() + 12);
    }
}
