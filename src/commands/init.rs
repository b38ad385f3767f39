//! `hrpush init`: hrpush.toml and a mapping, guessed from the words in a file's header.

use std::fmt::Write as _;
use std::path::Path;

use super::cli::{Common, Init};
use super::exit::{Ended, Failure};
use super::files::{print, write_private};
use crate::mapping::Mapping;
use crate::source::{self, FileSettings};

/// Header words by meaning, folded to letters and digits; the first that is found wins.
const KEY: &[&str] = &[
    "employeeid",
    "workerid",
    "employeenumber",
    "employee",
    "empno",
    "empid",
    "personnelnumber",
    "personalnummer",
    "personalnr",
    "persnr",
    "pnr",
    "matricule",
    "personeelsnummer",
    "medewerker",
    "medarbejdernr",
    "osobníčíslo",
    "社員番号",
    "id",
];
const FIRST: &[&str] = &["firstname", "givenname", "vorname", "prénom", "prenom", "voornaam", "nombre", "fname"];
const LAST: &[&str] =
    &["lastname", "surname", "familyname", "nachname", "familienname", "achternaam", "apellidos", "nom", "name", "lname"];
const START: &[&str] = &[
    "hiredate",
    "startdate",
    "eintrittsdatum",
    "eintritt",
    "beginntaetigkeit",
    "datedentrée",
    "begindatum",
    "contractstartdate",
];
const END: &[&str] = &[
    "terminationdate",
    "enddate",
    "austrittsdatum",
    "austritt",
    "endetaetigkeit",
    "datedesortie",
    "einddatum",
    "contractenddate",
    "leavedate",
];
const DEPARTMENT: &[&str] = &["department", "abteilung", "abteilungsbezeichnung", "service", "organizationalunit", "afdeling"];
const TITLE: &[&str] =
    &["jobtitle", "title", "stellenbezeichnung", "taetigkeitsbez", "position", "intitulédeposte", "intitulédupost", "functie"];
const MANAGER: &[&str] = &[
    "managerid",
    "manager",
    "reportsto",
    "supervisor",
    "vorgesetzter",
    "responsable",
    "leidinggevende",
    "leder",
    "supervisorid",
];
const MAIL: &[&str] = &["email", "mail", "emailaddress", "workemail", "emailadresse"];

fn fold(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn find<'h>(header: &'h [String], words: &[&str]) -> Option<&'h str> {
    words.iter().find_map(|word| header.iter().find(|name| fold(name) == *word)).map(String::as_str)
}

pub(super) fn init(common: &Common, args: &Init) -> Result<Ended, Failure> {
    if let Some(preset) = &args.preset {
        return super::init_preset::init(common, preset);
    }
    let source_file = args.file.as_deref().ok_or_else(|| Failure::usage("name a file, or a preset with --preset"))?;
    let header = source::header_of(source_file, &FileSettings::default()).map_err(Failure::usage)?;
    let stem = source_file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("hr");
    let config = common.config.clone().unwrap_or_else(|| "hrpush.toml".into());
    let folder = config.parent().unwrap_or(Path::new("")).to_owned();
    let mapping = folder.join(format!("{stem}.mapping.toml"));
    for path in [&config, &mapping] {
        if path.exists() {
            return Err(Failure::usage(format!("{} is there already\n  hint: move it away first", path.display())));
        }
    }
    let text = guess(stem, &header).ok_or_else(|| {
        Failure::usage(format!(
            "{}: no column looks like a person's key\n  hint: the columns are {}; write a mapping by hand, the README shows one",
            source_file.display(),
            header.join(", ")
        ))
    })?;
    Mapping::parse(&text, &mapping).map_err(|fault| Failure::CannotRun(format!("the guessed mapping has a fault: {fault}")))?;
    let file = std::path::absolute(source_file).map_err(|fault| Failure::file("find", source_file, &fault))?;
    let name = mapping.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write_private(&mapping, &text)?;
    write_private(&config, &settings_text(&file.to_string_lossy(), &name))?;
    print(&format!("wrote {} and {}\nnext: look at both, then hrpush plan\n", config.display(), mapping.display()))?;
    Ok(Ended::done())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn settings_text(file: &str, mapping: &str) -> String {
    format!(
        "# Without [tenant] the embedded sandbox is used. See the README for the app registration.\n\
         # [tenant]\n# id   = \"contoso.onmicrosoft.com\"\n\
         # auth = {{ method = \"client-secret\", client_id = \"…\", secret_env = \"HRPUSH_CLIENT_SECRET\" }}\n\n\
         [source]\nkind    = \"csv\"\npath    = {}\nmapping = {}\n\n\
         [protect]\nusers  = []        # put the break-glass accounts here\ngroups = []\n",
        quoted(file),
        quoted(mapping)
    )
}

/// A mapping of what the header's words mean; nothing without a key.
fn guess(stem: &str, header: &[String]) -> Option<String> {
    let key = find(header, KEY)?;
    let column = |words: &[&str]| find(header, words).filter(|name| *name != key).map(|name| format!("[{name}]"));
    let mut text = String::from("# Guessed from the header by `hrpush init`: read it line by line.\nversion = 1\n");
    let _ = writeln!(text, "name    = {}\n\n[source]", quoted(stem));
    let _ = writeln!(text, "key      = {}", quoted(&format!("[{key}]")));
    let _ = writeln!(text, "required = [{}]", quoted(key));
    text.push_str("dates    = [\"%Y-%m-%d\", \"%d.%m.%Y\"]\n\n[[match]]\ntarget = \"employeeId\"\n\n[attributes]\n");
    let _ = writeln!(text, "employeeId = {}", quoted(&format!("[{key}]")));
    let (first, last) = (column(FIRST), column(LAST));
    let mut line = |target: &str, expression: Option<String>| {
        if let Some(expression) = expression {
            let _ = writeln!(text, "{target} = {}", quoted(&expression));
        }
    };
    line("givenName", first.clone());
    line("surname", last.clone());
    let names: Vec<String> = first.into_iter().chain(last).collect();
    let full = if names.is_empty() { format!("[{key}]") } else { format!("Join(\" \", {})", names.join(", ")) };
    line("displayName", Some(full));
    line("mail", column(MAIL));
    line("department", column(DEPARTMENT));
    line("jobTitle", column(TITLE));
    let dotted = if names.is_empty() { format!("[{key}]") } else { format!("Join(\".\", {})", names.join(", ")) };
    let clean = format!("NormalizeDiacritics(StripSpaces({dotted}))");
    let numbered = format!("NormalizeDiacritics(StripSpaces(Join(\".\", {dotted}, [{key}])))");
    // The last candidate serves names that cannot be written in Latin letters.
    let at = |local: &str| format!("Join(\"@\", {local}, DefaultDomain())");
    let unique = format!("SelectUniqueValue({}, {}, {})", at(&clean), at(&numbered), at(&format!("StripSpaces([{key}])")));
    let _ = writeln!(text, "userPrincipalName = {{ when = \"create\", expression = {} }}", quoted(&unique));
    if let Some(manager) = column(MANAGER) {
        let _ = writeln!(text, "\n[manager]\nkey = {}", quoted(&manager));
    }
    let (start, end) = (column(START), column(END));
    if start.is_some() || end.is_some() {
        text.push_str("\n[lifecycle]\n");
        for (name, column) in [("start", start), ("end", end)] {
            if let Some(column) = column {
                let _ = writeln!(text, "{name} = {}", quoted(&column));
            }
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guessed_mapping_has_no_fault() {
        for header in
            [&["Pers-Nr.", "Vorname", "Nachname", "Abteilung", "Eintritt", "Austritt"][..], &["EmployeeID", "Name", "Manager ID"]]
        {
            let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
            let text = guess("export", &header).unwrap();
            Mapping::parse(&text, Path::new("export.toml")).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
        }
    }
}
