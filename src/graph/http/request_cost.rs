//! What a request costs, by Graph's table of resource units.

use super::batch::BatchItem;
use crate::graph::read::queries::EXTENSIONS_PATH;

/// The price of a request before it is sent. The response contains the true one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::graph) struct Price {
    pub(in crate::graph) units: u32,
    pub(in crate::graph) writes: u32,
    pub(in crate::graph) reads: u32,
}

impl std::ops::Add for Price {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { units: self.units + other.units, writes: self.writes + other.writes, reads: self.reads + other.reads }
    }
}

/// Prices one request. A `$batch` costs nothing itself: the sum of what is in it.
pub(in crate::graph) fn price(request: &BatchItem) -> Price {
    let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    if path == EXTENSIONS_PATH {
        return Price { units: 1, writes: 0, reads: 1 };
    }
    if request.method != "GET" {
        return Price { units: 1, writes: 1, reads: 0 };
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let base: i32 = match last {
        "users" | "memberOf" | "transitiveMemberOf" | "ownedObjects" | "licenseDetails" => 2,
        "members" | "subscribedSkus" => 3,
        "transitiveMembers" => 5,
        _ => 1,
    };
    let has = |name: &str| query.split('&').any(|part| part.starts_with(name));
    let small =
        query.split('&').filter_map(|part| part.strip_prefix("$top=")).any(|top| top.parse::<u32>().is_ok_and(|top| top < 20));
    let units = base - i32::from(has("$select=")) + i32::from(has("$expand=")) - i32::from(small);
    Price { units: units.max(1).unsigned_abs(), writes: 0, reads: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_follow_the_table() {
        let get = |url: &str| price(&BatchItem::get(url)).units;
        assert_eq!(get("/users"), 2);
        assert_eq!(get("/users?$select=id&$top=999"), 1);
        assert_eq!(get("/users?$select=id&$top=999&$expand=manager($select=id)"), 2);
        assert_eq!(get("/users/1"), 1);
        assert_eq!(get("/groups/1/members"), 3);
        assert_eq!(get("/groups/1/members?$select=id&$top=5"), 1);
        assert_eq!(get("/directory/deletedItems/microsoft.graph.user?$select=id"), 1);
        assert_eq!(price(&BatchItem::write("PATCH", "/users/1", None)), Price { units: 1, writes: 1, reads: 0 });
    }
}
