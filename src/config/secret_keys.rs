//! The three keys that can name one secret: a variable, a file, or a program that prints it.

use super::SecretFrom;
use crate::diagnostic::toml::{Reader, Table};

/// The secret that `NAME_env`, `NAME_file` or `NAME_command` names. More than one of them is a fault.
pub(super) fn named_secret(reader: &mut Reader<'_>, fields: &Table<'_, '_>, name: &str) -> Option<SecretFrom> {
    let [env, file, command] = ["env", "file", "command"].map(|ending| format!("{name}_{ending}"));
    let given = [&env, &file, &command].into_iter().filter(|key| fields.has(key)).count();
    if given > 1 {
        reader.fault(&fields.span(), format!("`{env}`, `{file}` and `{command}` exclude each other"), None);
        return None;
    }
    if fields.has(&env) {
        return reader.variable(fields, &env).map(SecretFrom::Env);
    }
    if fields.has(&file) {
        return reader.path(fields, &file).map(SecretFrom::File);
    }
    program(reader, fields, &command).map(SecretFrom::Command)
}

/// A program with its arguments, which is started without a shell.
pub(super) fn program(reader: &mut Reader<'_>, fields: &Table<'_, '_>, key: &str) -> Option<Vec<String>> {
    let words = reader.strings(fields, key)?;
    if words.first().is_some_and(|first| !first.value.trim().is_empty()) {
        return Some(words.into_iter().map(|word| word.value).collect());
    }
    if let Some(node) = fields.get(key) {
        reader.fault(
            &node.span(),
            format!("`{key}` names no program"),
            format!("such as {key} = [\"/usr/local/bin/program\", \"argument\"]"),
        );
    }
    None
}
