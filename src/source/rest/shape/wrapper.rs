//! Lists in a wrapper of their own, such as `{"results": […]}`.

use serde_json::Value;

/// A list that goes on elsewhere.
pub(in crate::source::rest) struct TruncatedList<'v> {
    /// The object that the list stands in, and its name there.
    pub(in crate::source::rest) holder: &'v Value,
    pub(in crate::source::rest) name: &'v str,
    /// The keys that lead to it; places in lists and the wrappers of lists are left out.
    pub(in crate::source::rest) keys: Vec<&'v str>,
}

/// The lists within a wrapper such as `{"results": […]}`, which is one if it has any; the first is the one that counts.
pub(in crate::source::rest) fn wrapped(wrapper: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    let lists = ["results", "items"].into_iter();
    lists.filter_map(|name| Some((name, wrapper.get(name)?))).filter(|(_, list)| list.is_array())
}
