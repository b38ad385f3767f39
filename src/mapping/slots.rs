//! Every expression of a mapping with the name of what it fills.

use super::formula::Slot;
use super::model::{Inner, Origin};

impl Inner {
    /// In the order: key, scope, life cycle, manager, attributes, groups.
    pub(super) fn named_slots(&self) -> Vec<(String, Slot)> {
        let mut slots: Vec<(String, Slot)> = vec![("key".to_owned(), self.key)];
        slots.extend(self.previous_key.map(|slot| ("previous_key".to_owned(), slot)));
        slots.extend(self.filter.map(|slot| ("objectFilter".to_owned(), slot)));
        slots.extend(self.scope.iter().flatten().map(|clause| ("scope".to_owned(), clause.attribute)));
        if let Some(cycle) = &self.cycle {
            for (name, slot) in [("start", cycle.start), ("end", cycle.end), ("status", cycle.status)] {
                slots.extend(slot.map(|slot| (format!("lifecycle.{name}"), slot)));
            }
        }
        slots.extend(self.manager.map(|slot| ("manager".to_owned(), slot)));
        for target in &self.targets {
            if let Origin::Formula(slot) = target.origin {
                slots.push((target.attribute.name.to_owned(), slot));
            }
        }
        for (rule, formulas) in self.groups.iter().enumerate() {
            let parts = [("when", formulas.when), ("key", formulas.key), ("name", Some(formulas.name))];
            slots.extend(parts.into_iter().filter_map(|(name, slot)| Some((format!("groups[{rule}].{name}"), slot?))));
        }
        slots
    }
}
