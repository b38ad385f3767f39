//! The fit of a mapping to a target: the attributes that the target has, and the one that carries the key.

use std::sync::Arc;

use super::desired::When;
use super::model::{Mapping, Target, ValueSource};
use crate::diagnostic::Faults;
use crate::directory::Attribute;

/// Why a target cannot take an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfitAttribute {
    /// The attribute and the reason, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Mapping {
    /// Holds each mapped attribute against a target.
    ///
    /// # Errors
    /// Every attribute that does not fit, with its place.
    pub fn check_attributes(&self, check: impl Fn(Attribute) -> Result<(), UnfitAttribute>) -> Result<(), Faults> {
        let document = &self.inner.document;
        let fault = |target: &Target| {
            let UnfitAttribute { message, hint } = check(target.attribute).err()?;
            Some(document.fault(&target.span, message, Some(hint)))
        };
        let mut faults: Vec<_> = self.inner.targets.iter().filter_map(fault).collect();
        faults.sort_by_key(|fault| (fault.line, fault.column));
        if faults.is_empty() { Ok(()) } else { Err(Faults { faults }) }
    }

    /// The mapping with the key of each record in this attribute, by which accounts are matched before all others.
    ///
    /// # Errors
    /// A mapping that maps the attribute itself.
    pub fn keyed_by(mut self, attribute: Attribute) -> Result<Self, Faults> {
        self.check_attributes(|mapped| {
            let message = format!("`{attribute}` carries the key of the record and cannot be mapped to anything else");
            let hint = "leave it out: the key is that of [source]".to_owned();
            if mapped == attribute { Err(UnfitAttribute { message, hint }) } else { Ok(()) }
        })?;
        let inner = Arc::make_mut(&mut self.inner);
        let shown = inner.formulas[inner.key.0].expression.text().trim().into();
        let target = Target {
            attribute,
            span: 0..0,
            origin: ValueSource::Formula(inner.key),
            default: None,
            keep: false,
            when: When::Always,
            shown,
        };
        inner.targets.push(target);
        inner.targets.sort_by_key(|target| target.attribute);
        inner.rules.matching.retain(|matched| *matched != attribute);
        inner.rules.matching.insert(0, attribute);
        inner.rules.attributes = inner.targets.iter().map(|target| target.attribute).collect();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TEXT: &str = "version = 1\nname = \"HR\"\n[source]\nkey = \"[Id]\"\n[[match]]\ntarget = \"employeeId\"\n[attributes]\nemployeeId = \"[Id]\"\nnickName = \"[Nick]\"\n";

    #[test]
    fn the_key_is_matched_first_and_written_like_any_attribute() {
        let attribute = Attribute::find("externalId").unwrap();
        let mapping = Mapping::parse(TEXT, Path::new("hr.toml")).unwrap().keyed_by(attribute).unwrap();
        let names = |attributes: &[Attribute]| attributes.iter().map(|attribute| attribute.name).collect::<Vec<_>>();
        assert_eq!(names(&mapping.rules().matching), ["externalId", "employeeId"]);
        assert_eq!(names(&mapping.rules().attributes), ["employeeId", "externalId", "nickName"]);
        let twice = TEXT.replace("nickName", "externalId");
        let fault = Mapping::parse(&twice, Path::new("hr.toml")).unwrap().keyed_by(attribute).unwrap_err().to_string();
        assert!(fault.contains("hr.toml, line 9, column 1") && fault.contains("carries the key"), "{fault}");
    }

    #[test]
    fn an_unfit_attribute_is_a_fault_with_its_place() {
        let mapping = Mapping::parse(TEXT, Path::new("hr.toml")).unwrap();
        let refuse = |attribute: Attribute| {
            let unfit = UnfitAttribute { message: "no such attribute".into(), hint: "leave it out".into() };
            if attribute.is_scim_path() { Err(unfit) } else { Ok(()) }
        };
        let fault = mapping.check_attributes(refuse).unwrap_err().to_string();
        assert!(fault.contains("hr.toml, line 9, column 1") && fault.contains("hint: leave it out"), "{fault}");
    }
}
