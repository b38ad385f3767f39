//! A mapping with its columns resolved against a header.

use std::sync::Arc;

use crate::diagnostic::Faults;
use crate::expr::Bound;
use crate::mapping::desired::When;
use crate::mapping::formula::Slot;
use crate::mapping::lifecycle::fold;
use crate::mapping::model::{Inner, Mapping, Target, ValueSource};
use crate::record::{Header, Record, trimmed};

/// A mapping with its columns resolved against the header of a reading. It maps one record at a time.
///
/// ```
/// use std::path::Path;
/// use hrpush::mapping::Mapping;
/// use hrpush::record::Header;
///
/// let text = r#"
/// version = 1
/// name = "HR"
/// [source]
/// key = "[Id]"
/// [[match]]
/// target = "employeeId"
/// [attributes]
/// employeeId = "[Id]"
/// "#;
/// let mapping = Mapping::parse(text, Path::new("hr.toml")).unwrap();
/// assert!(mapping.bind(&Header::new(["Id"]).unwrap()).is_ok());
/// assert_eq!(mapping.bind(&Header::new(["Name"]).unwrap()).unwrap_err().faults.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct BoundMapping {
    pub(in crate::mapping) inner: Arc<Inner>,
    pub(in crate::mapping) bounds: Vec<Bound>,
    /// The expressions of the targets as the file writes them, in their order.
    pub(super) shown: Vec<Arc<str>>,
    /// Whether each target is a `SelectUniqueValue` that is written once, in their order.
    pub(super) create_only: Vec<bool>,
}

impl Mapping {
    /// Resolves the columns of the mapping against the header of a reading.
    ///
    /// # Errors
    /// Every column that the mapping uses or requires and the reading lacks.
    pub fn bind(&self, header: &Header) -> Result<BoundMapping, Faults> {
        let faults = self.missing(header);
        if faults.is_empty() { Ok(self.bind_loosely(header)) } else { Err(Faults { faults }) }
    }

    /// Binds although columns may be missing; a missing one is absent in every record.
    pub(in crate::mapping) fn bind_loosely(&self, header: &Header) -> BoundMapping {
        let bounds = self.inner.formulas.iter().map(|formula| formula.expression.bind(header)).collect();
        BoundMapping::new(Arc::clone(&self.inner), bounds)
    }
}

impl BoundMapping {
    fn new(inner: Arc<Inner>, bounds: Vec<Bound>) -> Self {
        let shown = inner.targets.iter().map(|target| Arc::from(&*target.shown)).collect();
        let is_create_only = |target: &Target| match target.origin {
            ValueSource::Formula(slot) => target.when == When::Create && inner.formulas[slot.0].expression.is_select_unique(),
            ValueSource::Constant(_) => false,
        };
        let create_only = inner.targets.iter().map(is_create_only).collect();
        Self { inner, bounds, shown, create_only }
    }

    /// The same mapping for another thread. The texts of its expressions have counters of their own, for which threads would wait
    /// for one another.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(Arc::clone(&self.inner), self.bounds.clone())
    }

    /// Whether the mapping has candidates that only a create needs, which [`BoundMapping::map_unless_known`] leaves out.
    pub fn has_create_only(&self) -> bool {
        self.create_only.contains(&true)
    }

    /// The record without blanks and invisible characters at the ends of its cells, and with every spelling of `[source] nothing` absent.
    /// `None` if all cells stay as they are. Every expression reads its cells from the result.
    pub(in crate::mapping) fn cleaned(&self, record: &Record) -> Option<Record> {
        let nothing = &self.inner.nothing;
        record.narrowed(|text| {
            let text = trimmed(text);
            (nothing.is_empty() || text.is_empty() || !nothing.contains(&fold(text))).then_some(text)
        })
    }

    /// The columns of an expression, for messages.
    pub(super) fn columns(&self, slot: Slot) -> String {
        let columns: Vec<String> =
            self.inner.formulas[slot.0].expression.columns().map(|(name, _)| format!("`{name}`")).collect();
        match columns.as_slice() {
            [] => "no column".to_owned(),
            [only] => format!("column {only}"),
            several => format!("columns {}", several.join(", ")),
        }
    }
}
