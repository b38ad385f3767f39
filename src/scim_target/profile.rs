//! What is known of a provider: a TOML file for each, so that another provider needs no release.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use crate::diagnostic::toml::{Reader, Table, count_of};
use crate::diagnostic::{Document, Faults};
use crate::directory::Attribute;
use crate::scim::AttributePath;

/// The files of `profiles/` and their texts, in the order of the names. The build script lists them.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

/// The profile of a configuration that names none.
pub const DEFAULT_PROFILE: &str = "rfc";

/// What a provider does, and where it differs from the RFC.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The name of its file.
    pub name: String,
    /// The provider in words.
    pub about: String,
    /// What it was tried with; none where it was never tried at the provider.
    pub tried: Option<String>,
    /// The media type that is asked for.
    pub accept: String,
    /// Whether a DELETE may ask for a media type.
    pub accept_on_delete: bool,
    /// How a resource is changed.
    pub update: UpdateMethod,
    /// How a list is read page by page.
    pub paging: Paging,
    /// How many resources a page has.
    pub page_size: u32,
    /// The most members that one request adds to a group.
    pub members_per_write: usize,
    /// Where the members of a group are read.
    pub membership: Membership,
    /// Where a group keeps the unique name by which hrpush knows it.
    pub group_key: AttributePath,
    /// What a DELETE of a user means.
    pub delete: DeleteMeaning,
    /// The requests that are sent in a time.
    pub rate: Rate,
    /// The attributes of users that a filter may compare.
    pub user_filters: BTreeSet<String>,
    /// The attributes of groups that a filter may compare.
    pub group_filters: BTreeSet<String>,
    /// Paths in place of, or beside, those of the usual translation.
    pub paths: BTreeMap<Attribute, AttributePath>,
    /// Attributes that the provider refuses. `manager` and `groups` may be among them.
    pub refused: BTreeSet<String>,
    /// Attributes without which the provider creates no user.
    pub required: BTreeSet<Attribute>,
}

/// How a resource is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateMethod {
    /// By PATCH, and by PUT where that is refused.
    Patch,
    /// By PUT of the whole resource.
    Put,
}

/// How a list is read page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By `startIndex` and `count`.
    Index,
    /// By `cursor` and `count` (RFC 9865).
    Cursor,
    /// The provider answers with everything at once.
    Whole,
}

/// Where the members of a group are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// In the list of groups.
    List,
    /// In each group by itself.
    Group,
    /// In the users with a filter on `groups.value`, since the provider answers groups without members.
    Users,
}

/// What a DELETE of a user means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteMeaning {
    /// The user is gone.
    Removes,
    /// The user is deactivated.
    Deactivates,
    /// The user can be restored for a while, by other means than SCIM.
    Recoverable,
}

/// So many requests in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub requests: NonZeroU32,
    /// In which so many come back.
    pub per: Duration,
}

impl Profile {
    /// The embedded profile of this name.
    ///
    /// ```
    /// # use hrpush::scim_target::Profile;
    /// assert_eq!(Profile::embedded("aws").unwrap().members_per_write, 100);
    /// assert!(Profile::embedded("acme").is_none());
    /// ```
    ///
    /// # Panics
    /// Never: a test reads every embedded profile.
    pub fn embedded(name: &str) -> Option<Self> {
        let (file, text) = EMBEDDED.iter().find(|(file, _)| file.strip_suffix(".toml") == Some(name))?;
        Some(Self::parse(text, Path::new(file)).expect("embedded profiles have no faults"))
    }

    /// The names of the embedded profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().filter_map(|(file, _)| file.strip_suffix(".toml"))
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// Every fault of the text, with its place.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Faults> {
        let document = Document::new(path, text.to_owned());
        let (tables, faults) = document.toml();
        if !faults.is_empty() {
            return Err(Faults::new(faults));
        }
        let mut reader = Reader::new(&document);
        let root = Table::new("the profile", tables.get_ref(), 0..0);
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let profile = read(&mut reader, &root, name);
        reader.finish(&root);
        match (profile, reader.into_faults()) {
            (Some(profile), faults) if faults.is_empty() => Ok(profile),
            (_, faults) => Err(Faults::new(faults)),
        }
    }

    /// Whether users can be looked up by this attribute.
    pub(super) fn finds_users_by(&self, attribute: &str) -> bool {
        self.user_filters.contains(attribute)
    }
}

fn read(reader: &mut Reader<'_>, root: &Table<'_, '_>, name: String) -> Option<Profile> {
    const UPDATES: [(&str, UpdateMethod); 2] = [("patch", UpdateMethod::Patch), ("put", UpdateMethod::Put)];
    const PAGINGS: [(&str, Paging); 3] = [("index", Paging::Index), ("cursor", Paging::Cursor), ("whole", Paging::Whole)];
    const MEMBERSHIPS: [(&str, Membership); 3] =
        [("list", Membership::List), ("group", Membership::Group), ("users", Membership::Users)];
    const DELETES: [(&str, DeleteMeaning); 3] = [
        ("removes", DeleteMeaning::Removes),
        ("deactivates", DeleteMeaning::Deactivates),
        ("recoverable", DeleteMeaning::Recoverable),
    ];
    // All keys are read before one that is missing ends the profile, or the others would be unknown.
    let about = reader.required_text(root, "about");
    let tried = reader.string(root, "tried");
    let accept = reader.string(root, "accept");
    let update = reader.choice(root, "update", &UPDATES);
    let paging = reader.choice(root, "paging", &PAGINGS);
    let page_size = positive(reader, root, "page_size");
    let members = positive(reader, root, "members_per_write");
    let membership = reader.choice(root, "membership", &MEMBERSHIPS);
    let group_key = reader.string(root, "group_key").and_then(|found| scim_path(reader, &found.value, &found.span));
    let delete = reader.choice(root, "delete", &DELETES);
    let rate = rate(reader, root);
    let user_filters = names(reader, root, "user_filters");
    let group_filters = names(reader, root, "group_filters");
    if user_filters.as_ref().is_some_and(|filters| !filters.contains("userName") && !filters.contains("externalId")) {
        let hint = "a user is looked up before it is created";
        reader.fault(&root.get("user_filters")?.span(), "`user_filters` needs `userName` or `externalId`", hint);
    }
    let paths = paths(reader, root);
    let refused = names(reader, root, "refused").unwrap_or_default();
    let required = names(reader, root, "required").unwrap_or_default();
    let accept_on_delete = !root.has("accept_on_delete") || reader.flag(root, "accept_on_delete");
    Some(Profile {
        name,
        about: about?.value,
        tried: tried.map(|found| found.value),
        accept: accept.map_or_else(|| "application/scim+json".to_owned(), |found| found.value),
        accept_on_delete,
        update: update.unwrap_or(UpdateMethod::Patch),
        paging: paging.unwrap_or(Paging::Index),
        page_size: page_size.map_or(100, NonZeroU32::get),
        members_per_write: members.map_or(100, |most| most.get() as usize),
        membership: membership.unwrap_or(Membership::List),
        group_key: group_key.unwrap_or_else(|| AttributePath::core("externalId")),
        delete: delete.unwrap_or(DeleteMeaning::Removes),
        rate: rate.unwrap_or(Rate { requests: NonZeroU32::new(10)?, per: Duration::from_secs(1) }),
        user_filters: user_filters.unwrap_or_else(|| usual(&["userName", "externalId"])),
        group_filters: group_filters.unwrap_or_else(|| usual(&["displayName", "externalId"])),
        paths,
        refused,
        required: required.iter().filter_map(|name| Attribute::find(name)).collect(),
    })
}

fn usual(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn positive(reader: &mut Reader<'_>, root: &Table<'_, '_>, key: &str) -> Option<NonZeroU32> {
    let found = root.get(key)?;
    let number = count_of(found.get_ref()).and_then(|count| NonZeroU32::new(u32::try_from(count).ok()?));
    if number.is_none() {
        reader.fault(&found.span(), format!("`{key}` must be a whole number from 1 on"), None);
    }
    number
}

fn names(reader: &mut Reader<'_>, root: &Table<'_, '_>, key: &str) -> Option<BTreeSet<String>> {
    reader.strings(root, key).map(|found| found.into_iter().map(|found| found.value).collect())
}

fn scim_path(reader: &mut Reader<'_>, text: &str, span: &std::ops::Range<usize>) -> Option<AttributePath> {
    let path = text.parse().map_err(|fault| reader.fault(span, format!("no SCIM path: {fault}"), None));
    path.ok()
}

/// `[paths]`: Entra's names, each with its SCIM path.
fn paths(reader: &mut Reader<'_>, root: &Table<'_, '_>) -> BTreeMap<Attribute, AttributePath> {
    let mut paths = BTreeMap::new();
    let Some(table) = reader.table(root, "paths") else { return paths };
    for (key, node) in table.entries {
        let name = key.get_ref().as_ref();
        table.know(&[name]);
        let Some(attribute) = Attribute::find(name) else {
            reader.fault(&key.span(), format!("no attribute `{name}` of a user"), None);
            continue;
        };
        let path = reader.text_of(name, node).and_then(|text| scim_path(reader, &text, &node.span()));
        paths.extend(path.map(|path| (attribute, path)));
    }
    paths
}

/// `rate = "20/s"` or `"300/min"`.
fn rate(reader: &mut Reader<'_>, root: &Table<'_, '_>) -> Option<Rate> {
    let found = reader.string(root, "rate")?;
    let parts =
        found.value.split_once('/').and_then(|(count, unit)| Some((count.trim().parse::<NonZeroU32>().ok()?, unit.trim())));
    let rate = parts.and_then(|(requests, unit)| {
        let per = match unit {
            "s" => Duration::from_secs(1),
            "min" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            _ => return None,
        };
        Some(Rate { requests, per })
    });
    if rate.is_none() {
        reader.fault(&found.span, format!("`rate` cannot be `{}`", found.value), "such as 20/s, 300/min or 1000/h");
    }
    rate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_an_embedded_profile_without_faults() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        assert_eq!(files, EMBEDDED.iter().map(|(file, _)| (*file).to_owned()).collect::<Vec<_>>());
        for (file, text) in EMBEDDED {
            let profile = Profile::parse(text, Path::new(file)).unwrap_or_else(|faults| panic!("{faults}"));
            let states_it = text.contains("never tried");
            assert_eq!(profile.tried.is_none(), states_it, "{file} must state whether it was tried");
        }
        assert_eq!(Profile::names().collect::<Vec<_>>(), ["aws", "entra", "okta", "rfc"]);
    }

    #[test]
    fn a_fault_has_its_place() {
        let fault = |text: &str| Profile::parse(text, Path::new("acme.toml")).unwrap_err().to_string();
        let faults = fault(
            "about = \"x\"\npaging = \"pages\"\nrate = \"fast\"\npage_size = 0\nchunk = 3\n[paths]\njobTitel = \"title\"\n",
        );
        for expected in ["acme.toml", "paging", "rate", "page_size", "chunk", "jobTitel"] {
            assert!(faults.contains(expected), "{expected}: {faults}");
        }
        assert!(fault("about = \"x\"\nuser_filters = [\"id\"]\n").contains("externalId"));
    }
}
