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
    secret_program(reader, fields, &command)
}

/// A program that prints a secret. One that is given by a relative path lies beside the file.
pub(super) fn secret_program(reader: &mut Reader<'_>, fields: &Table<'_, '_>, key: &str) -> Option<SecretFrom> {
    let words = program(reader, fields, key)?;
    let (program, arguments) = words.split_first()?;
    let path = if program.contains('/') { reader.beside(program) } else { program.into() };
    Some(SecretFrom::Command(path, arguments.to_vec()))
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
