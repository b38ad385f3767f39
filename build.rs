//! Embeds every mapping of `mappings/` and every profile of `profiles/`: a new file there is a new preset, built-in mapping or provider,
//! and no Rust changes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for name in ["mappings", "profiles"] {
        println!("cargo::rerun-if-changed={name}");
        fs::write(out.join(name).with_extension("rs"), embedded(&root.join(name))?)?;
    }
    Ok(())
}

/// A Rust expression: the file names and texts, in the order of the names. Files of test cases (`*.tests.toml`) are left out.
fn embedded(folder: &Path) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    let is_mapping = |name: &String| Path::new(name).extension().is_some_and(|end| end == "toml") && !name.contains(".tests.");
    names.retain(is_mapping);
    names.sort();
    let mut list = String::from("&[\n");
    for name in names {
        let path = folder.join(&name).to_string_lossy().into_owned();
        let _ = writeln!(list, "    ({name:?}, include_str!({path:?})),");
    }
    list.push(']');
    Ok(list)
}
